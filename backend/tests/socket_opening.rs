//! Opening a socket: who may, by which token, and what those hear who may not.

mod common;

use common::{Socket, TestServer};
use shared::{ClientFrame, CloseCode, ErrorCode, ServerFrame, api::Problem, close::ComeBack, frame::Auth};
use tokio_tungstenite::tungstenite::{
    Error,
    client::IntoClientRequest,
    http::{HeaderValue, Request, StatusCode},
};

/// A handshake with these headers beside the usual ones.
fn handshake(server: &TestServer, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = format!("ws://{}/ws/chat", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    request
}

/// The problem that a handshake is refused with. Its header and its body say the same of when to come back, and
/// who is too fast or too many is told.
async fn refused(server: &TestServer, request: Request<()>) -> (StatusCode, Problem) {
    match Socket::ask(server.address, request).await {
        Err(Error::Http(answer)) => {
            let (parts, body) = answer.into_parts();
            let problem: Problem = shared::json::from_slice(&body.unwrap()).unwrap();
            let in_body = problem.retry_after_ms.map(|ms| ms.div_ceil(1000).to_string());
            let in_header = parts.headers.get("retry-after").map(|is| is.to_str().unwrap().to_owned());
            assert_eq!(in_header, in_body, "{problem:?}");
            assert_eq!(in_body.is_some(), problem.code.is_retryable(), "{problem:?}");
            (parts.status, problem)
        }
        Err(other) => panic!("not an answer: {other}"),
        Ok(_) => panic!("the socket opened"),
    }
}

fn auth(token: &str) -> ClientFrame {
    ClientFrame::Auth(Auth { token: token.into() })
}

#[tokio::test]
async fn a_connection_token_opens_one_socket_once() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await;
    let token = ada.connection_token().await;
    let mut socket = Socket::open(server.address, Some(&token)).await;
    let connected = socket.connected().await;
    assert_eq!((connected.user.id, connected.session_id), (ada.id(), ada.session()));
    assert_eq!((connected.heartbeat_ms, connected.limits.message_chars), (25_000, 4_000));
    assert_eq!(connected.rooms, [room]);
    assert_eq!(connected.online_users, [ada.id()]);
    let mut second = Socket::open(server.address, Some(&token)).await;
    assert_eq!(second.closed().await, (CloseCode::Unauthenticated, "the token was used before".into()));
}

#[tokio::test]
async fn an_access_token_opens_a_socket_as_the_first_frame_and_never_in_the_address() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = Socket::open(server.address, None).await;
    socket.send(&auth(ada.token())).await;
    assert_eq!(socket.connected().await.user.id, ada.id());
    let mut socket = Socket::open(server.address, Some(ada.token())).await;
    assert_eq!(socket.closed().await, (CloseCode::Unauthenticated, "the token is not valid".into()));
}

#[tokio::test]
async fn a_bad_token_closes_the_socket_with_a_reason() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    for token in ["", "nonsense", "a.b.c"] {
        let mut socket = Socket::open(server.address, Some(token)).await;
        assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated, "{token:?} in the address");
        let mut socket = Socket::open(server.address, None).await;
        socket.send(&auth(token)).await;
        assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated, "{token:?} in the first frame");
    }
    let mut socket = Socket::open(server.address, None).await;
    socket.send(&auth(&ada.connection_token().await)).await;
    assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated, "a connection token is no access token");
}

#[tokio::test]
async fn nothing_is_heard_before_the_client_is_known_and_anything_but_auth_ends_the_socket() {
    let server = TestServer::start().await;
    for text in [r#"{"type":"ping"}"#, "{", ""] {
        let mut socket = Socket::open(server.address, None).await;
        socket.send_text(text).await;
        let closed = socket.closed().await;
        assert_eq!(closed, (CloseCode::Unauthenticated, "the first frame is not `auth`".into()));
    }
}

#[tokio::test]
async fn who_does_not_say_who_they_are_is_closed_in_time() {
    let server = TestServer::with(|options| options.limits.auth_timeout_ms = 50).await;
    let mut socket = Socket::open(server.address, None).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, CloseCode::Unauthenticated);
    assert!(reason.contains("auth_timeout_ms"), "{reason}");
}

#[tokio::test]
async fn pages_of_other_origins_may_not_connect() {
    let server = TestServer::with(|options| {
        options.allow_origin = vec!["https://chat.example.org".parse().unwrap()];
    })
    .await;
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "https://chat.example.org"] {
        Socket::ask(server.address, handshake(&server, &[("origin", origin)])).await.unwrap();
    }
    for origin in ["https://evil.example", "null", "https://chat.example.org.evil.example"] {
        let (status, problem) = refused(&server, handshake(&server, &[("origin", origin)])).await;
        assert_eq!((status, problem.code), (StatusCode::FORBIDDEN, ErrorCode::Forbidden), "{origin}");
    }
}

