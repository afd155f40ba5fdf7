//! Who calls: the access token of a request, and the session that must still stand behind it.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use shared::event::Profile;
use tracing::{Span, field::display};

use super::problem::Problem;
use crate::{address::ClientAddress, app::App, clock, refresh, tokens::Claims};

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Caller {
    /// What the access token says.
    pub(super) claims: Claims,
}

impl Caller {
    /// Who it is, as others see them.
    pub(super) async fn profile(&self, app: &App) -> Result<Profile, Problem> {
        let profile = app.store.user(self.claims.user_id).await?;
        profile.ok_or_else(|| Problem::unauthenticated("this account is gone"))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)
            .ok_or_else(|| Problem::unauthenticated("an access token is missing: Authorization: Bearer …"))?;
        let claims = app.tokens.verify_access(token)?;
        // From here on, what the log says of this request says who made it.
        let request = Span::current();
        request.record("user", display(claims.user_id)).record("session", display(claims.session_id));
        app.rates.calls.take(claims.session_id, app.since_start()).map_err(Problem::rate_limited)?;
        let session = app.store.session(claims.session_id).await?;
        let Some(session) = session.filter(|session| !session.state.revoked) else {
            return Err(Problem::unauthenticated("this session was ended"));
        };
        if claims.generation > session.state.confirmed && refresh::is_kept(claims.issued_at, clock::now()) {
            // Where too much waits for the disk, another use of the token will say it.
            let _said = app.committer.confirm_session(claims.session_id, claims.generation);
        }
        Ok(Self { claims })
    }
}

/// The token behind `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(Problem::internal)
    }
}
