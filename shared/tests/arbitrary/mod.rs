//! Any frame at all, for property tests.

#![allow(dead_code, reason = "every test file uses its own part")]

use proptest::{collection::vec, option, prelude::*, string::string_regex};
use shared::{
    ClientFrame, Epoch, ErrorCode, ErrorFrame, Event, EventBody, Limits, MsgNo, RoomId, Seq, ServerFrame,
    SessionId, Timestamp, TxnId, UserId,
    api::{Member, Presence, Role, Room, RoomState, Visibility},
    event::Profile,
    frame::{
        Ack, Activity, Auth, AuthExpiring, Authenticated, Behind, Connected, Events, Pong, PostMessage,
        PresenceSignal, Read, ReadSignal, ServerShutdown, SetPresence, Sync, SyncFrom, Typing, TypingSignal,
    },
    ids::COUNTER_END,
};
use uuid::Uuid;

/// Every `type` that is not a durable event of a newer server.
const KNOWN: [&str; 15] = [
    "message",
    "join",
    "leave",
    "connected",
    "ack",
    "events",
    "behind",
    "typing",
    "read",
    "presence",
    "error",
    "auth_expiring",
    "authenticated",
    "server_shutdown",
    "pong",
];

prop_compose! {
    fn uuid()(bits: u128) -> Uuid {
        Uuid::from_u128(bits)
    }
}

pub(crate) fn txn_id() -> impl Strategy<Value = TxnId> {
    uuid().prop_map(TxnId::from_uuid)
}

pub(crate) fn room_id() -> impl Strategy<Value = RoomId> {
    uuid().prop_map(RoomId::from_uuid)
}

fn user_id() -> impl Strategy<Value = UserId> {
    uuid().prop_map(UserId::from_uuid)
}

fn seq() -> impl Strategy<Value = Seq> {
    (0..COUNTER_END).prop_map(|seq| Seq::new(seq).unwrap())
}

fn msg_no() -> impl Strategy<Value = MsgNo> {
    (0..COUNTER_END).prop_map(|msg_no| MsgNo::new(msg_no).unwrap())
}

/// Any text, control characters, quotes and all scripts included.
fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..40).prop_map(String::from_iter)
}

prop_compose! {
    fn timestamp()(ms in 0..253_402_300_800_000_u64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }
}

prop_compose! {
    fn profile()(id in user_id(), name in text(), avatar in option::of(text())) -> Profile {
        Profile { id, name, avatar }
    }
}

fn presence() -> impl Strategy<Value = Presence> {
    prop_oneof![Just(Presence::Online), Just(Presence::Away), Just(Presence::Offline)]
}

fn code() -> impl Strategy<Value = ErrorCode> {
    use ErrorCode as Code;
    proptest::sample::select(vec![
        Code::Parse,
        Code::UnknownType,
        Code::Invalid,
        Code::Unauthenticated,
        Code::Forbidden,
        Code::NotFound,
        Code::NotMember,
        Code::TooLong,
        Code::Empty,
        Code::RateLimited,
        Code::Conflict,
        Code::Unsupported,
        Code::Unavailable,
        Code::Internal,
        Code::Unknown,
    ])
}

fn limits() -> impl Strategy<Value = Limits> {
    let names: Vec<_> = Limits::default().list().map(|(name, ..)| name).collect();
    vec(1..u64::MAX, names.len()).prop_map(move |values| {
        let mut limits = Limits::default();
        for (name, value) in names.iter().zip(values) {
            limits.set(name, value).unwrap();
        }
        limits
    })
}

prop_compose! {
    pub(crate) fn room_state()(
        id in room_id(), name in text(), public: bool, code in text(), members: u64,
        head in seq(), msg_no in msg_no(), read_seq in seq(), unread: u64,
    ) -> RoomState {
        let visibility = if public { Visibility::Public } else { Visibility::Private };
        RoomState { room: Room { id, name, visibility, code, members }, head, msg_no, read_seq, unread }
    }
}

prop_compose! {
    pub(crate) fn member()(
        user in profile(), owner: bool, presence in presence(), last_seen in option::of(timestamp()), read_seq in seq(),
    ) -> Member {
        let role = if owner { Role::Owner } else { Role::Member };
        Member { user, role, presence, last_seen, read_seq }
    }
}

fn body() -> impl Strategy<Value = EventBody> {
    let kind = string_regex("[a-z_]{1,12}").unwrap();
    let newer = kind.prop_filter("known", |kind| !KNOWN.contains(&kind.as_str()));
    prop_oneof![
        (text(), option::of(seq()))
            .prop_map(|(content, reply_to)| EventBody::Message(shared::Message { content, reply_to })),
        Just(EventBody::Join),
        Just(EventBody::Leave),
        (newer, option::of(seq())).prop_map(|(kind, target)| EventBody::Other { kind, target }),
    ]
}

