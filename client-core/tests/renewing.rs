//! The access token: renewed on the open socket before it ends, once for all pages of a browser, and replaced where it
//! has ended.

mod support;

use client_core::{Answer, Command, Input, LinkState, News, SessionState, Turn};
use shared::{ClientFrame, ServerFrame, error::ErrorCode};
use support::{
    Page,
    wire::{access_token, ada, bob, connected, connection_token, posts, problem, room, signed_in, state},
};

/// What [`signed_in`] gives, in milliseconds.
const LIFE: u64 = 900_000;

fn unauthenticated() -> String {
    problem(401, ErrorCode::Unauthenticated, None)
}

fn newer() -> String {
    access_token(&ada(), "newer", 900)
}

fn authenticated() -> ServerFrame {
    ServerFrame::Authenticated(shared::frame::Authenticated { token_expires_at: support::BEGIN })
}

fn renewal(answer: &str) -> News {
    News { signs_in: false, answer: answer.to_owned() }
}

fn sign_in(answer: &str) -> News {
    News { signs_in: true, answer: answer.to_owned() }
}

/// Hears of the renewal of another page.
fn hear(page: &mut Page, answer: &str, age_ms: u64) {
    page.input(Input::Heard { news: renewal(answer), age_ms });
}

/// Hears that somebody has signed in on another page.
fn hear_sign_in(page: &mut Page, answer: &str) {
    page.input(Input::Heard { news: sign_in(answer), age_ms: 5 });
}

/// A page that asks for a name.
fn asking() -> Page {
    let mut page = Page::new();
    page.input(Input::Started);
    page.answer("/session/refresh", 204, "");
    page
}

/// The tokens that went over the socket since the last look.
fn told(page: &mut Page) -> Vec<String> {
    let token = |frame| match frame {
        ClientFrame::Auth(auth) => Some(auth.token.into_string()),
        _ => None,
    };
    page.sent().into_iter().filter_map(token).collect()
}

/// A page whose token ends in a minute.
fn ending() -> Page {
    let mut page = Page::online(&[]);
    page.ms += LIFE - 60_000;
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    page
}

#[test]
fn who_renews_tells_the_other_pages_and_who_hears_does_not_tell_again() {
    let mut page = ending();
    page.answer("/session/refresh", 200, &newer());
    assert_eq!((told(&mut page), page.passed_on), (vec!["newer".to_owned()], vec![renewal(&newer())]));

    let mut other = Page::online(&[]);
    other.ms += 1_000;
    hear(&mut other, &newer(), 5);
    assert_eq!((told(&mut other), other.passed_on.len()), (vec!["newer".to_owned()], 0));
    assert_eq!(other.calls(), []);
}

#[test]
fn who_signs_in_tells_the_other_pages_and_nothing_else_goes_to_them() {
    let mut page = asking();
    page.command(Command::SignIn { name: "Ada".into() });
    page.answer("/guests", 201, &signed_in(&ada()));
    page.connect(&[]);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.no_answer("/rooms");
    assert_eq!(page.passed_on, [sign_in(&signed_in(&ada()))]);
}

#[test]
fn what_changes_the_cookie_is_asked_for_by_one_page_at_a_time_and_nothing_else_is() {
    let mut page = Page::new();
    page.input(Input::Started);
    assert_eq!(page.answer("/session/refresh", 204, "").turn, Turn::Waits);
    page.command(Command::SignIn { name: "Ada".into() });
    let signs_in = page.answer("/guests", 201, &signed_in(&ada()));
    assert_eq!(signs_in.turn, Turn::Needs, "it replaces whatever cookie there is");
    assert_eq!(page.take_call("/ws-token").1.turn, Turn::AtOnce);
    page.command(Command::SignOut);
    assert_eq!(page.take_call("/session").1.turn, Turn::Waits);
}

#[test]
fn a_page_that_asks_for_a_name_asks_again_who_is_here_when_somebody_looks_at_it() {
    let mut page = asking();
    page.forget();
    page.input(Input::Visible(true));
    page.answer("/session/refresh", 204, "");
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    assert_eq!(page.changes(), [], "nothing is different");
    page.input(Input::Stopped);
    page.input(Input::Started);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.connect(&[]);
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
}

#[test]
fn an_expired_session_is_still_spoken_of_when_somebody_looks_again() {
    let mut page = ending();
    page.answer("/session/refresh", 401, &unauthenticated());
    page.input(Input::Visible(true));
    page.answer("/session/refresh", 204, "");
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: true });
}

