//! Rooms that come and go while a socket is open.

mod common;

use common::TestServer;
use shared::{
    ClientFrame, ErrorCode, EventBody, RoomId, Seq, ServerFrame, TxnId,
    frame::{PostMessage, Sync, SyncFrom},
};

fn post(number: u8, room_id: RoomId) -> ClientFrame {
    let txn_id = TxnId::mint(1, [number; 10]);
    ClientFrame::Message(PostMessage { txn_id, room_id, content: "hello".into(), reply_to: None })
}

#[tokio::test]
async fn open_sockets_read_a_room_as_soon_as_their_person_joins_it() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    let mut b = ben.socket().await;
    assert_eq!(b.connected().await.rooms, []);
    let state = ben.join(&room.code).await;
    let join = b.event().await;
    assert_eq!((join.room_id, join.seq, join.author.id), (room.id, state.head, ben.id()));
    assert_eq!(join.body, EventBody::Join);
    let mut a = ada.socket().await;
    a.connected().await;
    a.send(&post(1, room.id)).await;
    assert_eq!(b.event().await.seq, state.head.next());
    b.send(&post(2, room.id)).await;
    assert_eq!(b.ack().await.seq.get(), 4);
}

#[tokio::test]
async fn a_room_that_one_makes_is_read_at_once() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;
    let room = ada.make_room("Tea").await;
    let join = socket.event().await;
    assert_eq!((join.room_id, join.seq, join.body), (room.room.id, room.head, EventBody::Join));
}

#[tokio::test]
async fn the_leave_is_the_last_that_one_hears_of_a_room() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let (tea, coffee) = (ada.make_room("Tea").await.room, ada.make_room("Coffee").await.room);
    ben.join(&tea.code).await;
    ben.join(&coffee.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    ben.leave(tea.id).await;
    let leave = b.event().await;
    assert_eq!((leave.room_id, leave.body, leave.author.id), (tea.id, EventBody::Leave, ben.id()));
    assert_eq!(a.event().await.seq, leave.seq, "others see it too");
    a.send(&post(1, tea.id)).await;
    a.ack().await;
    a.send(&post(2, coffee.id)).await;
    assert_eq!(b.event().await.room_id, coffee.id, "nothing of the other room came before");
    for frame in [
        post(3, tea.id),
        ClientFrame::Sync(Sync { room_id: tea.id, from: SyncFrom::After(Seq::ZERO), limit: None }),
    ] {
        b.send(&frame).await;
        let error = b.error().await;
        assert_eq!((error.code, error.room_id), (ErrorCode::NotMember, Some(tea.id)));
    }
}

#[tokio::test]
async fn who_comes_back_reads_on() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    ben.join(&room.code).await;
    let mut b = ben.socket().await;
    b.connected().await;
    ben.leave(room.id).await;
    ben.join(&room.code).await;
    assert_eq!(b.event().await.body, EventBody::Leave);
    assert_eq!(b.event().await.body, EventBody::Join);
    b.send(&ClientFrame::Sync(Sync { room_id: room.id, from: SyncFrom::After(Seq::ZERO), limit: None }))
        .await;
    let page =
        b.expect_frame(|frame| if let ServerFrame::Events(page) = frame { Some(page) } else { None }).await;
    assert_eq!(page.events.len(), 4);
}

#[tokio::test]
async fn a_message_to_a_room_that_does_not_exist_or_is_not_ones_own_is_refused() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room.id;
    let mut b = ben.socket().await;
    b.connected().await;
    for (number, room_id) in [(1, room), (2, RoomId::mint(1, [7; 10]))] {
        b.send(&post(number, room_id)).await;
        let error = b.error().await;
        assert_eq!((error.code, error.room_id), (ErrorCode::NotMember, Some(room_id)));
        assert_eq!((error.txn_id, error.retryable), (Some(TxnId::mint(1, [number; 10])), false));
    }
}

#[tokio::test]
async fn what_was_refused_stays_refused_and_asking_anew_is_another_message() {
    let server = TestServer::start().await;
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await.room;
    let mut b = ben.socket().await;
    b.connected().await;
    b.send(&post(1, room.id)).await;
    assert_eq!(b.error().await.code, ErrorCode::NotMember);
    ben.join(&room.code).await;
    // A copy of the message that comes late, over whatever connection.
    b.send(&post(1, room.id)).await;
    let error = b.error().await;
    assert_eq!((error.code, error.txn_id), (ErrorCode::NotMember, Some(TxnId::mint(1, [1; 10]))));
    b.send(&post(2, room.id)).await;
    assert_eq!(b.ack().await.seq.get(), 3);
}
