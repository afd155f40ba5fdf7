//! Guests, renewing and signing out, over real connections.

mod common;

use backend::refresh::{KEPT_MS, REPEAT_MS};
use common::{TestServer, claims, cookie_of, problem, read};
use futures_util::future::join_all;
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use shared::{
    ClientFrame, CloseCode, ErrorCode, ServerFrame,
    api::{ConnectionToken, MyRooms, SignedIn},
};

#[tokio::test]
async fn a_guest_has_a_name_a_token_that_works_and_a_cookie_out_of_reach_of_scripts() {
    let server = TestServer::start().await;
    let call = server.call(Method::POST, "/guests").json(&json!({ "name": "  Ada   Lovelace " }));
    let answer = call.send().await.unwrap();
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let guest: SignedIn = read(answer, StatusCode::CREATED).await;

    assert_eq!((guest.user.name.as_str(), guest.user.avatar.as_deref()), ("Ada Lovelace", None));
    assert_eq!(guest.expires_in, 900);
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=2592000", "Path=/api/v1/session", "SameSite=Strict"]);

    let mine = server.call(Method::GET, "/rooms").bearer_auth(&*guest.access_token).send().await.unwrap();
    assert_eq!(read::<MyRooms>(mine, StatusCode::OK).await.rooms, []);
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_page_is_reached_by_https() {
    let server = TestServer::with(|options| {
        options.public_url = Some("https://chat.example.org".parse().unwrap());
    });
    let server = server.await;
    let call = server.call(Method::POST, "/guests").json(&json!({ "name": "Ada" }));
    let answer = call.send().await.unwrap();
    assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn a_name_that_can_not_be_shown_makes_no_guest() {
    let server = TestServer::start().await;
    for (name, code) in [
        ("", ErrorCode::Empty),
        (" \u{200b}\n", ErrorCode::Empty),
        ("a\u{202e}b", ErrorCode::Invalid),
        (&"x".repeat(33), ErrorCode::TooLong),
    ] {
        let answer =
            server.call(Method::POST, "/guests").json(&json!({ "name": name })).send().await.unwrap();
        assert!(cookie_of(&answer).is_none());
        let problem = problem(answer, StatusCode::UNPROCESSABLE_ENTITY, code).await;
        assert_eq!(problem.field.as_deref(), Some("name"));
    }
    let answer = server.call(Method::POST, "/guests").json(&json!({ "name": "x".repeat(32) })).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::CREATED);
}

#[tokio::test]
async fn renewing_gives_the_same_person_a_new_token_and_a_new_cookie() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    server.let_sign_ins_age(REPEAT_MS + 1).await;
    let answer = ada.refresh().await;
    let cookie = cookie_of(&answer).unwrap();
    let renewed: SignedIn = read(answer, StatusCode::OK).await;
    assert_eq!(renewed.user, ada.signed_in.user);
    assert_ne!((cookie.as_str(), &*renewed.access_token), (ada.cookie.as_str(), ada.token()));
    assert_eq!(claims(&renewed.access_token)["sid"], claims(ada.token())["sid"]);
}

#[tokio::test]
async fn a_lost_answer_and_two_tabs_at_once_get_the_same_cookie() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    server.let_sign_ins_age(REPEAT_MS + 1).await;
    let (one, other) = tokio::join!(ada.refresh(), ada.refresh());
    assert_eq!((one.status(), other.status()), (StatusCode::OK, StatusCode::OK));
    let newest = cookie_of(&one).unwrap();
    assert_eq!(cookie_of(&other).unwrap(), newest);
    assert_eq!(cookie_of(&ada.refresh().await).unwrap(), newest);
}

#[tokio::test]
async fn a_cookie_that_was_just_made_is_good_again_and_stays_the_newest() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let answer = ada.refresh().await;
    assert_eq!(cookie_of(&answer), None, "they have it");
    assert_eq!(read::<SignedIn>(answer, StatusCode::OK).await.user, ada.signed_in.user);
}