#[test]
fn whoever_has_signed_out_here_or_on_another_page_is_not_signed_in_by_a_look() {
    for elsewhere in [false, true] {
        let mut page = Page::online(&[]);
        if elsewhere {
            page.input(Input::SignedOut(ada().id));
        } else {
            page.command(Command::SignOut);
            page.answer("/session", 204, "");
        }
        page.input(Input::Visible(true));
        page.input(Input::NetworkBack);
        assert!(!page.is_calling("/session/refresh"), "the cookie may still be there");
    }
}

#[test]
fn a_page_that_slept_asks_who_has_signed_in_on_another_meanwhile() {
    let mut page = asking();
    page.input(Input::Heard { news: sign_in(&signed_in(&ada())), age_ms: 450_000 });
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    page.answer("/session/refresh", 200, &newer());
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
}

#[test]
fn a_name_that_is_given_while_the_server_is_asked_who_is_here_gives_way_to_whoever_is() {
    let mut page = asking();
    page.input(Input::Visible(true));
    page.command(Command::SignIn { name: "Bob".into() });
    let (asked, _) = page.take_call("/guests");
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    assert_eq!(page.given_up, [asked]);
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
}

#[test]
fn a_page_that_asks_for_a_name_follows_when_somebody_signs_in_on_another() {
    let mut page = asking();
    hear_sign_in(&mut page, &signed_in(&ada()));
    page.connect(&[]);
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
    assert_eq!((page.client.link(), page.passed_on.len()), (LinkState::Online, 0));
}

#[test]
fn a_name_that_waits_for_its_turn_is_given_up_for_whoever_was_first() {
    let mut page = asking();
    page.command(Command::SignIn { name: "Bob".into() });
    let (asked, _) = page.take_call("/guests");
    hear_sign_in(&mut page, &signed_in(&ada()));
    assert_eq!(page.given_up, [asked]);
    page.input(Input::Answered(asked, Answer::Http { status: 201, body: signed_in(&bob()) }));
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()), "a late answer changes nothing");
}

#[test]
fn whoever_is_signed_in_stays_who_they_are_when_somebody_else_signs_in() {
    let mut page = Page::online(&[]);
    hear_sign_in(&mut page, &access_token(&bob(), "newer", 900));
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
    assert_eq!(told(&mut page), [""; 0]);
}

#[test]
fn the_end_of_an_old_session_is_said_no_more_once_somebody_has_signed_in_on_another_page() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    let (asked, _) = page.take_call("/session");
    hear_sign_in(&mut page, &signed_in(&bob()));
    assert_eq!(page.given_up, [asked], "it would take the new cookie away");
    page.connect(&[]);
    page.advance(600_000);
    assert!(!page.is_calling("/session"));
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
}

#[test]
fn a_page_that_waits_to_renew_takes_what_another_was_given() {
    let mut page = ending();
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.ms += 59_000;
    page.command(Command::JoinRoom { code: "X".into() });
    let (asked, _) = page.take_call("/session/refresh");
    hear(&mut page, &newer(), 3);
    assert_eq!((told(&mut page), &page.given_up), (vec!["newer".to_owned()], &vec![asked]));
    assert_eq!(page.take_call("/rooms/join").1.bearer.as_deref(), Some("newer"));
    assert!(!page.is_calling("/session/refresh"));
}

#[test]
fn a_warning_that_crossed_a_renewal_is_answered_with_it() {
    let mut page = Page::online(&[]);
    page.ms += LIFE - 60_000;
    hear(&mut page, &newer(), 2);
    page.forget_sent();
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 59_990 }));
    assert_eq!((page.calls(), told(&mut page)), (vec![], vec!["newer".to_owned()]));
    page.frame(&authenticated());

    page.ms += LIFE - 60_000;
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    assert!(page.is_calling("/session/refresh"), "that one is about this token");
}

#[test]
fn a_socket_that_opened_with_an_older_token_is_told_the_newer_one_when_it_is_warned() {
    let mut page = Page::online(&[]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 200, &connection_token());
    hear(&mut page, &newer(), 0);
    page.open();
    page.frame(&connected(&[]));
    page.forget();
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    assert_eq!((page.calls(), told(&mut page)), (vec![], vec!["newer".to_owned()]));
}

