//! Signing in and out: guests, the refresh cookie, connection tokens.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
};
use shared::{
    SessionId, UserId,
    api::{ConnectionToken, NewGuest, SignedIn},
    event::Profile,
};

use super::{
    body::{Answer, Body},
    caller::{Caller, bearer},
    cookie,
    fields::named,
    problem::Problem,
};
use crate::{
    address::ClientAddress,
    app::App,
    clock,
    commit::job::Rotation,
    tokens::{RefreshToken, TokenError},
};

/// The first generation of a session.
const FIRST: u64 = 1;

/// `POST /guests`
pub(super) async fn make_guest(
    State(app): State<App>,
    address: ClientAddress,
    Body(guest): Body<NewGuest>,
) -> Result<Response, Problem> {
    let name = named("name", &guest.name, app.options.limits.name_graphemes)?;
    app.rates.guests.take(address.for_limits(), app.since_start()).map_err(Problem::rate_limited)?;
    let now_ms = clock::now().unix_ms();
    let user = Profile { id: UserId::mint(now_ms, clock::random_bytes()), name, avatar: None };
    let session = SessionId::mint(now_ms, clock::random_bytes());
    app.committer.make_guest(user.clone(), session).await?;
    tracing::info!(user = %user.id, %session, "guest made");
    Ok(signed_in(&app, StatusCode::CREATED, user, RefreshToken { session_id: session, generation: FIRST }))
}

/// `POST /session/refresh`. Who holds no cookie is told so without an error: a first visit has nothing to renew.
pub(super) async fn refresh(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(token) = cookie::read(&headers) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let Ok(presented) = app.tokens.read_refresh(token) else {
        return Ok(signed_out(&app, "the refresh token is not valid"));
    };
    let session = presented.session_id;
    app.rates.calls.take(session, app.since_start()).map_err(Problem::rate_limited)?;
    match app.committer.rotate_session(session, presented.generation, clock::now()).await? {
        Rotation::Renewed { generation, user } => match app.store.user(user).await? {
            Some(user) => {
                let token = RefreshToken { session_id: session, generation };
                let mut answer = signed_in(&app, StatusCode::OK, user, token);
                if generation == presented.generation {
                    // They have it, and may have the next one by the time this arrives.
                    answer.headers_mut().remove(SET_COOKIE);
                }
                Ok(answer)
            }
            None => Ok(signed_out(&app, "this account is gone")),
        },
        Rotation::Revoked => {
            tracing::warn!(%session, "an old refresh token was presented: the session is revoked");
            Ok(signed_out(&app, "this session was ended, because an old token of it was used"))
        }
        Rotation::Unknown => Ok(signed_out(&app, "this session was ended")),
    }
}

/// `DELETE /session`: signs out whoever the cookie or the access token names. Says yes to nobody too, so that
/// signing out twice is harmless.
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let by_cookie = cookie::read(&headers).and_then(|token| app.tokens.read_refresh(token).ok());
    let by_token = bearer(&headers).and_then(|token| app.tokens.verify_access(token).ok());
    let named = [by_cookie.map(|token| token.session_id), by_token.map(|claims| claims.session_id)];
    let mut sessions: Vec<_> = named.into_iter().flatten().collect();
    sessions.dedup();
    for session in sessions {
        app.rates.calls.take(session, app.since_start()).map_err(Problem::rate_limited)?;
        app.committer.end_session(session).await?;
        tracing::info!(%session, "signed out");
    }
    Ok((StatusCode::NO_CONTENT, cookie::forget(&app)).into_response())
}

/// `POST /ws-token`
pub(super) async fn connection_token(
    State(app): State<App>,
    caller: Caller,
) -> Result<Answer<ConnectionToken>, Problem> {
    let token = app.tokens.issue_connection(&caller.claims);
    Ok(Answer(ConnectionToken { token: token.into(), expires_in: app.tokens.connection_ttl_s() }))
}

fn signed_in(app: &App, status: StatusCode, user: Profile, token: RefreshToken) -> Response {
    let (access_token, _) = app.tokens.issue_access(user.id, token.session_id, token.generation);
    let body = SignedIn { user, access_token: access_token.into(), expires_in: app.tokens.access_ttl_s() };
    (status, cookie::set(app, &app.tokens.issue_refresh(token)), Answer(body)).into_response()
}

/// Says that nobody is signed in, and forgets the cookie.
fn signed_out(app: &App, detail: &'static str) -> Response {
    (cookie::forget(app), Problem::unauthenticated(detail)).into_response()
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::unauthenticated(error.to_string())
    }
}
