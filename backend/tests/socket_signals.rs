//! Typing, read markers and presence: passed on where they help, and nowhere else.

mod common;

use std::time::Duration;

use common::{Person, Socket, TestServer};
use shared::{
    ClientFrame, RoomId, Seq, ServerFrame, TxnId,
    api::Presence,
    frame::{Activity, PostMessage, PresenceSignal, Read, ReadSignal, SetPresence, Typing, TypingSignal},
};

fn typing(room_id: RoomId, active: bool) -> ClientFrame {
    ClientFrame::Typing(Typing { room_id, active })
}

async fn next_typing(socket: &mut Socket) -> TypingSignal {
    socket.expect_frame(|frame| if let ServerFrame::Typing(is) = frame { Some(is) } else { None }).await
}

async fn next_read(socket: &mut Socket) -> ReadSignal {
    socket.expect_frame(|frame| if let ServerFrame::Read(is) = frame { Some(is) } else { None }).await
}

async fn next_presence_of(socket: &mut Socket, person: &Person<'_>) -> PresenceSignal {
    let pick = |frame| match frame {
        ServerFrame::Presence(is) if is.user_id == person.id() => Some(is),
        _ => None,
    };
    socket.expect_frame(pick).await
}

/// Everything that came before the answer to a ping.
async fn before_pong(socket: &mut Socket) -> Vec<ServerFrame> {
    socket.send(&ClientFrame::Ping).await;
    let mut frames = Vec::new();
    loop {
        match socket.next().await {
            ServerFrame::Pong(_) => return frames,
            frame => frames.push(frame),
        }
    }
}

async fn connect(person: &Person<'_>) -> Socket {
    let mut socket = person.socket().await;
    socket.connected().await;
    socket
}

#[tokio::test]
async fn typing_reaches_the_others_and_not_oneself() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (connect(&ada).await, connect(&ben).await);
    a.send(&typing(room.id, true)).await;
    assert_eq!(next_typing(&mut b).await, TypingSignal { room_id: room.id, user_id: ada.id(), active: true });
    // Within the interval this is not passed on; that it stopped is.
    a.send(&typing(room.id, true)).await;
    a.send(&typing(room.id, false)).await;
    assert!(!next_typing(&mut b).await.active);
    let own = before_pong(&mut a).await;
    assert!(!own.iter().any(|frame| matches!(frame, ServerFrame::Typing(_))), "{own:?}");
}

#[tokio::test]
async fn a_large_room_passes_on_no_signals_but_ones_own_read_marker() {
    let server = TestServer::with(|options| options.limits.signal_members = 1).await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut b = connect(&ben).await;
    let mut a = ada.socket().await;
    assert!(a.connected().await.online_users.is_empty(), "nobody would be told when that changes");
    let mut other = connect(&ada).await;
    a.send(&typing(room.id, true)).await;
    a.send(&ClientFrame::Read(Read { room_id: room.id, seq: Seq::new(2).unwrap() })).await;
    a.send(&ClientFrame::Presence(SetPresence { status: Activity::Away })).await;
    assert_eq!(next_read(&mut other).await.seq.get(), 2);
    let txn_id = TxnId::mint(1, [1; 10]);
    let post = PostMessage { txn_id, room_id: room.id, content: "hello".into(), reply_to: None };
    a.send(&ClientFrame::Message(post)).await;
    let first = b.next().await;
    assert!(matches!(first, ServerFrame::Event(_)), "the message comes first, not {first:?}");
}

