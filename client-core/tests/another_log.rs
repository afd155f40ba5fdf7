//! A backup was put back: the log is shorter than what is known of it, or another one under the same name.

mod support;

use client_core::{Change, Command, DeliveryState, Input};
use shared::{
    ClientFrame, RoomId, ServerFrame,
    api::Presence,
    frame::{Behind, SyncFrom},
};
use support::{
    Page,
    keeping::{arrive, in_busy_room},
    wire::{
        ack, ada, before, bob, connected_in, live, member, members, my_rooms, page as events, posts, room,
        said, seq, state, stored,
    },
};

/// A page that knows two rooms to their ends at 10 and shows the first, and has lost the connection.
fn away() -> Page {
    let mut page = Page::online(&[state(1, 10, 10), state(2, 10, 10)]);
    for id in [2, 1] {
        page.command(Command::OpenRoom(room(id)));
        page.frame(&events(room(id), 3..=10, 10, true));
    }
    answer_members(&mut page, 10);
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page
}

/// The members of the first room: Bob, who has read up to there.
fn answer_members(page: &mut Page, read: u64) {
    let mut bob = member(bob(), Presence::Online);
    bob.read_seq = seq(read);
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &members(&[bob]));
}

fn syncs(page: &mut Page) -> Vec<(RoomId, SyncFrom)> {
    let sync = |frame| match frame {
        ClientFrame::Sync(sync) => Some((sync.room_id, sync.from)),
        _ => None,
    };
    page.sent().into_iter().filter_map(sync).collect()
}

fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|at| format!("m{at}")).collect()
}

#[test]
fn a_log_that_is_shorter_than_what_is_known_is_loaded_anew_and_new_messages_are_shown() {
    let mut page = away();
    page.connect(&[state(1, 5, 5), state(2, 10, 10)]);
    assert_eq!(page.texts(room(1)), [""; 0], "what is not in the log is not shown");
    assert_eq!(page.client.room(room(1)).unwrap().head, seq(5));
    assert_eq!(syncs(&mut page), [(room(1), SyncFrom::Before(seq(6)))]);
    page.frame(&events(room(1), 1..=5, 5, false));
    page.post(room(1), "new 1");
    let post = posts(page.sent()).remove(0);
    page.frame(&ack(&post, 6));
    page.frame(&live(&stored(&post, 6)));
    page.frame(&live(&said(room(1), 7)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "m4", "m5", "new 1", "m7"]);
    assert!(page.rows(room(1)).iter().all(|row| row.state == DeliveryState::Stored));
}

#[test]
fn one_room_that_is_shorter_says_that_every_room_is_another() {
    let mut page = away();
    page.connect(&[state(1, 12, 12), state(2, 4, 4)]);
    assert_eq!(syncs(&mut page), [(room(1), SyncFrom::Before(seq(13)))], "although this one has overtaken");
    page.command(Command::OpenRoom(room(2)));
    assert_eq!(syncs(&mut page), [(room(2), SyncFrom::Before(seq(5)))]);
}

#[test]
fn a_list_of_rooms_that_has_overtaken_the_greeting_does_not_make_the_log_another() {
    let mut page = Page::online(&[state(1, 10, 10), state(2, 10, 10)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 3..=10, 10, true));
    // A room that fell behind unseen: the list of rooms is asked for.
    page.frame(&ServerFrame::Behind(Behind { room_id: room(2), head: seq(40) }));
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/rooms", 200, &my_rooms(&[state(1, 12, 10), state(2, 40, 10)]));
    page.connect(&[state(1, 10, 10), state(2, 40, 10)]);
    assert_eq!(page.texts(room(1)), numbers(3..=10));
}

#[test]
fn what_came_in_a_page_and_not_yet_live_says_that_the_log_is_shorter_too() {
    let mut page = Page::online(&[state(1, 10, 10), state(2, 10, 10)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 3..=10, 10, true));
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: seq(12) }));
    page.frame(&events(room(1), 11..=12, 12, false));
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 11, 10), state(2, 10, 10)]);
    assert_eq!(syncs(&mut page), [(room(1), SyncFrom::Before(seq(12)))]);
}

#[test]
fn new_messages_of_a_shorter_room_that_is_not_open_are_counted() {
    let mut page = away();
    page.connect(&[state(1, 10, 10), state(2, 4, 4)]);
    page.frame(&live(&said(room(2), 5)));
    let view = page.client.room(room(2)).unwrap();
    assert_eq!((view.head, view.read_seq, view.unread), (seq(5), seq(4), 1));
    assert!(page.changes().iter().any(|change| matches!(change, Change::Arrived(at, _) if *at == room(2))));
}

#[test]
fn what_waits_in_the_outbox_is_sent_to_the_shorter_log() {
    let mut page = away();
    page.post(room(1), "mine");
    page.connect(&[state(1, 5, 5), state(2, 10, 10)]);
    let post = posts(page.sent()).remove(0);
    page.frame(&events(room(1), 1..=5, 5, false));
    page.frame(&ack(&post, 6));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "m4", "m5", "mine"]);
}

#[test]
fn read_markers_of_what_is_no_longer_there_are_forgotten() {
    let mut page = away();
    page.connect(&[state(1, 5, 5), state(2, 10, 10)]);
    answer_members(&mut page, 5);
    assert_eq!(page.client.members(room(1))[0].read_seq, seq(5));
    page.frame(&events(room(1), 1..=5, 5, false));
    page.frame(&live(&said(room(1), 6)));
    page.command(Command::Seen(room(1), seq(6)));
    let told =
        page.sent().into_iter().any(|frame| matches!(frame, ClientFrame::Read(read) if read.seq == seq(6)));
    assert!(told, "reading goes on at the new end");
}

#[test]
fn pages_kept_of_the_longer_log_are_replaced() {
    let mut page = in_busy_room(8).crash();
    page.command(Command::OpenRoom(room(1)));
    arrive(&mut page, &[state(1, 5, 5), state(2, 0, 0)]);
    assert_eq!(page.texts(room(1)), [""; 0]);
    page.frame(&events(room(1), 1..=5, 5, false));
    page.advance(3_000);
    // As long as what was kept before, and something else.
    let mut page = page.crash();
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.texts(room(1)), numbers(1..=5));
}

#[test]
fn a_page_kept_of_another_log_is_replaced_even_by_one_of_the_same_length() {
    let mut page = in_busy_room(8);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 200, &support::wire::connection_token());
    page.open();
    page.frame(&connected_in(2, &[state(1, 8, 8), state(2, 0, 0)]));
    page.frame(&events(room(1), 1..=8, 8, false));
    page.advance(3_000);
    let mut page = page.crash();
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.texts(room(1)), numbers(1..=8), "kept under the name of the new log");
}

#[test]
fn a_kept_page_that_comes_back_late_and_knows_more_than_the_server_is_not_believed() {
    let store = in_busy_room(8).store;
    let mut page = Page::online(&[state(1, 5, 5), state(2, 0, 0)]);
    page.input(Input::Restored(store.saved(ada().id)));
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.client.room(room(1)).unwrap().head, seq(5));
    assert_eq!(page.sent().last(), Some(&before(room(1), 6)));
}
