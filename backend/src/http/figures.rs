//! How the server does: whether it lives, whether it takes sockets, and its figures as JSON and for Prometheus.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Value, json};

use crate::app::App;

/// `GET /health`: the program answers.
pub(super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `GET /health/websocket`: whether new sockets are welcome and what they say can be stored, and how many there are.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let (status, word) = match (app.is_stopping(), app.committer.is_failing()) {
        (false, false) => (StatusCode::OK, "ok"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "not storing"),
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
    };
    (status, Json(json!({ "status": word, "connections": app.hub.socket_count() })))
}

/// `GET /stats`: the figures for people and scripts. Counts are since the start.
pub(super) async fn stats(State(app): State<App>) -> Json<Value> {
    let m = &app.metrics;
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": app.since_start().as_secs(),
        "connections": m.connections_open.get(),
        "sockets": { "open": m.sockets_open.get(), "known": m.sockets_known.get(), "opened": m.sockets_opened.get() },
        "frames": { "in": m.frames_in.get(), "out": m.frames_out.get() },
        "writes": m.writes_out.get(),
        "bytes_out": m.bytes_out.get(),
        "behind": m.behind.get(),
        "stored": m.stored.get(),
        "duplicates": m.duplicates.get(),
        "commits": { "count": m.commits.get(), "waiting": m.commit_queue.get() },
        "rooms_in_memory": m.rooms_open.get(),
    }))
}

/// `GET /metrics`: the figures for Prometheus.
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text())
}
