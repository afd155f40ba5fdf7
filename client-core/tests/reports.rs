//! What the client tells somebody who asks where a message is, and how the connection does.

mod support;

use client_core::{Command, DeliveryState, LinkState, WaitsFor};
use shared::{ClientFrame, ServerFrame, api::Presence, error::ErrorCode, frame::ReadSignal};
use support::{
    Page,
    keeping::in_room,
    wire::{ack, ada, after, bob, error, live, member, members, page, posts, room, said, seq, state},
};

/// What the room's n-th row waits for, and how often it was sent.
fn waits(page: &Page, row: usize) -> (Option<WaitsFor>, u32) {
    let key = page.client.rows(room(1))[row];
    let report = page.client.message_report(room(1), key).unwrap();
    assert_eq!(report.row.key, key);
    (report.waits_for, report.tries)
}

#[test]
fn a_message_that_waits_says_for_what_and_how_often_it_was_sent() {
    let mut page = Page::in_room();
    page.post(room(1), "first");
    page.post(room(1), "second");
    let answer = WaitsFor::Answer { until_ms: page.ms + 10_000 };
    assert_eq!([waits(&page, 0), waits(&page, 1)], [(Some(answer), 1), (Some(WaitsFor::Earlier(1)), 0)]);

    let first = posts(page.sent()).remove(0);
    page.frame(&ServerFrame::Error(
        error(ErrorCode::RateLimited).about_txn(Some(first.txn_id)).about_room(room(1)).retry_after(700),
    ));
    let asked = WaitsFor::RateLimit { until_ms: page.ms + 700 };
    assert_eq!([waits(&page, 0), waits(&page, 1)], [(Some(asked), 1), (Some(WaitsFor::Earlier(1)), 0)]);

    page.lose(None);
    let (waits_for, tries) = waits(&page, 0);
    assert!(matches!(waits_for, Some(WaitsFor::Connection(LinkState::Waiting { attempt: 1, .. }))));
    assert_eq!(tries, 1);

    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 0, 0)]);
    page.advance(700);
    assert!(matches!(waits(&page, 0), (Some(WaitsFor::Answer { .. }), 2)));

    let first = posts(page.sent()).remove(0);
    page.frame(&ServerFrame::Error(
        error(ErrorCode::Unavailable).about_txn(Some(first.txn_id)).about_room(room(1)).retry_after(900),
    ));
    assert_eq!(waits(&page, 0), (Some(WaitsFor::Server { until_ms: page.ms + 900 }), 2));
}

#[test]
fn a_message_that_was_sent_before_the_page_was_loaded_anew_says_so() {
    let mut page = in_room();
    page.post(room(1), "first");
    let sent_before = |page: &Page| {
        let key = page.client.rows(room(1))[0];
        let report = page.client.message_report(room(1), key).unwrap();
        (report.tries, report.sent_before)
    };
    assert_eq!(sent_before(&page), (1, false));
    assert_eq!(sent_before(&page.crash()), (0, true));
}

#[test]
fn a_stored_message_says_where_and_who_has_read_it() {
    let mut page = Page::online(&[state(1, 0, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&support::wire::no_page(room(1), 0));
    let list = members(&[member(ada(), Presence::Online), member(bob(), Presence::Online)]);
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &list);
    page.forget();
    page.post(room(1), "Hello");
    let post = posts(page.sent()).remove(0);
    let key = page.client.rows(room(1))[0];
    assert_eq!(page.client.message_report(room(1), key).unwrap().read_by, []);
    page.frame(&ack(&post, 1));
    let report = page.client.message_report(room(1), key).unwrap();
    assert_eq!((report.row.seq, &report.row.state), (Some(seq(1)), &DeliveryState::Stored));
    assert_eq!((report.waits_for, report.read_by), (None, vec![]), "its author does not count");

    page.frame(&ServerFrame::Read(ReadSignal { room_id: room(1), user_id: bob().id, seq: seq(1) }));
    assert_eq!(page.client.message_report(room(1), key).unwrap().read_by, [bob()]);
}

#[test]
fn a_row_that_is_not_there_has_no_report() {
    let page = Page::in_room();
    let key = client_core::RowKey { author: bob().id, txn_id: support::wire::txn(7) };
    assert_eq!(page.client.message_report(room(1), key), None);
}

#[test]
fn the_round_trip_is_measured_from_ping_to_pong_and_belongs_to_one_connection() {
    let mut page = Page::in_room();
    assert_eq!(page.client.connection_report().link.round_trip_ms, None);
    page.command(Command::Measure);
    assert_eq!(page.sent(), [ClientFrame::Ping]);
    page.advance(30);
    page.frame(&live(&said(room(1), 1)));
    page.advance(10);
    page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    let link = page.client.connection_report().link;
    assert_eq!((link.state, link.round_trip_ms, link.connections), (LinkState::Online, Some(40), 1));
    assert_eq!(link.since_ms, Some(page.ms - 40));

    page.lose(None);
    assert_eq!(page.client.connection_report().link.since_ms, None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 0)]);
    let link = page.client.connection_report().link;
    assert_eq!((link.round_trip_ms, link.connections), (None, 2));
}

#[test]
fn missed_events_that_were_all_fetched_are_one_gap_repaired() {
    let mut tab = Page::in_room();
    tab.frame(&live(&said(room(1), 1)));
    let report = tab.client.connection_report();
    assert_eq!((report.room, report.gaps_repaired), (Some((seq(1), seq(1))), 0));

    tab.frame(&live(&said(room(1), 4)));
    assert_eq!(tab.client.connection_report().room, Some((seq(1), seq(4))), "a hole counts as not here");
    assert_eq!(tab.sent(), [after(room(1), 1)]);
    tab.frame(&page(room(1), 2..=4, 4, false));
    let report = tab.client.connection_report();
    assert_eq!((report.room, report.gaps_repaired), (Some((seq(4), seq(4))), 1));
}

#[test]
fn what_is_not_confirmed_is_counted_over_all_rooms() {
    let mut page = Page::in_room();
    page.lose(None);
    page.post(room(1), "one");
    page.post(room(1), "two");
    assert_eq!(page.client.connection_report().unconfirmed, 2);
}
