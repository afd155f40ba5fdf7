//! Who is signed in, and the calls that need to know.

mod support;

use client_core::{Answer, Banner, Change, Command, Input, LinkState, Method, SessionState};
use shared::{
    ClientFrame, ServerFrame,
    error::ErrorCode,
    frame::{Auth, Read},
};
use support::{
    Page,
    wire::{access_token, ada, bob, posts, problem, room, seq, signed_in, state, user},
};

fn started() -> Page {
    let mut page = Page::new();
    page.input(Input::Started);
    page
}

fn unauthenticated() -> String {
    problem(401, ErrorCode::Unauthenticated, None)
}

fn sign_in(page: &mut Page) {
    page.command(Command::SignIn { name: "Ada".into() });
}

#[test]
fn a_page_first_asks_whether_somebody_is_still_signed_in() {
    let mut page = started();
    assert_eq!(page.client.session(), &SessionState::Unknown);
    let request = page.answer("/session/refresh", 200, &signed_in(&ada()));
    assert_eq!((request.method, request.body, request.bearer), (Method::Post, None, None));
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
    assert!(page.changes().contains(&Change::Session));
}

#[test]
fn nobody_is_signed_in_where_the_server_knows_nobody() {
    let mut page = started();
    page.answer("/session/refresh", 401, &unauthenticated());
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    assert_eq!(page.client.link(), LinkState::Idle);
    assert_eq!(page.client.banner(), None);
}

#[test]
fn a_browser_without_a_cookie_is_nobodys() {
    let mut page = started();
    page.answer("/session/refresh", 204, "");
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
}

#[test]
fn a_server_that_does_not_answer_is_asked_again_and_again() {
    let mut page = started();
    for _ in 0..50 {
        page.advance_to_call("/session/refresh");
        page.no_answer("/session/refresh");
        assert_eq!(page.client.session(), &SessionState::Unknown);
        assert!(page.client.timeout().unwrap() - page.ms <= 30_000);
    }
    assert!(matches!(page.client.banner(), Some(Banner::Waiting { .. })));
    page.input(Input::NetworkBack);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
}

#[test]
fn a_server_in_trouble_signs_nobody_out() {
    for (status, body) in [(500, ""), (503, "<html>"), (429, ""), (403, ""), (200, "not what it should be")] {
        let mut page = started();
        page.answer("/session/refresh", status, body);
        assert_eq!(page.client.session(), &SessionState::Unknown, "{status}");
    }
}

#[test]
fn a_new_guest_is_signed_in_and_connected() {
    let mut page = started();
    page.answer("/session/refresh", 401, &unauthenticated());
    sign_in(&mut page);
    sign_in(&mut page);
    let request = page.answer("/guests", 200, &signed_in(&ada()));
    assert_eq!(request.body.as_deref(), Some(r#"{"name":"Ada"}"#));
    page.connect(&[]);
    assert_eq!(
        (page.client.session(), page.client.link()),
        (&SessionState::SignedIn(ada()), LinkState::Online)
    );
    assert_eq!(page.calls(), [], "pressed twice, made once");
}

#[test]
fn a_refused_name_says_which_field_and_why() {
    let mut page = started();
    page.answer("/session/refresh", 401, &unauthenticated());
    sign_in(&mut page);
    page.changes();
    let body = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"too long",
        "code":"too_long","field":"name"}"#;
    page.answer("/guests", 400, body);
    let [Change::Failed { code, detail, field, .. }] = &page.changes()[..] else { panic!("one failure") };
    assert_eq!((*code, detail.as_str(), field.as_deref()), (ErrorCode::TooLong, "too long", Some("name")));
}

#[test]
fn a_call_without_an_answer_fails_as_unavailable() {
    let mut page = Page::online(&[]);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.no_answer("/rooms");
    let is_it = |change: &Change| matches!(change, Change::Failed { code: ErrorCode::Unavailable, .. });
    assert!(page.changes().iter().any(is_it));
}

#[test]
fn signing_out_closes_the_socket_and_forgets_everything() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.command(Command::OpenRoom(room(1)));
    page.post(room(1), "not sent yet");
    page.forget();
    page.command(Command::SignOut);
    assert_eq!(page.closed(), [1000]);
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    assert_eq!((page.client.rooms().count(), page.client.rows(room(1)).len()), (0, 0));
    let request = page.answer("/session", 204, "");
    assert_eq!((request.method, request.bearer.as_deref()), (Method::Delete, Some("access")));
    page.advance(600_000);
    assert_eq!((page.calls(), page.client.link()), (vec![], LinkState::Idle));
}

