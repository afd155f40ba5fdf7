//! The token of an open socket: warned about, renewed in place, ended.

mod common;

use std::time::Duration;

use backend::refresh::{KEPT_MS, REPEAT_MS};
use common::{Person, Socket, TestServer};
use reqwest::{Method, StatusCode};
use shared::{ClientFrame, CloseCode, ErrorCode, ServerFrame, api::SignedIn, frame::Auth};

fn auth(token: &str) -> ClientFrame {
    ClientFrame::Auth(Auth { token: token.into() })
}

async fn connect(person: &Person<'_>) -> Socket {
    let mut socket = person.socket().await;
    socket.connected().await;
    socket
}

#[tokio::test]
async fn a_token_that_ends_soon_is_warned_about_and_its_end_ends_the_socket() {
    let server = TestServer::with(|options| options.access_token_ttl = Duration::from_secs(2)).await;
    let ada = server.guest("Ada").await;
    let mut socket = connect(&ada).await;
    let warning = socket.next().await;
    let ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms }) = warning else {
        panic!("not a warning: {warning:?}")
    };
    assert!(expires_in_ms <= 2_000);
    assert_eq!(socket.closed().await, (CloseCode::Unauthenticated, "the token has expired".into()));
}

#[tokio::test]
async fn a_newer_token_keeps_the_socket_open_beyond_the_end_of_the_first() {
    let server = TestServer::with(|options| options.access_token_ttl = Duration::from_secs(2)).await;
    let ada = server.guest("Ada").await;
    let (short, cookie) = (ada.token().to_owned(), ada.cookie.clone());
    // From here on tokens live longer.
    let server = TestServer::in_dir(server.stop().await, |_| {}).await;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        let mut socket = Socket::open(server.address, None).await;
        socket.send(&auth(&short)).await;
        socket.connected().await;
        sockets.push(socket);
    }
    let call = server.call(Method::POST, "/session/refresh").header("cookie", cookie);
    let renewed: SignedIn = common::read(call.send().await.unwrap(), StatusCode::OK).await;
    let (mut kept, mut ended) = (sockets.remove(0), sockets.remove(0));
    kept.send(&auth(&renewed.access_token)).await;
    let pick = |frame| match frame {
        ServerFrame::Authenticated(shared::frame::Authenticated { token_expires_at }) => {
            Some(token_expires_at)
        }
        _ => None,
    };
    let expires_at = kept.expect_frame(pick).await;
    let claimed = common::claims(&renewed.access_token)["exp"].as_u64().unwrap();
    assert_eq!(expires_at.unix_ms(), claimed * 1000);
    assert_eq!(ended.closed().await.0, CloseCode::Unauthenticated);
    kept.send(&ClientFrame::Ping).await;
    kept.expect_frame(|frame| matches!(frame, ServerFrame::Pong(_)).then_some(())).await;
}

/// Renews, gives the new token to the open socket, and is heard of for so long; then a browser with the cookie before
/// that comes, an hour later.
async fn comes_back_with_the_cookie_before(lives_ms: u64) -> StatusCode {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = connect(&ada).await;
    server.let_time_pass(REPEAT_MS + 1);
    let renewed: SignedIn = common::read(ada.refresh().await, StatusCode::OK).await;
    socket.send(&auth(&renewed.access_token)).await;
    socket.expect_frame(|frame| matches!(frame, ServerFrame::Authenticated(_)).then_some(())).await;
    let mine = server.call(Method::GET, "/rooms").bearer_auth(&*renewed.access_token).send().await.unwrap();
    assert_eq!(mine.status(), StatusCode::OK);
    server.let_time_pass(lives_ms);
    socket.send(&ClientFrame::Ping).await;
    socket.expect_frame(|frame| matches!(frame, ServerFrame::Pong(_)).then_some(())).await;
    server.let_time_pass(3_600_000);
    ada.refresh().await.status()
}

#[tokio::test]
async fn a_browser_that_dies_soon_after_a_renewal_and_before_it_has_written_its_cookie_is_still_signed_in() {
    assert_eq!(comes_back_with_the_cookie_before(7_000).await, StatusCode::OK);
    // A token names its moment in whole seconds.
    assert_eq!(comes_back_with_the_cookie_before(KEPT_MS - 1_000).await, StatusCode::OK);
}

#[tokio::test]
async fn a_socket_that_lives_on_with_a_newer_token_shows_that_its_cookie_was_kept_and_an_older_one_is_a_copy()
{
    assert_eq!(comes_back_with_the_cookie_before(KEPT_MS).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_of_somebody_else_or_none_at_all_changes_nothing() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let mut socket = connect(&ada).await;
    for (token, code) in [(ben.token(), ErrorCode::Forbidden), ("nonsense", ErrorCode::Unauthenticated)] {
        socket.send(&auth(token)).await;
        let error = socket.error().await;
        assert_eq!((error.code, error.field.as_deref(), error.retryable), (code, Some("token"), false));
    }
    socket.send(&ClientFrame::Ping).await;
    assert!(matches!(socket.next().await, ServerFrame::Pong(_)));
}

#[tokio::test]
async fn signing_out_closes_the_sockets_of_that_sign_in_alone() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let (mut one, mut two, mut other) = (connect(&ada).await, connect(&ada).await, connect(&ben).await);
    let call = server.call(Method::DELETE, "/session").header("cookie", &ada.cookie).bearer_auth(ada.token());
    assert!(call.send().await.unwrap().status().is_success());
    for socket in [&mut one, &mut two] {
        assert_eq!(socket.closed().await, (CloseCode::Unauthenticated, "the session is over".into()));
    }
    other.send(&ClientFrame::Ping).await;
    assert!(matches!(other.next().await, ServerFrame::Pong(_)));
}
