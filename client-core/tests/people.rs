//! The people around: members, presence, read markers and typing.

mod support;

use client_core::{Change, Command, Input, RoomView};
use shared::{
    ClientFrame, EventBody, ServerFrame,
    api::Presence,
    frame::{Activity, PresenceSignal, ReadSignal, SetPresence, Typing, TypingSignal},
};
use support::{
    Page,
    wire::{ada, bob, event, live, member, members, page as events, room, said, seq, state, txn, user},
};

fn view(page: &Page, id: u128) -> &RoomView {
    page.client.room(room(id)).unwrap()
}

#[test]
fn opening_a_room_asks_for_its_members_and_so_does_coming_back() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    let path = format!("/rooms/{}/members", room(1));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online), member(bob(), Presence::Away)]));
    assert_eq!(page.client.members(room(1)).len(), 2);
    assert_eq!(view(&page, 1).room.members, 2);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 1)]);
    page.no_answer(&path);
    page.advance_to_call(&path);
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online)]));
    assert_eq!(page.client.members(room(1)).len(), 1);
    assert_eq!(view(&page, 1).room.members, 1);
}

/// A page that shows a room of Ada and Bob.
fn together() -> Page {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=1, 1, false));
    let path = format!("/rooms/{}/members", room(1));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online), member(bob(), Presence::Away)]));
    page.forget();
    page
}

fn presence(page: &Page) -> Vec<Presence> {
    page.client.members(room(1)).iter().map(|member| member.presence).collect()
}

fn signal(user: &shared::event::Profile, status: Presence) -> ServerFrame {
    ServerFrame::Presence(PresenceSignal { user_id: user.id, status, last_seen: None })
}

#[test]
fn members_come_and_go() {
    let mut page = together();
    page.frame(&live(&event(room(1), 2, user(3, "Carl"), txn(2), EventBody::Join)));
    assert_eq!(page.client.members(room(1)).len(), 3);
    assert_eq!(view(&page, 1).room.members, 3);
    assert!(page.changes().contains(&Change::Members(room(1))));
    page.frame(&live(&event(room(1), 3, bob(), txn(3), EventBody::Leave)));
    let names: Vec<_> = page.client.members(room(1)).iter().map(|member| member.user.name.clone()).collect();
    assert_eq!(names, ["Ada", "Carl"]);
    assert_eq!(view(&page, 1).room.members, 2);
}

#[test]
fn members_stand_in_the_order_in_which_they_came_also_where_the_list_was_ahead_of_the_events() {
    // Bob has left and come back, and Carl has come after him: the list knows that already.
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=1, 1, false));
    let carl = || user(3, "Carl");
    let list = [ada(), bob(), carl()].map(|person| member(person, Presence::Online));
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &members(&list));
    page.frame(&live(&event(room(1), 2, bob(), txn(2), EventBody::Leave)));
    page.frame(&live(&event(room(1), 3, bob(), txn(3), EventBody::Join)));
    page.frame(&live(&event(room(1), 4, carl(), txn(4), EventBody::Join)));
    let names: Vec<_> = page.client.members(room(1)).iter().map(|member| member.user.name.clone()).collect();
    assert_eq!(names, ["Ada", "Bob", "Carl"]);
}

#[test]
fn a_marker_of_somebody_who_is_in_no_newer_list_does_not_move_back_when_older_events_come() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 1..=1, 1, false));
    let path = format!("/rooms/{}/members", room(1));
    let mut ahead = member(bob(), Presence::Online);
    ahead.read_seq = seq(5);
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online), ahead]));
    page.command(Command::OpenRoom(room(9)));
    page.command(Command::OpenRoom(room(1)));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online)]));
    page.frame(&live(&event(room(1), 2, bob(), txn(2), EventBody::Leave)));
    page.frame(&live(&event(room(1), 3, bob(), txn(3), EventBody::Join)));
    let bobs = page.client.members(room(1)).iter().find(|member| member.user == bob()).unwrap();
    assert_eq!(bobs.read_seq, seq(5));
}