#[test]
fn a_sign_out_that_the_server_has_not_heard_is_said_again() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    page.no_answer("/session");
    let is_it = |change: &Change| matches!(change, Change::Failed { call: client_core::Call::SignOut, .. });
    assert!(page.changes().iter().any(is_it), "the cookie is still there");
    for _ in 0..5 {
        page.advance_to_call("/session");
        page.no_answer("/session");
    }
    assert!(!page.changes().iter().any(is_it), "said once");
    page.advance_to_call("/session");
    page.answer("/session", 204, "");
    page.advance(600_000);
    assert_eq!(page.calls(), []);
}

#[test]
fn a_new_guest_waits_until_the_old_session_is_ended() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    sign_in(&mut page);
    assert!(!page.is_calling("/guests"), "the answer would take the new cookie away");
    page.answer("/session", 204, "");
    page.answer("/guests", 200, &signed_in(&bob()));
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
}

#[test]
fn a_sign_out_is_not_said_again_while_somebody_new_signs_in() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    page.no_answer("/session");
    sign_in(&mut page);
    assert!(page.is_calling("/guests"));
    page.input(Input::NetworkBack);
    page.advance(60_000);
    assert!(!page.is_calling("/session"), "the answer would take the new cookie away");
    page.no_answer("/guests");
    page.advance_to_call("/session");
}

#[test]
fn an_end_that_the_server_never_heard_of_does_not_hit_the_next_session() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    page.no_answer("/session");
    sign_in(&mut page);
    page.answer("/guests", 200, &signed_in(&bob()));
    page.connect(&[]);
    page.forget();
    page.advance(20_000);
    assert_eq!(page.calls(), []);
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
}

#[test]
fn an_ending_token_is_renewed_on_the_open_socket() {
    let mut page = Page::online(&[]);
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    page.no_answer("/session/refresh");
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &access_token(&ada(), "newer", 900));
    assert_eq!(page.sent(), [ClientFrame::Auth(Auth { token: "newer".into() })]);
    assert_eq!(page.client.link(), LinkState::Online);
}

#[test]
fn a_token_known_to_end_soon_is_renewed_before_it_is_used() {
    let mut page = Page::online(&[]);
    page.ms += 870_000; // of 900,000
    page.command(Command::MakeRoom { name: "Tea".into() });
    assert!(!page.is_calling("/rooms"));
    page.answer("/session/refresh", 200, &access_token(&ada(), "newer", 900));
    let (_, request) = page.take_call("/rooms");
    assert_eq!(request.bearer.as_deref(), Some("newer"));
}

#[test]
fn a_short_lived_token_is_used_for_most_of_its_life() {
    let mut page = started();
    page.answer("/session/refresh", 200, &access_token(&ada(), "short", 20));
    page.connect(&[]);
    page.ms += 14_000;
    page.command(Command::MakeRoom { name: "Tea".into() });
    assert!(page.is_calling("/rooms"));
    page.ms += 1_000;
    page.command(Command::JoinRoom { code: "X".into() });
    assert!(page.is_calling("/session/refresh") && !page.is_calling("/rooms/join"));
}