#[tokio::test]
async fn ten_renewals_at_once_sign_nobody_out() {
    let server = TestServer::start().await;
    let mut ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;
    for _ in 0..3 {
        server.let_sign_ins_age(REPEAT_MS + 1).await;
        let answers = join_all((0..10).map(|_| ada.refresh())).await;
        assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
        let cookies: Vec<_> = answers.iter().map(|answer| cookie_of(answer).unwrap()).collect();
        assert!(cookies.iter().all(|cookie| *cookie == cookies[0]), "one next cookie: {cookies:?}");
        assert_ne!(cookies[0], ada.cookie);
        // Whoever asks on with what they were given is given nothing new yet.
        ada.cookie.clone_from(&cookies[0]);
        let answers = join_all((0..10).map(|_| ada.refresh())).await;
        assert!(
            answers.iter().all(|answer| answer.status() == StatusCode::OK && cookie_of(answer).is_none())
        );
    }
    socket.send(&ClientFrame::Ping).await;
    socket.expect_frame(|frame| matches!(frame, ServerFrame::Pong(_)).then_some(())).await;
}

#[tokio::test]
async fn a_renewal_of_a_page_that_is_gone_comes_late_and_ends_nothing() {
    let server = TestServer::start().await;
    let mut ada = server.guest("Ada").await;
    let first = ada.cookie.clone();
    server.let_sign_ins_age(REPEAT_MS + 1).await;
    // The page asked, was loaded anew, and never heard the answer.
    assert_eq!(ada.refresh().await.status(), StatusCode::OK);
    server.let_sign_ins_age(REPEAT_MS + 1).await;
    let answer = ada.refresh().await;
    ada.cookie = cookie_of(&answer).unwrap();
    ada.signed_in = read(answer, StatusCode::OK).await;
    ada.connection_token().await;
    // Loaded anew again and again, while the call of the first page is still on its way.
    for _ in 0..5 {
        assert_eq!(ada.refresh().await.status(), StatusCode::OK);
    }
    let newest = std::mem::replace(&mut ada.cookie, first);
    let late = ada.refresh().await;
    assert_eq!((late.status(), cookie_of(&late).unwrap()), (StatusCode::OK, newest.clone()));
    ada.cookie = newest;
    assert_eq!(ada.refresh().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_old_cookie_ends_the_session_for_everybody_who_has_it() {
    let server = TestServer::start().await;
    let mut ada = server.guest("Ada").await;
    let first = ada.cookie.clone();
    for _ in 0..2 {
        server.let_sign_ins_age(REPEAT_MS + 1).await;
        ada.cookie = cookie_of(&ada.refresh().await).unwrap();
    }
    let newest = std::mem::replace(&mut ada.cookie, first);
    let mut socket = ada.socket().await;
    socket.connected().await;

    let answer = ada.refresh().await;
    assert_eq!(cookie_of(&answer).unwrap(), "confab_refresh=");
    problem(answer, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated);
    ada.cookie = newest;
    problem(ada.refresh().await, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    let call = ada.call(Method::GET, "/rooms").send().await.unwrap();
    problem(call, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
}

#[tokio::test]
async fn a_token_that_is_used_a_minute_after_it_was_made_shows_that_its_cookie_was_kept() {
    for (used_after_ms, status) in [(KEPT_MS - 1_000, StatusCode::OK), (KEPT_MS, StatusCode::UNAUTHORIZED)] {
        let server = TestServer::start().await;
        let mut ada = server.guest("Ada").await;
        server.let_time_pass(REPEAT_MS + 1);
        ada.signed_in = read(ada.refresh().await, StatusCode::OK).await;
        ada.connection_token().await;
        server.let_time_pass(used_after_ms);
        ada.connection_token().await;
        server.let_time_pass(REPEAT_MS);
        assert_eq!(ada.refresh().await.status(), status, "the cookie before, after {used_after_ms} ms");
    }
}

#[tokio::test]
async fn no_cookie_and_a_made_up_one_are_nobody() {
    let server = TestServer::start().await;
    let mut ada = server.guest("Ada").await;
    let none = server.call(Method::POST, "/session/refresh").send().await.unwrap();
    assert_eq!(none.status(), StatusCode::NO_CONTENT, "a first visit is no error");
    for made_up in ["confab_refresh=", "confab_refresh=abc", "other=1; confab_refresh=AAAA"] {
        ada.cookie = made_up.to_owned();
        problem(ada.refresh().await, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    }
}

#[tokio::test]
async fn a_session_outlives_a_restart_of_the_server() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let (cookie, token, name) = (ada.cookie.clone(), ada.token().to_owned(), ada.signed_in.user.clone());
    let connection_token = ada.connection_token().await;
    let dir = server.stop().await;

    let server = TestServer::in_dir(dir, |_| {}).await;
    let mine = server.call(Method::GET, "/rooms").bearer_auth(token).send().await.unwrap();
    assert_eq!(mine.status(), StatusCode::OK);
    let call = server.call(Method::POST, "/session/refresh").header(header::COOKIE, cookie);
    assert_eq!(read::<SignedIn>(call.send().await.unwrap(), StatusCode::OK).await.user, name);
    let mut socket = common::Socket::open(server.address, Some(&connection_token)).await;
    assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated);
}

#[tokio::test]
async fn signing_out_ends_tokens_cookie_and_sockets_and_is_harmless_twice() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;

    let answer = ada.call(Method::DELETE, "/session").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert!(answer.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(socket.closed().await.0, CloseCode::Unauthenticated);
    problem(ada.refresh().await, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    let call = ada.call(Method::POST, "/ws-token").send().await.unwrap();
    problem(call, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    let again = server.call(Method::DELETE, "/session").header(header::COOKIE, &ada.cookie).send().await;
    assert_eq!(again.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_cookie_alone_signs_out_too() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let call = server.call(Method::DELETE, "/session").header(header::COOKIE, &ada.cookie);
    assert_eq!(call.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    problem(ada.refresh().await, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
}

#[tokio::test]
async fn a_call_without_a_good_access_token_is_told_so() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let connection_token = ada.connection_token().await;
    let lower_case =
        server.call(Method::GET, "/rooms").header(header::AUTHORIZATION, format!("bearer {}", ada.token()));
    assert_eq!(lower_case.send().await.unwrap().status(), StatusCode::OK);
    for authorization in
        ["", "Bearer", "Bearer ", "Bearer abc", "Basic YTpi", &format!("Bearer {connection_token}")]
    {
        let call = server.call(Method::GET, "/rooms").header(header::AUTHORIZATION, authorization);
        let answer = call.send().await.unwrap();
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
        problem(answer, StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated).await;
    }
}

#[tokio::test]
async fn a_connection_token_lives_a_minute_and_names_its_use() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let answer = ada.call(Method::POST, "/ws-token").send().await.unwrap();
    let token: ConnectionToken = read(answer, StatusCode::OK).await;
    assert_eq!(token.expires_in, 60);
    let said = claims(&token.token);
    assert_eq!((&said["aud"], &said["iss"]), (&json!("ws"), &json!("confab")));
    assert_eq!(said["exp"].as_u64().unwrap() - said["iat"].as_u64().unwrap(), 60);
}

#[tokio::test]
async fn guests_and_calls_are_limited_and_told_when_to_try_again() {
    let server = TestServer::with(|options| {
        options.limits.guests_made_per_minute = 2;
        options.limits.calls_per_minute = 3;
    });
    let server = server.await;
    let ada = server.guest("Ada").await;
    server.guest("Ben").await;
    let answer = server.call(Method::POST, "/guests").json(&json!({ "name": "Cid" })).send().await.unwrap();
    let problem_of_cid = problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited).await;
    assert!((1..=30_000).contains(&problem_of_cid.retry_after_ms.unwrap()));

    for _ in 0..3 {
        ada.connection_token().await;
    }
    let answer = ada.call(Method::POST, "/ws-token").send().await.unwrap();
    problem(answer, StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited).await;
    problem(ada.refresh().await, StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited).await;
}
