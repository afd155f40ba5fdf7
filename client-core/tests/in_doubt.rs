//! A person of whom a page is not sure whether they are in a room: left and entered again on another device.

mod support;

use client_core::{Change, Command};
use shared::{EventBody, ServerFrame, api::Presence, error::ErrorCode};
use support::{
    Page,
    wire::{
        ada, bob, error, event, live, member, members, my_rooms, page as events, problem, room, state, txn,
    },
};

fn not_member() -> String {
    problem(403, ErrorCode::NotMember, None)
}

/// A page that shows a room and has asked who is in it.
fn asking() -> (Page, String) {
    let mut page = Page::online(&[state(1, 1, 1), state(2, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=1, 1, false));
    (page, format!("/rooms/{}/members", room(1)))
}

#[test]
fn members_that_were_refused_are_asked_for_again_where_the_list_still_has_the_room() {
    let (mut page, path) = asking();
    page.answer(&path, 403, &not_member());
    page.answer("/rooms", 200, &my_rooms(&[state(1, 3, 1), state(2, 1, 1)]));
    page.advance_to_call(&path);
    page.answer(&path, 200, &members(&[member(bob(), Presence::Online), member(ada(), Presence::Online)]));
    assert_eq!(page.client.members(room(1)).len(), 2);
    page.advance(60_000);
    assert!(!page.is_calling(&path) && !page.is_calling("/rooms"), "and then no more");
}

#[test]
fn whoever_is_refused_the_members_and_is_not_in_the_list_has_left() {
    let (mut page, path) = asking();
    page.answer(&path, 403, &not_member());
    page.answer("/rooms", 200, &my_rooms(&[state(2, 1, 1)]));
    assert!(page.changes().contains(&Change::Left(room(1))));
    page.advance(60_000);
    assert!(!page.is_calling(&path), "nobody shows the room any more");
}

#[test]
fn an_answer_to_a_leave_that_is_older_than_a_greeting_takes_the_room_away_only_if_the_list_does() {
    let leave = format!("/rooms/{}/members/{}", room(1), ada().id);
    for (listed, stays) in [(vec![state(1, 5, 3)], true), (vec![], false)] {
        let mut page = Page::online(&[state(1, 3, 3)]);
        page.lose(None);
        page.command(Command::LeaveRoom(room(1)));
        page.advance_to_call("/ws-token");
        page.connect(&[state(1, 5, 3)]);
        page.answer(&leave, 403, &not_member());
        assert!(page.client.room(room(1)).is_some(), "entered again on another device, perhaps");
        page.answer("/rooms", 200, &my_rooms(&listed));
        assert_eq!(page.client.room(room(1)).is_some(), stays);
    }
}

#[test]
fn a_list_that_may_be_older_than_an_own_join_does_not_take_the_room_away() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.frame(&ServerFrame::Error(error(ErrorCode::NotMember).about_room(room(1))));
    page.frame(&live(&event(room(1), 5, ada(), txn(5), EventBody::Join)));
    page.answer("/rooms", 200, &my_rooms(&[]));
    assert!(page.client.room(room(1)).is_some(), "it was asked for before");
    page.answer("/rooms", 200, &my_rooms(&[state(1, 5, 3)]));
    assert!(page.client.room(room(1)).is_some() && !page.is_calling("/rooms"));
}

#[test]
fn a_list_that_may_be_older_than_the_answer_to_a_join_does_not_take_the_room_away() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.frame(&ServerFrame::Error(error(ErrorCode::NotMember).about_room(room(1))));
    page.command(Command::JoinRoom { code: "CODE1".into() });
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(1, 5, 3)));
    page.answer("/rooms", 200, &my_rooms(&[]));
    assert!(page.client.room(room(1)).is_some(), "it was asked for before");
    page.answer("/rooms", 200, &my_rooms(&[]));
    assert!(page.client.room(room(1)).is_none(), "left again on another device");
}
