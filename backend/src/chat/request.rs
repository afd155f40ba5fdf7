//! What can be asked of the one task that writes, and what it answers. Knows neither the task nor the disk.

use std::sync::Arc;

use shared::{RoomId, Seq, SessionId, Timestamp, UserId, api::Room, event::Profile};
use tokio::sync::oneshot;

use super::{commit_error::CommitError, ledger::Post, mailbox::Mailbox};

/// What became of a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good; this is the newest generation now.
    Renewed {
        /// The generation.
        generation: u64,
        /// Whose session it is.
        user: UserId,
    },
    /// A copy was about: the session is over now, and its sockets are being closed.
    Revoked,
    /// There is no such session, or it was over before.
    Unknown,
}

pub(super) type Done<T> = oneshot::Sender<Result<T, CommitError>>;

/// Something to be stored.
#[derive(Debug)]
pub(super) enum Request {
    Post { post: Post, mailbox: Arc<Mailbox> },
    Read { user: UserId, room: RoomId, seq: Seq, mailbox: Arc<Mailbox> },
    Guest { user: Profile, session: SessionId, done: Done<()> },
    Rotate { session: SessionId, presented: u64, now: Timestamp, done: Done<Rotation> },
    Confirm { session: SessionId, generation: u64 },
    EndSession { session: SessionId, done: Done<()> },
    MakeRoom { by: Profile, room: Room, done: Done<()> },
    Join { by: Profile, room: RoomId, done: Done<()> },
    Leave { by: Profile, room: RoomId, done: Done<()> },
}