#[tokio::test]
async fn the_subprotocol_is_named_when_it_is_offered() {
    let server = TestServer::start().await;
    let request = handshake(&server, &[("sec-websocket-protocol", "other, confab.v1")]);
    let socket = Socket::ask(server.address, request).await.unwrap();
    assert_eq!(socket.answer.headers()["sec-websocket-protocol"], "confab.v1");
    let socket = Socket::ask(server.address, handshake(&server, &[])).await.unwrap();
    assert!(!socket.answer.headers().contains_key("sec-websocket-protocol"));
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_answered_as_one() {
    let server = TestServer::start().await;
    let answer = server.call(reqwest::Method::GET, "//ws/chat").send().await.unwrap();
    assert_eq!(answer.headers()["upgrade"], "websocket");
    common::problem(answer, reqwest::StatusCode::UPGRADE_REQUIRED, ErrorCode::Invalid).await;
    let call = server.call(reqwest::Method::GET, "//ws/chat");
    let call = call.header("connection", "upgrade").header("upgrade", "websocket");
    let answer = call.header("sec-websocket-version", "8").send().await.unwrap();
    common::problem(answer, reqwest::StatusCode::BAD_REQUEST, ErrorCode::Invalid).await;
}

#[tokio::test]
async fn an_address_has_so_many_sockets_that_have_not_said_who_they_are() {
    let server = TestServer::with(|options| options.limits.unauthenticated_per_address = 2).await;
    let ada = server.guest("Ada").await;
    let (mut first, second) =
        (Socket::open(server.address, None).await, Socket::open(server.address, None).await);
    let (status, problem) = refused(&server, handshake(&server, &[])).await;
    assert_eq!((status, problem.code), (StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited));
    assert_eq!(problem.field.as_deref(), Some("unauthenticated_per_address"));
    first.send(&auth(ada.token())).await;
    first.connected().await;
    Socket::ask(server.address, handshake(&server, &[])).await.unwrap();
    drop(second);
}

#[tokio::test]
async fn an_address_has_so_many_sockets() {
    let server = TestServer::with(|options| options.limits.sockets_per_address = 2).await;
    let ada = server.guest("Ada").await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    first.connected().await;
    second.connected().await;
    let (status, problem) = refused(&server, handshake(&server, &[])).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem.field.as_deref(), Some("sockets_per_address"));
}

#[tokio::test]
async fn a_person_has_so_many_sockets_and_the_newest_is_sent_away() {
    let server = TestServer::with(|options| options.limits.sockets_per_user = 2).await;
    let ada = server.guest("Ada").await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    first.connected().await;
    second.connected().await;
    let (code, reason) = ada.socket().await.closed().await;
    assert_eq!(code, CloseCode::TryAgainLater);
    assert!(reason.contains("sockets_per_user"), "{reason}");
    first.send(&ClientFrame::Ping).await;
    assert!(matches!(first.next().await, ServerFrame::Pong(_)), "those who were there stay");
}

#[tokio::test]
async fn a_flood_of_new_sockets_is_sent_away_for_a_while() {
    let server = TestServer::with(|options| options.used_tokens = 2).await;
    let ada = server.guest("Ada").await;
    let (mut first, mut second) = (ada.socket().await, ada.socket().await);
    first.connected().await;
    second.connected().await;
    let (code, reason) = ada.socket().await.closed().await;
    assert_eq!(code, CloseCode::TryAgainLater);
    assert!(reason.contains("too many connections"), "{reason}");
    let mut program = Socket::open(server.address, None).await;
    program.send(&auth(ada.token())).await;
    program.connected().await;
}

#[tokio::test]
async fn a_token_of_a_session_that_was_ended_is_no_good() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let token = ada.connection_token().await;
    let ended = server.call(reqwest::Method::DELETE, "/session").header("cookie", &ada.cookie);
    assert!(ended.bearer_auth(ada.token()).send().await.unwrap().status().is_success());
    for (token, first_frame) in [(Some(token.as_str()), None), (None, Some(auth(ada.token())))] {
        let mut socket = Socket::open(server.address, token).await;
        if let Some(frame) = first_frame {
            socket.send(&frame).await;
        }
        assert_eq!(socket.closed().await, (CloseCode::Unauthenticated, "the session is over".into()));
    }
}

#[tokio::test]
async fn somebody_whose_account_is_gone_is_sent_away_for_good() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let token = ada.connection_token().await;
    let other = server.database();
    other.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM users").unwrap();
    let mut socket = Socket::open(server.address, Some(&token)).await;
    let closed = socket.closed().await;
    assert_eq!(closed, (CloseCode::Forbidden, "there is no such person".into()));
    assert_eq!(closed.0.come_back(), ComeBack::No);
}
