//! What holds for every call: problems, foreign pages, headers of answers, figures.

mod common;

use common::{TestServer, problem};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use shared::ErrorCode;

#[tokio::test]
async fn what_is_not_there_or_not_taken_is_a_problem_with_a_code() {
    let server = TestServer::start().await;
    for path in ["/nothing", "/rooms/", "//nothing", "//../../etc/passwd", "//index.html.br", "//%00"] {
        let answer = server.call(Method::GET, path).send().await.unwrap();
        problem(answer, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    }
    for (method, path, allowed) in [
        (Method::PUT, "/rooms", "GET,HEAD,POST"),
        (Method::GET, "/guests", "POST"),
        (Method::POST, "//health", "GET,HEAD"),
    ] {
        let answer = server.call(method, path).send().await.unwrap();
        assert_eq!(answer.headers()[header::ALLOW], allowed);
        problem(answer, StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported).await;
    }
}

#[tokio::test]
async fn a_person_who_goes_astray_is_shown_a_page_and_a_program_a_problem() {
    let server = TestServer::start().await;
    let get = async |path: &str, accept: &str| {
        server.call(Method::GET, path).header(header::ACCEPT, accept).send().await.unwrap()
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["//nope", "//r/", "//r", "//r/CODE/more", "//api", "//assets/none.js"] {
        let answer = get(path, browser).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(answer.text().await.unwrap().contains("<a href=\"/\">"), "{path}");
        problem(get(path, "*/*").await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    }
    problem(get("/nope", browser).await, StatusCode::NOT_FOUND, ErrorCode::NotFound).await;
    let figures = get("//metrics", "*/*").await.text().await.unwrap();
    assert!(figures.contains("confab_errors_total{code=\"not_found\"} 13"), "a page for people counts, too");

    let (with, without) = (get("//r/K7QM-4XTW-9P/", browser).await, get("//r/K7QM-4XTW-9P", browser).await);
    assert_eq!(with.status(), without.status());
    assert_eq!(
        with.text().await.unwrap(),
        without.text().await.unwrap(),
        "a slash at the end is no other room"
    );
}

#[tokio::test]
async fn a_field_that_is_there_twice_is_said_to_be() {
    let server = TestServer::start().await;
    let body = "{\"name\":\"Ada\",\"name\":\"Ben\"}";
    let call = server.call(Method::POST, "/guests").header(header::CONTENT_TYPE, "application/json");
    let answer = call.body(body).send().await.unwrap();
    let told = problem(answer, StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::Invalid).await;
    assert_eq!((told.field.as_deref(), told.detail.as_str()), (Some("name"), "`name` is there twice"));
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_long_is_a_problem_with_a_code() {
    let server = TestServer::start().await;
    let send = async |kind: &str, body: String| {
        let call = server.call(Method::POST, "/guests").header(header::CONTENT_TYPE, kind).body(body);
        call.send().await.unwrap()
    };
    let form = send("application/x-www-form-urlencoded", "name=Ada".into()).await;
    problem(form, StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::Unsupported).await;
    let broken = send("application/json", "{\"name\":".into()).await;
    problem(broken, StatusCode::BAD_REQUEST, ErrorCode::Parse).await;
    let deep = send("application/json", "[".repeat(60_000)).await;
    assert!(deep.status().is_client_error());
    let padded = format!("{{\"name\":\"Ada\"{}}}", " ".repeat(65_536));
    let long = send("application/json", padded).await;
    problem(long, StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLong).await;
    let unknown = send("application/json", "{\"name\":\"Ada\",\"more\":1}".into()).await;
    assert_eq!(unknown.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_foreign_page_changes_nothing() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let own = server.url("");
    for (origin, status) in [
        (own.as_str(), StatusCode::CREATED),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let call = ada.call(Method::POST, "/rooms").header(header::ORIGIN, origin);
        let answer = call.json(&json!({ "name": "Tea" })).send().await.unwrap();
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        if status == StatusCode::FORBIDDEN {
            problem(answer, status, ErrorCode::Forbidden).await;
        } else {
            assert_eq!(answer.status(), status);
        }
    }
    let rooms: Value =
        common::read_value(ada.call(Method::GET, "/rooms").send().await.unwrap(), StatusCode::OK).await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_listed_page_of_another_origin_may_call_with_cookies() {
    let listed = "https://intranet.example.org";
    let server = TestServer::with(|options| options.allow_origin = vec![listed.parse().unwrap()]).await;
    let ask = |origin: &'static str| {
        let call = server.call(Method::OPTIONS, "/guests").header(header::ORIGIN, origin);
        call.header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .send()
    };
    let answer = ask(listed).await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], listed);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    let call = server.call(Method::POST, "/guests").header(header::ORIGIN, listed);
    let answer = call.json(&json!({ "name": "Ada" })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], listed);

    let answer = ask("https://evil.example").await.unwrap();
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn every_answer_says_what_it_may_not_be_used_for() {
    let server = TestServer::start().await;
    for path in ["//", "//r/K7QM-4XTW-9P", "//health", "/nothing", "/rooms"] {
        let answer = server.call(Method::GET, path).send().await.unwrap();
        let value = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(value("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(value("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(value("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(value("permissions-policy").contains("camera=()"), "{path}");
        assert_eq!(value("x-request-id").len(), 16, "{path}");
        let policy = value("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{path}: {policy}");
        let is_page = value("content-type") == "text/html; charset=utf-8";
        assert_eq!(is_page, path == "//" || path.starts_with("//r/"), "{path}");
        assert_eq!(policy.contains("script-src 'self' 'wasm-unsafe-eval'"), is_page, "{path}: {policy}");
    }
}

#[tokio::test]
async fn the_figures_follow_what_happens() {
    let server = TestServer::start().await;
    let get = async |path: &str| server.call(Method::GET, path).send().await.unwrap();
    assert_eq!(common::read_value(get("//health").await, StatusCode::OK).await, json!({ "status": "ok" }));

    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room;
    let mut socket = ada.socket().await;
    socket.connected().await;
    ada.call(Method::GET, "/nothing").send().await.unwrap();
    let ready: Value = common::read_value(get("//health/websocket").await, StatusCode::OK).await;
    assert_eq!(ready, json!({ "status": "ok", "connections": 1 }));
    let stats: Value = common::read_value(get("//stats").await, StatusCode::OK).await;
    assert_eq!(stats["sockets"], json!({ "open": 1, "known": 1, "opened": 1 }), "{stats}");
    assert!(stats["commits"]["count"].as_u64().unwrap() >= 2, "{stats}");

    let answer = get("//metrics").await;
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text().await.unwrap();
    for line in [
        "confab_sockets_known 1",
        "confab_errors_total{code=\"not_found\"} 1",
        "confab_http_requests_total{method=\"POST\",path=\"/api/v1/rooms\",status=\"201\"} 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|is| is == line), "{line}\n{text}");
    }
    let secrets = [room.code.as_str(), ada.token(), &ada.id().to_string()];
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
}
