//! The HTTP side: which path leads where, and what surrounds every call.

mod around;
mod body;
mod caller;
mod cookie;
mod fields;
mod figures;
pub(crate) mod problem;
mod rooms;
mod sessions;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::{HeaderValue, Method, header},
    middleware::{from_fn, from_fn_with_state},
    routing::{MethodFilter, get, on},
};
use shared::calls;
use tower::util::option_layer;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};

pub use self::problem::Problem;
use crate::{app::App, page, socket};

/// Everything that this server answers.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .merge(call::<calls::MakeGuest, _>(sessions::make_guest))
        .merge(call::<calls::RefreshSession, _>(sessions::refresh))
        .merge(call::<calls::EndSession, _>(sessions::sign_out))
        .merge(call::<calls::MakeConnectionToken, _>(sessions::connection_token))
        .merge(call::<calls::ListRooms, _>(rooms::mine))
        .merge(call::<calls::MakeRoom, _>(rooms::make))
        .merge(call::<calls::LookUpRoom, _>(rooms::look_up))
        .merge(call::<calls::EnterRoom, _>(rooms::join))
        .merge(call::<calls::ListMembers, _>(rooms::members))
        .merge(call::<calls::LeaveRoom, _>(rooms::leave));
    let routes = Router::new()
        .nest(shared::api::API, api)
        .route(shared::SOCKET_PATH, get(socket::chat))
        .route("/health", get(figures::health))
        .route("/health/websocket", get(figures::ready))
        .route("/stats", get(figures::stats))
        .route("/metrics", get(figures::metrics))
        .route("/", get(page::index))
        .route("/r/{code}", get(page::index))
        .route("/r/{code}/", get(page::index))
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed);
    surrounded(routes, app)
}

/// The route of a call: its method and path are those of the table.
fn call<C: calls::Call, T: 'static>(handler: impl Handler<T, App>) -> Router<App> {
    let method = match C::METHOD {
        calls::Method::Get => MethodFilter::GET,
        calls::Method::Post => MethodFilter::POST,
        calls::Method::Delete => MethodFilter::DELETE,
    };
    Router::new().route(C::PATH, on(method, handler))
}

/// Puts around the routes what surrounds every call.
fn surrounded(routes: Router<App>, app: App) -> Router {
    // The last of these is the outermost.
    routes
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

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request, http::StatusCode, response::Response, routing};
    use shared::{ErrorCode, api};
    use tower::ServiceExt;

    use super::*;
    use crate::{address, options::ServerOptions, server::Server};

    async fn server() -> (Server, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Server::new(ServerOptions::new(dir.path())).await.unwrap(), dir)
    }

    /// A request as it comes from a connection, with the headers of a handshake.
    fn get(path: &str) -> Request {
        let handshake = [
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let mut request = Request::get(path);
        for (name, value) in handshake {
            request = request.header(name, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let client = address::of_client([127, 0, 0, 1].into(), request.headers(), &[]);
        request.extensions_mut().insert(client);
        request
    }

    async fn body(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_mistake_of_ours_is_internal_and_has_what_every_answer_has() {
        let (server, _dir) = server().await;
        let app = server.app();
        let broken = routing::get(|| async { panic!("with something private") as &'static str });
        let router = surrounded(Router::new().route("/broken", broken), app.clone());
        let response = router.oneshot(get("/broken")).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert!(response.headers().contains_key("x-request-id"));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let body = body(response).await;
        let problem: api::Problem = shared::json::from_str(&body).unwrap();
        assert_eq!((problem.code, problem.status), (ErrorCode::Internal, 500));
        assert!(!body.contains("private"), "{body}");
        let figures = app.metrics.text();
        assert!(figures.contains("confab_errors_total{code=\"internal\"} 1"), "{figures}");
    }

    #[tokio::test]
    async fn every_call_of_the_table_has_a_handler() {
        let (server, _dir) = server().await;
        for (method, path, auth) in calls::CALLS {
            let path = path.replace("{id}", &uuid::Uuid::nil().to_string()).replace(['{', '}'], "");
            let mut request = get(&format!("{}{path}", api::API));
            *request.method_mut() = method.as_str().parse().unwrap();
            let response = router(server.app().clone()).oneshot(request).await.unwrap();
            let status = response.status();
            let text = body(response).await;
            assert!(!text.contains("this path does not take that method"), "{method:?} {path}");
            assert!(!status.is_success() || status == StatusCode::NO_CONTENT, "{method:?} {path}: {status}");
            assert_eq!(
                status == StatusCode::UNAUTHORIZED,
                *auth == calls::Auth::Bearer,
                "{method:?} {path}: {status}"
            );
        }
    }

    #[tokio::test]
    async fn while_the_server_goes_down_new_sockets_are_told_when_to_come_back() {
        let (server, _dir) = server().await;
        let app = server.app();
        let router = router(app.clone());
        let ready = router.clone().oneshot(get("/health/websocket")).await.unwrap();
        assert_eq!(ready.status(), StatusCode::OK);
        app.stopping.cancel();
        app.hub.begin_shutdown().await;

        let ready = router.clone().oneshot(get("/health/websocket")).await.unwrap();
        assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body(ready).await, r#"{"connections":0,"status":"stopping"}"#);

        let refused = router.oneshot(get(shared::SOCKET_PATH)).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
        let problem: api::Problem = shared::json::from_str(&body(refused).await).unwrap();
        assert_eq!((problem.code, problem.retry_after_ms), (ErrorCode::Unavailable, Some(5_000)));
    }
}
