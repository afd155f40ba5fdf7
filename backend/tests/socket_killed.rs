//! The server is killed while messages are being sent: what it has acknowledged is there, once.
#![cfg(unix)]

mod common;

use common::{Program, Socket};
use reqwest::{Method, StatusCode};
use shared::{
    ClientFrame, RoomId, Seq, ServerFrame, TxnId,
    api::{RoomState, SignedIn},
    frame::{Ack, Auth, PostMessage, Sync, SyncFrom},
};
use tokio_tungstenite::tungstenite::Message;

const POSTS: u64 = 400;

fn post(number: u64, room_id: RoomId) -> ClientFrame {
    let (txn_id, content) = (TxnId::mint(number, [1; 10]), format!("number {number}"));
    ClientFrame::Message(PostMessage { txn_id, room_id, content, reply_to: None })
}

async fn connect(url: &str, token: &str) -> Socket {
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    let mut socket = Socket::open(address, None).await;
    socket.send(&ClientFrame::Auth(Auth { token: token.into() })).await;
    socket.connected().await;
    socket
}

async fn ask<T: shared::json::FromJson>(url: &str, token: &str, path: &str, name: &str) -> T {
    let call = common::client().request(Method::POST, format!("{url}/api/v1{path}")).bearer_auth(token);
    let answer = call.json(&serde_json::json!({ "name": name })).send().await.unwrap();
    common::read(answer, StatusCode::CREATED).await
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_the_rest_can_be_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let limits = ["--limit", "messages_burst=10000", "--limit", "frames_burst=10000"];
    let program = Program::start(dir.path(), &limits).await;
    let ada: SignedIn = ask(&program.url, "", "/guests", "Ada").await;
    let room: RoomState = ask(&program.url, &ada.access_token, "/rooms", "Tea").await;
    let room_id = room.room.id;
    let mut socket = connect(&program.url, &ada.access_token).await;
    for number in 0..POSTS {
        socket.send(&post(number, room_id)).await;
    }
    let mut acked: Vec<Ack> = Vec::new();
    while acked.len() < 40 {
        acked.push(socket.ack().await);
    }
    program.signal("KILL").await;
    while let Some(Message::Text(text)) = socket.next_raw().await {
        if let ServerFrame::Ack(ack) = ServerFrame::decode(&text).unwrap() {
            acked.push(ack);
        }
    }
    assert!(!program.end().await.0.success());

    let program = Program::start(dir.path(), &limits).await;
    let mut socket = connect(&program.url, &ada.access_token).await;
    for number in 0..POSTS {
        socket.send(&post(number, room_id)).await;
        let again = socket.ack().await;
        if let Some(first) = acked.iter().find(|ack| ack.txn_id == again.txn_id) {
            assert_eq!(again, Ack { duplicate: true, ..*first });
        }
    }
    let (mut after, mut stored) = (Seq::ZERO, Vec::new());
    while stored.len() < usize::try_from(POSTS).unwrap() {
        let sync = Sync { room_id, from: SyncFrom::After(after), limit: None };
        socket.send(&ClientFrame::Sync(sync)).await;
        let pick = |frame| if let ServerFrame::Events(page) = frame { Some(page.events) } else { None };
        let events = socket.expect_frame(pick).await;
        after = events.last().expect("everything was acknowledged").seq;
        let messages = events.into_iter().filter(|event| event.body.kind() == "message");
        stored.extend(messages.map(|event| event.txn_id));
    }
    let asked: Vec<_> = (0..POSTS).map(|number| TxnId::mint(number, [1; 10])).collect();
    assert_eq!(stored, asked, "each once, in the order they were sent in");
}
