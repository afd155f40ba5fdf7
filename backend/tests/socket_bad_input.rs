//! Bad input: a clear error and a socket that lives, or a close code that says why; nothing is stored and
//! nobody else is disturbed.

mod common;

use common::{Person, Socket, TestServer};
use shared::{ClientFrame, CloseCode, ErrorCode, RoomId, ServerFrame, TxnId, frame::PostMessage};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

fn post(room_id: RoomId, content: &str) -> ClientFrame {
    let txn_id = TxnId::mint(1, [1; 10]);
    ClientFrame::Message(PostMessage { txn_id, room_id, content: content.into(), reply_to: None })
}

/// Ada and Ben in a room, both connected.
async fn two(server: &TestServer) -> (Person<'_>, RoomId, Socket, Socket) {
    let (ada, ben) = (server.guest("Ada").await, server.guest("Ben").await);
    let room = ada.make_room("Tea").await;
    ben.join(&room.room.code).await;
    let (mut a, mut b) = (ada.socket().await, ben.socket().await);
    a.connected().await;
    b.connected().await;
    (ada, room.room.id, a, b)
}

/// What Ben hears next is this message, so nothing was stored before it and nothing was passed on.
async fn only_this_is_heard(b: &mut Socket, seq: u64) {
    let event = loop {
        match b.next().await {
            ServerFrame::Event(event) => break event,
            ServerFrame::Presence(_) => {}
            other => panic!("Ben was disturbed: {other:?}"),
        }
    };
    assert_eq!(event.seq.get(), seq);
}

