//! The table of events: what durably happens in a room. One encoding of an event serves everybody, live and in pages.
//!
//! To add one: a line in `events!` below (and its new fields in `frame/server.rs`), an arm of
//! [`Message::apply`](crate::Message::apply) if it changes a message, and the server's rules.

use crate::{
    frame::server::{Fields, field_doc, field_type},
    ids::{MsgNo, RoomId, Seq, TxnId, UserId},
    json::{self, FromJson, ReadError, Reader, ToJson, objects},
    time::Timestamp,
};

objects! {
    /// A person as others see them.
    pub struct Profile {
        /// The person.
        pub id: UserId,
        /// The name on the screen; not unique.
        pub name: String,
        /// Where the picture is, when there is one.
        pub avatar: Option<String>,
    }
}

/// One event of a room. `(room_id, seq)` names it for ever, `(author, txn_id)` too.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Declares the events: name on the wire, variant, the field that names who did it, whether it counts as a message,
/// and its own fields.
macro_rules! events {
    ($(
        $(#[doc = $doc:literal])+
        $kind:literal $variant:ident $(($body:ident))? by $who:ident $(, $counts:ident)?
        $( { $($field:ident),* $(; optional $($optional:ident),+)? } )?
    )+) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum EventBody {
            $( $(#[doc = $doc])+ $variant $(($body))?, )+
            /// Something that a newer server knows. It keeps its place, so that the room has no hole.
            Other {
                /// Its `type` on the wire.
                kind: String,
                /// The event that it is about, where it names one.
                target: Option<Seq>,
            },
        }

        $( $(
            #[doc = concat!("What a `", $kind, "` says.")]
            #[derive(Debug, Clone, PartialEq, Eq, Default)]
            pub struct $body {
                $( #[doc = field_doc!($field)] pub $field: field_type!($field), )*
                $( $( #[doc = field_doc!($optional)] pub $optional: Option<field_type!($optional)>, )+ )?
            }

            impl $body {
                fn write_fields(&self, out: &mut Vec<u8>) {
                    $( json::field(out, stringify!($field), &self.$field); )*
                    $( $( if let Some(value) = &self.$optional {
                        json::field(out, stringify!($optional), value);
                    } )+ )?
                }

                fn from_fields(from: &mut Fields) -> Result<Self, ReadError> {
                    Ok(Self {
                        $( $field: json::need(from.$field.take(), stringify!($field))?, )*
                        $( $( $optional: from.$optional.take(), )+ )?
                    })
                }

                fn target(&self) -> Option<Seq> {
                    target!(self $(, $field)*)
                }
            }
        )? )+

        impl EventBody {
            /// The names of all events on the wire that this program knows.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];

            /// The `type` on the wire.
            pub fn kind(&self) -> &str {
                match self {
                    $( Self::$variant { .. } => $kind, )+
                    Self::Other { kind, .. } => kind,
                }
            }

            /// The event that this one is about; `None` for what stands by itself.
            pub fn target(&self) -> Option<Seq> {
                $( $( if let Self::$variant(body) = self {
                    return $body::target(body);
                } )? )+
                if let Self::Other { target, .. } = self { *target } else { None }
            }

            /// Whether it counts in `msg_no`.
            pub fn counts(&self) -> bool {
                match self {
                    $( Self::$variant { .. } => stringify!($($counts)?) == "counts", )+
                    Self::Other { .. } => false,
                }
            }

            /// The field of an event in which the one who did it is named.
            fn who(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => stringify!($who), )+
                    Self::Other { .. } => "user",
                }
            }

            fn write_fields(&self, out: &mut Vec<u8>) {
                $( $( if let Self::$variant(body) = self {
                    $body::write_fields(body, out);
                } )? )+
                if let Self::Other { target: Some(target), .. } = self {
                    json::field(out, "target", target);
                }
            }

            pub(crate) fn from_fields(kind: &str, from: &mut Fields) -> Result<Self, ReadError> {
                Ok(match kind {
                    $( $kind => Self::$variant $(($body::from_fields(from)?))?, )+
                    other => Self::Other { kind: other.to_owned(), target: from.target.take() },
                })
            }
        }
    };
}

/// The target among the fields of an event, if it has one.
macro_rules! target {
    ($body:ident) => {
        None
    };
    ($body:ident, target $(, $rest:ident)*) => {
        Some($body.target)
    };
    ($body:ident, $field:ident $(, $rest:ident)*) => {
        target!($body $(, $rest)*)
    };
}

events! {
    /// A chat message. A live one carries the state that it begins with; in a page it carries its state as of the
    /// page's `head`.
    "message" Message(Message) by sender, counts { content; optional reply_to }
    /// The author became a member.
    "join" Join by user
    /// The author is a member no longer.
    "leave" Leave by user
}

impl EventBody {
    /// The message, if that is what happened.
    pub fn as_message(&self) -> Option<&Message> {
        if let Self::Message(message) = self { Some(message) } else { None }
    }

    /// The text of a message; `None` for everything else.
    pub fn content(&self) -> Option<&str> {
        self.as_message().map(|message| message.content.as_str())
    }

    /// Whether a timeline has a row for it. What changes another event shows there, not by itself.
    pub fn has_row(&self) -> bool {
        self.target().is_none()
    }

    /// Its own fields as one JSON object: the column of a database.
    pub fn to_column(&self) -> String {
        let mut out = Vec::new();
        json::open(&mut out, b'{');
        self.write_fields(&mut out);
        json::close(&mut out, b'}');
        String::from_utf8(out).expect("JSON is written from texts and ASCII")
    }

    /// Reads what [`Self::to_column`] has written.
    ///
    /// # Errors
    /// When the text is no JSON, or lacks a field.
    pub fn from_column(kind: &str, column: &str) -> Result<Self, ReadError> {
        Self::from_fields(kind, &mut json::from_str(column)?)
    }
}

impl Event {
    pub(crate) fn from_fields(kind: &str, from: &mut Fields) -> Result<Self, ReadError> {
        Ok(Self {
            room_id: json::need(from.room_id.take(), "room_id")?,
            seq: json::need(from.seq.take(), "seq")?,
            msg_no: json::need(from.msg_no.take(), "msg_no")?,
            timestamp: json::need(from.timestamp.take(), "timestamp")?,
            txn_id: json::need(from.txn_id.take(), "txn_id")?,
            author: json::need(from.sender.take().or(from.user.take()), "sender")?,
            body: EventBody::from_fields(kind, from)?,
        })
    }
}

impl FromJson for Event {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        let mut fields = Fields::read_known(from, |kind| EventBody::KINDS.contains(&kind))?;
        let kind = json::need(fields.kind.take(), "type")?;
        Self::from_fields(&kind, &mut fields)
    }
}

impl ToJson for Event {
    fn write(&self, out: &mut Vec<u8>) {
        json::open(out, b'{');
        json::key(out, "type");
        json::string(out, self.body.kind());
        json::field(out, "room_id", &self.room_id);
        json::field(out, "seq", &self.seq);
        json::field(out, "msg_no", &self.msg_no);
        json::field(out, "timestamp", &self.timestamp);
        json::field(out, self.body.who(), &self.author);
        self.body.write_fields(out);
        json::field(out, "txn_id", &self.txn_id);
        json::close(out, b'}');
    }
}
