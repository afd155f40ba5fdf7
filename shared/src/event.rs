//! What durably happens in a room. One encoding of an event serves everybody, live and in pages.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MsgNo, RoomId, Seq, TxnId, UserId},
    message::Message,
    time::Timestamp,
};

/// A person as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub id: UserId,
    /// The name on the screen; not unique.
    pub name: String,
    /// Where the picture is, when there is one.
    #[serde(default)]
    pub avatar: Option<String>,
}

/// One event of a room. `(room_id, seq)` names it for ever, `(author, txn_id)` too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Flat<'_>")]
pub struct Event {
    /// Where it happened.
    pub room_id: RoomId,
    /// Its place in the room.
    pub seq: Seq,
    /// How many messages the room had, this event included.
    pub msg_no: MsgNo,
    /// When the server stored it. Never order by it.
    pub timestamp: Timestamp,
    /// The request that made it, minted by its author.
    pub txn_id: TxnId,
    /// Who did it.
    pub author: Profile,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    /// A chat message.
    Message(Message),
    /// The author became a member.
    Join,
    /// The author is a member no longer.
    Leave,
    /// Something that a newer server knows. It keeps its place, so that the room has no hole.
    Other {
        /// Its `type` on the wire.
        kind: String,
        /// The event that it is about, where it names one.
        target: Option<Seq>,
    },
}

impl EventBody {
    /// The `type` on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Self::Message(_) => "message",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Other { kind, .. } => kind,
        }
    }

    /// The message, if that is what happened.
    pub fn as_message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Join | Self::Leave | Self::Other { .. } => None,
        }
    }

    /// The text of a message; `None` for everything else.
    pub fn content(&self) -> Option<&str> {
        self.as_message().map(|message| message.content.as_str())
    }

    /// The event that this one is about; `None` for what stands by itself.
    pub fn target(&self) -> Option<Seq> {
        match self {
            Self::Message(_) | Self::Join | Self::Leave => None,
            Self::Other { target, .. } => *target,
        }
    }

    /// Whether it counts in `msg_no`.
    pub fn counts(&self) -> bool {
        self.as_message().is_some()
    }

    /// Whether a timeline has a row for it. What changes another event shows there, not by itself.
    pub fn has_row(&self) -> bool {
        self.target().is_none()
    }
}

/// An event as it lies on the wire: all fields side by side. Who did it is the `sender` of a message
/// and the `user` of everything else.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flat<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    pub(crate) room_id: RoomId,
    pub(crate) seq: Seq,
    pub(crate) msg_no: MsgNo,
    pub(crate) timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<Cow<'a, Profile>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<Cow<'a, Profile>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<Cow<'a, str>>,
    pub(crate) txn_id: TxnId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<Seq>,
}

impl TryFrom<Flat<'_>> for Event {
    type Error = &'static str;

    fn try_from(flat: Flat<'_>) -> Result<Self, Self::Error> {
        let author = flat.sender.or(flat.user).ok_or("missing field `sender` or `user`")?;
        let body = match flat.kind.as_ref() {
            "message" => EventBody::Message(Message {
                content: flat.content.ok_or("missing field `content`")?.into_owned(),
                reply_to: flat.reply_to,
            }),
            "join" => EventBody::Join,
            "leave" => EventBody::Leave,
            other => EventBody::Other { kind: other.to_owned(), target: flat.target },
        };
        Ok(Self {
            room_id: flat.room_id,
            seq: flat.seq,
            msg_no: flat.msg_no,
            timestamp: flat.timestamp,
            txn_id: flat.txn_id,
            author: author.into_owned(),
            body,
        })
    }
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let author = Some(Cow::Borrowed(&self.author));
        let (message, target) = (self.body.as_message(), self.body.target());
        let (sender, user) = if message.is_some() { (author, None) } else { (None, author) };
        Flat {
            kind: Cow::Borrowed(self.body.kind()),
            room_id: self.room_id,
            seq: self.seq,
            msg_no: self.msg_no,
            timestamp: self.timestamp,
            sender,
            user,
            content: message.map(|message| Cow::Borrowed(message.content.as_str())),
            txn_id: self.txn_id,
            reply_to: message.and_then(|message| message.reply_to),
            target,
        }
        .serialize(serializer)
    }
}
