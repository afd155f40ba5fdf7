//! The HTTP side: which path leads where, and what surrounds every call.

mod around;
mod body;
mod caller;
mod cookie;
mod fields;
mod figures;
mod problem;
mod rooms;
mod sessions;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Method, header},
    middleware::{from_fn, from_fn_with_state},
    routing::{delete, get, post},
};
use tower::util::option_layer;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

pub use self::problem::Problem;
use crate::{app::App, page, socket};

/// Everything that this server answers.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .route("/guests", post(sessions::make_guest))
        .route("/session", delete(sessions::sign_out))
        .route("/session/refresh", post(sessions::refresh))
        .route("/ws-token", post(sessions::connection_token))
        .route("/rooms", get(rooms::mine).post(rooms::make))
        .route("/rooms/join", post(rooms::join))
        .route("/rooms/code/{code}", get(rooms::look_up))
        .route("/rooms/{id}/members", get(rooms::members))
        .route("/rooms/{id}/members/{user}", delete(rooms::leave));
    let router = Router::new()
        .nest(shared::api::API, api)
        .route(shared::SOCKET_PATH, get(socket::chat))
        .route("/health", get(figures::health))
        .route("/health/websocket", get(figures::ready))
        .route("/stats", get(figures::stats))
        .route("/metrics", get(figures::metrics))
        .route("/", get(page::index))
        .route("/r/{code}", get(page::index))
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed);
    // The last of these is the outermost.
    router
        .layer(DefaultBodyLimit::max(app.options.body_bytes))
        .layer(from_fn_with_state(app.clone(), around::in_time))
        .layer(from_fn_with_state(app.clone(), around::from_a_known_page))
        .layer(option_layer(cors(&app)))
        .layer(CatchPanicLayer::custom(around::after_panic))
        .layer(from_fn(around::secured))
        .layer(from_fn_with_state(app.clone(), around::logged))
        .with_state(app)
}

/// Lets the listed pages of other origins read our answers.
fn cors(app: &App) -> Option<CorsLayer> {
    let is_open = !app.options.allow_origin.is_empty();
    let origins: Vec<HeaderValue> =
        app.options.allow_origin.iter().filter_map(|origin| origin.as_str().parse().ok()).collect();
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(600));
    is_open.then_some(layer)
}
