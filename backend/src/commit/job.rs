//! Jobs: pieces of work over a transaction that are no append, each with an answer of its own. A job says what it needs
//! to know, does its part of the transaction, and keeps its answer until everything is on disk.

use std::sync::Arc;

use shared::{
    RoomId, Seq, SessionId, Timestamp, TxnId, UserId,
    api::{Role, Room},
    event::Profile,
};
use tokio::sync::oneshot;

use super::{
    error::CommitError,
    ledger::{Changes, Head, Ledger},
};
use crate::{
    chat::{mailbox::Reply, slot::Mailbox},
    clock,
    refresh::{self, SessionState, Verdict},
    store::{Batch, SessionRow, StoreError},
};

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

/// The way back to somebody who waits for an answer. Dropped, it says `unavailable`.
pub(super) type Done<T> = oneshot::Sender<Result<T, CommitError>>;

/// A piece of work.
#[derive(Debug)]
pub(super) enum Job {
    Read { user: UserId, room: RoomId, seq: Seq, mailbox: Arc<Mailbox> },
    Guest { user: Profile, session: SessionId, done: Done<()> },
    Rotate { session: SessionId, presented: u64, now: Timestamp, done: Done<Rotation> },
    Confirm { session: SessionId, generation: u64 },
    EndSession { session: SessionId, done: Done<()> },
    MakeRoom { by: Profile, room: Room, done: Done<()> },
    Join { by: Profile, room: RoomId, done: Done<()> },
    Leave { by: Profile, room: RoomId, done: Done<()> },
}

/// The answer of a job, kept until everything is on disk.
pub(super) enum JobAnswer {
    Done(Done<()>, Result<(), CommitError>),
    Rotated(Done<Rotation>, Rotation),
    /// A read marker says something only where it could not be stored.
    Read(Arc<Mailbox>, RoomId),
    Nothing,
}

impl JobAnswer {
    /// Everything is on disk. Who no longer waits for an answer does not miss it.
    pub(super) fn give(self) {
        match self {
            Self::Done(done, answer) => drop(done.send(answer)),
            Self::Rotated(done, rotation) => drop(done.send(Ok(rotation))),
            Self::Read(..) | Self::Nothing => {}
        }
    }

    /// Nothing is stored, whatever was decided. Returns the mailbox that is to be woken.
    pub(super) fn take_back(self) -> Option<Arc<Mailbox>> {
        match self {
            Self::Done(done, _) => drop(done.send(Err(CommitError::Unavailable))),
            Self::Read(mailbox, room_id) => {
                mailbox.reply(Reply::NotRead { room_id });
                return Some(mailbox);
            }
            Self::Rotated(..) | Self::Nothing => {}
        }
        None
    }
}

/// What a job works with.
pub(super) struct Surroundings<'a, 'b> {
    pub(super) ledger: &'a mut Ledger,
    pub(super) batch: &'a mut Batch<'b>,
    pub(super) changes: &'a mut Changes,
    /// Sign-ins that end with this batch: their sockets are closed.
    pub(super) ended: &'a mut Vec<(UserId, SessionId)>,
    pub(super) rooms_per_user: u64,
    pub(super) now: Timestamp,
}

impl Job {
    /// The room that the ledger has to know, and the person in it.
    pub(super) fn needs(&self) -> Option<(RoomId, UserId)> {
        match self {
            Self::Read { user, room, .. } => Some((*room, *user)),
            Self::Join { by, room, .. } | Self::Leave { by, room, .. } => Some((*room, by.id)),
            Self::Guest { .. }
            | Self::Rotate { .. }
            | Self::Confirm { .. }
            | Self::EndSession { .. }
            | Self::MakeRoom { .. } => None,
        }
    }

