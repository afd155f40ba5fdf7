//! Every frame as it lies on the wire. A change of a snapshot is a change of the protocol.

use shared::{
    ClientFrame, Epoch, ErrorCode, ErrorFrame, Event, EventBody, Limits, Message, MsgNo, RoomId, Seq,
    ServerFrame, SessionId, Timestamp, TxnId, UserId,
    api::{Presence, Room, RoomState, Visibility},
    event::Profile,
    frame::{
        Ack, Activity, Auth, AuthExpiring, Authenticated, Behind, Connected, Events, Pong, PostMessage,
        PresenceSignal, Read, ReadSignal, ServerShutdown, SetPresence, Sync, SyncFrom, Typing, TypingSignal,
    },
};

const AT: Timestamp = Timestamp::from_unix_ms(1_800_000_000_007);

fn id(last: u8) -> String {
    format!("0192f0c1-2b3c-7d4e-8f50-1122334455{last:02x}")
}

fn room_id() -> RoomId {
    id(1).parse().unwrap()
}

fn txn_id() -> TxnId {
    id(2).parse().unwrap()
}

fn user_id() -> UserId {
    id(3).parse().unwrap()
}

fn seq(seq: u64) -> Seq {
    Seq::new(seq).unwrap()
}

fn msg_no(msg_no: u64) -> MsgNo {
    MsgNo::new(msg_no).unwrap()
}

fn ada() -> Profile {
    Profile { id: user_id(), name: "Ada".into(), avatar: None }
}

fn event(body: EventBody) -> Event {
    Event {
        room_id: room_id(),
        seq: seq(41),
        msg_no: msg_no(32),
        timestamp: AT,
        txn_id: txn_id(),
        author: ada(),
        body,
    }
}

fn hello() -> Event {
    event(EventBody::Message(Message::new("Hello \"you\"\n👋")))
}

fn client_frames() -> Vec<ClientFrame> {
    let post = |reply_to| {
        ClientFrame::Message(PostMessage {
            txn_id: txn_id(),
            room_id: room_id(),
            content: "Hello".into(),
            reply_to,
        })
    };
    let sync = |from, limit| ClientFrame::Sync(Sync { room_id: room_id(), from, limit });
    vec![
        ClientFrame::Auth(Auth { token: "a.b.c".into() }),
        post(None),
        post(Some(seq(12))),
        ClientFrame::Typing(Typing { room_id: room_id(), active: true }),
        ClientFrame::Read(Read { room_id: room_id(), seq: seq(12) }),
        sync(SyncFrom::After(seq(12)), Some(100)),
        sync(SyncFrom::Before(seq(12)), None),
        ClientFrame::Presence(SetPresence { status: Activity::Away }),
        ClientFrame::Presence(SetPresence { status: Activity::Online }),
        ClientFrame::Ping,
    ]
}

/// Fails to compile when there is a frame that nobody has put above.
fn client_name(frame: &ClientFrame) -> &'static str {
    match frame {
        ClientFrame::Auth(_) => "auth",
        ClientFrame::Message(_) => "message",
        ClientFrame::Typing(_) => "typing",
        ClientFrame::Read(_) => "read",
        ClientFrame::Sync(_) => "sync",
        ClientFrame::Presence(_) => "presence",
        ClientFrame::Ping => "ping",
    }
}

fn connected() -> ServerFrame {
    let room = Room {
        id: room_id(),
        name: "Tea".into(),
        visibility: Visibility::Private,
        code: "K7QM-3XWD-PA".into(),
        members: 2,
    };
    ServerFrame::Connected(Box::new(Connected {
        epoch: id(4).parse::<Epoch>().unwrap(),
        user: ada(),
        session_id: id(5).parse::<SessionId>().unwrap(),
        server_time: AT,
        token_expires_at: AT.plus_ms(900_000),
        heartbeat_ms: 25_000,
        limits: Limits::default(),
        rooms: vec![RoomState { room, head: seq(40), msg_no: msg_no(31), read_seq: seq(38), unread: 2 }],
        online_users: vec![user_id()],
    }))
}

