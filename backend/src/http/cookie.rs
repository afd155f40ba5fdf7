//! The refresh cookie: out of reach of scripts, sent to the calls under `/api/v1/session` alone, and never from
//! another site.

use axum::{
    http::{
        HeaderMap, HeaderName,
        header::{COOKIE, SET_COOKIE},
    },
    response::AppendHeaders,
};

use crate::{app::App, refresh::IDLE_MS};

/// Its name.
const NAME: &str = "confab_refresh";

/// One `Set-Cookie` line.
type SetCookie = AppendHeaders<[(HeaderName, String); 1]>;

/// The refresh token that a request brings.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value)
}

/// Keeps a refresh token for as long as its session lives.
pub(super) fn set(app: &App, token: &str) -> SetCookie {
    line(app, token, IDLE_MS / 1000)
}

/// Forgets it.
pub(super) fn forget(app: &App) -> SetCookie {
    line(app, "", 0)
}

fn line(app: &App, value: &str, max_age_s: u64) -> SetCookie {
    let https = app.options.public_url.as_ref().is_some_and(|url| url.is_https());
    let secure = if https { "; Secure" } else { "" };
    let path = format!("{}/session", shared::api::API);
    let line = format!("{NAME}={value}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    AppendHeaders([(SET_COOKIE, line)])
}
