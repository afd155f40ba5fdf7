//! The newest rows of the rooms outlive the page: there at once, then caught up with.

mod support;

use client_core::{Command, DeliveryState, Input, Keep, SessionState, Slot, keep::Memory};
use shared::{RoomId, ServerFrame, frame::SyncFrom};
use support::{
    Page,
    keeping::{arrive, contents, has, in_busy_room, in_room, kept, states},
    wire::{ada, bob, live, posts, room, said, signed_in, state, stored, txn},
};

#[test]
fn the_newest_rows_are_there_before_the_server_has_said_anything() {
    let page = in_busy_room(8);
    let before = page.rows(room(1));
    let mut page = page.crash();
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()));
    assert_eq!(page.client.rooms().map(|view| view.room.id).collect::<Vec<_>>(), [room(1), room(2)]);
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.rows(room(1)), before);
    let history = page.client.history(room(1));
    assert!(history.loaded && history.at_start && !history.catching_up);
}

#[test]
fn a_resumed_page_asks_only_for_what_it_missed_and_equals_a_fresh_one() {
    let mut page = in_busy_room(8).crash();
    page.command(Command::OpenRoom(room(1)));
    let rooms = [state(1, 11, 8), state(2, 4, 0)];
    arrive(&mut page, &rooms);
    let asked: Vec<_> = page
        .sent()
        .into_iter()
        .filter_map(|frame| match frame {
            shared::ClientFrame::Sync(sync) => Some((sync.room_id, sync.from)),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [(room(1), SyncFrom::After(support::wire::seq(8)))]);
    page.frame(&support::wire::page(room(1), 9..=11, 11, false));

    let mut fresh = Page::online(&rooms);
    fresh.command(Command::OpenRoom(room(1)));
    fresh.frame(&support::wire::page(room(1), 1..=11, 11, false));
    assert_eq!(page.rows(room(1)), fresh.rows(room(1)));
    assert_eq!(page.client.history(room(1)), fresh.client.history(room(1)));
    for id in [1, 2] {
        assert_eq!(page.client.room(room(id)), fresh.client.room(room(id)));
    }
}

#[test]
fn of_a_long_history_the_newest_hundred_rows_are_kept_and_the_others_can_be_paged_to() {
    let mut page = in_busy_room(140).crash();
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.texts(room(1)), (41..=140).map(|at| format!("m{at}")).collect::<Vec<_>>());
    assert!(!page.client.history(room(1)).at_start);
    arrive(&mut page, &[state(1, 140, 140)]);
    page.command(Command::PageBack(room(1)));
    page.frame(&support::wire::page(room(1), 1..=40, 140, false));
    assert_eq!(page.texts(room(1)).len(), 140);
}

#[test]
fn of_many_rooms_the_ten_shown_last_are_kept() {
    let rooms: Vec<_> = (1..=14).map(|id| state(id, 1, 1)).collect();
    let mut page = Page::over(Memory::default());
    arrive(&mut page, &rooms);
    for id in 1..=14 {
        page.command(Command::OpenRoom(room(id)));
        page.frame(&support::wire::page(room(id), 1..=1, 1, false));
        page.advance(3_000);
    }
    let pages = |page: &Page| (1..=14).filter(|id| has(page, Slot::Page(room(*id)))).collect::<Vec<_>>();
    assert_eq!(pages(&page), (5..=14).collect::<Vec<_>>());
    let page = page.crash();
    assert_eq!(page.client.rooms().count(), 14);
    assert_eq!(page.texts(room(5)), ["m1"]);
    assert_eq!(pages(&page), (5..=14).collect::<Vec<_>>());
}

#[test]
fn a_room_that_is_left_takes_with_it_what_was_kept_of_it() {
    let mut page = in_busy_room(3);
    page.command(Command::Draft { room: room(1), text: "draft".into() });
    page.command(Command::LeaveRoom(room(1)));
    page.answer(&format!("/rooms/{}/members/{}", room(1), ada().id), 204, "");
    page.advance(3_000);
    assert!(!has(&page, Slot::Page(room(1))) && !has(&page, Slot::Draft(room(1))));

    // And the same where it was left on another device.
    let mut page = in_busy_room(3).crash();
    arrive(&mut page, &[state(2, 0, 0)]);
    page.advance(3_000);
    assert!(!has(&page, Slot::Page(room(1))));
    assert_eq!(page.client.rows(room(1)).len(), 0);
}

#[test]
fn another_log_makes_the_kept_pages_worthless_and_keeps_the_outbox() {
    let mut page = in_busy_room(8);
    page.lose(None);
    page.post(room(1), "mine");
    let mut page = page.crash();
    page.command(Command::OpenRoom(room(1)));
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.answer("/ws-token", 200, &support::wire::connection_token());
    page.open();
    page.frame(&support::wire::connected_in(2, &[state(1, 2, 0)]));
    assert_eq!(page.texts(room(1)), ["mine"]);
    assert_eq!(page.client.room(room(1)).unwrap().head.get(), 2);
    assert_eq!(contents(&posts(page.sent())), ["mine"]);
}

