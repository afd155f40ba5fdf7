//! A reader that does not keep up: costs a bounded amount, delays nobody, loses nothing.

mod common;

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use backend::{
    address::ClientAddress,
    options::ServerOptions,
    sim_support::SteppedServer,
    socket::{Transport, sim_support::Next, sim_support::SteppedSocket},
    store::Store,
};
use common::{Person, Socket, TestServer};
use serde_json::{Value, json};
use shared::{
    ClientFrame, Event, RoomId, Seq, ServerFrame, TxnId,
    api::{ConnectionToken, RoomState, SignedIn},
    frame::{PostMessage, Sync, SyncFrom, Typing},
};
use tokio::{io::AsyncWrite, net::TcpSocket};
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

/// A connection without a network: what comes is put there, and what goes is taken or not.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<(VecDeque<u8>, bool)>>);

impl Line {
    fn ends(&self) -> MutexGuard<'_, (VecDeque<u8>, bool)> {
        self.0.lock().unwrap()
    }

    /// The client sends a frame, masked with zeros.
    fn send(&self, frame: &ClientFrame) {
        let text = frame.encode();
        let [high, low] = u16::try_from(text.len()).unwrap().to_be_bytes();
        let mut ends = self.ends();
        ends.0.extend([0x81, 0x80 | 126, high, low, 0, 0, 0, 0]);
        ends.0.extend(text.as_bytes());
    }
}

impl Transport for Line {
    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ends = self.ends();
        let count = buffer.len().min(ends.0.len());
        buffer.iter_mut().zip(ends.0.drain(..count)).for_each(|(to, from)| *to = from);
        if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }

    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = slices.iter().map(|slice| slice.len()).sum();
        if self.ends().1 { Ok(taken) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    fn poll_read_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_write_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Where everybody comes from.
const HERE: ClientAddress = ClientAddress(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

/// A call to a server that is stepped meanwhile.
async fn call<T: shared::json::FromJson>(
    server: &mut SteppedServer,
    path: &str,
    token: Option<&str>,
    body: Value,
) -> T {
    let mut request = Request::post(format!("{}{path}", shared::api::API));
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = server.call(request.body(Body::from(body.to_string())).unwrap(), HERE);
    let answer = tokio::spawn(answer);
    while !answer.is_finished() {
        server.store_batch().await;
        tokio::task::yield_now().await;
    }
    let body = to_bytes(answer.await.unwrap().into_body(), 1024 * 1024).await.unwrap();
    shared::json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"))
}

async fn step(socket: &mut SteppedSocket) {
    while socket.step().await == Next::Now {}
}

#[tokio::test]
async fn for_a_reader_that_takes_nothing_a_constant_waits_whatever_goes_on() {
    let hour = Duration::from_secs(3_600);
    let mut options = ServerOptions::new("unused");
    options.limits.messages_burst = 100_000;
    options.limits.frames_burst = 100_000;
    (options.heartbeat, options.silence, options.write_stall) = (hour, hour, hour);
    let ring = options.room_ring_bytes;
    let (store, writer) = Store::in_memory().await.unwrap();
    let mut server = SteppedServer::new(options, &[7; 32], store, writer);

    let (mut sockets, mut room) = (Vec::new(), None::<RoomState>);
    for (name, takes) in [("Ada", true), ("Ben", false)] {
        let guest: SignedIn = call(&mut server, "/guests", None, json!({ "name": name })).await;
        let token = Some(&*guest.access_token);
        room = Some(match &room {
            None => call(&mut server, "/rooms", token, json!({ "name": "Tea" })).await,
            Some(room) => call(&mut server, "/rooms/join", token, json!({ "code": room.room.code })).await,
        });
        let ticket: ConnectionToken = call(&mut server, "/ws-token", token, json!({})).await;
        let line = Line::default();
        line.ends().1 = takes;
        let mut socket = server.open(Box::new(line.clone()), HERE, Some(ticket.token.into_string())).unwrap();
        step(&mut socket).await;
        sockets.push((socket, line));
    }
    let [(ada, line), (ben, _)] = &mut sockets[..] else { panic!("two sockets") };
    let room_id = room.unwrap().room.id;

    let (mut most, mut said, mut number) = (0, 0, 0);
    while said < 2 * ring {
        number += 1;
        let content = format!("{number} {}", "x".repeat(3_500));
        said += content.len();
        let txn_id = TxnId::mint(number, [5; 10]);
        line.send(&ClientFrame::Typing(Typing { room_id, active: true }));
        line.send(&ClientFrame::Message(PostMessage { txn_id, room_id, content, reply_to: None }));
        step(ada).await;
        server.store_batch().await;
        step(ada).await;
        step(ben).await;
        assert_eq!(ada.waiting_bytes(), 0);
        most = most.max(ben.waiting_bytes());
    }
    // What one turn takes from the rooms, and the last frame of it.
    assert!((60 * 1024..72 * 1024).contains(&most), "{most} bytes wait for him");
}
