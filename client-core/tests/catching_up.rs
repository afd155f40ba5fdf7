//! Holes in a room's history: noticed, asked for, and filled in order.

mod support;

use client_core::{Change, Command, DeliveryState};
use shared::{
    ClientFrame, RoomId, ServerFrame,
    error::ErrorCode,
    frame::{Behind, Sync, SyncFrom},
};
use support::{
    Page,
    wire::{
        ack, ada, after, before, connected_in, error, live, numbers, page as events, posts, room, said,
        state, stored,
    },
};

#[test]
fn a_jump_is_filled_by_one_question_and_nothing_is_shown_out_of_order() {
    let mut page = Page::showing(2);
    for at in 5..=8 {
        page.frame(&live(&said(room(1), at)));
    }
    assert_eq!(page.syncs(), [after(room(1), 2)]);
    assert_eq!(page.texts(room(1)), numbers(1..=2));
    assert!(page.client.history(room(1)).catching_up);
    page.frame(&events(room(1), 3..=4, 4, false));
    assert_eq!(page.texts(room(1)), numbers(1..=8));
    assert!(!page.client.history(room(1)).catching_up);
    assert_eq!(page.syncs(), []);
}

#[test]
fn live_events_and_the_page_that_fills_the_hole_may_overlap() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 5)));
    page.frame(&live(&said(room(1), 6)));
    page.frame(&events(room(1), 3..=7, 7, false));
    page.frame(&live(&said(room(1), 7)));
    page.frame(&live(&said(room(1), 8)));
    assert_eq!(page.texts(room(1)), numbers(1..=8));
}

#[test]
fn a_second_hole_behind_the_first_is_filled_too() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 5)));
    page.frame(&live(&said(room(1), 9)));
    page.frame(&events(room(1), 3..=6, 9, true));
    assert_eq!(page.syncs(), [after(room(1), 2), after(room(1), 6)]);
    page.frame(&events(room(1), 7..=9, 9, false));
    assert_eq!(page.texts(room(1)), numbers(1..=9));
}

#[test]
fn a_flood_behind_a_hole_is_bounded_and_still_arrives() {
    let mut page = Page::showing(1);
    for at in 3..=1_000 {
        page.frame(&live(&said(room(1), at)));
    }
    let (mut asked, mut last) = (page.syncs(), 1);
    while let Some(question) = asked.pop() {
        assert_eq!(question, after(room(1), last));
        page.frame(&events(room(1), last + 1..=1_000.min(last + 100), 1_000, last + 100 < 1_000));
        last = page.rows(room(1)).len() as u64;
        asked = page.syncs();
    }
    assert_eq!(page.texts(room(1)), numbers(1..=1_000));
}

#[test]
fn behind_is_filled_the_same_way() {
    let mut page = Page::showing(2);
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(150) }));
    assert_eq!(page.syncs(), [after(room(1), 2)]);
    page.frame(&events(room(1), 3..=102, 150, true));
    assert_eq!(page.syncs(), [after(room(1), 102)]);
    page.frame(&events(room(1), 103..=150, 150, false));
    assert_eq!(page.texts(room(1)), numbers(1..=150));
}

#[test]
fn what_was_missed_by_a_slow_reader_counts_as_unread() {
    let mut page = Page::online(&[state(1, 2, 2)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=2, 2, false));
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(5) }));
    page.frame(&events(room(1), 3..=5, 5, false));
    assert_eq!(page.client.room(room(1)).unwrap().unread, 3);
}

#[test]
fn what_was_said_on_another_device_is_read_also_when_it_comes_late() {
    let mut page = Page::online(&[state(1, 2, 2)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=2, 2, false));
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(5) }));
    let ServerFrame::Events(mut missed) = events(room(1), 3..=5, 5, false) else { unreachable!() };
    missed.events[1].author = ada();
    page.frame(&ServerFrame::Events(missed));
    let view = page.client.room(room(1)).unwrap();
    assert_eq!((view.read_seq, view.unread), (support::wire::seq(4), 1));
}

#[test]
fn coming_back_asks_for_what_was_missed_in_every_room_that_was_shown() {
    let mut page = Page::showing(2);
    page.command(Command::OpenRoom(room(2)));
    page.frame(&support::wire::no_page(room(2), 0));
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 4, 2), state(2, 1, 0), state(3, 7, 0)]);
    assert_eq!(page.syncs(), [after(room(1), 2), after(room(2), 0)], "room 3 was never shown");
    page.frame(&events(room(1), 3..=4, 4, false));
    page.frame(&events(room(2), 1..=1, 1, false));
    assert_eq!(page.texts(room(1)), numbers(1..=4));
    assert_eq!(page.texts(room(2)), numbers(1..=1));
}

#[test]
fn coming_back_to_a_room_without_news_asks_nothing() {
    let mut page = Page::showing(2);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 2, 2)]);
    assert_eq!(page.syncs(), []);
}

