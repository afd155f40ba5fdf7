//! Catching up and paging back: the same pages for every cause.

mod common;

use common::{Person, Socket, TestServer};
use shared::{
    ClientFrame, ErrorCode, EventBody, RoomId, Seq, ServerFrame, TxnId,
    frame::{Events, PostMessage, Sync, SyncFrom},
};

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn sync(room_id: RoomId, from: SyncFrom, limit: Option<u64>) -> ClientFrame {
    ClientFrame::Sync(Sync { room_id, from, limit })
}

async fn page(socket: &mut Socket, frame: ClientFrame) -> Events {
    socket.send(&frame).await;
    socket.expect_frame(|frame| if let ServerFrame::Events(page) = frame { Some(page) } else { None }).await
}

/// A room with a join and `messages` messages, and a socket of its owner.
async fn room_of<'a>(server: &'a TestServer, messages: u64) -> (Person<'a>, RoomId, Socket) {
    let ada = server.guest("Ada").await;
    let room_id = ada.make_room("Tea").await.room.id;
    let mut socket = ada.socket().await;
    socket.connected().await;
    for number in 1..=messages {
        let txn_id = TxnId::mint(number, [1; 10]);
        let content = format!("number {number}");
        let post = PostMessage { txn_id, room_id, content, reply_to: None };
        socket.send(&ClientFrame::Message(post)).await;
        socket.ack().await;
    }
    (ada, room_id, socket)
}

async fn server() -> TestServer {
    TestServer::with(|options| {
        options.limits.messages_burst = 1_000;
        options.limits.frames_burst = 1_000;
    })
    .await
}

fn seqs(page: &Events) -> Vec<u64> {
    page.events.iter().map(|event| event.seq.get()).collect()
}

#[tokio::test]
async fn pages_after_a_place_lead_to_the_head_without_a_hole() {
    let server = server().await;
    let (_ada, room, mut socket) = room_of(&server, 24).await;
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page = page(&mut socket, sync(room, SyncFrom::After(seq(after)), Some(10))).await;
        assert_eq!((page.room_id, page.head), (room, seq(25)));
        assert!(page.events.len() <= 10);
        after = page.events.last().unwrap().seq.get();
        assert_eq!(page.has_more, after < 25);
        all.extend(seqs(&page));
        if !page.has_more {
            break;
        }
    }
    assert_eq!(all, (1..=25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_has_what_live_readers_got() {
    let server = server().await;
    let (ada, room, mut socket) = room_of(&server, 3).await;
    let page = page(&mut socket, sync(room, SyncFrom::After(Seq::ZERO), None)).await;
    assert_eq!(page.events[0].body, EventBody::Join);
    assert_eq!(page.events[0].author.id, ada.id());
    let mut other = ada.socket().await;
    other.connected().await;
    socket
        .send(&ClientFrame::Message(PostMessage {
            txn_id: TxnId::mint(9, [9; 10]),
            room_id: room,
            content: "“quotes”, \\ and \u{1F44D}\n".into(),
            reply_to: Some(seq(2)),
        }))
        .await;
    let live = other.event().await;
    let stored = self::page(&mut other, sync(room, SyncFrom::After(seq(4)), None)).await;
    assert_eq!(stored.events, [live]);
}

#[tokio::test]
async fn paging_back_ends_at_the_first_event() {
    let server = server().await;
    let (_ada, room, mut socket) = room_of(&server, 11).await;
    let before = |value, limit| sync(room, SyncFrom::Before(seq(value)), Some(limit));
    let newest = page(&mut socket, before(13, 5)).await;
    assert_eq!((seqs(&newest), newest.has_more), ((8..=12).collect(), true));
    let older = page(&mut socket, before(8, 5)).await;
    assert_eq!((seqs(&older), older.has_more), ((3..=7).collect(), true));
    let oldest = page(&mut socket, before(3, 5)).await;
    assert_eq!((seqs(&oldest), oldest.has_more), (vec![1, 2], false));
}

#[tokio::test]
async fn places_beyond_the_ends_have_empty_or_whole_pages() {
    let server = server().await;
    let (_ada, room, mut socket) = room_of(&server, 2).await;
    for (from, expected) in [
        (SyncFrom::After(seq(3)), vec![]),
        (SyncFrom::After(seq(900)), vec![]),
        (SyncFrom::After(Seq::MAX), vec![]),
        (SyncFrom::Before(Seq::ZERO), vec![]),
        (SyncFrom::Before(seq(1)), vec![]),
        (SyncFrom::Before(seq(900)), vec![1, 2, 3]),
        (SyncFrom::Before(Seq::MAX), vec![1, 2, 3]),
    ] {
        let page = page(&mut socket, sync(room, from, None)).await;
        assert_eq!((seqs(&page), page.has_more, page.head), (expected, false, seq(3)), "{from:?}");
    }
}

#[tokio::test]
async fn a_page_beyond_the_limit_or_of_a_room_one_is_not_in_is_refused() {
    let server = server().await;
    let (_ada, room, mut socket) = room_of(&server, 1).await;
    socket.send(&sync(room, SyncFrom::After(Seq::ZERO), Some(101))).await;
    let error = socket.error().await;
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some("limit")));
    assert_eq!(error.room_id, Some(room));
    let ben = server.guest("Ben").await;
    let elsewhere = ben.make_room("Coffee").await.room.id;
    for room_id in [elsewhere, RoomId::mint(1, [1; 10])] {
        socket.send(&sync(room_id, SyncFrom::After(Seq::ZERO), None)).await;
        let error = socket.error().await;
        assert_eq!((error.code, error.room_id), (ErrorCode::NotMember, Some(room_id)));
    }
}

#[tokio::test]
async fn a_page_of_the_longest_messages_is_cut_before_it_grows_too_large() {
    let server = server().await;
    let (_ada, room, mut socket) = room_of(&server, 0).await;
    for number in 1..=40 {
        let (txn_id, content) = (TxnId::mint(number, [2; 10]), "\u{1F600}".repeat(4_000));
        let post = PostMessage { txn_id, room_id: room, content, reply_to: None };
        socket.send(&ClientFrame::Message(post)).await;
        socket.ack().await;
    }
    let first = page(&mut socket, sync(room, SyncFrom::After(Seq::ZERO), None)).await;
    assert_eq!((seqs(&first), first.has_more), ((1..=18).collect(), true), "a join and 17 of 16 KB");
    let last = page(&mut socket, sync(room, SyncFrom::Before(Seq::MAX), None)).await;
    assert_eq!((seqs(&last), last.has_more), ((25..=41).collect(), true));
    let rest = page(&mut socket, sync(room, SyncFrom::Before(seq(5)), None)).await;
    assert_eq!((seqs(&rest), rest.has_more), ((1..=4).collect(), false));
}