#[test]
fn an_arrival_that_comes_twice_counts_once() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    let joined = live(&event(room(1), 2, user(3, "Carl"), txn(2), EventBody::Join));
    page.frame(&joined);
    page.frame(&joined);
    assert_eq!(view(&page, 1).room.members, 3, "two and Carl");
}

#[test]
fn a_list_that_is_older_than_an_arrival_is_asked_for_again() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&live(&event(room(1), 2, user(3, "Carl"), txn(2), EventBody::Join)));
    page.frame(&signal(&bob(), Presence::Online));
    let path = format!("/rooms/{}/members", room(1));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online), member(bob(), Presence::Offline)]));
    assert_eq!(presence(&page), [Presence::Online, Presence::Online], "signals meanwhile are not undone");
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online)]));
    assert!(!page.is_calling(&path));
}

#[test]
fn people_who_came_while_the_page_was_behind_are_looked_up() {
    let mut page = together();
    let joined = event(room(1), 2, user(3, "Carl"), txn(2), EventBody::Join);
    page.frame(&ServerFrame::Behind(shared::frame::Behind { room_id: room(1), head: seq(2) }));
    let answer =
        shared::frame::Events { room_id: room(1), events: vec![joined], head: seq(2), has_more: false };
    page.frame(&ServerFrame::Events(answer));
    assert!(page.is_calling(&format!("/rooms/{}/members", room(1))));
}

#[test]
fn presence_is_of_a_person_in_all_rooms() {
    let mut page = together();
    page.frame(&signal(&bob(), Presence::Online));
    assert_eq!(presence(&page), [Presence::Online, Presence::Online]);
    assert_eq!(page.changes(), [Change::Members(room(1))]);
    page.frame(&signal(&bob(), Presence::Online));
    page.frame(&signal(&user(9, "Nobody here"), Presence::Online));
    assert_eq!(page.changes(), [], "nothing is different");
}

#[test]
fn the_greeting_says_who_is_online() {
    let mut page = together();
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.answer("/ws-token", 200, &support::wire::connection_token());
    page.open();
    let ServerFrame::Connected(mut greeting) = support::wire::connected(&[state(1, 1, 1)]) else { panic!() };
    greeting.online_users = vec![ada().id];
    page.frame(&ServerFrame::Connected(greeting));
    assert_eq!(presence(&page), [Presence::Online, Presence::Offline]);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 1, 1)]);
    assert_eq!(presence(&page), [Presence::Online, Presence::Online]);
}

#[test]
fn people_in_an_older_page_are_not_looked_up() {
    let mut page = Page::online(&[state(1, 1, 1)]);
    page.command(Command::OpenRoom(room(1)));
    let path = format!("/rooms/{}/members", room(1));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online)]));
    let joined = vec![event(room(1), 1, ada(), txn(1), EventBody::Join)];
    let answer = shared::frame::Events { room_id: room(1), events: joined, head: seq(1), has_more: false };
    page.frame(&ServerFrame::Events(answer));
    assert!(!page.is_calling(&path));
}

#[test]
fn typing_is_said_again_on_the_next_connection() {
    let mut page = together();
    page.command(Command::Typing(room(1), true));
    page.lose(None);
    page.input(Input::NetworkBack);
    page.connect(&[state(1, 1, 1)]);
    page.forget_sent();
    page.command(Command::Typing(room(1), true));
    assert_eq!(page.sent(), [ClientFrame::Typing(Typing { room_id: room(1), active: true })]);
}

#[test]
fn others_read_markers_move_forward_and_sending_moves_them_too() {
    let mut page = together();
    let bobs = |page: &Page| page.client.members(room(1))[1].read_seq.get();
    let moved = |at| ServerFrame::Read(ReadSignal { room_id: room(1), user_id: bob().id, seq: seq(at) });
    page.frame(&moved(5));
    page.frame(&moved(3));
    assert_eq!(bobs(&page), 5);
    let mut late = said(room(1), 2);
    late.seq = seq(2);
    page.frame(&live(&late));
    assert_eq!(bobs(&page), 5);
    for at in 3..=6 {
        page.frame(&live(&said(room(1), at)));
    }
    assert_eq!(bobs(&page), 6);
}