#[test]
fn a_refused_call_is_made_again_with_a_newer_token_once() {
    let mut page = Page::online(&[]);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.command(Command::JoinRoom { code: "X".into() });
    page.answer("/rooms", 401, &unauthenticated());
    page.answer("/rooms/join", 401, &unauthenticated());
    page.answer("/session/refresh", 200, &access_token(&ada(), "newer", 900));
    assert!(!page.is_calling("/session/refresh"), "one new token is enough for both");
    let (_, request) = page.take_call("/rooms");
    assert_eq!(request.bearer.as_deref(), Some("newer"));
    page.changes();
    page.answer("/rooms/join", 401, &unauthenticated());
    let is_it = |change: &Change| matches!(change, Change::Failed { code: ErrorCode::Unauthenticated, .. });
    assert!(page.changes().iter().any(is_it));
}

#[test]
fn a_call_that_was_refused_with_an_older_token_asks_for_no_other() {
    let mut page = Page::online(&[]);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    page.answer("/session/refresh", 200, &access_token(&ada(), "newer", 900));
    page.answer("/rooms", 401, &unauthenticated());
    assert!(!page.is_calling("/session/refresh"));
    let (_, request) = page.take_call("/rooms");
    assert_eq!(request.bearer.as_deref(), Some("newer"));
}

#[test]
fn what_waited_for_a_token_fails_when_the_session_has_expired() {
    let mut page = Page::online(&[]);
    page.ms += 890_000;
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.answer("/session/refresh", 401, &unauthenticated());
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: true });
    let is_it = |change: &Change| matches!(change, Change::Failed { code: ErrorCode::Unauthenticated, .. });
    assert!(page.changes().iter().any(is_it));
    assert_eq!(page.closed(), [1000]);
}

#[test]
fn what_is_not_sent_waits_for_its_author_to_come_back() {
    let mut page = Page::online(&[state(1, 0, 0)]);
    page.post(room(1), "mine");
    page.lose(Some(4001));
    page.advance(1_000);
    page.answer("/session/refresh", 401, &unauthenticated());
    assert_eq!(page.client.rows(room(1)).len(), 0, "nobody sees it meanwhile");
    sign_in(&mut page);
    page.answer("/guests", 200, &signed_in(&ada()));
    page.forget_sent();
    page.connect(&[state(1, 0, 0)]);
    assert_eq!(posts(page.sent()).len(), 1);
}

#[test]
fn what_is_not_sent_is_never_sent_in_somebody_elses_name() {
    let mut page = Page::online(&[state(1, 0, 0)]);
    page.post(room(1), "mine");
    page.lose(Some(4001));
    page.advance(1_000);
    page.answer("/session/refresh", 401, &unauthenticated());
    page.forget_sent();
    sign_in(&mut page);
    page.answer("/guests", 200, &signed_in(&user(5, "Eve")));
    page.connect(&[]);
    assert_eq!(posts(page.sent()), []);
}

#[test]
fn somebody_else_who_signed_in_in_another_tab_is_somebody_else_here_too() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    page.answer("/session/refresh", 200, &signed_in(&bob()));
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
    assert_eq!((page.closed(), page.client.rooms().count()), (vec![1000], 0));
    assert!(page.is_calling("/ws-token"));
    assert_eq!(page.sent(), []);
}

#[test]
fn commands_of_nobody_fail_at_once() {
    let mut page = started();
    page.answer("/session/refresh", 401, &unauthenticated());
    page.changes();
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.command(Command::JoinRoom { code: "X".into() });
    let failures = page.changes();
    assert_eq!(failures.len(), 2);
    let is_it = |change: &Change| matches!(change, Change::Failed { code: ErrorCode::Unauthenticated, .. });
    assert!(failures.iter().all(is_it));
    assert_eq!(page.calls(), []);
}

