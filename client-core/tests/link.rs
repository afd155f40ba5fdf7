//! The connection: how it comes about, how it is lost, and how it comes back.

mod support;

use client_core::{Banner, Change, Command, Input, LinkState, SessionState};
use shared::{ClientFrame, ServerFrame, error::ErrorCode};
use support::{
    Page,
    wire::{self, ada, connected, problem, signed_in, state},
};

#[test]
fn the_first_connection_of_a_page_is_made_at_once() {
    let mut page = Page::new();
    page.input(Input::Started);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    assert_eq!(page.client.link(), LinkState::Connecting { attempt: 1 });
    let request = page.answer("/ws-token", 200, &wire::connection_token());
    assert_eq!(request.bearer.as_deref(), Some("access"));
    page.open();
    assert_eq!(page.client.link(), LinkState::Connecting { attempt: 1 }, "open, but not greeted");
    page.frame(&connected(&[]));
    assert_eq!(page.client.link(), LinkState::Online);
    assert_eq!(page.ms, 1_000_000, "no time has gone by");
}

#[test]
fn the_connection_token_goes_into_the_address_and_nowhere_else() {
    let mut page = Page::new();
    page.input(Input::Started);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.answer("/ws-token", 200, &wire::connection_token());
    assert_eq!(page.wanted(), ["once"]);
    assert_eq!(page.sent(), []);
    assert!(!format!("{:?}", page.client).contains("once"));
}

#[test]
fn after_a_loss_it_comes_back_within_a_second() {
    let mut page = Page::online(&[]);
    page.lose(None);
    assert!(matches!(page.client.link(), LinkState::Waiting { attempt: 1, .. }));
    page.advance(1_000);
    assert_eq!(page.client.link(), LinkState::Connecting { attempt: 2 });
    page.connect(&[]);
    assert_eq!(page.client.link(), LinkState::Online);
}

#[test]
fn it_tries_without_end_and_never_waits_longer_than_half_a_minute() {
    let mut page = Page::new();
    page.input(Input::Started);
    page.answer("/session/refresh", 200, &wire::access_token(&ada(), "long", 1_000_000));
    page.connect(&[]);
    page.lose(None);
    for attempt in 1..200 {
        let LinkState::Waiting { attempt: failed, until_ms } = page.client.link() else { panic!("waits") };
        let most = (500 << attempt.min(6)).min(30_000);
        assert_eq!(failed, attempt);
        assert!(until_ms - page.ms <= most, "try {attempt} waits {}", until_ms - page.ms);
        page.advance_to_call("/ws-token");
        page.no_answer("/ws-token");
    }
}

/// How many tries count as failed after a connection that held for so long.
fn failed_after(stable_ms: u64) -> u32 {
    let mut page = Page::online(&[]);
    page.lose(None);
    for _ in 0..3 {
        page.advance_to_call("/ws-token");
        page.no_answer("/ws-token");
    }
    page.advance_to_call("/ws-token");
    page.connect(&[]);
    page.advance(stable_ms);
    if page.sent().contains(&ClientFrame::Ping) {
        page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    }
    page.lose(None);
    match page.client.link() {
        LinkState::Waiting { attempt, .. } => attempt,
        other => panic!("{other:?}"),
    }
}

#[test]
fn thirty_stable_seconds_wipe_out_the_failures_before() {
    assert_eq!(failed_after(29_999), 5);
    assert_eq!(failed_after(30_000), 1);
}

#[test]
fn a_page_that_is_looked_at_a_network_that_is_back_and_a_person_end_the_wait() {
    for hurry in [Input::Visible(true), Input::NetworkBack, Input::Command(Command::ConnectNow)] {
        let mut page = Page::online(&[]);
        page.lose(None);
        page.input(hurry);
        assert_eq!(page.client.link(), LinkState::Connecting { attempt: 2 });
    }
    let mut page = Page::online(&[]);
    page.lose(None);
    page.input(Input::Visible(false));
    assert!(matches!(page.client.link(), LinkState::Waiting { .. }));
}

#[test]
fn a_flooder_stays_away_for_ten_seconds_unless_a_person_asks() {
    let mut page = Page::online(&[]);
    page.lose(Some(1008));
    page.input(Input::NetworkBack);
    page.input(Input::Visible(true));
    page.advance(9_999);
    assert!(matches!(page.client.link(), LinkState::Waiting { .. }));
    page.advance(1);
    assert!(matches!(page.client.link(), LinkState::Connecting { .. }));

    let mut page = Page::online(&[]);
    page.lose(Some(1008));
    page.command(Command::ConnectNow);
    assert!(matches!(page.client.link(), LinkState::Connecting { .. }));
}

