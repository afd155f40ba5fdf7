//! Frames and bodies for the tests, short to write.

use shared::{
    ClientFrame, Epoch, ErrorFrame, Event, EventBody, Limits, MsgNo, RoomId, Seq, ServerFrame, SessionId,
    Timestamp, TxnId, UserId,
    api::{
        ConnectionToken, Member, Members, MyRooms, Presence, Problem, Role, Room, RoomState, SignedIn,
        Visibility,
    },
    error::ErrorCode,
    event::Profile,
    frame::{Ack, Connected, Events, PostMessage, Sync, SyncFrom},
};
use uuid::Uuid;

pub(crate) fn user(id: u128, name: &str) -> Profile {
    Profile { id: UserId::from_uuid(Uuid::from_u128(id)), name: name.into(), avatar: None }
}

/// Whose client it is.
pub(crate) fn ada() -> Profile {
    user(1, "Ada")
}

/// Somebody else.
pub(crate) fn bob() -> Profile {
    user(2, "Bob")
}

pub(crate) fn room(id: u128) -> RoomId {
    RoomId::from_uuid(Uuid::from_u128(0x1000 + id))
}

pub(crate) fn txn(id: u128) -> TxnId {
    TxnId::from_uuid(Uuid::from_u128(0x100_0000 + id))
}

pub(crate) fn seq(seq: u64) -> Seq {
    Seq::new(seq).unwrap()
}

pub(crate) fn msg_no(msg_no: u64) -> MsgNo {
    MsgNo::new(msg_no).unwrap()
}

/// A room whose events are all messages.
pub(crate) fn state(id: u128, head: u64, read: u64) -> RoomState {
    let code = format!("CODE{id}");
    RoomState {
        room: Room {
            id: room(id),
            name: format!("Room {id}"),
            visibility: Visibility::Private,
            code,
            members: 2,
        },
        head: seq(head),
        msg_no: msg_no(head),
        read_seq: seq(read),
        unread: head - read,
    }
}

pub(crate) fn connected(rooms: &[RoomState]) -> ServerFrame {
    connected_in(1, rooms)
}

/// The greeting of another incarnation of the log.
pub(crate) fn connected_in(epoch: u128, rooms: &[RoomState]) -> ServerFrame {
    ServerFrame::Connected(Box::new(Connected {
        epoch: Epoch::from_uuid(Uuid::from_u128(epoch)),
        user: ada(),
        session_id: SessionId::from_uuid(Uuid::from_u128(9)),
        server_time: super::BEGIN,
        token_expires_at: super::BEGIN.plus_ms(900_000),
        heartbeat_ms: 25_000,
        limits: Limits::default(),
        rooms: rooms.to_vec(),
        online_users: vec![ada().id, bob().id],
    }))
}

pub(crate) fn signed_in(user: &Profile) -> String {
    access_token(user, "access", 900)
}

pub(crate) fn access_token(user: &Profile, token: &str, expires_in: u64) -> String {
    let body = SignedIn { user: user.clone(), access_token: token.into(), expires_in };
    shared::json::to_string(&body)
}

pub(crate) fn connection_token() -> String {
    shared::json::to_string(&ConnectionToken { token: "once".into(), expires_in: 60 })
}

pub(crate) fn problem(status: u16, code: ErrorCode, retry_after_ms: Option<u64>) -> String {
    shared::json::to_string(&Problem {
        kind: "about:blank".into(),
        title: "Problem".into(),
        status,
        detail: "no".into(),
        code,
        field: None,
        retry_after_ms,
    })
}

pub(crate) fn my_rooms(rooms: &[RoomState]) -> String {
    shared::json::to_string(&MyRooms { rooms: rooms.to_vec() })
}

pub(crate) fn member(user: Profile, presence: Presence) -> Member {
    Member { user, role: Role::Member, presence, last_seen: None, read_seq: Seq::ZERO }
}

pub(crate) fn members(members: &[Member]) -> String {
    shared::json::to_string(&Members { members: members.to_vec() })
}

/// A message of Bob's at that place of a room whose events are all messages.
pub(crate) fn said(room_id: RoomId, at: u64) -> Event {
    event(room_id, at, bob(), txn(u128::from(at)), message(&format!("m{at}")))
}

pub(crate) fn event(room_id: RoomId, at: u64, author: Profile, txn_id: TxnId, body: EventBody) -> Event {
    let timestamp = Timestamp::from_unix_ms(super::BEGIN.unix_ms() + at);
    Event { room_id, seq: seq(at), msg_no: msg_no(at), timestamp, txn_id, author, body }
}

pub(crate) fn message(content: &str) -> EventBody {
    EventBody::Message(shared::Message::new(content))
}

pub(crate) fn live(event: &Event) -> ServerFrame {
    ServerFrame::Event(Box::new(event.clone()))
}

/// A page of Bob's messages.
pub(crate) fn page(
    room_id: RoomId,
    seqs: std::ops::RangeInclusive<u64>,
    head: u64,
    has_more: bool,
) -> ServerFrame {
    let events = seqs.map(|at| said(room_id, at)).collect();
    ServerFrame::Events(Events { room_id, events, head: seq(head), has_more })
}

/// An answer that holds nothing.
pub(crate) fn no_page(room_id: RoomId, head: u64) -> ServerFrame {
    ServerFrame::Events(Events { room_id, events: Vec::new(), head: seq(head), has_more: false })
}

pub(crate) fn ack(post: &PostMessage, at: u64) -> ServerFrame {
    ServerFrame::Ack(Ack {
        txn_id: post.txn_id,
        room_id: post.room_id,
        seq: seq(at),
        msg_no: msg_no(at),
        timestamp: super::BEGIN,
        duplicate: false,
    })
}

/// The event that a message becomes.
pub(crate) fn stored(post: &PostMessage, at: u64) -> Event {
    event(post.room_id, at, ada(), post.txn_id, message(&post.content))
}

pub(crate) fn error(code: ErrorCode) -> ErrorFrame {
    ErrorFrame::new(code, "no")
}

pub(crate) fn after(room_id: RoomId, at: u64) -> ClientFrame {
    ClientFrame::Sync(Sync { room_id, from: SyncFrom::After(seq(at)), limit: None })
}

pub(crate) fn before(room_id: RoomId, at: u64) -> ClientFrame {
    ClientFrame::Sync(Sync { room_id, from: SyncFrom::Before(seq(at)), limit: None })
}

/// The messages among these frames.
pub(crate) fn posts(frames: Vec<ClientFrame>) -> Vec<PostMessage> {
    let post = |frame| match frame {
        ClientFrame::Message(post) => Some(post),
        _ => None,
    };
    frames.into_iter().filter_map(post).collect()
}

pub(crate) fn text(body: &EventBody) -> String {
    body.content().unwrap_or(body.kind()).to_owned()
}

/// What [`said`] says at these places.
pub(crate) fn numbers(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|at| format!("m{at}")).collect()
}