    /// Does the work. When the database fails, `done` is dropped, which tells the caller.
    pub(super) async fn work(self, mut at: Surroundings<'_, '_>) -> Result<JobAnswer, StoreError> {
        Ok(match self {
            Self::Read { user, room, seq, mailbox } => {
                at.ledger.read(room, user, seq, at.changes);
                JobAnswer::Read(mailbox, room)
            }
            Self::Guest { user, session, done } => {
                at.batch.add_user(&user, at.now).await?;
                let state = SessionState { generation: 1, confirmed: 0, rotated_at: at.now, revoked: false };
                at.batch.put_session(&SessionRow { id: session, user_id: user.id, state }).await?;
                JobAnswer::Done(done, Ok(()))
            }
            Self::Rotate { session, presented, now, done } => {
                JobAnswer::Rotated(done, at.rotate(session, presented, now).await?)
            }
            Self::Confirm { session, generation } => {
                at.confirm(session, generation).await?;
                JobAnswer::Nothing
            }
            Self::EndSession { session, done } => {
                at.end_session(session).await?;
                JobAnswer::Done(done, Ok(()))
            }
            Self::MakeRoom { by, room, done } => JobAnswer::Done(done, at.make_room(&by, &room).await?),
            Self::Join { by, room, done } => {
                let is_new = !at.ledger.is_member(room, by.id);
                let answer = if is_new && at.is_full(by.id).await? {
                    Err(CommitError::Full("rooms_per_user"))
                } else {
                    at.join(&by, room, Role::Member)
                };
                JobAnswer::Done(done, answer)
            }
            Self::Leave { by, room, done } => {
                let left = at.ledger.leave(room, &by, (mint(at.now), at.now), at.changes);
                JobAnswer::Done(done, left.map(drop))
            }
        })
    }
}

impl Surroundings<'_, '_> {
    async fn make_room(&mut self, by: &Profile, room: &Room) -> Result<Result<(), CommitError>, StoreError> {
        if self.is_full(by.id).await? {
            return Ok(Err(CommitError::Full("rooms_per_user")));
        }
        if !self.batch.add_room(room, self.now).await? {
            return Ok(Err(CommitError::CodeTaken));
        }
        self.ledger.learn_room(room.id, Some(Head::default()));
        Ok(self.join(by, room.id, Role::Owner))
    }

    fn join(&mut self, by: &Profile, room: RoomId, role: Role) -> Result<(), CommitError> {
        self.ledger.join(room, by, role, (mint(self.now), self.now), self.changes).map(drop)
    }

    /// Whether somebody is in as many rooms as they may, this batch included.
    async fn is_full(&mut self, user: UserId) -> Result<bool, StoreError> {
        let moves = || self.changes.moves.iter().filter(|change| change.user_id == user);
        let joined = moves().filter(|change| change.role.is_some()).count() as u64;
        let left = moves().count() as u64 - joined;
        Ok(self.batch.rooms_of(user).await? + joined >= self.rooms_per_user + left)
    }

    async fn rotate(
        &mut self,
        session: SessionId,
        presented: u64,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        let Some(mut row) = self.batch.session(session).await? else { return Ok(Rotation::Unknown) };
        match refresh::judge(&row.state, presented, now) {
            Verdict::Renew { generation } => {
                row.state = SessionState { generation, rotated_at: now, ..row.state };
                self.batch.put_session(&row).await?;
                Ok(Rotation::Renewed { generation, user: row.user_id })
            }
            Verdict::Repeat { generation } => Ok(Rotation::Renewed { generation, user: row.user_id }),
            Verdict::Revoke => {
                self.revoke(row).await?;
                Ok(Rotation::Revoked)
            }
            Verdict::Refuse => Ok(Rotation::Unknown),
        }
    }

    async fn confirm(&mut self, session: SessionId, generation: u64) -> Result<(), StoreError> {
        match self.batch.session(session).await? {
            Some(mut row) if row.state.confirmed < generation && generation <= row.state.generation => {
                row.state.confirmed = generation;
                self.batch.put_session(&row).await
            }
            _ => Ok(()),
        }
    }

    async fn end_session(&mut self, session: SessionId) -> Result<(), StoreError> {
        match self.batch.session(session).await? {
            Some(row) => self.revoke(row).await,
            None => Ok(()),
        }
    }

    async fn revoke(&mut self, mut row: SessionRow) -> Result<(), StoreError> {
        row.state.revoked = true;
        self.batch.put_session(&row).await?;
        self.ended.push((row.user_id, row.id));
        Ok(())
    }
}

/// The identity of an event that no client asked for.
fn mint(now: Timestamp) -> TxnId {
    TxnId::mint(now.unix_ms(), clock::random_bytes())
}