#[test]
fn a_restarting_server_says_when_to_come_back() {
    let mut page = Page::online(&[]);
    page.frame(&ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms: 1_830 }));
    page.advance(500);
    page.lose(Some(1012));
    assert_eq!(
        page.client.link(),
        LinkState::Waiting { attempt: 1, until_ms: page.ms + 1_330 },
        "counted from the frame"
    );
    page.advance(1_329);
    assert!(!page.is_calling("/ws-token"));
    page.advance(1);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn a_restart_that_nobody_announced_is_a_loss_like_any_other() {
    let mut page = Page::online(&[]);
    page.lose(Some(1012));
    page.advance(1_000);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn a_cut_after_the_announcement_waits_as_told_too() {
    let mut page = Page::online(&[]);
    page.frame(&ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms: 5_000 }));
    page.lose(None);
    page.advance(4_999);
    assert!(!page.is_calling("/ws-token"));
    page.advance(1);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn whoever_may_not_be_here_and_whoever_is_done_stays_away_until_a_person_asks() {
    for code in [1000, 1001, 4003] {
        let mut page = Page::online(&[]);
        page.lose(Some(code));
        assert_eq!(page.client.link(), LinkState::Refused);
        assert_eq!(page.client.banner(), Some(Banner::Refused));
        page.input(Input::NetworkBack);
        page.input(Input::Visible(true));
        page.advance(600_000);
        assert_eq!(page.client.link(), LinkState::Refused, "{code}");
        page.command(Command::ConnectNow);
        assert!(page.is_calling("/ws-token"));
    }
}

#[test]
fn a_socket_closed_for_its_token_comes_back_with_a_new_one() {
    let mut page = Page::online(&[]);
    page.lose(Some(4001));
    page.advance(1_000);
    assert!(!page.is_calling("/ws-token"), "the access token may be dead too");
    page.answer("/session/refresh", 200, &wire::access_token(&ada(), "newer", 900));
    let request = page.answer("/ws-token", 200, &wire::connection_token());
    assert_eq!(request.bearer.as_deref(), Some("newer"));
}

#[test]
fn whoever_gets_no_new_token_is_signed_out() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.lose(Some(4001));
    page.advance(1_000);
    page.answer("/session/refresh", 401, &problem(401, ErrorCode::Unauthenticated, None));
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: true });
    assert_eq!(page.client.link(), LinkState::Idle);
    assert_eq!(page.client.rooms().count(), 0);
    page.advance(600_000);
    assert_eq!(page.calls(), []);
}

#[test]
fn a_refused_access_token_is_renewed_once_and_then_waited_for() {
    let mut page = Page::online(&[]);
    let refused = problem(401, ErrorCode::Unauthenticated, None);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 401, &refused);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.answer("/ws-token", 401, &refused);
    assert!(matches!(page.client.link(), LinkState::Waiting { .. }), "no loop");
    assert!(!page.is_calling("/session/refresh"));
    page.advance_to_call("/session/refresh");
    assert!(!page.is_calling("/ws-token"), "that token is of no use");
}

