//! What can go wrong with a request, in words that both sides act on.

use std::fmt;

pub use crate::frame::ErrorFrame;
use crate::{
    ids::{RoomId, TxnId},
    json::words,
};

words! {
    /// The stable name of what went wrong.
    #[derive(Hash)]
    pub enum ErrorCode else Unknown {
        /// Not JSON, or not a JSON object.
        Parse = "parse",
        /// A frame of a type that this server does not know.
        UnknownType = "unknown_type",
        /// A field is missing or wrong; `field` names it.
        Invalid = "invalid",
        /// Nobody is signed in, or no longer.
        Unauthenticated = "unauthenticated",
        /// Signed in, but not allowed.
        Forbidden = "forbidden",
        /// There is no such thing, or it is not for this person to know.
        NotFound = "not_found",
        /// Not a member of the room.
        NotMember = "not_member",
        /// Longer than the limit.
        TooLong = "too_long",
        /// Nothing that could be seen.
        Empty = "empty",
        /// Too fast; `retry_after_ms` says when to try again.
        RateLimited = "rate_limited",
        /// The `txn_id` was used before with another body.
        Conflict = "conflict",
        /// Understood, but this server does not do it.
        Unsupported = "unsupported",
        /// Not now: overloaded, shutting down, or the disk does not take it.
        Unavailable = "unavailable",
        /// The server made a mistake.
        Internal = "internal",
        /// A code of a newer server.
        Unknown = "unknown",
    }
}

impl ErrorCode {
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