#[test]
fn what_another_page_was_given_is_taken_where_it_is_newer_and_young_and_of_the_same_person() {
    let taken = |answer: &str, age_ms| {
        let mut page = Page::online(&[]);
        page.ms += 1_000;
        hear(&mut page, answer, age_ms);
        assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
        told(&mut page) == ["newer"]
    };
    assert!(taken(&newer(), 0));
    assert!(taken(&newer(), 999));
    assert!(!taken(&newer(), 1_001), "older than its own");
    assert!(!taken(&access_token(&ada(), "newer", 600), 0), "ends before its own");
    assert!(taken(&access_token(&ada(), "newer", 9_000), 4_499_000));
    assert!(!taken(&access_token(&ada(), "newer", 9_000), 4_500_000), "half of its life is over");
    assert!(!taken(&access_token(&ada(), "newer", 0), 0));
    assert!(!taken(&access_token(&bob(), "newer", 900), 0), "somebody else's");
    for nonsense in ["", "null", "{}", &unauthenticated()] {
        assert!(!taken(nonsense, 0), "{nonsense}");
    }
    assert!(!taken(&newer(), u64::MAX));
}

#[test]
fn a_page_that_is_loading_takes_what_another_was_given() {
    let mut page = Page::new();
    page.input(Input::Started);
    hear(&mut page, &signed_in(&ada()), 0);
    page.connect(&[]);
    assert_eq!(page.client.link(), LinkState::Online);
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
}

#[test]
fn whoever_is_signed_out_stays_so_whatever_another_page_was_given_before() {
    let mut page = Page::online(&[]);
    page.command(Command::SignOut);
    page.forget();
    hear(&mut page, &newer(), 0);
    page.advance(600_000);
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    assert_eq!((page.client.link(), page.sent()), (LinkState::Idle, vec![]));
}

#[test]
fn a_token_of_another_page_that_is_refused_is_replaced_by_the_servers_and_tried_no_more() {
    let mut page = Page::online(&[]);
    page.ms += LIFE;
    hear(&mut page, &newer(), 0);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.answer("/rooms", 401, &unauthenticated());
    page.answer("/session/refresh", 200, &access_token(&ada(), "newest", 900));
    assert_eq!(page.take_call("/rooms").1.bearer.as_deref(), Some("newest"));
    hear(&mut page, &newer(), 10);
    assert_eq!(page.calls(), []);
}

#[test]
fn a_token_that_ended_while_the_page_slept_is_replaced_without_anybody_noticing() {
    let mut page = Page::online(&[state(1, 0, 0)]);
    page.ms += 8 * LIFE;
    page.lose(Some(4001));
    page.post(room(1), "good morning");
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &newer());
    page.connect(&[state(1, 0, 0)]);
    assert_eq!(posts(page.sent()).len(), 1);
    assert_eq!((page.calls(), page.client.banner()), (vec![], None), "one call for each token");
}

#[test]
fn a_token_that_is_refused_again_and_again_is_asked_for_ever_more_slowly() {
    let mut page = Page::online(&[]);
    page.lose(Some(4001));
    let (begin, mut renewed) = (page.ms, 0);
    while page.ms < begin + 600_000 {
        if page.is_calling("/session/refresh") {
            renewed += 1;
            page.answer("/session/refresh", 200, &newer());
        } else if page.is_calling("/ws-token") {
            page.answer("/ws-token", 401, &unauthenticated());
        } else {
            page.ms = page.client.timeout().expect("it goes on trying");
            page.input(Input::Tick);
        }
    }
    assert!((20..=120).contains(&renewed), "{renewed} in ten minutes");
    assert!(page.client.banner().is_some());
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()), "nobody is signed out by it");
}

#[test]
fn a_newer_token_outlives_the_end_of_the_socket_that_had_the_older_one() {
    let mut page = Page::online(&[]);
    page.ms += LIFE;
    hear(&mut page, &newer(), 0);
    page.lose(Some(4001));
    page.advance_to_call("/ws-token");
    assert_eq!(page.take_call("/ws-token").1.bearer.as_deref(), Some("newer"));
    assert!(!page.is_calling("/session/refresh"));
}

#[test]
fn signing_out_gives_up_a_renewal_whose_answer_would_take_the_next_cookie_away() {
    let mut page = Page::online(&[]);
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    assert!(page.is_calling("/session/refresh"));
    page.command(Command::SignOut);
    assert_eq!(page.given_up.len(), 1);
}