#[test]
fn what_an_earlier_shutdown_said_is_forgotten_on_the_next_connection() {
    let mut page = Page::online(&[]);
    page.frame(&ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms: 600_000 }));
    page.advance(35_000); // nothing comes any more, and no close either
    page.advance_to_call("/ws-token");
    page.connect(&[]);
    page.lose(None);
    page.advance(2_000);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn a_server_in_trouble_is_left_alone_for_as_long_as_it_says() {
    for (status, code) in [(429, ErrorCode::RateLimited), (503, ErrorCode::Unavailable)] {
        let mut page = Page::online(&[]);
        page.lose(None);
        page.advance_to_call("/ws-token");
        page.answer("/ws-token", status, &problem(status, code, Some(45_000)));
        page.input(Input::NetworkBack);
        page.advance(44_999);
        assert!(!page.is_calling("/ws-token"));
        page.advance(1);
        assert!(page.is_calling("/ws-token"));
    }
    let mut page = Page::online(&[]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 502, "<html>Bad Gateway</html>");
    page.advance(2_000);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn connecting_has_ten_seconds_for_the_token_and_ten_for_the_greeting() {
    let mut page = Page::online(&[]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    let (late, _) = page.take_call("/ws-token");
    page.advance(9_999);
    assert_eq!(page.client.link(), LinkState::Connecting { attempt: 2 });
    page.advance(1);
    assert!(matches!(page.client.link(), LinkState::Waiting { attempt: 2, .. }));
    page.advance_to_call("/ws-token");
    let body = wire::connection_token();
    page.input(Input::Answered(late, client_core::Answer::Http { status: 503, body: String::new() }));
    assert_eq!(page.client.link(), LinkState::Connecting { attempt: 3 }, "a late answer is passed over");
    page.answer("/ws-token", 200, &body);
    page.open();
    page.advance(10_000);
    assert_eq!(page.closed(), [1000]);
    assert!(matches!(page.client.link(), LinkState::Waiting { attempt: 3, .. }));
}

#[test]
fn silence_is_answered_with_a_ping_and_a_pong_is_enough() {
    let mut page = Page::online(&[]);
    page.advance(24_999);
    assert_eq!(page.sent(), []);
    page.advance(1);
    assert_eq!(page.sent(), [ClientFrame::Ping]);
    page.advance(9_999);
    page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    page.advance(24_999);
    assert_eq!((page.sent(), page.client.link()), (vec![], LinkState::Online));
}

#[test]
fn ten_seconds_without_any_frame_after_the_ping_are_the_end() {
    let mut page = Page::online(&[]);
    page.advance(35_000);
    assert_eq!(page.closed(), [1000]);
    assert!(matches!(page.client.link(), LinkState::Waiting { attempt: 1, .. }));
    page.advance(1_000);
    assert!(page.is_calling("/ws-token"));
}

#[test]
fn any_frame_is_a_sign_of_life_even_one_that_can_not_be_read() {
    let mut page = Page::online(&[]);
    for _ in 0..10 {
        page.advance(20_000);
        let socket = page.socket.unwrap();
        page.input(Input::Frame(socket, "\u{0}not a frame"));
    }
    assert_eq!((page.sent(), page.client.link()), (vec![], LinkState::Online));
}

#[test]
fn a_connection_that_died_in_the_machines_sleep_is_noticed_two_seconds_after_somebody_looks() {
    for wake in [Input::Visible(true), Input::NetworkBack] {
        let mut page = Page::online(&[]);
        page.ms += 3_600_000; // nothing ran meanwhile
        page.input(wake);
        assert!(page.sent().contains(&ClientFrame::Ping));
        page.advance(1_999);
        assert_eq!(page.client.link(), LinkState::Online);
        page.advance(1);
        assert!(matches!(page.client.link(), LinkState::Waiting { .. }));
    }
}

#[test]
fn a_network_that_is_said_to_be_gone_is_asked_and_given_up_in_two_seconds() {
    let mut page = Page::online(&[]);
    page.input(Input::NetworkGone);
    assert!(page.sent().contains(&ClientFrame::Ping));
    page.advance(2_000);
    let LinkState::Waiting { until_ms, .. } = page.client.link() else { panic!("given up") };
    page.input(Input::NetworkGone);
    let still = page.client.link();
    assert!(matches!(still, LinkState::Waiting { until_ms: until, .. } if until == until_ms), "{still:?}");
}

#[test]
fn a_living_connection_survives_the_look() {
    let mut page = Page::online(&[]);
    page.input(Input::Visible(true));
    page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    page.advance(24_000);
    assert_eq!(page.client.link(), LinkState::Online);
}

#[test]
fn the_banner_comes_after_two_seconds_and_says_what_is_tried() {
    let mut page = Page::online(&[]);
    page.lose(None);
    page.changes();
    page.advance_to_call("/ws-token");
    let (held, _) = page.take_call("/ws-token");
    page.advance(1_999 - (page.ms - 1_000_000));
    assert_eq!(page.client.banner(), None);
    page.changes();
    page.advance(1);
    assert_eq!(page.client.banner(), Some(Banner::Connecting));
    assert_eq!(page.changes(), [Change::Link]);
    page.input(Input::Answered(held, client_core::Answer::None));
    let LinkState::Waiting { until_ms, .. } = page.client.link() else { panic!("waits") };
    assert_eq!(page.client.banner(), Some(Banner::Waiting { until_ms }));
    page.advance_to_call("/ws-token");
    page.connect(&[]);
    assert_eq!(page.client.banner(), None);
}

#[test]
fn short_losses_show_no_banner() {
    let mut page = Page::online(&[]);
    for _ in 0..20 {
        page.lose(None);
        page.input(Input::NetworkBack);
        page.advance(1_900);
        page.connect(&[]);
        assert_eq!(page.client.banner(), None);
        page.advance(31_000);
        page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    }
}

#[test]
fn a_stopped_page_closes_its_socket_and_waits_for_nothing() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.input(Input::Stopped);
    assert_eq!(page.closed(), [1000]);
    assert_eq!((page.client.timeout(), page.client.link()), (None, LinkState::Idle));
    page.input(Input::Visible(true));
    page.input(Input::NetworkBack);
    assert_eq!((page.client.timeout(), page.calls()), (None, vec![]));
    assert_eq!(page.client.rooms().count(), 1, "what it knows stays");

    page.input(Input::Started);
    page.connect(&[state(1, 3, 3)]);
    assert_eq!(page.client.link(), LinkState::Online);
}

#[test]
fn what_an_earlier_socket_says_is_passed_over() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    let earlier = page.socket.unwrap();
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 3, 3)]);
    page.input(Input::Frame(earlier, &wire::live(&wire::said(wire::room(1), 4)).encode()));
    page.input(Input::Closed(earlier, Some(4003)));
    assert_eq!(page.client.link(), LinkState::Online);
    assert_eq!(page.client.room(wire::room(1)).unwrap().head, wire::seq(3));
}

#[test]
fn nothing_counts_before_the_greeting() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 200, &wire::connection_token());
    page.open();
    page.forget();
    page.frame(&wire::live(&wire::said(wire::room(1), 4)));
    page.frame(&wire::live(&wire::said(wire::room(2), 4)));
    assert_eq!((page.sent(), page.changes()), (vec![], vec![]));
    assert_eq!(page.client.room(wire::room(1)).unwrap().head, wire::seq(3));
    page.frame(&connected(&[state(1, 3, 3)]));
    assert_eq!(page.calls(), []);
}
