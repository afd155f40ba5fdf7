//! The list of rooms: what is new, what was read, which came and went.

mod support;

use client_core::{Change, Command, RoomView};
use shared::{
    ClientFrame, EventBody, RoomId, ServerFrame,
    error::ErrorCode,
    frame::{Read, ReadSignal},
};
use support::{
    Page,
    wire::{
        ack, ada, bob, error, event, live, message, my_rooms, page as events, posts, problem, room, said,
        seq, state, txn, user,
    },
};

fn view(page: &Page, id: u128) -> &RoomView {
    page.client.room(room(id)).unwrap()
}

fn order(page: &Page) -> Vec<RoomId> {
    page.client.rooms().map(|view| view.room.id).collect()
}

fn read(id: u128, at: u64) -> ClientFrame {
    ClientFrame::Read(Read { room_id: room(id), seq: seq(at) })
}

fn reads(page: &mut Page) -> Vec<ClientFrame> {
    page.sent().into_iter().filter(|frame| matches!(frame, ClientFrame::Read(_))).collect()
}

fn read_elsewhere(page: &mut Page, id: u128, at: u64) {
    let signal = ReadSignal { room_id: room(id), user_id: ada().id, seq: seq(at) };
    page.frame(&ServerFrame::Read(signal));
}

#[test]
fn rooms_stand_in_the_servers_order_until_a_message_comes() {
    let mut page = Page::online(&[state(1, 1, 1), state(2, 1, 1), state(3, 1, 1)]);
    assert_eq!(order(&page), [room(1), room(2), room(3)]);
    page.frame(&live(&said(room(3), 2)));
    assert_eq!(order(&page), [room(3), room(1), room(2)]);
    page.frame(&live(&event(room(2), 2, bob(), txn(9), EventBody::Join)));
    assert_eq!(order(&page), [room(3), room(1), room(2)], "only messages count");
}

#[test]
fn what_happened_while_away_counts_as_new() {
    let mut page = Page::online(&[state(1, 1, 1), state(2, 1, 1), state(3, 1, 1)]);
    page.frame(&live(&said(room(2), 2)));
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 1), state(2, 2, 1), state(3, 5, 1), state(4, 1, 0)]);
    assert_eq!(order(&page), [room(3), room(4), room(2), room(1)]);
}

#[test]
fn a_room_that_was_renamed_meanwhile_has_its_new_name() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    let mut renamed = state(1, 1, 1);
    renamed.room.name = "Coffee".into();
    page.connect(&[renamed]);
    assert_eq!(view(&page, 1).room.name, "Coffee");
}

#[test]
fn unread_counts_messages_after_the_marker() {
    let mut page = Page::online(&[state(1, 5, 3)]);
    assert_eq!(view(&page, 1).unread, 2);
    page.frame(&live(&said(room(1), 6)));
    assert_eq!((view(&page, 1).unread, view(&page, 1).head), (3, seq(6)));
    let mut joined = event(room(1), 7, user(3, "Carl"), txn(7), EventBody::Join);
    joined.msg_no = support::wire::msg_no(6);
    page.frame(&live(&joined));
    assert_eq!((view(&page, 1).unread, view(&page, 1).head), (3, seq(7)));
}

#[test]
fn what_was_on_the_screen_is_read_at_once_here_and_then_on_the_server() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=5, 5, false));
    page.forget();
    page.command(Command::Seen(room(1), seq(3)));
    assert_eq!((view(&page, 1).read_seq, view(&page, 1).unread), (seq(3), 2));
    assert!(page.changes().contains(&Change::Rooms));
    assert_eq!(reads(&mut page), [read(1, 3)]);
}

#[test]
fn read_markers_are_merged_to_one_a_second_and_never_move_back() {
    let mut page = Page::online(&[state(1, 50, 0), state(2, 5, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=50, 50, false));
    page.forget();
    for at in 1..=40 {
        page.command(Command::Seen(room(1), seq(at)));
    }
    page.command(Command::Seen(room(1), seq(7)));
    page.command(Command::Seen(room(2), seq(5)));
    assert_eq!(reads(&mut page), [read(1, 1), read(2, 5)], "rooms don't wait for each other");
    page.advance(999);
    assert_eq!(reads(&mut page), []);
    page.advance(1);
    assert_eq!(reads(&mut page), [read(1, 40)]);
    page.advance(60_000);
    assert_eq!(reads(&mut page), []);
    assert_eq!(view(&page, 1).read_seq, seq(40));
}

#[test]
fn what_was_read_without_a_connection_is_said_on_the_next() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.lose(None);
    page.command(Command::Seen(room(1), seq(5)));
    assert_eq!(view(&page, 1).unread, 0);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 5, 0)]);
    assert_eq!(reads(&mut page), [read(1, 5)]);
    assert_eq!(view(&page, 1).unread, 0, "the server's older marker changes nothing");
}

