//! What a client says.

use crate::{
    api::Presence,
    codec::DecodeError,
    error::ErrorCode,
    frame::server,
    ids::{RoomId, Seq, TxnId},
    json::{self, FromJson, ReadError, Reader, Secret},
};

fields! {
    #[doc = "Whether it goes on."] active: bool,
    #[doc = "The oldest events after this one."] after: Seq,
    #[doc = "Files that go with a message."] attachments: Vec<Anything>,
    #[doc = "The newest events before this one."] before: Seq,
    #[doc = "The text, as typed."] content: String,
    #[doc = "At most so many events; the server's `page_events` where nothing is said."] limit: u64,
    #[doc = "Somebody to write to directly."] recipient_id: Anything,
    #[doc = "The message that it answers."] reply_to: Seq,
    #[doc = "Which room."] room_id: RoomId,
    #[doc = "Up to which event."] seq: Seq,
    #[doc = "At the keyboard, or away from it."] status: Activity,
    #[doc = "An access token."] token: Secret,
    #[doc = "The identity of the request, the same on every try."] txn_id: TxnId,
}

frames! {
    /// What a client says.
    enum ClientFrame {
        /// `auth` says who it is: the access token as the first frame, or a newer one on an open socket.
        "auth" Auth(Auth) { token }
        /// `typing` while keys are pressed, and once with `false` when that ends.
        "typing" Typing(Typing) copy { room_id, active }
        /// `read`: everything up to `seq` was on the screen.
        "read" Read(Read) copy { room_id, seq }
        /// `presence`: at the keyboard or away from it.
        "presence" Presence(SetPresence) copy { status }
    }
    checked {
        /// `message` asks to have a message stored.
        "message" Message(PostMessage)
        /// `sync` asks for a page of events.
        "sync" Sync(Sync)
    }
    bare {
        /// `ping` wants to hear something.
        "ping" Ping
    }
    else {}
}

/// Frames that the protocol knows and this server does not do.
const UNSUPPORTED: [&str; 3] = ["edit", "delete", "reaction"];

impl ClientFrame {
    /// Writes the frame as one line of JSON.
    pub fn encode(&self) -> String {
        json::to_string(self)
    }

    /// Reads a frame that a client sent.
    ///
    /// # Errors
    /// `parse`, `unknown_type`, `invalid` with the field, or `unsupported` for what the protocol knows
    /// and this server does not do.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        Self::decode_inner(text).map_err(|mut error| {
            // Which request it was, as far as that can be read.
            if let Ok(fields) = Fields::read_all(&mut Reader::new(text), true) {
                (error.txn_id, error.room_id) = (fields.txn_id, fields.room_id);
            }
            error
        })
    }

    fn decode_inner(text: &str) -> Result<Self, DecodeError> {
        let mut fields =
            server::whole(text, |from| Fields::read_known(from, |kind| Self::KINDS.contains(&kind)))?;
        let kind = fields.kind.take().ok_or_else(server::no_type)?;
        Self::of_kind(&kind, &mut fields).unwrap_or_else(|| {
            let (code, detail) = if UNSUPPORTED.contains(&kind.as_str()) {
                (ErrorCode::Unsupported, "this server does not change messages")
            } else {
                (ErrorCode::UnknownType, "this server does not know frames of this type")
            };
            Err(DecodeError::new(code, Some("type"), detail))
        })
    }
}

/// `message`: asks to have a message stored in a room. Asking again with the same `txn_id` is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostMessage {
    /// The identity of the request, the same on every try.
    pub txn_id: TxnId,
    /// Where to.
    pub room_id: RoomId,
    /// The text, as typed.
    pub content: String,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
}

impl PostMessage {
    fn from_fields(from: &mut Fields) -> Result<Self, DecodeError> {
        let refuse = |field, detail| Err(DecodeError::new(ErrorCode::Unsupported, Some(field), detail));
        if from.recipient_id.is_some() {
            return refuse("recipient_id", "this server has no direct messages");
        }
        if from.attachments.as_ref().is_some_and(|list| !list.is_empty()) {
            return refuse("attachments", "this server takes no attachments");
        }
        Ok(Self {
            txn_id: json::need(from.txn_id, "txn_id")?,
            room_id: json::need(from.room_id, "room_id")?,
            content: json::need(from.content.take(), "content")?,
            reply_to: from.reply_to,
        })
    }

    fn write_fields(&self, out: &mut Vec<u8>) {
        json::field(out, "txn_id", &self.txn_id);
        json::field(out, "room_id", &self.room_id);
        json::field(out, "content", &self.content);
        if let Some(reply_to) = &self.reply_to {
            json::field(out, "reply_to", reply_to);
        }
    }
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

impl Sync {
    fn from_fields(from: &mut Fields) -> Result<Self, DecodeError> {
        let invalid = |field, detail| DecodeError::new(ErrorCode::Invalid, Some(field), detail);
        let room_id = json::need(from.room_id, "room_id")?;
        let place = match (from.after, from.before) {
            (Some(seq), None) => SyncFrom::After(seq),
            (None, Some(seq)) => SyncFrom::Before(seq),
            (Some(_), Some(_)) => return Err(invalid("before", "say `after` or `before`, not both")),
            (None, None) => return Err(invalid("after", "say `after` or `before`")),
        };
        if from.limit == Some(0) {
            return Err(invalid("limit", "a page has at least one event"));
        }
        Ok(Self { room_id, from: place, limit: from.limit })
    }

    fn write_fields(&self, out: &mut Vec<u8>) {
        json::field(out, "room_id", &self.room_id);
        match &self.from {
            SyncFrom::After(seq) => json::field(out, "after", seq),
            SyncFrom::Before(seq) => json::field(out, "before", seq),
        }
        if let Some(limit) = &self.limit {
            json::field(out, "limit", limit);
        }
    }
}

json::words! {
    /// What a person can say of themselves.
    pub enum Activity {
        /// At the keyboard.
        Online = "online",
        /// Not at the keyboard.
        Away = "away",
    }
}

impl From<Activity> for Presence {
    fn from(activity: Activity) -> Self {
        match activity {
            Activity::Online => Self::Online,
            Activity::Away => Self::Away,
        }
    }
}

/// A value that only has to be there.
#[derive(Debug)]
pub(crate) struct Anything;

impl FromJson for Anything {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        from.skip().map(|()| Self)
    }
}
