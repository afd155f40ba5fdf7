//! Messages: sent, acknowledged, delivered to everybody once and in order, and asked for again.

mod common;

use common::{Socket, TestServer};
use shared::{
    ClientFrame, ErrorCode, Event, RoomId, Seq, TxnId,
    frame::{PostMessage, Sync, SyncFrom},
};

fn txn(number: u8) -> TxnId {
    TxnId::mint(1_795_000_000_000, [number; 10])
}

fn post(number: u8, room_id: RoomId, content: &str) -> ClientFrame {
    ClientFrame::Message(PostMessage {
        txn_id: txn(number),
        room_id,
        content: content.into(),
        reply_to: None,
    })
}

fn text(event: &Event) -> &str {
    event.body.content().expect("a message")
}

/// The events of a room from its beginning, as `sync` has them.
async fn history(socket: &mut Socket, room_id: RoomId) -> Vec<Event> {
    socket.send(&ClientFrame::Sync(Sync { room_id, from: SyncFrom::After(Seq::ZERO), limit: None })).await;
    socket
        .expect_frame(|frame| match frame {
            shared::ServerFrame::Events(page) => Some(page.events),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_message_is_acknowledged_and_everybody_gets_it_its_author_too() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await;
    ben.join(&room.room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    let connected = a.connected().await;
    assert_eq!(connected.rooms[0].head.get(), 2, "two joins");
    b.connected().await;

    a.send(&post(1, room.room.id, "Hello")).await;
    let event = b.event().await;
    assert_eq!((event.seq.get(), event.msg_no.get(), text(&event)), (3, 1, "Hello"));
    assert_eq!((event.txn_id, event.author.id), (txn(1), ada.id()));
    let (mut ack, mut own) = (None, None);
    while ack.is_none() || own.is_none() {
        match a.next().await {
            shared::ServerFrame::Ack(is) => ack = Some(is),
            shared::ServerFrame::Event(is) => own = Some(is),
            _ => {}
        }
    }
    let ack = ack.unwrap();
    assert_eq!((ack.txn_id, ack.seq, ack.msg_no), (txn(1), event.seq, event.msg_no));
    assert_eq!((ack.timestamp, ack.duplicate), (event.timestamp, false));
    assert_eq!(*own.unwrap(), event);
    assert_eq!(history(&mut b, room.room.id).await.last(), Some(&event));
}

#[tokio::test]
async fn the_same_request_again_stores_nothing_and_has_the_first_answer() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    // Both in one batch, or one after the other: it must not matter.
    for _ in 0..2 {
        socket.send(&post(1, room, "once")).await;
    }
    let (first, second) = (socket.ack().await, socket.ack().await);
    assert!(!first.duplicate && second.duplicate);
    socket.send(&post(1, room, "once")).await;
    let third = socket.ack().await;
    assert!(third.duplicate);
    assert_eq!((third.seq, third.timestamp), (first.seq, first.timestamp));
    assert_eq!(second.seq, first.seq);
    assert_eq!(history(&mut socket, room).await.len(), 2, "a join and one message");
}

#[tokio::test]
async fn a_used_txn_id_with_another_body_is_a_conflict() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    socket.send(&post(1, room, "one thing")).await;
    socket.ack().await;
    socket.send(&post(1, room, "another thing")).await;
    let error = socket.error().await;
    assert_eq!((error.code, error.txn_id, error.room_id), (ErrorCode::Conflict, Some(txn(1)), Some(room)));
    assert!(!error.retryable);
    assert_eq!(history(&mut socket, room).await.len(), 2);
}

#[tokio::test]
async fn after_a_restart_the_log_is_the_same_and_requests_are_still_known() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let token = ada.token().to_owned();
    let mut socket = ada.socket().await;
    let epoch = socket.connected().await.epoch;
    socket.send(&post(1, room, "kept")).await;
    let first = socket.ack().await;
    let before = history(&mut socket, room).await;
    drop(socket);
    let dir = server.stop().await;

    let server = TestServer::in_dir(dir, |_| {}).await;
    let mut socket = Socket::open(server.address, None).await;
    socket.send(&ClientFrame::Auth(shared::frame::Auth { token: token.into() })).await;
    assert_eq!(socket.connected().await.epoch, epoch);
    assert_eq!(history(&mut socket, room).await, before);
    socket.send(&post(1, room, "kept")).await;
    let again = socket.ack().await;
    assert_eq!((again.seq, again.timestamp, again.duplicate), (first.seq, first.timestamp, true));
}

#[tokio::test]
async fn two_writers_at_once_are_seen_in_one_order_by_everybody() {
    const EACH: u8 = 60;
    let server = TestServer::with(|options| {
        options.limits.messages_burst = 1_000;
        options.limits.frames_burst = 1_000;
    })
    .await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await;
    ben.join(&room.room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    for number in 0..EACH {
        a.send(&post(number, room.room.id, &format!("a{number}"))).await;
        b.send(&post(number, room.room.id, &format!("b{number}"))).await;
    }
    let mut seen = [Vec::new(), Vec::new()];
    for (socket, seen) in [&mut a, &mut b].into_iter().zip(&mut seen) {
        for _ in 0..2 * EACH {
            seen.push(socket.event().await);
        }
    }
    assert_eq!(seen[0], seen[1]);
    let seqs: Vec<_> = seen[0].iter().map(|event| event.seq.get()).collect();
    assert_eq!(seqs, (3..3 + 2 * u64::from(EACH)).collect::<Vec<_>>(), "no hole, none twice");
    for writer in ["a", "b"] {
        let own = seen[0].iter().map(text).filter(|text| text.starts_with(writer));
        assert!(own.eq((0..EACH).map(|number| format!("{writer}{number}"))), "in the order of {writer}");
    }
}

#[tokio::test]
async fn an_answer_names_the_message_that_it_answers_and_one_that_exists() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room_id = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    socket.send(&post(1, room_id, "a question")).await;
    let question = socket.event().await;
    let answer = |number, seq| {
        let (content, reply_to) = ("an answer".into(), Seq::new(seq));
        ClientFrame::Message(PostMessage { txn_id: txn(number), room_id, content, reply_to })
    };
    socket.send(&answer(2, question.seq.get())).await;
    let event = socket.event().await;
    let reply_to = event.body.as_message().expect("a message").reply_to;
    assert_eq!(reply_to, Some(question.seq));
    for nowhere in [0, 99] {
        socket.send(&answer(3, nowhere)).await;
        let error = socket.error().await;
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some("reply_to")));
        assert_eq!(error.txn_id, Some(txn(3)));
    }
}