#[test]
fn reading_on_another_device_is_reading_here() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=5, 5, false));
    page.forget();
    read_elsewhere(&mut page, 1, 4);
    assert_eq!((view(&page, 1).read_seq, view(&page, 1).unread), (seq(4), 1));
    read_elsewhere(&mut page, 1, 2);
    assert_eq!(view(&page, 1).read_seq, seq(4));
    page.advance(5_000);
    assert_eq!(reads(&mut page), [], "the server knows");
}

#[test]
fn reading_elsewhere_in_a_room_that_is_not_known_asks_for_the_count() {
    let mut page = Page::online(&[state(1, 50, 0)]);
    read_elsewhere(&mut page, 1, 40);
    page.answer("/rooms", 200, &my_rooms(&[state(1, 50, 40)]));
    assert_eq!((view(&page, 1).read_seq, view(&page, 1).unread), (seq(40), 10));
}

#[test]
fn what_another_device_has_read_before_it_came_here_is_not_unread() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    read_elsewhere(&mut page, 1, 6);
    page.frame(&live(&said(room(1), 6)));
    assert_eq!(view(&page, 1).unread, 0);
}

#[test]
fn sending_in_a_room_reads_it_up_to_there() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.post(room(1), "Hello");
    let post = posts(page.sent()).remove(0);
    page.frame(&ack(&post, 6));
    assert_eq!((view(&page, 1).read_seq, view(&page, 1).unread, view(&page, 1).head), (seq(6), 0, seq(6)));
    page.frame(&live(&event(room(1), 7, ada(), txn(7), message("from my phone"))));
    assert_eq!(view(&page, 1).unread, 0);
    page.advance(5_000);
    assert_eq!(reads(&mut page), [], "the server knows");
}

#[test]
fn a_message_of_somebody_else_is_announced_once_and_history_never() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=5, 5, false));
    page.forget();
    let news = said(room(1), 6);
    page.frame(&live(&news));
    page.frame(&live(&news));
    page.frame(&live(&event(room(1), 7, ada(), txn(70), message("mine"))));
    page.frame(&live(&event(room(1), 8, bob(), txn(71), EventBody::Leave)));
    let announced = |page: &mut Page| {
        let arrived = |change| match change {
            Change::Arrived(_, event) => Some(event.seq.get()),
            _ => None,
        };
        page.changes().into_iter().filter_map(arrived).collect::<Vec<_>>()
    };
    assert_eq!(announced(&mut page), [6]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 12, 5)]);
    page.frame(&events(room(1), 9..=12, 12, false));
    page.command(Command::PageBack(room(1)));
    assert_eq!(announced(&mut page), [] as [u64; 0]);
}

#[test]
fn a_message_that_an_ack_has_overtaken_is_announced_all_the_same() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.frame(&ack(&post, 7));
    page.changes();
    page.frame(&live(&said(room(1), 6)));
    assert!(page.changes().iter().any(|change| matches!(change, Change::Arrived(..))));
}

#[test]
fn a_room_that_is_made_or_joined_is_entered() {
    for (command, path) in [
        (Command::MakeRoom { name: "Tea".into() }, "/rooms"),
        (Command::JoinRoom { code: "CODE7".into() }, "/rooms/join"),
    ] {
        let mut page = Page::online(&[state(1, 1, 1)]);
        page.command(command);
        let request = page.answer(path, 201, &shared::json::to_string(&state(7, 1, 1)));
        assert_eq!(request.bearer.as_deref(), Some("access"));
        assert_eq!(page.changes(), [Change::Rooms, Change::Entered(room(7))]);
        assert_eq!(order(&page), [room(7), room(1)]);
    }
}

#[test]
fn a_code_that_leads_nowhere_fails() {
    let mut page = Page::online(&[]);
    page.command(Command::JoinRoom { code: "X".into() });
    page.answer("/rooms/join", 404, &problem(404, ErrorCode::NotFound, None));
    let is_it = |change: &Change| matches!(change, Change::Failed { code: ErrorCode::NotFound, .. });
    assert!(page.changes().iter().any(is_it));
}

