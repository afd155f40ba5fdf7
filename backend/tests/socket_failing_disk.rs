//! The disk does not take it: nobody is told that it did, and the server recovers by itself.

mod common;

use common::TestServer;
use shared::{ClientFrame, ErrorCode, ServerFrame, TxnId, frame::PostMessage};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

#[tokio::test]
async fn what_can_not_be_stored_is_unavailable_and_stored_once_when_asked_again() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    let post = |number: u8, content: &str| {
        let txn_id = TxnId::mint(1, [number; 10]);
        ClientFrame::Message(PostMessage {
            txn_id,
            room_id: room.id,
            content: content.into(),
            reply_to: None,
        })
    };
    a.send(&post(1, "before")).await;
    assert_eq!(a.ack().await.seq.get(), 3);

    // Another program makes the statement that stores a message fail.
    let database = SqliteConnectOptions::new().filename(server.data_dir().join("confab.db"));
    let mut other = database.connect().await.unwrap();
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON txns BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    sqlx::query(refuse).execute(&mut other).await.unwrap();
    for _ in 0..3 {
        a.send(&post(2, "lost?")).await;
        let error = a.error().await;
        assert_eq!((error.code, error.txn_id), (ErrorCode::Unavailable, Some(TxnId::mint(1, [2; 10]))));
        assert!(error.retryable && error.retry_after_ms.is_some());
        assert!(!error.message.contains("disk full"), "how it failed is for the log");
    }
    sqlx::query("DROP TRIGGER full").execute(&mut other).await.unwrap();

    a.send(&post(2, "lost?")).await;
    let ack = a.ack().await;
    assert_eq!((ack.seq.get(), ack.msg_no.get(), ack.duplicate), (4, 2, false));
    for seq in [3, 4] {
        assert_eq!(b.event().await.seq.get(), seq, "nothing of what failed was shown");
    }
    b.send(&ClientFrame::Ping).await;
    b.expect_frame(|frame| matches!(frame, ServerFrame::Pong { .. }).then_some(())).await;
}