fn server_frames() -> Vec<ServerFrame> {
    let live = |event| ServerFrame::Event(Box::new(event));
    let limited = ErrorFrame::new(ErrorCode::RateLimited, "too many messages")
        .about_txn(Some(txn_id()))
        .about_room(room_id())
        .retry_after(1_200);
    vec![
        connected(),
        ServerFrame::Ack(Ack {
            txn_id: txn_id(),
            room_id: room_id(),
            seq: seq(41),
            msg_no: msg_no(32),
            timestamp: AT,
            duplicate: false,
        }),
        live(hello()),
        live(event(EventBody::Message(Message { reply_to: Some(seq(12)), ..Message::new("Yes") }))),
        live(event(EventBody::Join)),
        live(event(EventBody::Leave)),
        live(event(EventBody::Other { kind: "poll".into(), target: None })),
        ServerFrame::Events(Events {
            room_id: room_id(),
            events: vec![hello(), event(EventBody::Join)],
            head: seq(44),
            has_more: false,
        }),
        ServerFrame::Behind(Behind { room_id: room_id(), head: seq(900) }),
        ServerFrame::Typing(TypingSignal { room_id: room_id(), user_id: user_id(), active: true }),
        ServerFrame::Read(ReadSignal { room_id: room_id(), user_id: user_id(), seq: seq(41) }),
        ServerFrame::Presence(PresenceSignal {
            user_id: user_id(),
            status: Presence::Online,
            last_seen: None,
        }),
        ServerFrame::Presence(PresenceSignal {
            user_id: user_id(),
            status: Presence::Offline,
            last_seen: Some(AT),
        }),
        ServerFrame::Error(limited),
        ServerFrame::Error(ErrorFrame::new(ErrorCode::Invalid, "expected a string").at_field("content")),
        ServerFrame::AuthExpiring(AuthExpiring { expires_in_ms: 60_000 }),
        ServerFrame::Authenticated(Authenticated { token_expires_at: AT }),
        ServerFrame::ServerShutdown(ServerShutdown { reconnect_after_ms: 1_830 }),
        ServerFrame::Pong(Pong { server_time: AT }),
    ]
}

/// Fails to compile when there is a frame that nobody has put above.
fn server_name(frame: &ServerFrame) -> &str {
    match frame {
        ServerFrame::Connected(_) => "connected",
        ServerFrame::Ack(_) => "ack",
        ServerFrame::Events(_) => "events",
        ServerFrame::Behind(_) => "behind",
        ServerFrame::Typing(_) => "typing",
        ServerFrame::Read(_) => "read",
        ServerFrame::Presence(_) => "presence",
        ServerFrame::Error(_) => "error",
        ServerFrame::AuthExpiring(_) => "auth_expiring",
        ServerFrame::Authenticated(_) => "authenticated",
        ServerFrame::ServerShutdown(_) => "server_shutdown",
        ServerFrame::Pong(_) => "pong",
        ServerFrame::Event(event) => event.body.kind(),
    }
}

/// The `type` of a frame on the wire.
fn kind(text: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    json["type"].as_str().unwrap().to_owned()
}

#[test]
fn every_frame_of_a_client() {
    let lines: Vec<_> = client_frames().iter().map(ClientFrame::encode).collect();
    insta::assert_snapshot!("client", lines.join("\n"));
    for (frame, line) in client_frames().into_iter().zip(lines) {
        assert_eq!(kind(&line), client_name(&frame));
        assert_eq!(ClientFrame::decode(&line), Ok(frame));
    }
}

#[test]
fn every_frame_of_a_server() {
    let lines: Vec<_> = server_frames().iter().map(ServerFrame::encode).collect();
    insta::assert_snapshot!("server", lines.join("\n"));
    for (frame, line) in server_frames().into_iter().zip(lines) {
        assert_eq!(kind(&line), server_name(&frame));
        assert_eq!(ServerFrame::decode(&line), Ok(frame));
    }
}

#[test]
fn tokens_are_never_written_for_a_log() {
    let frame = ClientFrame::Auth(Auth { token: "a.b.c".into() });
    assert!(!format!("{frame:?}").contains("a.b.c"));
}
