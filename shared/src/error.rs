//! What can go wrong with a request, in words that both sides act on.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{RoomId, TxnId};

/// The stable name of what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, or not a JSON object.
    Parse,
    /// A frame of a type that this server does not know.
    UnknownType,
    /// A field is missing or wrong; `field` names it.
    Invalid,
    /// Nobody is signed in, or no longer.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// There is no such thing, or it is not for this person to know.
    NotFound,
    /// Not a member of the room.
    NotMember,
    /// Longer than the limit.
    TooLong,
    /// Nothing that could be seen.
    Empty,
    /// Too fast; `retry_after_ms` says when to try again.
    RateLimited,
    /// The `txn_id` was used before with another body.
    Conflict,
    /// Understood, but this server does not do it.
    Unsupported,
    /// Not now: overloaded, shutting down, or the disk does not take it.
    Unavailable,
    /// The server made a mistake.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::UnknownType => "unknown_type",
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::NotMember => "not_member",
            Self::TooLong => "too_long",
            Self::Empty => "empty",
            Self::RateLimited => "rate_limited",
            Self::Conflict => "conflict",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the same request may succeed later: what the outbox keeps. Everything else is parked.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Internal)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer to a frame that could not be served. The socket stays open after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFrame {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for people, in English.
    pub message: String,
    /// The request that it answers, where that had one.
    #[serde(default)]
    pub txn_id: Option<TxnId>,
    /// The room that the request was about, where it named one.
    #[serde(default)]
    pub room_id: Option<RoomId>,
    /// The field that is wrong.
    #[serde(default)]
    pub field: Option<String>,
    /// Milliseconds to wait before the next try.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl ErrorFrame {
    /// An error with `retryable` as its code has it, and nothing else known.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            txn_id: None,
            room_id: None,
            field: None,
            retry_after_ms: None,
            retryable: code.is_retryable(),
        }
    }

    /// Names the request that it answers.
    #[must_use]
    pub fn about_txn(mut self, txn_id: Option<TxnId>) -> Self {
        self.txn_id = txn_id;
        self
    }

    /// Names the room that the request was about.
    #[must_use]
    pub fn about_room(mut self, room_id: RoomId) -> Self {
        self.room_id = Some(room_id);
        self
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again, in milliseconds from now.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}