#[test]
fn a_question_that_is_not_answered_is_asked_again() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 4)));
    page.forget();
    page.advance(9_999);
    assert_eq!(page.syncs(), []);
    page.advance(1);
    assert_eq!(page.syncs(), [after(room(1), 2)]);
    page.frame(&events(room(1), 3..=4, 4, false));
    page.frame(&events(room(1), 3..=4, 4, false));
    assert_eq!(page.texts(room(1)), numbers(1..=4));
}

#[test]
fn a_question_that_is_refused_for_now_is_asked_again_later() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 4)));
    page.forget();
    let refused = error(ErrorCode::RateLimited).about_room(room(1)).retry_after(1_500);
    page.frame(&ServerFrame::Error(refused));
    page.advance(1_499);
    assert_eq!(page.syncs(), []);
    page.advance(1);
    assert_eq!(page.syncs(), [after(room(1), 2)]);
}

#[test]
fn an_empty_answer_that_makes_no_sense_does_not_become_a_loop() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 4)));
    page.forget();
    page.frame(&support::wire::no_page(room(1), 9));
    assert_eq!(page.syncs(), []);
    page.advance(1_000);
    assert_eq!(page.syncs(), [after(room(1), 2)]);
}

#[test]
fn a_page_with_a_hole_counts_up_to_the_hole() {
    let mut page = Page::showing(2);
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(6) }));
    page.forget();
    let list = vec![said(room(1), 3), said(room(1), 5), said(room(1), 6)];
    let answer = shared::frame::Events {
        room_id: room(1),
        events: list,
        head: support::wire::seq(6),
        has_more: false,
    };
    page.frame(&ServerFrame::Events(answer));
    assert_eq!(page.texts(room(1)), numbers(1..=3));
    page.advance(1_000);
    assert_eq!(page.syncs(), [after(room(1), 3)]);
}

#[test]
fn an_ack_that_overtakes_other_events_is_shown_after_them_without_a_question() {
    let mut page = Page::showing(2);
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.frame(&ack(&post, 5));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "mine"]);
    assert_eq!(page.rows(room(1))[2].state, DeliveryState::Stored);
    page.advance(900);
    page.frame(&live(&said(room(1), 3)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "mine"]);
    page.frame(&live(&said(room(1), 4)));
    page.changes();
    page.frame(&live(&stored(&post, 5)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "m4", "mine"]);
    assert!(!page.changes().contains(&Change::Rows(room(1))), "the row stays where it is");
    page.advance(5_000);
    assert_eq!(page.syncs(), []);
}

#[test]
fn an_ack_whose_predecessors_never_come_asks_for_them() {
    let mut page = Page::showing(2);
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.frame(&ack(&post, 4));
    page.advance(999);
    assert_eq!(page.syncs(), []);
    page.advance(1);
    assert_eq!(page.syncs(), [after(room(1), 2)]);
    let list = vec![said(room(1), 3), stored(&post, 4)];
    let answer = shared::frame::Events {
        room_id: room(1),
        events: list,
        head: support::wire::seq(4),
        has_more: false,
    };
    page.frame(&ServerFrame::Events(answer));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "mine"]);
}

#[test]
fn an_own_event_beyond_a_hole_settles_its_row_and_has_the_hole_filled() {
    let mut page = Page::showing(2);
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.frame(&live(&stored(&post, 4)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "mine"]);
    assert_eq!(page.syncs(), [after(room(1), 2)]);
    page.frame(&live(&said(room(1), 5)));
    page.frame(&events(room(1), 3..=3, 5, true));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "mine"]);
    assert_eq!(page.syncs(), [after(room(1), 3)]);
}

#[test]
fn another_incarnation_of_the_log_forgets_positions_and_keeps_the_outbox() {
    let mut page = Page::showing(5);
    page.post(room(1), "mine");
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 200, &support::wire::connection_token());
    page.open();
    page.frame(&connected_in(2, &[state(1, 3, 0)]));
    assert_eq!(page.texts(room(1)), ["mine"]);
    let sent = page.sent();
    assert!(sent.contains(&before(room(1), 4)));
    assert_eq!(posts(sent).len(), 1, "sent again");
    page.frame(&events(room(1), 1..=3, 3, false));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "mine"]);
    let view = page.client.room(room(1)).unwrap();
    assert_eq!((view.head.get(), view.unread), (3, 3));
}

#[test]
fn whoever_missed_too_much_starts_at_the_newest_page() {
    let mut page = Page::showing(2);
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 5_000, 2)]);
    assert_eq!(page.syncs(), [before(room(1), 5_001)]);
    page.frame(&events(room(1), 4_901..=5_000, 5_000, true));
    assert_eq!(page.texts(room(1)), numbers(4_901..=5_000));
}

#[test]
fn pages_of_rooms_that_nobody_asked_for_are_passed_over() {
    let mut page = Page::showing(2);
    page.frame(&events(room(9), 1..=3, 3, false));
    page.frame(&events(room(1), 8..=9, 9, false));
    assert_eq!(page.texts(room(1)), numbers(1..=2));
    assert_eq!(page.texts(room(9)), [""; 0]);
}

