//! The real program on a disk that is really full.
#![cfg(target_os = "linux")]

mod common;

use std::{
    fs::File,
    io::{Write as _, stderr},
};

use common::Program;
use shared::{
    ClientFrame, ErrorCode, RoomId, Seq, ServerFrame, TxnId,
    frame::{PostMessage, Sync, SyncFrom},
};

fn post(room_id: RoomId, number: u8) -> ClientFrame {
    let (txn_id, content) = (TxnId::mint(1, [number; 10]), format!("message {number}"));
    ClientFrame::Message(PostMessage { txn_id, room_id, content, reply_to: None })
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_acked_and_it_goes_on_by_itself_when_there_is_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let Some(program) = Program::start_on_small_disk(dir.path(), 4 << 20).await else {
        // Straight to the terminal: what a test prints is not shown where it passes.
        let said = "on a full disk: passed over, this system lets nobody mount a disk of their own\n";
        stderr().write_all(said.as_bytes()).unwrap();
        return;
    };
    let (ada, _) = program.guest("Ada").await;
    let room = program.make_room(&ada, "Tea").await.room.id;
    let mut socket = program.socket(&ada).await;
    socket.send(&post(room, 1)).await;
    assert_eq!(socket.ack().await.seq.get(), 2);

    let filling = program.sees(dir.path()).join("filling");
    let mut file = File::create(&filling).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    for _ in 0..3 {
        socket.send(&post(room, 2)).await;
        let error = socket.error().await;
        assert_eq!((error.code, error.txn_id), (ErrorCode::Unavailable, Some(TxnId::mint(1, [2; 10]))));
        assert!(error.retryable && error.retry_after_ms.is_some());
    }
    // What is stored can still be read.
    let everything = ClientFrame::Sync(Sync { room_id: room, from: SyncFrom::After(Seq::ZERO), limit: None });
    let said = async |socket: &mut common::Socket| {
        socket.send(&everything).await;
        let page = |frame| if let ServerFrame::Events(page) = frame { Some(page) } else { None };
        let events = socket.expect_frame(page).await.events.into_iter();
        let texts = events.filter_map(|event| event.body.content().map(str::to_owned));
        texts.collect::<Vec<_>>()
    };
    assert_eq!(said(&mut socket).await, ["message 1"]);

    drop(file);
    std::fs::remove_file(filling).unwrap();
    let ack = socket.insist(&post(room, 2)).await;
    assert_eq!((ack.seq.get(), ack.duplicate), (3, false));
    assert_eq!(said(&mut socket).await, ["message 1", "message 2"]);
}
