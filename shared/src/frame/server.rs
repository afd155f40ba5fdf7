//! What the server says: its frames, and the events, which travel as frames of their own.

use crate::{
    api::{Presence, RoomState},
    codec::DecodeError,
    error::ErrorCode,
    event::{Event, EventBody, Profile},
    ids::{Epoch, MsgNo, RoomId, Seq, SessionId, TxnId, UserId},
    json::{self, ReadError, Reader},
    limits::Limits,
    time::Timestamp,
};

fields! {
    #[doc = "Whether it goes on; drop it after 8 s in any case."] active: bool,
    #[doc = "What went wrong, for programs."] code: ErrorCode,
    #[doc = "The text, as typed."] content: String,
    #[doc = "Whether it had been stored before."] duplicate: bool,
    #[doc = "The incarnation of the log. When it differs from the one known, positions mean nothing."] epoch: Epoch,
    #[doc = "In ascending order, without holes."] events: Vec<Event>,
    #[doc = "Milliseconds until it ends."] expires_in_ms: u64,
    #[doc = "The field that is wrong."] field: String,
    #[doc = "Whether there is more in the direction that was asked for."] has_more: bool,
    #[doc = "The newest event of the room."] head: Seq,
    #[doc = "Milliseconds of silence after which the client pings."] heartbeat_ms: u64,
    #[doc = "When the last connection went, for somebody offline."] last_seen: Timestamp,
    #[doc = "The limits in force."] limits: Limits,
    #[doc = "What went wrong, for people, in English."] message: String,
    #[doc = "How many messages the room has, as of the event."] msg_no: MsgNo,
    #[doc = "Who of those in these rooms is online."] online_users: Vec<UserId>,
    #[doc = "When this client may come back, in milliseconds from now; drawn for each client."] reconnect_after_ms: u64,
    #[doc = "The message that it answers."] reply_to: Seq,
    #[doc = "Milliseconds to wait before the next try."] retry_after_ms: u64,
    #[doc = "Whether the same request may succeed later."] retryable: bool,
    #[doc = "Which room."] room_id: RoomId,
    #[doc = "Every room of this person. Live events begin after each `head`."] rooms: Vec<RoomState>,
    #[doc = "Who wrote a message."] sender: Profile,
    #[doc = "Which event."] seq: Seq,
    #[doc = "The server's clock."] server_time: Timestamp,
    #[doc = "The sign-in that this socket belongs to."] session_id: SessionId,
    #[doc = "Where they are now, over all their connections."] status: Presence,
    #[doc = "The event that it is about."] target: Seq,
    #[doc = "When the server stored it."] timestamp: Timestamp,
    #[doc = "When the token ends."] token_expires_at: Timestamp,
    #[doc = "The request that it answers."] txn_id: TxnId,
    #[doc = "A person."] user: Profile,
    #[doc = "Who."] user_id: UserId,
}
pub(crate) use {field_doc, field_type};

frames! {
    /// What the server says.
    enum ServerFrame {
        /// `connected`: the client is known. The first frame of every socket, with everything that a client needs to
        /// begin.
        "connected" Connected(Connected) boxed {
            epoch, user, session_id, server_time, token_expires_at, heartbeat_ms, limits, rooms, online_users
        }
        /// `ack`: the request is on disk.
        "ack" Ack(Ack) copy { txn_id, room_id, seq, msg_no, timestamp, duplicate }
        /// `events`: a page, the answer to `sync`.
        "events" Events(Events) { room_id, events, head, has_more }
        /// `behind`: the reader was too slow; this room's events stop here until it asks `sync` from its own last one.
        "behind" Behind(Behind) copy { room_id, head }
        /// `typing`: somebody types, or has stopped.
        "typing" Typing(TypingSignal) copy { room_id, user_id, active }
        /// `read`: somebody has read up to an event, which never moves back.
        "read" Read(ReadSignal) copy { room_id, user_id, seq }
        /// `presence`: somebody came or went.
        "presence" Presence(PresenceSignal) copy { user_id, status; nullable last_seen }
        /// `error`: a request could not be served. The socket stays open after it.
        "error" Error(ErrorFrame) {
            code, message, retryable; nullable txn_id, room_id, field, retry_after_ms
        }
        /// `auth_expiring`: the token ends soon.
        "auth_expiring" AuthExpiring(AuthExpiring) copy { expires_in_ms }
        /// `authenticated`: the newer token is in force.
        "authenticated" Authenticated(Authenticated) copy { token_expires_at }
        /// `server_shutdown`: the server goes away for a moment.
        "server_shutdown" ServerShutdown(ServerShutdown) copy { reconnect_after_ms }
        /// `pong` answers `ping`.
        "pong" Pong(Pong) copy { server_time }
    }
    checked {}
    bare {}
    else {
        /// Something happened in a room.
        Event(Box<Event>)
    }
}

impl ServerFrame {
    /// Writes the frame as one line of JSON.
    pub fn encode(&self) -> String {
        json::to_string(self)
    }

    /// Reads a frame that a server sent. A durable event of an unknown type is an event with
    /// [`EventBody::Other`], because it takes a place in its room.
    ///
    /// # Errors
    /// `parse`, `unknown_type` or `invalid`. A client passes over a frame of an unknown type.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let mut fields = whole(text, |from| Fields::read_known(from, is_known))?;
        let kind = fields.kind.take().ok_or_else(no_type)?;
        if Self::KINDS.contains(&kind.as_str()) {
            return Self::of_kind(&kind, &mut fields).unwrap_or_else(|| Err(unknown_type()));
        }
        let event = Event::from_fields(&kind, &mut fields).map(|event| Self::Event(Box::new(event)));
        event.map_err(|error| if is_known(&kind) { error.into() } else { unknown_type() })
    }
}

fn is_known(kind: &str) -> bool {
    ServerFrame::KINDS.contains(&kind) || EventBody::KINDS.contains(&kind)
}

/// Reads a text that is one object and nothing else.
pub(crate) fn whole<T>(
    text: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, ReadError>,
) -> Result<T, DecodeError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(DecodeError::new(ErrorCode::Parse, None, "a frame is a JSON object"));
    }
    json::whole(text, read).map_err(DecodeError::from)
}

pub(crate) fn no_type() -> DecodeError {
    DecodeError::new(ErrorCode::Invalid, Some("type"), "`type` is missing")
}

fn unknown_type() -> DecodeError {
    DecodeError::new(ErrorCode::UnknownType, Some("type"), "frames of this type are not known here")
}
