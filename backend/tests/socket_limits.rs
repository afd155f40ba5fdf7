//! Sending faster than the limits allow: refused with the time to wait, and closed when it goes on.

mod common;

use common::{Socket, TestServer};
use shared::{ClientFrame, CloseCode, ErrorCode, RoomId, ServerFrame, TxnId, frame::PostMessage};

fn post(number: u8, room_id: RoomId) -> ClientFrame {
    let content = format!("number {number}");
    let txn_id = TxnId::mint(1, [number; 10]);
    ClientFrame::Message(PostMessage { txn_id, room_id, content, reply_to: None })
}

/// The answers to so many posts: those that were stored, and those that were refused with the time to wait.
async fn answers(socket: &mut Socket, count: usize) -> (Vec<TxnId>, Vec<(TxnId, u64)>) {
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    while stored.len() + refused.len() < count {
        match socket.next().await {
            ServerFrame::Ack(ack) => stored.push(ack.txn_id),
            ServerFrame::Error(error) => {
                assert_eq!((error.code, error.retryable), (ErrorCode::RateLimited, true));
                refused.push((error.txn_id.unwrap(), error.retry_after_ms.unwrap()));
            }
            _ => {}
        }
    }
    (stored, refused)
}

/// A server that no test is too slow for: after the burst, one message a minute.
async fn one_a_minute() -> TestServer {
    TestServer::with(|options| options.limits.messages_per_minute = 1).await
}

#[tokio::test]
async fn a_burst_of_messages_is_stored_up_to_the_limit_and_the_rest_may_come_again() {
    let server = one_a_minute().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    for number in 0..30 {
        socket.send(&post(number, room)).await;
    }
    let (stored, refused) = answers(&mut socket, 30).await;
    let txns: Vec<_> = (0..30).map(|number| TxnId::mint(1, [number; 10])).collect();
    assert_eq!(stored, txns[..10]);
    assert!(refused.iter().map(|(txn, _)| txn).eq(&txns[10..]));
    assert!(refused.iter().all(|(_, wait)| (1..=60_000).contains(wait)), "{refused:?}");
}

#[tokio::test]
async fn who_asks_again_gets_everything_through_in_order() {
    let server = TestServer::with(|options| {
        options.limits.messages_burst = 2;
        // Half a second for each: no machine is so slow that nothing is refused.
        options.limits.messages_per_minute = 120;
        // Asking again and again is the clock of this test.
        options.limits.frames_burst = 1_000_000;
        options.limits.frames_per_second = 1_000_000;
    })
    .await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    let (mut order, mut refusals) = (Vec::new(), 0);
    for number in 0..4 {
        loop {
            socket.send(&post(number, room)).await;
            let (stored, refused) = answers(&mut socket, 1).await;
            order.extend(stored);
            if refused.is_empty() {
                break;
            }
            refusals += 1;
        }
    }
    assert!(refusals > 0);
    assert_eq!(order, (0..4).map(|number| TxnId::mint(1, [number; 10])).collect::<Vec<_>>());
}

#[tokio::test]
async fn messages_are_counted_over_all_sockets_of_a_person() {
    let server = one_a_minute().await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let (mut one, mut two) = (ada.socket().await, ada.socket().await);
    one.connected().await;
    two.connected().await;
    for number in 0..10 {
        one.send(&post(number, room)).await;
    }
    assert_eq!(answers(&mut one, 10).await.0.len(), 10);
    two.send(&post(10, room)).await;
    assert_eq!(answers(&mut two, 1).await.0, []);
    drop((one, two));
    let mut three = ada.socket().await;
    three.connected().await;
    three.send(&post(11, room)).await;
    assert_eq!(answers(&mut three, 1).await.0, [], "coming back does not help");
}

#[tokio::test]
async fn somebody_else_is_not_slowed_down() {
    let server = one_a_minute().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    for number in 0..12 {
        a.send(&post(number, room.id)).await;
    }
    assert_eq!(answers(&mut a, 12).await.1.len(), 2);
    b.send(&post(0, room.id)).await;
    assert_eq!(answers(&mut b, 1).await.0.len(), 1);
}

#[tokio::test]
async fn a_flood_of_frames_is_refused_and_then_ends_the_socket() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;
    for _ in 0..400 {
        socket.send(&ClientFrame::Ping).await;
    }
    let (mut pongs, mut refused) = (0, 0);
    let closed = loop {
        match socket.next_raw().await {
            Some(tokio_tungstenite::tungstenite::Message::Text(text)) => {
                match ServerFrame::decode(&text).unwrap() {
                    ServerFrame::Pong(_) => pongs += 1,
                    ServerFrame::Error(error) => {
                        assert_eq!(error.code, ErrorCode::RateLimited);
                        assert!(error.retry_after_ms.is_some());
                        refused += 1;
                    }
                    _ => {}
                }
            }
            Some(tokio_tungstenite::tungstenite::Message::Close(frame)) => break frame.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(CloseCode::from_u16(closed.code.into()), CloseCode::Policy);
    assert!(closed.reason.contains("frames_per_second"), "{}", closed.reason);
    assert!(pongs >= 60 && refused >= 60, "{pongs} answered, {refused} refused");
}

#[tokio::test]
async fn posts_that_wait_for_the_disk_make_the_next_wait_and_none_is_lost() {
    let server = TestServer::with(|options| {
        options.posts_in_flight = 2;
        // A third post would find no place and be refused.
        options.commit_queue = 2;
        options.limits.messages_burst = 1_000;
        options.limits.frames_burst = 1_000;
    })
    .await;
    let ada = server.guest("Ada").await;
    let room = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    // Once this is answered, nothing of the sign-in waits any more.
    socket.insist(&post(0, room)).await;
    for number in 1..200 {
        socket.send(&post(number, room)).await;
    }
    let (stored, refused) = answers(&mut socket, 199).await;
    assert!(stored.into_iter().eq((1..200).map(|number| TxnId::mint(1, [number; 10]))));
    assert_eq!(refused, []);
}
