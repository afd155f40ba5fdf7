//! The disk does not take it: nobody is told that it did, and the server recovers by itself.

mod common;

use common::{Socket, TestServer};
use reqwest::{Method, StatusCode};
use shared::{
    ClientFrame, CloseCode, ErrorCode, ErrorFrame, RoomId, Seq, ServerFrame, TxnId,
    frame::{PostMessage, Read, Sync, SyncFrom},
};

/// How many transactions were stored, as the server counts.
async fn commits(server: &TestServer) -> u64 {
    let answer = server.call(Method::GET, "//stats").send().await.unwrap();
    common::read_value(answer, StatusCode::OK).await["commits"]["count"].as_u64().unwrap()
}

/// What the server says of itself to whoever decides where people are sent.
async fn ready(server: &TestServer) -> (StatusCode, String) {
    let answer = server.call(Method::GET, "//health/websocket").send().await.unwrap();
    let status = answer.status();
    (status, common::read_value(answer, status).await["status"].as_str().unwrap().to_owned())
}

fn post(room_id: RoomId, number: u8, content: &str) -> ClientFrame {
    let txn_id = TxnId::mint(1, [number; 10]);
    ClientFrame::Message(PostMessage { txn_id, room_id, content: content.into(), reply_to: None })
}

#[tokio::test]
async fn what_can_not_be_stored_is_unavailable_and_stored_once_when_asked_again() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    a.send(&post(room.id, 1, "before")).await;
    assert_eq!(a.ack().await.seq.get(), 3);
    assert_eq!(ready(&server).await, (StatusCode::OK, "ok".into()));

    // Another program makes the statement that stores a message fail.
    let other = server.database();
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.kind = 'message' BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    other.execute_batch(refuse).unwrap();
    let before = commits(&server).await;
    for _ in 0..3 {
        a.send(&post(room.id, 2, "lost?")).await;
        let error = a.error().await;
        assert_eq!((error.code, error.txn_id), (ErrorCode::Unavailable, Some(TxnId::mint(1, [2; 10]))));
        assert!(error.retryable && error.retry_after_ms.is_some());
        assert!(!error.message.contains("disk full"), "how it failed is for the log");
    }
    assert_eq!(ready(&server).await, (StatusCode::SERVICE_UNAVAILABLE, "not storing".into()));
    other.execute_batch("DROP TRIGGER full").unwrap();
    assert_eq!(commits(&server).await, before, "what failed is no transaction");

    a.send(&post(room.id, 2, "lost?")).await;
    let ack = a.ack().await;
    assert_eq!((ack.seq.get(), ack.msg_no.get(), ack.duplicate), (4, 2, false));
    assert_eq!(ready(&server).await, (StatusCode::OK, "ok".into()), "the next batch could be stored");
    for seq in [3, 4] {
        assert_eq!(b.event().await.seq.get(), seq, "nothing of what failed was shown");
    }
    b.send(&ClientFrame::Ping).await;
    b.expect_frame(|frame| matches!(frame, ServerFrame::Pong(_)).then_some(())).await;
}

#[tokio::test]
async fn a_read_marker_that_can_not_be_stored_is_unavailable_and_stored_when_said_again() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    let seq = a.insist(&post(room.id, 1, "hello")).await.seq;
    assert_eq!(b.event().await.seq, seq);

    let other = server.database();
    let refuse = "CREATE TRIGGER full BEFORE UPDATE OF read_seq ON members \
                  BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    other.execute_batch(refuse).unwrap();
    let read = ClientFrame::Read(Read { room_id: room.id, seq });
    b.send(&read).await;
    let error = b.error().await;
    assert_eq!((error.code, error.room_id, error.txn_id), (ErrorCode::Unavailable, Some(room.id), None));
    assert!(error.retryable && error.retry_after_ms.is_some());
    other.execute_batch("DROP TRIGGER full").unwrap();

    b.send(&read).await;
    let told = a.expect_frame(|frame| match frame {
        ServerFrame::Read(told) => Some((told.user_id, told.seq)),
        _ => None,
    });
    assert_eq!(told.await, (ben.id(), seq));
    let again = ben.socket().await.connected().await;
    assert_eq!((again.rooms[0].read_seq, again.rooms[0].unread), (seq, 0));
}

