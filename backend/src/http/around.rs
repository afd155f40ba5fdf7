//! What surrounds every call: its line in the log, its figures, the headers of every answer, the time it may take.

use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use shared::ErrorCode;
use tracing::{Instrument, field::Empty, info_span};

use super::problem::{AnsweredWith, Problem};
use crate::{app::App, clock, metrics::HttpLabel, origin};

/// Names a request in the log and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer. HSTS is left to whoever ends TLS.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // A room's code is in the page's address, and whoever has it can join.
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// For answers that are no page: nothing in them may run or be framed.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Writes the line of a request and counts it. The path is the route's: a room's code is in the raw one.
pub(super) async fn logged(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = format!("{:016x}", u64::from_be_bytes(clock::random_bytes()));
    let method = method_name(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Who calls is put in when that is known.
    let path = route.as_deref().unwrap_or("-");
    let span = info_span!("request", id, method, path, user = Empty, session = Empty);
    let began = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }

    let status = response.status();
    let file = if status == StatusCode::NOT_FOUND { "none" } else { "file" };
    let path = route.clone().unwrap_or_else(|| file.to_owned());
    app.metrics.http(&HttpLabel { method, path, status: status.as_u16() }, took.as_secs_f64());
    if let Some(AnsweredWith(code)) = response.extensions().get() {
        app.metrics.error(*code);
    }
    let _in_span = span.entered();
    let (status, micros) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    match (status, route.as_deref()) {
        (500.., _) => tracing::error!(status, micros, "answered"),
        (_, Some(path)) if path.starts_with(shared::api::API) => tracing::info!(status, micros, "answered"),
        _ => tracing::debug!(status, micros, "answered"),
    }
    response
}

/// Puts the headers on that every answer has.
pub(super) async fn secured(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let headers = response.headers_mut();
        headers.extend(HEADERS);
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
        // Answers of calls are somebody's own, and old the moment they are given.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// Refuses what a page of a foreign origin wants to change.
pub(super) async fn from_a_known_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !origin::allowed(request.headers(), app.options.origins()) {
        return Problem::new(ErrorCode::Forbidden, "a page of that origin may not call this server")
            .into_response();
    }
    next.run(request).await
}

/// Ends a call that takes too long.
pub(super) async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(app.options.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ErrorCode::Unavailable, "this took too long").into_response(),
    }
}

/// Answers a call whose handler panicked. What the panic said is in the log.
pub(super) fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal().into_response()
}

/// The method as a label of few values.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