#[tokio::test]
async fn frames_that_make_no_sense_are_answered_and_the_socket_lives() {
    let server = TestServer::start().await;
    let (ada, room, mut a, mut b) = two(&server).await;
    let message = |more: &str| {
        let txn_id = "00000000-0000-7000-8000-000000000001";
        format!(r#"{{"type":"message","txn_id":"{txn_id}","room_id":"{room}",{more}}}"#)
    };
    let too_long = message(&format!(r#""content":"{}""#, "x".repeat(4_001)));
    let direct = message(&format!(r#""content":"x","recipient_id":"{}""#, ada.id()));
    let attached = message(r#""content":"x","attachments":["one"]"#);
    for (text, code, field) in [
        ("", ErrorCode::Parse, None),
        ("hello", ErrorCode::Parse, None),
        ("[1,2]", ErrorCode::Parse, None),
        (r#"{"type":"message""#, ErrorCode::Parse, None),
        (r#"{"no":"type"}"#, ErrorCode::Invalid, Some("type")),
        (r#"{"type":7}"#, ErrorCode::Invalid, Some("type")),
        (r#"{"type":"dance"}"#, ErrorCode::UnknownType, Some("type")),
        (r#"{"type":"edit"}"#, ErrorCode::Unsupported, Some("type")),
        (r#"{"type":"delete"}"#, ErrorCode::Unsupported, Some("type")),
        (r#"{"type":"reaction"}"#, ErrorCode::Unsupported, Some("type")),
        (direct.as_str(), ErrorCode::Unsupported, Some("recipient_id")),
        (attached.as_str(), ErrorCode::Unsupported, Some("attachments")),
        (r#"{"type":"message","content":"x"}"#, ErrorCode::Invalid, Some("txn_id")),
        (r#"{"type":"typing","room_id":"ROOM","active":"yes"}"#, ErrorCode::Invalid, Some("active")),
        (r#"{"type":"presence","status":"bored"}"#, ErrorCode::Invalid, Some("status")),
        (r#"{"type":"sync","room_id":"ROOM"}"#, ErrorCode::Invalid, Some("after")),
        (r#"{"type":"sync","room_id":"ROOM","after":-1}"#, ErrorCode::Invalid, Some("after")),
        (r#"{"type":"read","room_id":"ROOM","seq":99}"#, ErrorCode::Invalid, Some("seq")),
        (too_long.as_str(), ErrorCode::TooLong, Some("content")),
    ] {
        a.send_text(&text.replace("ROOM", &room.to_string())).await;
        let error = a.error().await;
        assert_eq!((error.code, error.field.as_deref()), (code, field), "{text}");
        assert!(!error.retryable && !error.message.is_empty());
    }
    for (content, code) in [
        ("", ErrorCode::Empty),
        (" \n\t", ErrorCode::Empty),
        ("\u{200b}\u{2800} \u{3164}", ErrorCode::Empty),
        ("a\0", ErrorCode::Invalid),
    ] {
        a.send(&post(room, content)).await;
        let error = a.error().await;
        assert_eq!((error.code, error.txn_id), (code, Some(TxnId::mint(1, [1; 10]))), "{content:?}");
    }
    a.send(&post(room, "at last")).await;
    a.ack().await;
    only_this_is_heard(&mut b, 3).await;
}

#[tokio::test]
async fn what_is_no_position_is_invalid_and_the_field_is_named() {
    let server = TestServer::start().await;
    let (_ada, room, mut a, mut b) = two(&server).await;
    let most = (1_u64 << 53) - 1;
    let no_positions =
        ["-1", "9223372036854775808", "18446744073709551616", "1.5", "1e300", "\"3\"", "true", "[3]", "{}"];
    for position in no_positions.into_iter().chain([(most + 1).to_string().as_str()]) {
        for (frame, field) in [
            (r#"{"type":"sync","room_id":"ROOM","after":AT}"#, "after"),
            (r#"{"type":"sync","room_id":"ROOM","before":AT}"#, "before"),
            (r#"{"type":"read","room_id":"ROOM","seq":AT}"#, "seq"),
        ] {
            a.send_text(&frame.replace("ROOM", &room.to_string()).replace("AT", position)).await;
            let error = a.error().await;
            assert_eq!((error.code, error.field.as_deref()), (ErrorCode::Invalid, Some(field)), "{position}");
        }
    }
    a.send(&post(room, "at last")).await;
    a.ack().await;
    only_this_is_heard(&mut b, 3).await;
}

#[tokio::test]
async fn what_breaks_the_framing_closes_the_socket_and_says_why() {
    let server = TestServer::start().await;
    let (ada, room, mut other, mut b) = two(&server).await;
    let broken_text = Frame::message(vec![b'"', 0xff, 0xfe], OpCode::Data(Data::Text), true);
    for (message, code) in [
        (Message::binary(vec![1, 2, 3]), CloseCode::Unsupported),
        (Message::text("x".repeat(65_537)), CloseCode::TooBig),
        (Message::Frame(broken_text), CloseCode::InvalidText),
        (Message::Frame(Frame::message(vec![1], OpCode::Data(Data::Continue), true)), CloseCode::Protocol),
        (Message::Frame(Frame::message(vec![1], OpCode::Data(Data::Reserved(3)), true)), CloseCode::Protocol),
    ] {
        let mut socket = ada.socket().await;
        socket.connected().await;
        socket.send_raw(message).await;
        let (was, reason) = socket.closed().await;
        assert_eq!(was, code, "{reason}");
        assert!(!reason.is_empty());
    }
    other.send(&post(room, "still here")).await;
    other.ack().await;
    only_this_is_heard(&mut b, 3).await;
}

#[tokio::test]
async fn a_frame_in_many_pieces_is_one_frame_and_its_size_counts_as_one() {
    let server = TestServer::start().await;
    let (_, room, mut a, _b) = two(&server).await;
    let text = post(room, "in pieces").encode();
    let (first, last) = text.split_at(20);
    a.send_raw(Message::Frame(Frame::message(first.to_owned(), OpCode::Data(Data::Text), false))).await;
    a.send_raw(Message::Frame(Frame::message(last.to_owned(), OpCode::Data(Data::Continue), true))).await;
    a.ack().await;
    let half = "x".repeat(40_000);
    a.send_raw(Message::Frame(Frame::message(half.clone(), OpCode::Data(Data::Text), false))).await;
    a.send_raw(Message::Frame(Frame::message(half, OpCode::Data(Data::Continue), true))).await;
    assert_eq!(a.closed().await.0, CloseCode::TooBig);
}

#[tokio::test]
async fn the_longest_frame_that_is_allowed_is_read() {
    let server = TestServer::start().await;
    let (_, _, mut a, _b) = two(&server).await;
    let long = format!(r#"{{"type":"ping","pad":"{}"}}"#, "x".repeat(65_536 - 24));
    assert_eq!(long.len(), 65_536);
    a.send_text(&long).await;
    a.expect_frame(|frame| matches!(frame, ServerFrame::Pong(_)).then_some(())).await;
}

/// Writes past the library that makes frames.
async fn write_bytes(socket: &Socket, bytes: &[u8]) {
    socket.tcp().writable().await.unwrap();
    assert_eq!(socket.tcp().try_write(bytes).unwrap(), bytes.len());
}

#[tokio::test]
async fn bytes_that_are_no_frame_close_the_socket() {
    let server = TestServer::start().await;
    let ada = server.guest("Ada").await;
    let mut socket = ada.socket().await;
    socket.connected().await;
    // An unmasked text frame, as only a server may send it.
    write_bytes(&socket, &[0x81, 2, b'{', b'}']).await;
    assert_eq!(socket.closed().await.0, CloseCode::Protocol);
}

#[tokio::test]
async fn half_a_frame_and_then_nothing_disturbs_nobody() {
    let server = TestServer::start().await;
    let (ada, room, mut a, mut b) = two(&server).await;
    let mut broken = ada.socket().await;
    broken.connected().await;
    write_bytes(&broken, &[0x81, 0xfe, 0x01]).await;
    drop(broken);
    a.send(&post(room, "hello")).await;
    a.ack().await;
    only_this_is_heard(&mut b, 3).await;
}
