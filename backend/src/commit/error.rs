//! Why a request was not stored, as the ledger, the sockets and the HTTP calls say it to each other.

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

    /// The word that a refusal is stored under, if it must last: a client that was told that a request is not stored
    /// must not have a later copy of it stored because something has changed meanwhile.
    pub fn kept_as(self) -> Option<&'static str> {
        match self {
            Self::NotMember => Some("not_member"),
            Self::NoSuchReply => Some("no_such_reply"),
            Self::Unavailable | Self::NoRoom | Self::Conflict | Self::CodeTaken | Self::Full(_) => None,
        }
    }

    /// The refusal that is kept under that word.
    pub fn of_kept(word: &str) -> Option<Self> {
        [Self::NotMember, Self::NoSuchReply].into_iter().find(|error| error.kept_as() == Some(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_is_kept_comes_back_as_itself() {
        for error in [CommitError::NotMember, CommitError::NoSuchReply] {
            assert_eq!(CommitError::of_kept(error.kept_as().unwrap()), Some(error));
        }
        assert_eq!(CommitError::of_kept("weather"), None);
        assert_eq!(CommitError::Unavailable.kept_as(), None, "may be stored when asked again");
    }
}