prop_compose! {
    pub(crate) fn event()(
        room_id in room_id(), seq in seq(), msg_no in msg_no(), timestamp in timestamp(),
        txn_id in txn_id(), author in profile(), body in body(),
    ) -> Event {
        Event { room_id, seq, msg_no, timestamp, txn_id, author, body }
    }
}

prop_compose! {
    pub(crate) fn post()(
        txn_id in txn_id(), room_id in room_id(), content in text(), reply_to in option::of(seq()),
    ) -> PostMessage {
        PostMessage { txn_id, room_id, content, reply_to }
    }
}

fn sync() -> impl Strategy<Value = Sync> {
    let from = prop_oneof![seq().prop_map(SyncFrom::After), seq().prop_map(SyncFrom::Before)];
    (room_id(), from, option::of(1..u64::MAX)).prop_map(|(room_id, from, limit)| Sync {
        room_id,
        from,
        limit,
    })
}

/// Anything that a client can say.
pub(crate) fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let status = prop_oneof![Just(Activity::Online), Just(Activity::Away)];
    prop_oneof![
        text().prop_map(|token| ClientFrame::Auth(Auth { token: token.into() })),
        post().prop_map(ClientFrame::Message),
        (room_id(), any::<bool>())
            .prop_map(|(room_id, active)| ClientFrame::Typing(Typing { room_id, active })),
        (room_id(), seq()).prop_map(|(room_id, seq)| ClientFrame::Read(Read { room_id, seq })),
        sync().prop_map(ClientFrame::Sync),
        status.prop_map(|status| ClientFrame::Presence(SetPresence { status })),
        Just(ClientFrame::Ping),
    ]
}

prop_compose! {
    fn connected()(
        (epoch, session) in (uuid(), uuid()), user in profile(), server_time in timestamp(),
        token_expires_at in timestamp(), heartbeat_ms: u64, limits in limits(),
        rooms in vec(room_state(), 0..4), online_users in vec(user_id(), 0..4),
    ) -> Connected {
        let (epoch, session_id) = (Epoch::from_uuid(epoch), SessionId::from_uuid(session));
        Connected {
            epoch, user, session_id, server_time, token_expires_at, heartbeat_ms, limits, rooms, online_users,
        }
    }
}

prop_compose! {
    fn ack()(
        txn_id in txn_id(), room_id in room_id(), seq in seq(), msg_no in msg_no(), timestamp in timestamp(),
        duplicate: bool,
    ) -> Ack {
        Ack { txn_id, room_id, seq, msg_no, timestamp, duplicate }
    }
}

prop_compose! {
    fn error()(
        code in code(), message in text(), txn_id in option::of(txn_id()), room_id in option::of(room_id()),
        field in option::of(text()), retry_after_ms: Option<u64>, retryable: bool,
    ) -> ErrorFrame {
        ErrorFrame { code, message, txn_id, room_id, field, retry_after_ms, retryable }
    }
}

prop_compose! {
    fn page()(
        room_id in room_id(), events in vec(event(), 0..4), head in seq(), has_more: bool,
    ) -> Events {
        Events { room_id, events, head, has_more }
    }
}

/// Anything that a server can say.
pub(crate) fn server_frame() -> impl Strategy<Value = ServerFrame> {
    prop_oneof![
        connected().prop_map(|connected| ServerFrame::Connected(Box::new(connected))),
        ack().prop_map(ServerFrame::Ack),
        page().prop_map(ServerFrame::Events),
        (room_id(), seq()).prop_map(|(room_id, head)| ServerFrame::Behind(Behind { room_id, head })),
        (room_id(), user_id(), any::<bool>()).prop_map(|(room_id, user_id, active)| {
            ServerFrame::Typing(TypingSignal { room_id, user_id, active })
        }),
        (room_id(), user_id(), seq()).prop_map(|(room_id, user_id, seq)| ServerFrame::Read(ReadSignal {
            room_id,
            user_id,
            seq
        })),
        (user_id(), presence(), option::of(timestamp())).prop_map(|(user_id, status, last_seen)| {
            ServerFrame::Presence(PresenceSignal { user_id, status, last_seen })
        }),
        error().prop_map(ServerFrame::Error),
        any::<u64>().prop_map(|expires_in_ms| ServerFrame::AuthExpiring(AuthExpiring { expires_in_ms })),
        timestamp()
            .prop_map(|token_expires_at| ServerFrame::Authenticated(Authenticated { token_expires_at })),
        any::<u64>().prop_map(|reconnect_after_ms| ServerFrame::ServerShutdown(ServerShutdown {
            reconnect_after_ms
        })),
        timestamp().prop_map(|server_time| ServerFrame::Pong(Pong { server_time })),
        event().prop_map(|event| ServerFrame::Event(Box::new(event))),
    ]
}