#[tokio::test]
async fn more_than_may_wait_for_a_slow_disk_is_unavailable_at_once_and_what_waits_is_stored() {
    const POSTS: usize = 20;
    let server = TestServer::with(|options| {
        options.commit_queue = 1;
        options.limits.messages_burst = 1_000;
        options.limits.frames_burst = 1_000;
    })
    .await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    assert_eq!(socket.insist(&post(room, 0, "before")).await.seq.get(), 2);

    // Another program holds the right to write: a post or two are on their way to the disk, one waits, and no more.
    let other = server.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 1..=POSTS as u8 {
        socket.send(&post(room, number, "hello")).await;
    }
    let is_refused = |error: ErrorFrame| {
        assert_eq!((error.code, error.room_id), (ErrorCode::Unavailable, Some(room)));
        assert!(error.retryable && error.retry_after_ms.is_some());
        error.txn_id.unwrap()
    };
    let (mut refused, mut stored) = (Vec::new(), Vec::new());
    while refused.len() < POSTS - 4 {
        refused.push(is_refused(socket.error().await));
    }
    other.execute_batch("ROLLBACK").unwrap();
    while refused.len() + stored.len() < POSTS {
        match socket.next().await {
            ServerFrame::Ack(ack) => stored.push((ack.seq.get(), ack.txn_id)),
            ServerFrame::Error(error) => refused.push(is_refused(error)),
            _ => {}
        }
    }
    assert!(!stored.is_empty(), "what waited is stored");
    for (seq, (stored, txn_id)) in (3..).zip(stored) {
        assert!(stored == seq && !refused.contains(&txn_id));
    }
}

#[tokio::test]
async fn a_database_that_another_program_locks_for_long_is_unavailable_until_it_lets_go() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;

    let other = server.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The server waits for five seconds: a backup is done by then.
    socket.send(&post(room, 1, "hello")).await;
    let error = socket.error().await;
    assert_eq!((error.code, error.txn_id), (ErrorCode::Unavailable, Some(TxnId::mint(1, [1; 10]))));
    assert!(error.retryable && error.retry_after_ms.is_some());
    other.execute_batch("ROLLBACK").unwrap();
    let ack = socket.insist(&post(room, 1, "hello")).await;
    assert_eq!((ack.seq.get(), ack.duplicate), (2, false));
}

#[tokio::test]
async fn a_history_that_can_not_be_read_is_unavailable_and_the_socket_lives() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let room_id = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    let sync = ClientFrame::Sync(Sync { room_id, from: SyncFrom::After(Seq::ZERO), limit: None });

    let other = server.database();
    other.execute_batch("ALTER TABLE events RENAME TO hidden").unwrap();
    // More often than pages may be due at once: each was answered.
    for _ in 0..3 {
        socket.send(&sync).await;
        let error = socket.error().await;
        assert_eq!((error.code, error.room_id), (ErrorCode::Unavailable, Some(room_id)));
        assert!(error.retryable && error.retry_after_ms.is_some());
        assert!(!error.message.contains("events"), "how it failed is for the log: {}", error.message);
    }
    other.execute_batch("ALTER TABLE hidden RENAME TO events").unwrap();
    socket.send(&sync).await;
    let page = socket.expect_frame(|frame| match frame {
        ServerFrame::Events(page) => Some(page),
        _ => None,
    });
    assert_eq!(page.await.head.get(), 1);
}

#[tokio::test]
async fn somebody_who_can_not_be_looked_up_is_sent_away_for_a_while() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let token = ada.connection_token().await;
    let other = server.database();
    other.execute_batch("ALTER TABLE members RENAME TO hidden").unwrap();
    let mut socket = Socket::open(server.address, Some(&token)).await;
    let closed = socket.closed().await;
    assert_eq!(closed, (CloseCode::TryAgainLater, "the database can't be asked now".into()));
    other.execute_batch("ALTER TABLE hidden RENAME TO members").unwrap();
    ada.socket().await.connected().await;
}