#[tokio::test]
async fn a_read_marker_is_stored_reaches_everybody_and_never_moves_back() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (connect(&ada).await, connect(&ben).await);
    let read = |seq| ClientFrame::Read(Read { room_id: room.id, seq: Seq::new(seq).unwrap() });
    a.send(&read(2)).await;
    let marker = ReadSignal { room_id: room.id, user_id: ada.id(), seq: Seq::new(2).unwrap() };
    assert_eq!(next_read(&mut a).await, marker);
    assert_eq!(next_read(&mut b).await, marker);
    a.send(&read(1)).await;
    let mut again = ada.socket().await;
    let rooms = again.connected().await.rooms;
    assert_eq!((rooms[0].read_seq.get(), rooms[0].unread), (2, 0));
    let heard = before_pong(&mut b).await;
    assert!(!heard.iter().any(|frame| matches!(frame, ServerFrame::Read(_))), "{heard:?}");
}

#[tokio::test]
async fn sending_marks_read_and_what_others_send_is_unread() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut a = connect(&ada).await;
    for number in 1..=3 {
        let txn_id = TxnId::mint(1, [number; 10]);
        let post = PostMessage { txn_id, room_id: room.id, content: "hello".into(), reply_to: None };
        a.send(&ClientFrame::Message(post)).await;
        a.ack().await;
    }
    let own = ada.socket().await.connected().await.rooms.remove(0);
    assert_eq!((own.head.get(), own.msg_no.get(), own.read_seq.get(), own.unread), (5, 3, 5, 0));
    let other = ben.socket().await.connected().await.rooms.remove(0);
    assert_eq!((other.head.get(), other.read_seq.get(), other.unread), (5, 2, 3));
}

#[tokio::test]
async fn people_come_go_and_are_away() {
    let server = TestServer::with(|options| options.presence_offline = Duration::from_millis(30)).await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut a = connect(&ada).await;
    let mut b = ben.socket().await;
    let mut online = b.connected().await.online_users;
    online.sort();
    let mut both = vec![ada.id(), ben.id()];
    both.sort();
    assert_eq!(online, both);
    let is = next_presence_of(&mut a, &ben).await;
    assert_eq!((is.status, is.last_seen), (Presence::Online, None));
    b.send(&ClientFrame::Presence(SetPresence { status: Activity::Away })).await;
    assert_eq!(next_presence_of(&mut a, &ben).await.status, Presence::Away);
    // Another of Ben's devices is at the keyboard.
    let second = connect(&ben).await;
    assert_eq!(next_presence_of(&mut a, &ben).await.status, Presence::Online);
    drop(second);
    assert_eq!(next_presence_of(&mut a, &ben).await.status, Presence::Away);
    drop(b);
    let gone = next_presence_of(&mut a, &ben).await;
    assert_eq!(gone.status, Presence::Offline);
    assert!(gone.last_seen.is_some());
}

#[tokio::test]
async fn who_is_away_is_shown_as_away_to_those_who_come_later() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut a = connect(&ada).await;
    a.send(&ClientFrame::Presence(SetPresence { status: Activity::Away })).await;
    assert_eq!(next_presence_of(&mut a, &ada).await.status, Presence::Away);
    let mut b = ben.socket().await;
    assert_eq!(b.connected().await.online_users, [ben.id()]);
    assert_eq!(next_presence_of(&mut b, &ada).await.status, Presence::Away);
}

#[tokio::test]
async fn a_reload_is_not_a_leave() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut a = connect(&ada).await;
    let b = connect(&ben).await;
    assert_eq!(next_presence_of(&mut a, &ben).await.status, Presence::Online);
    drop(b);
    let mut again = connect(&ben).await;
    again.send(&typing(room.id, true)).await;
    let heard = a.next().await;
    assert!(matches!(heard, ServerFrame::Typing(_)), "Ben neither went nor came: {heard:?}");
}

#[tokio::test]
async fn a_new_member_is_introduced_and_learns_who_is_there() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    let (mut a, mut b) = (connect(&ada).await, connect(&ben).await);
    ben.join(&room.code).await;
    assert_eq!(next_presence_of(&mut a, &ben).await.status, Presence::Online);
    assert_eq!(next_presence_of(&mut b, &ada).await.status, Presence::Online);
}
