//! The client closes, or is just gone.

mod common;

use std::time::Duration;

use common::{Socket, TestServer};
use shared::{ServerFrame, api::Presence};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

async fn offline(socket: &mut Socket) {
    let pick = |frame| match frame {
        ServerFrame::Presence(is) if is.status == Presence::Offline => Some(()),
        _ => None,
    };
    socket.expect_frame(pick).await;
}

#[tokio::test]
async fn a_close_is_answered_with_the_same_code_and_ends_the_connection() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    for code in [CloseCode::Normal, CloseCode::Away] {
        let mut socket = ada.socket().await;
        socket.connected().await;
        let close = CloseFrame { code, reason: "".into() };
        socket.send_raw(Message::Close(Some(close.clone()))).await;
        assert_eq!(socket.next_raw().await, Some(Message::Close(Some(close))));
        assert_eq!(socket.next_raw().await, None);
    }
    let figures = server.call(reqwest::Method::GET, "//metrics").send().await.unwrap().text().await.unwrap();
    for line in
        ["confab_sockets_closed_total{code=\"1000\"} 1", "confab_sockets_closed_total{code=\"1001\"} 1"]
    {
        assert!(figures.contains(line), "{line}\n{figures}");
    }
}

#[tokio::test]
async fn who_is_just_gone_goes_offline_too() {
    let server = TestServer::with(|options| options.presence_offline = Duration::from_millis(10)).await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut a = ada.socket().await;
    a.connected().await;
    let mut b = ben.socket().await;
    b.connected().await;
    // Dropped without a word.
    drop(b);
    offline(&mut a).await;
    // Reset, as by a system that has forgotten the connection.
    let mut b = ben.socket().await;
    b.connected().await;
    b.tcp().set_zero_linger().unwrap();
    drop(b);
    offline(&mut a).await;
}