#[test]
fn a_code_can_be_looked_up_by_nobody() {
    let mut page = started();
    page.answer("/session/refresh", 401, &unauthenticated());
    page.command(Command::LookUp { code: "a/ü".into() });
    page.changes();
    let body = r#"{"code":"AU","name":"Tea","members":2}"#;
    let request = page.answer("/rooms/code/a%2F%C3%BC", 200, body);
    assert_eq!(request.bearer, None);
    let [Change::Found { code, preview: Some(preview) }] = &page.changes()[..] else { panic!("found") };
    assert_eq!((code.as_str(), preview.name.as_str()), ("a/ü", "Tea"));

    page.command(Command::LookUp { code: "none".into() });
    page.answer("/rooms/code/none", 404, &problem(404, ErrorCode::NotFound, None));
    assert_eq!(page.changes(), [Change::Found { code: "none".into(), preview: None }]);
}

#[test]
fn looking_a_code_up_renews_an_ended_token_first() {
    let mut page = Page::online(&[]);
    page.ms += 890_000;
    page.command(Command::LookUp { code: "X".into() });
    assert!(!page.is_calling("/rooms/code/X"));
    page.answer("/session/refresh", 200, &access_token(&ada(), "newer", 900));
    assert!(page.is_calling("/rooms/code/X"));
}

#[test]
fn a_sign_out_that_a_stop_has_interrupted_goes_on_with_the_next_start() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    page.forget();
    page.input(Input::Stopped);
    assert_eq!(page.client.timeout(), None);
    page.input(Input::Started);
    assert!(page.is_calling("/session"));
}

#[test]
fn answers_that_nobody_waits_for_are_passed_over() {
    let mut page = Page::online(&[]);
    page.command(Command::MakeRoom { name: "Tea".into() });
    let (call, _) = page.take_call("/rooms");
    page.input(Input::Stopped);
    page.changes();
    let body = shared::json::to_string(&state(1, 1, 1));
    page.input(Input::Answered(call, Answer::Http { status: 200, body }));
    page.input(Input::Answered(client_core::CallId(u64::MAX), Answer::None));
    assert_eq!((page.changes(), page.client.rooms().count()), (vec![], 0));
}

#[test]
fn nothing_that_is_written_for_a_log_shows_a_token_or_what_people_say() {
    let mut client = client_core::Client::new(1);
    let now = client_core::Now { ms: 0, wall: support::BEGIN };
    let mut log = String::new();
    let mut calls = Vec::new();
    let mut drain = |client: &mut client_core::Client, calls: &mut Vec<client_core::CallId>| {
        while let Some(output) = client.poll() {
            log.push_str(&format!("{output:?}\n"));
            if let client_core::Output::Call(call, _) = output {
                calls.push(call);
            }
        }
        log.push_str(&format!("{client:?}\n"));
    };
    client.handle(now, Input::Started);
    drain(&mut client, &mut calls);
    let body = access_token(&ada(), "s3cret", 900);
    client.handle(now, Input::Answered(calls.pop().unwrap(), Answer::Http { status: 200, body }));
    drain(&mut client, &mut calls);
    let body = support::wire::connection_token();
    client.handle(now, Input::Answered(calls.pop().unwrap(), Answer::Http { status: 200, body }));
    drain(&mut client, &mut calls);
    let socket = client_core::SocketId(1);
    client.handle(now, Input::Frame(socket, &support::wire::connected(&[state(1, 0, 0)]).encode()));
    client.handle(now, Input::Command(Command::Post { room: room(1), content: "whisper".into() }));
    drain(&mut client, &mut calls);
    for secret in ["s3cret", "once", "whisper"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    assert!(log.contains("Open(") && log.contains("Send("));
}

#[test]
fn reading_goes_on_after_a_sign_in_without_an_old_marker() {
    let mut page = Page::online(&[state(1, 3, 0)]);
    page.command(Command::Seen(room(1), seq(3)));
    assert_eq!(page.sent(), [ClientFrame::Read(Read { room_id: room(1), seq: seq(3) })]);
    page.command(Command::SignOut);
    page.answer("/session", 204, "");
    sign_in(&mut page);
    page.answer("/guests", 200, &signed_in(&bob()));
    page.connect(&[]);
    assert_eq!(page.sent(), []);
}