#[test]
fn a_room_joined_on_another_device_appears() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.frame(&live(&event(room(2), 4, ada(), txn(4), EventBody::Join)));
    page.frame(&live(&said(room(2), 5)));
    let mine = my_rooms(&[state(1, 1, 1), state(2, 4, 4)]);
    page.answer("/rooms", 200, &mine);
    assert_eq!(order(&page), [room(2), room(1)]);
    page.answer("/rooms", 200, &my_rooms(&[state(1, 1, 1), state(2, 5, 4)]));
    assert_eq!(view(&page, 2).unread, 1, "asked again for what came meanwhile");
    assert!(!page.is_calling("/rooms"));
}

#[test]
fn the_list_is_asked_for_until_it_is_answered() {
    let mut page = Page::online(&[]);
    page.frame(&live(&said(room(2), 5)));
    for _ in 0..3 {
        page.advance_to_call("/rooms");
        page.no_answer("/rooms");
    }
    assert!(
        !page.changes().iter().any(|change| matches!(change, Change::Failed { .. })),
        "nobody asked for it"
    );
    page.advance_to_call("/rooms");
    page.answer("/rooms", 200, &my_rooms(&[state(2, 5, 5)]));
    assert_eq!(order(&page), [room(2)]);
}

#[test]
fn leaving_a_room_forgets_it() {
    let mut page = Page::online(&[state(1, 1, 1), state(2, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.post(room(1), "not sent");
    page.command(Command::LeaveRoom(room(1)));
    page.changes();
    page.answer(&format!("/rooms/{}/members/{}", room(1), ada().id), 204, "");
    assert_eq!((order(&page), page.client.rows(room(1)).len()), (vec![room(2)], 0));
    assert_eq!(page.changes(), [Change::Rooms, Change::Left(room(1))]);
    page.frame(&live(&event(room(1), 2, ada(), txn(2), EventBody::Leave)));
    assert!(!page.changes().contains(&Change::Left(room(1))), "said once");
}

#[test]
fn a_room_left_on_another_device_is_left_here_live_or_on_the_way_back() {
    let mut page = Page::online(&[state(1, 1, 1), state(2, 1, 1)]);
    page.frame(&live(&event(room(1), 2, ada(), txn(2), EventBody::Leave)));
    assert!(page.changes().contains(&Change::Left(room(1))));
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[]);
    assert!(page.changes().contains(&Change::Left(room(2))));
    assert_eq!(page.client.rooms().count(), 0);
}

#[test]
fn whoever_is_told_that_they_are_no_member_looks_and_has_left() {
    let mut page = Page::online(&[state(1, 5, 5), state(2, 5, 5)]);
    for _ in 0..2 {
        page.frame(&ServerFrame::Error(error(ErrorCode::NotMember).about_room(room(1))));
    }
    assert!(!page.changes().contains(&Change::Left(room(1))));
    page.answer("/rooms", 200, &my_rooms(&[state(1, 5, 5), state(2, 5, 5)]));
    assert!(page.client.room(room(1)).is_some(), "that list may be older than the last word");
    page.answer("/rooms", 200, &my_rooms(&[state(2, 5, 5)]));
    assert!(page.changes().contains(&Change::Left(room(1))));
    assert_eq!(order(&page), [room(2)]);
}

#[test]
fn a_member_of_whom_the_connection_has_not_heard_yet_is_one_all_the_same() {
    let mut page = Page::online(&[]);
    page.command(Command::JoinRoom { code: "CODE7".into() });
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(7, 3, 0)));
    page.command(Command::OpenRoom(room(7)));
    page.forget_sent();
    page.frame(&ServerFrame::Error(error(ErrorCode::NotMember).about_room(room(7))));
    page.answer("/rooms", 200, &my_rooms(&[state(7, 3, 0)]));
    assert!(page.client.room(room(7)).is_some());
    page.advance(1_000);
    assert_eq!(page.sent(), [support::wire::before(room(7), 4)], "asked again");
}

#[test]
fn a_room_entered_while_the_socket_was_opening_survives_an_older_greeting() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.lose(None);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.answer("/rooms", 201, &shared::json::to_string(&state(7, 1, 1)));
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 1)]);
    assert!(page.client.room(room(7)).is_some());
}

