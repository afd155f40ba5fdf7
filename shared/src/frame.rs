//! Every frame that travels over the socket, as one type each way.

use serde::{Deserialize, Serialize};

use crate::{
    api::{Presence, RoomState},
    error::ErrorFrame,
    event::{Event, Profile},
    ids::{Epoch, MsgNo, RoomId, Seq, SessionId, TxnId, UserId},
    limits::Limits,
    time::Timestamp,
};

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Says who it is, first or again.
    Auth(Auth),
    /// Asks to have a message stored.
    Message(PostMessage),
    /// Is typing, or has stopped.
    Typing(Typing),
    /// Has read a room up to an event.
    Read(Read),
    /// Asks for a page of events.
    Sync(Sync),
    /// Is at the keyboard, or away from it.
    Presence(SetPresence),
    /// Wants to hear something.
    Ping,
}

/// `auth`: the access token as the first frame, or a newer one on an open socket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auth {
    /// An access token.
    pub token: String,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth { token: … }")
    }
}

/// `message`: asks to have a message stored in a room. Asking again with the same `txn_id` is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMessage {
    /// The identity of the request, the same on every try.
    pub txn_id: TxnId,
    /// Where to.
    pub room_id: RoomId,
    /// The text, as typed.
    pub content: String,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
}

/// `typing` from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typing {
    /// Where.
    pub room_id: RoomId,
    /// Whether it goes on.
    pub active: bool,
}

/// `read` from a client: everything up to `seq` was on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Where.
    pub room_id: RoomId,
    /// Up to which event.
    pub seq: Seq,
}

/// `sync`: asks for a page of a room's events, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sync {
    /// Which room.
    pub room_id: RoomId,
    /// From where.
    pub from: SyncFrom,
    /// At most so many events; the server's `page_events` where nothing is said.
    pub limit: Option<u64>,
}

/// The place in the log that a page begins or ends at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncFrom {
    /// The oldest events after this one.
    After(Seq),
    /// The newest events before this one.
    Before(Seq),
}

/// `sync` as it lies on the wire.
#[derive(Serialize, Deserialize)]
pub(crate) struct FlatSync {
    pub(crate) room_id: RoomId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
}

impl Serialize for Sync {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (after, before) = match self.from {
            SyncFrom::After(seq) => (Some(seq), None),
            SyncFrom::Before(seq) => (None, Some(seq)),
        };
        FlatSync { room_id: self.room_id, after, before, limit: self.limit }.serialize(serializer)
    }
}

/// `presence` from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPresence {
    /// `online` or `away`.
    pub status: Activity,
}

/// What a person can say of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// At the keyboard.
    Online,
    /// Not at the keyboard.
    Away,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The client is known; everything that it needs to begin.
    Connected(Box<Connected>),
    /// A request is stored.
    Ack(Ack),
    /// A page of events.
    Events(Events),
    /// The reader was too slow: this room's events stop here until it asks `sync`.
    Behind(Behind),
    /// Somebody types, or has stopped.
    Typing(TypingSignal),
    /// Somebody has read up to an event.
    Read(ReadSignal),
    /// Somebody came or went.
    Presence(PresenceSignal),
    /// A request could not be served.
    Error(ErrorFrame),
    /// The token ends soon.
    AuthExpiring {
        /// Milliseconds until then.
        expires_in_ms: u64,
    },
    /// The newer token is in force.
    Authenticated {
        /// When it ends.
        token_expires_at: Timestamp,
    },
    /// The server goes away for a moment.
    ServerShutdown {
        /// When this client may come back, in milliseconds from now; drawn for each client.
        reconnect_after_ms: u64,
    },
    /// Here it is.
    Pong {
        /// The server's clock.
        server_time: Timestamp,
    },
    /// Something happened in a room.
    #[serde(untagged)]
    Event(Box<Event>),
}

/// `connected`: the first frame of every socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The incarnation of the log. When it differs from the one known, positions mean nothing.
    pub epoch: Epoch,
    /// Who the client is.
    pub user: Profile,
    /// The sign-in that this socket belongs to.
    pub session_id: SessionId,
    /// The server's clock.
    pub server_time: Timestamp,
    /// When the token ends.
    pub token_expires_at: Timestamp,
    /// Milliseconds of silence after which the client pings.
    pub heartbeat_ms: u64,
    /// The limits in force.
    pub limits: Limits,
    /// Every room of this person. Live events begin after each `head`.
    pub rooms: Vec<RoomState>,
    /// Who of those in these rooms is online.
    pub online_users: Vec<UserId>,
}

/// `ack`: the request is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The request.
    pub txn_id: TxnId,
    /// Where it is stored.
    pub room_id: RoomId,
    /// As which event.
    pub seq: Seq,
    /// As which message.
    pub msg_no: MsgNo,
    /// Since when.
    pub timestamp: Timestamp,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

/// `events`: the answer to `sync`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Which room.
    pub room_id: RoomId,
    /// In ascending order, without holes.
    pub events: Vec<Event>,
    /// The newest event of the room.
    pub head: Seq,
    /// Whether there is more in the direction that was asked for.
    pub has_more: bool,
}

/// `behind`: ask `sync` from your own last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behind {
    /// Which room.
    pub room_id: RoomId,
    /// Its newest event.
    pub head: Seq,
}

/// `typing` to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingSignal {
    /// Where.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// Whether it goes on; drop it after 8 s in any case.
    pub active: bool,
}

/// `read` to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSignal {
    /// Where.
    pub room_id: RoomId,
    /// Who.
    pub user_id: UserId,
    /// Up to which event; never moves back.
    pub seq: Seq,
}

/// `presence` to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceSignal {
    /// Who.
    pub user_id: UserId,
    /// Where they are now, over all their connections.
    pub status: Presence,
    /// When the last connection went, for somebody offline.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
}
