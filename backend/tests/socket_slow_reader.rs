//! A reader that does not keep up: costs a bounded amount, delays nobody, loses nothing.

mod common;

use std::time::Duration;

use common::{Person, Socket, TestServer};
use shared::{
    ClientFrame, Event, RoomId, Seq, ServerFrame, TxnId,
    frame::{PostMessage, Sync, SyncFrom},
};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Messages that the buffers of both ends can't hold: 1 MB.
const MANY: u64 = 300;

/// A server with a small ring and small buffers, so that a reader falls behind soon.
async fn server() -> TestServer {
    TestServer::with(|options| {
        options.limits.messages_burst = 100_000;
        options.limits.frames_burst = 100_000;
        options.room_ring_events = 100;
        options.send_buffer_bytes = 16 * 1024;
    })
    .await
}

/// Sends messages, as many at once as a socket may, and waits until all are acknowledged.
async fn send_many(socket: &mut Socket, room_id: RoomId, range: std::ops::Range<u64>) {
    let numbers: Vec<_> = range.collect();
    for some in numbers.chunks(64) {
        for number in some {
            let txn_id = TxnId::mint(*number, [5; 10]);
            let content = format!("{number} {}", "x".repeat(3_500));
            let post = PostMessage { txn_id, room_id, content, reply_to: None };
            socket.send(&ClientFrame::Message(post)).await;
        }
        for _ in some {
            socket.ack().await;
        }
    }
}

/// A socket of somebody whose system takes little that they have not read.
async fn connect_with_little_room(person: &Person<'_>) -> Socket {
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(8 * 1024).unwrap();
    let address = person.server.address;
    let token = person.connection_token().await;
    let request = format!("ws://{address}/ws/chat?token={token}").into_client_request().unwrap();
    let mut socket = Socket::over(tcp.connect(address).await.unwrap(), request).await.unwrap();
    socket.connected().await;
    socket
}

async fn connect(person: &Person<'_>) -> Socket {
    let mut socket = person.socket().await;
    socket.connected().await;
    socket
}

#[tokio::test]
async fn a_reader_that_fell_behind_is_told_and_catches_up_without_a_hole() {
    let server = server().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (connect(&ada).await, connect_with_little_room(&ben).await);
    // Ben reads nothing: his socket takes what the buffers hold, and the ring goes on without him.
    send_many(&mut a, room.id, 1..MANY).await;

    let mut seen: Vec<Event> = Vec::new();
    let behind = loop {
        match b.next().await {
            ServerFrame::Event(event) => seen.push(*event),
            ServerFrame::Behind(behind) => break behind,
            _ => {}
        }
    };
    assert_eq!(behind.room_id, room.id);
    assert!(!seen.is_empty() && seen.len() < 299);
    // Nothing live comes before he has asked.
    send_many(&mut a, room.id, MANY..MANY + 10).await;
    loop {
        let after = seen.last().unwrap().seq;
        b.send(&ClientFrame::Sync(Sync { room_id: room.id, from: SyncFrom::After(after), limit: None }))
            .await;
        let ServerFrame::Events(page) = b.next().await else { panic!("something live came too early") };
        seen.extend(page.events);
        if !page.has_more {
            break;
        }
    }
    // And then live again, from exactly there.
    send_many(&mut a, room.id, MANY + 10..MANY + 20).await;
    while seen.len() < 319 {
        seen.push(b.event().await);
    }
    let seqs: Vec<_> = seen.iter().map(|event| event.seq.get()).collect();
    assert_eq!(seqs, (3..322).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_takes_nothing_for_too_long_is_dropped() {
    let server = TestServer::with(|options| {
        options.limits.messages_burst = 100_000;
        options.limits.frames_burst = 100_000;
        options.send_buffer_bytes = 16 * 1024;
        options.write_stall = Duration::from_millis(500);
    })
    .await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, b) = (connect(&ada).await, connect_with_little_room(&ben).await);
    send_many(&mut a, room.id, 1..MANY).await;
    let metrics = || async {
        let call = server.call(reqwest::Method::GET, "//metrics");
        call.send().await.unwrap().text().await.unwrap()
    };
    let dropped = async {
        while !metrics().await.contains("confab_sockets_closed_total{code=\"1013\"} 1") {
            tokio::task::yield_now().await;
        }
    };
    common::soon("the end of the slow reader", dropped).await;
    drop(b);
    assert_eq!(a.tcp().peer_addr().unwrap(), server.address, "the writer stays");
    let page = ClientFrame::Sync(Sync { room_id: room.id, from: SyncFrom::After(Seq::ZERO), limit: Some(1) });
    a.send(&page).await;
    a.expect_frame(|frame| matches!(frame, ServerFrame::Events(_)).then_some(())).await;
}
