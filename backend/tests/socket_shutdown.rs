//! A restart as sockets see it: told when to come back, answered, closed in order.

mod common;

use std::time::Duration;

use common::{Socket, TestServer};
use reqwest::{Method, StatusCode};
use shared::{
    ClientFrame, CloseCode, ErrorCode, Seq, ServerFrame, TxnId,
    api::SignedIn,
    frame::{Auth, PostMessage, Sync, SyncFrom},
};
use tokio_tungstenite::tungstenite::Message;

/// A socket of somebody who has only kept their refresh cookie.
async fn reopened(server: &TestServer, cookie: &str) -> Socket {
    let call = server.call(Method::POST, "/session/refresh").header("cookie", cookie);
    let renewed: SignedIn = common::read(call.send().await.unwrap(), StatusCode::OK).await;
    let mut socket = Socket::open(server.address, None).await;
    socket.send(&ClientFrame::Auth(Auth { token: renewed.access_token })).await;
    socket.connected().await;
    socket
}

#[tokio::test]
async fn every_post_is_answered_before_the_sockets_close() {
    let server = TestServer::with(|options| {
        options.limits.messages_burst = 1_000;
        options.limits.frames_burst = 1_000;
        options.reconnect_spread = Duration::from_millis(700);
    })
    .await;
    let ada = server.guest("Ada").await;
    let room_id = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    let mut unknown = Socket::open(server.address, None).await;
    for number in 0..200_u8 {
        let txn_id = TxnId::mint(1, [number; 10]);
        let post = PostMessage { txn_id, room_id, content: "hello".into(), reply_to: None };
        socket.send(&ClientFrame::Message(post)).await;
    }
    let first = socket.ack().await;
    let (mut acked, mut refused, mut told) = (vec![first.txn_id], 0, None);
    let stopping = server.server.shutdown();
    let reading = async {
        loop {
            match socket.next_raw().await {
                Some(Message::Text(text)) => match ServerFrame::decode(&text).unwrap() {
                    ServerFrame::Ack(ack) => acked.push(ack.txn_id),
                    ServerFrame::Error(error) => {
                        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true));
                        refused += 1;
                    }
                    ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms }) => {
                        told = Some(reconnect_after_ms);
                    }
                    _ => {}
                },
                Some(Message::Close(frame)) => break frame.unwrap(),
                other => panic!("{other:?}"),
            }
        }
    };
    let ((), closed) = tokio::join!(stopping, reading);
    assert_eq!(CloseCode::from_u16(closed.code.into()), CloseCode::Restart);
    assert!(told.is_some_and(|ms| ms < 700), "{told:?}");
    assert_eq!(unknown.closed().await.0, CloseCode::Restart);

    let cookie = ada.cookie.clone();
    let server = TestServer::in_dir(server.stop().await, |_| {}).await;
    let mut socket = reopened(&server, &cookie).await;
    let sync = Sync { room_id, from: SyncFrom::After(Seq::ZERO), limit: None };
    let mut stored = Vec::new();
    socket.send(&ClientFrame::Sync(sync)).await;
    loop {
        let ServerFrame::Events(page) = socket.next().await else { panic!("no page") };
        let messages = page.events.iter().filter(|event| event.body.kind() == "message");
        stored.extend(messages.map(|event| event.txn_id));
        let Some(last) = page.events.last().filter(|_| page.has_more) else { break };
        socket.send(&ClientFrame::Sync(Sync { from: SyncFrom::After(last.seq), ..sync })).await;
    }
    assert_eq!(stored, acked, "what was stored was answered, and what was answered is stored");
    assert!(acked.len() + refused <= 200);
}

#[tokio::test]
async fn each_client_is_given_a_delay_of_its_own() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut sockets = Vec::new();
    for _ in 0..8 {
        let mut socket = ada.socket().await;
        socket.connected().await;
        sockets.push(socket);
    }
    let mut delays = Vec::new();
    let reading = async {
        for mut socket in sockets {
            let told = socket.expect_frame(|frame| match frame {
                ServerFrame::ServerShutdown(shared::frame::ServerShutdown { reconnect_after_ms }) => {
                    Some(reconnect_after_ms)
                }
                _ => None,
            });
            delays.push(told.await);
            assert_eq!(socket.closed().await.0, CloseCode::Restart);
        }
    };
    tokio::join!(server.server.shutdown(), reading);
    assert!(delays.iter().all(|ms| *ms < 5_000), "{delays:?}");
    assert!(delays.iter().any(|ms| *ms != delays[0]), "{delays:?}");
}