#[test]
fn a_list_that_is_older_than_a_read_marker_does_not_move_it_back() {
    let mut page = Page::online(&[state(1, 5, 1)]);
    page.command(Command::OpenRoom(room(1)));
    let bobs = |page: &Page| page.client.members(room(1))[1].read_seq.get();
    let read = |to| ServerFrame::Read(ReadSignal { room_id: room(1), user_id: bob().id, seq: seq(to) });
    page.frame(&read(4));
    let path = format!("/rooms/{}/members", room(1));
    let older = members(&[member(ada(), Presence::Online), member(bob(), Presence::Online)]);
    page.answer(&path, 200, &older);
    assert_eq!(bobs(&page), 4, "it came while the list was on its way");
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 5, 1)]);
    page.answer(&path, 200, &older);
    assert_eq!(bobs(&page), 4, "it was known before");
}

fn types(user: &shared::event::Profile, active: bool) -> ServerFrame {
    ServerFrame::Typing(TypingSignal { room_id: room(1), user_id: user.id, active })
}

#[test]
fn whoever_types_is_shown_until_they_stop_send_leave_or_fall_silent() {
    let mut page = together();
    let ends: [&dyn Fn(&mut Page); 5] = [
        &|page| page.frame(&types(&bob(), false)),
        &|page| page.frame(&live(&said(room(1), 2))),
        &|page| page.frame(&live(&event(room(1), 3, bob(), txn(3), EventBody::Leave))),
        &|page| page.advance(8_000),
        &|page| page.lose(None),
    ];
    for end in ends {
        page.frame(&types(&bob(), true));
        assert_eq!(page.client.typing(room(1)), [bob()]);
        page.changes();
        end(&mut page);
        assert_eq!(page.client.typing(room(1)), []);
        assert!(page.changes().contains(&Change::Typing(room(1))));
    }
}

#[test]
fn typing_that_goes_on_is_one_change() {
    let mut page = together();
    for _ in 0..5 {
        page.frame(&types(&bob(), true));
        page.advance(4_000);
    }
    assert_eq!(page.client.typing(room(1)), [bob()]);
    assert_eq!(page.changes(), [Change::Typing(room(1))]);
}

#[test]
fn the_typing_of_oneself_on_another_device_is_not_shown() {
    let mut page = together();
    page.frame(&types(&ada(), true));
    assert_eq!(page.client.typing(room(1)), []);
}

#[test]
fn own_typing_is_said_now_and_then_and_ended_when_the_composer_is_left() {
    let mut page = together();
    let typing = |active| ClientFrame::Typing(Typing { room_id: room(1), active });
    for _ in 0..50 {
        page.command(Command::Typing(room(1), true));
        page.advance(100);
    }
    assert_eq!(page.sent(), [typing(true), typing(true)]);
    page.command(Command::Typing(room(1), false));
    assert_eq!(page.sent(), [typing(false)]);
    page.command(Command::Typing(room(1), true));
    page.command(Command::CloseRoom);
    assert_eq!(page.sent(), [typing(true), typing(false)]);
}

#[test]
fn five_minutes_without_a_touch_are_away_on_this_connection_and_the_next() {
    let mut page = Page::online(&[]);
    let said = |status| ClientFrame::Presence(SetPresence { status });
    let presences = |page: &mut Page| {
        page.sent().into_iter().filter(|frame| matches!(frame, ClientFrame::Presence(_))).collect::<Vec<_>>()
    };
    for _ in 0..15 {
        page.advance(20_000);
        page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    }
    assert_eq!(presences(&mut page), [said(Activity::Away)]);
    page.lose(None);
    page.input(Input::NetworkBack);
    page.connect(&[]);
    assert_eq!(presences(&mut page), [said(Activity::Away)]);
    page.command(Command::Active);
    assert_eq!(presences(&mut page), [said(Activity::Online)]);
}