#[test]
fn no_question_is_asked_twice_at_a_time_for_a_room() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 5)));
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(50) }));
    page.command(Command::PageBack(room(1)));
    let asked = page.syncs();
    let one = |room_id: RoomId| {
        ClientFrame::Sync(Sync { room_id, from: SyncFrom::After(support::wire::seq(2)), limit: None })
    };
    assert_eq!(asked, [one(room(1))]);
}

#[test]
fn a_room_that_falls_behind_unseen_goes_on_after_one_question() {
    let mut page = Page::showing(2);
    page.frame(&ServerFrame::Behind(Behind { room_id: room(2), head: support::wire::seq(40) }));
    assert_eq!(page.syncs(), [after(room(2), 40)]);
    page.answer("/rooms", 200, &support::wire::my_rooms(&[state(2, 40, 0)]));
    page.frame(&events(room(2), 41..=45, 50, true));
    assert_eq!(page.syncs(), [after(room(2), 45)]);
    page.frame(&events(room(2), 46..=50, 50, false));
    let view = page.client.room(room(2)).unwrap();
    assert_eq!((view.head.get(), view.unread), (50, 50));
    page.advance(20_000);
    assert_eq!(page.syncs(), []);
    assert_eq!(page.texts(room(2)), [""; 0], "nothing of it is kept");
}

#[test]
fn a_room_that_falls_behind_before_the_answer_to_joining_it_is_there_goes_on_all_the_same() {
    let mut page = Page::online(&[]);
    page.command(Command::JoinRoom { code: "CODE2".into() });
    page.frame(&ServerFrame::Behind(Behind { room_id: room(2), head: support::wire::seq(11) }));
    let state = shared::json::to_string(&state(2, 10, 4));
    page.answer("/rooms/join", 200, &state);
    assert_eq!(page.syncs(), [after(room(2), 11)]);
    page.frame(&events(room(2), 12..=13, 13, false));
    assert_eq!(page.client.room(room(2)).unwrap().head.get(), 13);
}

#[test]
fn a_room_that_falls_behind_while_it_is_opened_asks_on_after_its_first_page() {
    let mut page = Page::showing(2);
    page.frame(&ServerFrame::Behind(Behind { room_id: room(2), head: support::wire::seq(7) }));
    page.forget();
    page.command(Command::OpenRoom(room(2)));
    assert_eq!(page.syncs(), [before(room(2), 8)]);
    page.frame(&events(room(2), 3..=7, 7, true));
    assert_eq!(page.syncs(), [after(room(2), 7)], "there is nothing more, but the server has to be told");
    page.frame(&support::wire::no_page(room(2), 7));
    assert_eq!(page.texts(room(2)), numbers(3..=7));
    page.advance(20_000);
    assert_eq!(page.syncs(), []);
}

#[test]
fn a_room_that_falls_behind_and_is_no_longer_kept_goes_on_all_the_same() {
    let rooms: Vec<_> = (1..=11).map(|id| state(id, 1, 1)).collect();
    let mut page = Page::online(&rooms);
    for id in 1..=11 {
        if id == 11 {
            page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(1) }));
            page.forget();
        }
        page.command(Command::OpenRoom(room(id)));
        page.frame(&events(room(id), 1..=1, 1, false));
    }
    assert!(!page.client.history(room(1)).loaded);
    assert!(page.syncs().contains(&after(room(1), 1)));
}

#[test]
fn a_new_connection_begins_with_every_room() {
    let mut page = Page::showing(2);
    page.frame(&ServerFrame::Behind(Behind { room_id: room(1), head: support::wire::seq(2) }));
    page.frame(&ServerFrame::Behind(Behind { room_id: room(2), head: support::wire::seq(9) }));
    assert_eq!(page.syncs().len(), 2);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 2, 2), state(2, 9, 9)]);
    page.advance(20_000);
    assert_eq!(page.syncs(), []);
}

#[test]
fn what_came_live_before_an_older_answer_that_has_the_room_is_fetched_when_it_is_opened() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::JoinRoom { code: "CODE7".into() });
    page.frame(&live(&said(room(7), 6)));
    page.frame(&live(&said(room(7), 7)));
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(7, 5, 5)));
    page.command(Command::OpenRoom(room(7)));
    assert_eq!(page.syncs(), [before(room(7), 8)]);
    page.frame(&events(room(7), 1..=7, 7, false));
    assert_eq!(page.texts(room(7)), numbers(1..=7));
    page.frame(&live(&said(room(7), 8)));
    assert_eq!(page.texts(room(7)), numbers(1..=8));
    assert_eq!(page.syncs(), []);
    assert_eq!(page.client.room(room(7)).unwrap().unread, 3);
}

#[test]
fn an_empty_answer_is_not_taken_for_the_first_page() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&support::wire::no_page(room(1), 5));
    assert!(!page.client.history(room(1)).loaded);
    page.frame(&events(room(1), 1..=5, 5, false));
    assert_eq!(page.texts(room(1)), numbers(1..=5));
}