#[test]
fn a_room_entered_and_left_again_without_a_connection_is_gone_although_no_answer_said_so() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.lose(None);
    page.command(Command::MakeRoom { name: "Tea".into() });
    page.answer("/rooms", 201, &shared::json::to_string(&state(7, 1, 1)));
    page.command(Command::LeaveRoom(room(7)));
    page.no_answer(&format!("/rooms/{}/members/{}", room(7), ada().id));
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 1)]);
    page.answer("/rooms", 200, &my_rooms(&[state(1, 1, 1)]));
    assert!(page.changes().contains(&Change::Left(room(7))));
    assert_eq!(order(&page), [room(1)]);
}

#[test]
fn an_answer_to_a_join_that_is_older_than_a_leave_brings_the_room_back_only_until_the_list_is_there() {
    for known in [true, false] {
        let before = [state(7, 3, 3)];
        let mut page = Page::online(if known { &before } else { &[] });
        page.command(Command::JoinRoom { code: "CODE7".into() });
        page.frame(&live(&event(room(7), 4, ada(), txn(4), EventBody::Leave)));
        if !known {
            page.answer("/rooms", 200, &my_rooms(&[]));
        }
        page.answer("/rooms/join", 200, &shared::json::to_string(&state(7, 3, 0)));
        page.answer("/rooms", 200, &my_rooms(&[]));
        assert_eq!(order(&page), [], "known before: {known}");
    }
}

#[test]
fn an_answer_to_a_leave_that_is_older_than_a_join_takes_the_room_away_only_if_the_list_does() {
    let leave = format!("/rooms/{}/members/{}", room(7), ada().id);
    for (listed, left) in [(vec![state(7, 5, 3)], false), (vec![], true)] {
        let mut page = Page::online(&[state(7, 3, 3)]);
        page.command(Command::LeaveRoom(room(7)));
        page.command(Command::JoinRoom { code: "CODE7".into() });
        page.answer("/rooms/join", 200, &shared::json::to_string(&state(7, 5, 3)));
        page.answer(&leave, 204, "");
        assert_eq!(order(&page), [room(7)]);
        page.answer("/rooms", 200, &my_rooms(&listed));
        assert_eq!(order(&page).is_empty(), left);
        if !left {
            page.command(Command::LeaveRoom(room(7)));
            page.answer(&leave, 204, "");
            assert_eq!(order(&page), [], "at once, where nothing is in doubt");
        }
    }
}

#[test]
fn a_list_that_is_older_than_a_leave_does_not_bring_the_room_back() {
    let mut page = Page::online(&[state(1, 1, 1), state(7, 3, 3)]);
    page.frame(&live(&said(room(2), 5)));
    page.frame(&live(&event(room(7), 4, ada(), txn(4), EventBody::Leave)));
    page.answer("/rooms", 200, &my_rooms(&[state(1, 1, 1), state(2, 5, 5), state(7, 3, 3)]));
    assert_eq!(order(&page), [room(2), room(1)]);
    page.answer("/rooms", 200, &my_rooms(&[state(7, 5, 3), state(1, 1, 1), state(2, 5, 5)]));
    assert_eq!(order(&page)[0], room(7), "joined again meanwhile");
}

#[test]
fn a_read_marker_that_the_server_could_not_take_is_said_again() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.command(Command::Seen(room(1), seq(5)));
    assert_eq!(reads(&mut page), [read(1, 5)]);
    let mut refusal = error(ErrorCode::RateLimited).about_room(room(1));
    refusal.retry_after_ms = Some(2_000);
    page.frame(&ServerFrame::Error(refusal));
    page.advance(2_999);
    assert_eq!(reads(&mut page), []);
    page.advance(1);
    assert_eq!(reads(&mut page), [read(1, 5)]);
    page.advance(60_000);
    assert_eq!(reads(&mut page), [], "once");
}

#[test]
fn a_greeting_that_is_older_than_an_answer_is_no_other_log() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.lose(None);
    page.command(Command::JoinRoom { code: "CODE7".into() });
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(7, 28, 28)));
    page.command(Command::JoinRoom { code: "CODE1".into() });
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(1, 9, 9)));
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 5, 1), state(7, 23, 18)]);
    assert_eq!((view(&page, 7).head, view(&page, 7).read_seq), (seq(28), seq(28)));
    assert_eq!((view(&page, 1).head, view(&page, 1).read_seq), (seq(9), seq(9)));
}
