//! Why a request was not stored, as the sockets, the HTTP calls and the one task that writes say it to each other.

use shared::ErrorCode;

/// Why a request was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Overloaded, shutting down, or the disk does not take it. Ask again later.
    #[error("the server can't store this now")]
    Unavailable,
    /// The person is not in the room, or there is none.
    #[error("you are not in this room")]
    NotMember,
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// The `txn_id` was used for something else.
    #[error("this `txn_id` was used for another message")]
    Conflict,
    /// It answers an event that does not exist.
    #[error("the room has no such event")]
    NoSuchReply,
    /// Another room has this code; mint another.
    #[error("another room has this code")]
    CodeTaken,
    /// A limit is reached; its name.
    #[error("the limit `{0}` is reached")]
    Full(&'static str),
}

impl CommitError {
    /// The name of the error on the wire.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Unavailable => ErrorCode::Unavailable,
            Self::NotMember => ErrorCode::NotMember,
            Self::NoRoom => ErrorCode::NotFound,
            Self::Conflict => ErrorCode::Conflict,
            Self::NoSuchReply => ErrorCode::Invalid,
            Self::CodeTaken => ErrorCode::Internal,
            Self::Full(_) => ErrorCode::Forbidden,
        }
    }
}