#[test]
fn a_page_of_another_log_than_the_list_of_rooms_is_not_shown() {
    let mut other = in_busy_room(8);
    other.lose(None);
    other.advance_to_call("/ws-token");
    other.answer("/ws-token", 200, &support::wire::connection_token());
    other.open();
    other.frame(&support::wire::connected_in(2, &[state(1, 8, 8)]));
    other.frame(&support::wire::page(room(1), 1..=8, 8, false));
    other.advance(3_000);
    let mut page = in_busy_room(8);
    let of_the_room = |record: &client_core::Record| record.key.slot == Slot::Page(room(1));
    let stray = other.store.saved(ada().id).records.into_iter().find(of_the_room).unwrap();
    page.store.apply(Keep::Write(stray));
    let mut page = page.crash();
    page.command(Command::OpenRoom(room(1)));
    assert_eq!((page.client.rows(room(1)).len(), page.client.history(room(1)).loaded), (0, false));
}

#[test]
fn what_a_kept_page_shows_as_stored_is_not_sent_again() {
    let mut page = in_room();
    page.post(room(1), "a");
    let post = posts(page.sent()).remove(0);
    let message = page.store.clone();
    page.frame(&live(&stored(&post, 1)));
    page.input(Input::Stopped);
    // The crash came after the page was written and before the message was removed.
    for record in message.saved(ada().id).records {
        if matches!(record.key.slot, Slot::Message(_)) {
            page.store.apply(Keep::Write(record));
        }
    }
    let mut page = page.crash();
    assert_eq!((page.texts(room(1)), states(&page)), (vec!["a".to_owned()], vec![DeliveryState::Stored]));
    arrive(&mut page, &[state(1, 1, 1)]);
    assert_eq!((posts(page.sent()), kept(&page)), (vec![], vec![]));
}

#[test]
fn what_was_stored_before_the_crash_is_settled_by_the_page_that_has_it() {
    let mut page = in_room();
    page.post(room(1), "a");
    let post = posts(page.sent()).remove(0);
    let mut page = page.crash();
    page.command(Command::OpenRoom(room(1)));
    arrive(&mut page, &[state(1, 1, 1)]);
    let events = vec![stored(&post, 1)];
    let page_of_one =
        shared::frame::Events { room_id: room(1), events, head: support::wire::seq(1), has_more: false };
    page.frame(&ServerFrame::Events(page_of_one));
    assert_eq!((states(&page), kept(&page)), (vec![DeliveryState::Stored], vec![]));
}

#[test]
fn a_busy_room_is_written_every_other_second_and_a_quiet_one_not_at_all() {
    let mut page = in_busy_room(1);
    page.keeps();
    for at in 2..=101 {
        page.ms += 100;
        page.frame(&live(&said(room(1), at)));
    }
    page.advance(3_000);
    let pages = |keeps: Vec<Keep>| {
        keeps
            .iter()
            .filter(|keep| matches!(keep, Keep::Write(record) if record.key.slot == Slot::Page(room(1))))
            .count()
    };
    let written = pages(page.keeps());
    assert!((4..=7).contains(&written), "{written} times in thirteen seconds");
    page.advance(60_000);
    assert_eq!(page.keeps(), []);
}

#[test]
fn a_page_that_goes_away_writes_what_it_has() {
    let mut page = in_busy_room(1);
    page.frame(&live(&said(room(1), 2)));
    page.keeps();
    page.input(Input::Stopped);
    assert!(
        page.keeps()
            .iter()
            .any(|keep| matches!(keep, Keep::Write(record) if record.key.slot == Slot::Page(room(1))))
    );
    assert_eq!(page.crash().texts(room(1)), ["m1", "m2"]);
}

#[test]
fn rows_that_only_a_newer_page_can_read_are_fetched_again_by_it() {
    let mut page = in_busy_room(3);
    let other = shared::EventBody::Other { kind: "poll".into(), target: None };
    page.frame(&live(&support::wire::event(room(1), 4, bob(), txn(400), other)));
    page.frame(&live(&said(room(1), 5)));
    page.input(Input::Stopped);
    assert_eq!(page.crash().texts(room(1)), ["m5"]);
}

#[test]
fn a_room_without_a_kept_page_is_fetched_as_ever() {
    let mut page = in_busy_room(3).crash();
    page.command(Command::OpenRoom(room(2)));
    arrive(&mut page, &[state(1, 3, 3), state(2, 2, 0)]);
    assert!(page.sent().contains(&support::wire::before(room(2), 3)));
}

#[test]
fn a_store_that_answers_after_the_server_adds_what_waits_and_disturbs_nothing() {
    let mut left = in_busy_room(3);
    left.lose(None);
    left.post(room(1), "left behind");
    let mut page = Page::online(&[state(1, 5, 0), state(2, 0, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&support::wire::page(room(1), 1..=5, 5, false));
    page.forget();
    page.input(Input::Restored(left.store.saved(ada().id)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "m3", "m4", "m5", "left behind"]);
    assert_eq!(contents(&posts(page.sent())), ["left behind"]);
    assert_eq!(page.client.room(room(1)).unwrap().head.get(), 5);
}

fn room_of(page: &Page) -> Option<RoomId> {
    page.client.rooms().next().map(|view| view.room.id)
}

#[test]
fn leaving_the_presumed_page_offline_is_possible() {
    let mut page = in_busy_room(3).crash();
    assert_eq!(room_of(&page), Some(room(1)));
    page.command(Command::SignOut);
    assert_eq!(room_of(&page), None);
    assert_eq!(page.store.keys().map(|key| key.slot).collect::<Vec<_>>(), [Slot::Leaving]);
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
}
