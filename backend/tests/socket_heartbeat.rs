//! Silence: pinged, answered, and in the end dropped.

mod common;

use std::time::Duration;

use common::TestServer;
use shared::{ClientFrame, ServerFrame};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_ping_of_either_kind_is_answered() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    let before = socket.connected().await.server_time;
    socket.send(&ClientFrame::Ping).await;
    let ServerFrame::Pong(shared::frame::Pong { server_time }) = socket.next().await else {
        panic!("no pong")
    };
    assert!(server_time >= before);
    socket.send_raw(Message::Ping(vec![1, 2, 3].into())).await;
    assert_eq!(socket.next_raw().await, Some(Message::Pong(vec![1, 2, 3].into())));
}

#[tokio::test]
async fn the_server_pings_and_a_client_that_answers_stays() {
    let server = TestServer::with(|options| {
        options.heartbeat = Duration::from_millis(40);
        options.silence = Duration::from_millis(2_000);
    })
    .await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.connected().await.heartbeat_ms, 40);
    for _ in 0..60 {
        // The library answers each of them with the next read.
        assert_eq!(socket.next_raw().await, Some(Message::Ping(vec![].into())));
    }
}

#[tokio::test]
async fn a_client_from_which_nothing_comes_is_dropped() {
    let server = TestServer::with(|options| {
        options.heartbeat = Duration::from_millis(20);
        options.silence = Duration::from_millis(200);
    })
    .await;
    let ada = server.guest("Ada").await;
    let socket = ada.socket().await;
    // Nobody reads this socket, so nobody answers its pings: only its TCP connection is there.
    let gone = async {
        loop {
            socket.tcp().readable().await.unwrap();
            let mut bytes = [0; 4096];
            match socket.tcp().try_read(&mut bytes) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
    };
    common::soon("the end of the connection", gone).await;
}