#[test]
fn frames_of_unknown_types_and_frames_that_make_no_sense_are_passed_over() {
    let mut page = together();
    let socket = page.socket.unwrap();
    for text in [
        "",
        "{}",
        "[]",
        r#"{"type":"poll_closed","id":1}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"ack","txn_id":"x"}"#,
        r#"{"type":"connected"}"#,
        r#"{"type":"events","room_id":"00000000-0000-0000-0000-000000001001","events":[{}],"head":1,"has_more":true}"#,
    ] {
        page.input(Input::Frame(socket, text));
    }
    assert_eq!((page.changes(), page.sent(), page.texts(room(1)).len()), (vec![], vec![], 1));
}

#[test]
fn a_marker_from_a_list_that_is_ahead_does_not_move_back_when_older_events_arrive() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.command(Command::OpenRoom(room(1)));
    let bob_has_read = |at| shared::api::Member { read_seq: seq(at), ..member(bob(), Presence::Online) };
    let list = members(&[member(ada(), Presence::Online), bob_has_read(9)]);
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &list);
    page.frame(&live(&event(room(1), 6, bob(), txn(6), EventBody::Leave)));
    page.frame(&live(&event(room(1), 7, bob(), txn(7), EventBody::Join)));
    let members = page.client.members(room(1));
    assert_eq!(members.iter().find(|member| member.user == bob()).unwrap().read_seq, seq(9));
}

#[test]
fn a_marker_from_a_list_that_is_ahead_does_not_move_back_while_a_newer_list_is_asked_for() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.command(Command::OpenRoom(room(1)));
    let path = format!("/rooms/{}/members", room(1));
    let bob_has_read = |at| shared::api::Member { read_seq: seq(at), ..member(bob(), Presence::Online) };
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online), bob_has_read(9)]));
    page.command(Command::OpenRoom(room(9)));
    page.command(Command::OpenRoom(room(1)));
    page.answer(&path, 200, &members(&[member(ada(), Presence::Online)]));
    page.command(Command::OpenRoom(room(9)));
    page.command(Command::OpenRoom(room(1)));
    assert!(page.is_calling(&path), "the newer one is on its way");
    page.frame(&live(&event(room(1), 6, bob(), txn(6), EventBody::Join)));
    let members = page.client.members(room(1));
    assert_eq!(members.iter().find(|member| member.user == bob()).unwrap().read_seq, seq(9));
}

#[test]
fn who_typed_when_this_person_left_does_not_type_when_they_are_back() {
    let mut page = Page::online(&[state(1, 5, 5)]);
    page.command(Command::OpenRoom(room(1)));
    let list = members(&[member(ada(), Presence::Online), member(bob(), Presence::Online)]);
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &list);
    let typing = TypingSignal { room_id: room(1), user_id: bob().id, active: true };
    page.frame(&ServerFrame::Typing(typing));
    assert_eq!(page.client.typing(room(1)), [bob()]);
    page.command(Command::LeaveRoom(room(1)));
    page.answer(&format!("/rooms/{}/members/{}", room(1), ada().id), 204, "");
    page.command(Command::JoinRoom { code: "CODE1".into() });
    page.answer("/rooms/join", 200, &shared::json::to_string(&state(1, 7, 7)));
    page.command(Command::OpenRoom(room(1)));
    page.answer(&format!("/rooms/{}/members", room(1)), 200, &list);
    assert_eq!(page.client.typing(room(1)), []);
}

#[test]
fn whoever_typed_in_a_room_that_was_not_in_the_list_yet_has_stopped_when_their_message_came() {
    let mut page = Page::online(&[]);
    let signal = TypingSignal { room_id: room(7), user_id: bob().id, active: true };
    page.frame(&ServerFrame::Typing(signal));
    page.frame(&live(&said(room(7), 5)));
    page.answer("/rooms", 200, &support::wire::my_rooms(&[state(7, 5, 5)]));
    page.command(Command::OpenRoom(room(7)));
    page.frame(&events(room(7), 1..=5, 5, false));
    assert_eq!(page.client.typing(room(7)), []);
}
