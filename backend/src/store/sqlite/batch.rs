//! The statements of a batch. Decides nothing: rows in, rows out.
//!
//! Statements are prepared once and run row by row, on the thread of the caller: a row of a statement with many costs
//! as much as a run of its own, and needs a text for every size.

use rusqlite::{OptionalExtension as _, Transaction};
use shared::{RoomId, Seq, SessionId, Timestamp, TxnId, UserId, api::Room, event::Profile};

use super::{
    super::{error::StoreError, rows::SessionRow},
    columns::{self, messages, moment, number},
    numbers::Numbers,
    read,
};
use crate::commit::{
    error::CommitError,
    ledger::{Changes, Head, Known, Move, Stored},
};

/// Milliseconds that a refusal is kept: longer than any copy of a request is on its way, and than a browser keeps one
/// before it asks its owner.
const REFUSALS_MS: u64 = 2 * 24 * 60 * 60 * 1_000;

/// What a simulated disk does with a transaction in the end.
#[cfg(feature = "sim")]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SimulatedDisk {
    pub(super) refuses: bool,
    pub(super) pretends: bool,
}

/// One transaction. Dropping it stores nothing.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) numbers: &'a mut Numbers,
    #[cfg(feature = "sim")]
    pub(super) disk: SimulatedDisk,
}

impl Batch<'_> {
    /// Stores everything, on disk when it returns.
    ///
    /// # Errors
    /// When it could not; nothing is stored then. The same for every call here.
    pub async fn commit(self) -> Result<(), StoreError> {
        #[cfg(feature = "sim")]
        if self.disk.refuses || self.disk.pretends {
            // Readers of a database in memory see what is not committed: it is gone when this returns.
            self.transaction.rollback()?;
            *self.numbers = Numbers::default();
            return if self.disk.refuses { Err(StoreError::Refused) } else { Ok(()) };
        }
        Ok(self.transaction.commit()?)
    }

    /// What became of these requests, for those that were made before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &mut self,
        keys: &[(UserId, TxnId)],
    ) -> Result<Vec<(UserId, TxnId, Known)>, StoreError> {
        let has_refusals = self.transaction.prepare_cached("SELECT 1 FROM refusals LIMIT 1")?.exists([])?;
        let mut stored = self.transaction.prepare_cached(
            "SELECT e.seq, e.msg_no, e.timestamp, r.id, e.kind, e.body FROM events e JOIN rooms r ON r.no = e.room \
             WHERE e.author = ?1 AND e.txn_id = ?2",
        )?;
        let mut refused = self
            .transaction
            .prepare_cached("SELECT reason FROM refusals WHERE author = ?1 AND txn_id = ?2")?;
        let mut found = Vec::new();
        for (user, txn) in keys {
            let Some(author) = self.numbers.user(&self.transaction, *user)? else { continue };
            let key = (author, txn.as_uuid());
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Stored {
                    room_id: RoomId::from_uuid(row.get(3)?),
                    seq: columns::seq(row, 0)?,
                    msg_no: columns::msg_no(row, 1)?,
                    timestamp: columns::timestamp(row, 2)?,
                    body: columns::body(row, 4)?,
                })
            };
            if let Some(stored) = stored.query_row(key, read).optional()? {
                found.push((*user, *txn, Known::Stored(stored)));
            } else if has_refusals
                && let Some(word) = refused.query_row(key, |row| row.get::<_, String>(0)).optional()?
            {
                let why = CommitError::of_kept(&word).ok_or(StoreError::Broken("refusal"))?;
                found.push((*user, *txn, Known::Refused(why)));
            }
        }
        Ok(found)
    }

    /// Up to where these people have read in these rooms, for those who are in them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn members(
        &mut self,
        keys: &[(RoomId, UserId)],
    ) -> Result<Vec<(RoomId, UserId, Seq)>, StoreError> {
        let mut member =
            self.transaction.prepare_cached("SELECT read_seq FROM members WHERE room = ?1 AND user = ?2")?;
        let mut found = Vec::new();
        for (room, user) in keys {
            let numbers =
                (self.numbers.room(&self.transaction, *room)?, self.numbers.user(&self.transaction, *user)?);
            let (Some(room_no), Some(user_no)) = numbers else { continue };
            let read = member.query_row((room_no, user_no), |row| columns::seq(row, 0)).optional()?;
            found.extend(read.map(|read| (*room, *user, read)));
        }
        Ok(found)
    }

    /// Where these rooms are, for those that exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heads(&mut self, keys: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        let mut found = Vec::new();
        for room in keys {
            found.extend(read::head(&self.transaction, *room)?.map(|head| (*room, head)));
        }
        Ok(found)
    }

    /// Stores what a batch has come to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(&mut self, changes: &Changes, now: Timestamp) -> Result<(), StoreError> {
        changes.moves.iter().try_for_each(|change| self.add_move(change))?;
        self.add_events(changes)?;
        self.put_heads(changes)?;
        self.put_reads(changes)?;
        self.add_refusals(changes, now)
    }

    fn add_move(&mut self, change: &Move) -> Result<(), StoreError> {
        let (room, user) = (self.room(change.room_id)?, self.user(change.user_id)?);
        match change.role {
            Some(role) => self
                .transaction
                .prepare_cached(
                    "INSERT INTO members (room, user, role, read_seq, joined_seq) VALUES (?1, ?2, ?3, ?4, ?4)",
                )?
                .execute((room, user, role.as_str(), number(change.seq)))?,
            None => self
                .transaction
                .prepare_cached("DELETE FROM members WHERE room = ?1 AND user = ?2")?
                .execute((room, user))?,
        };
        Ok(())
    }

    fn add_events(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut add = self.transaction.prepare_cached(
            "INSERT INTO events (room, seq, msg_no, timestamp, author, txn_id, kind, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for event in &changes.events {
            let room = self.numbers.room(&self.transaction, event.room_id)?.ok_or(NO_ROOM)?;
            let author = self.numbers.user(&self.transaction, event.author.id)?.ok_or(NOBODY)?;
            add.execute((
                room,
                number(event.seq),
                messages(event.msg_no),
                moment(event.timestamp),
                author,
                event.txn_id.as_uuid(),
                event.body.kind(),
                event.body.to_column(),
            ))?;
        }
        Ok(())
    }

    fn put_heads(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut put = self
            .transaction
            .prepare_cached("UPDATE rooms SET head = ?2, msg_no = ?3, members = ?4 WHERE no = ?1")?;
        for (room, head) in &changes.heads {
            let room = self.numbers.room(&self.transaction, *room)?.ok_or(NO_ROOM)?;
            put.execute((room, number(head.seq), messages(head.msg_no), head.members.cast_signed()))?;
        }
        Ok(())
    }

    fn put_reads(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let mut put = self.transaction.prepare_cached(
            "UPDATE members SET read_seq = ?3 WHERE room = ?1 AND user = ?2 AND read_seq < ?3",
        )?;
        for ((room, user), seq) in &changes.reads {
            let room = self.numbers.room(&self.transaction, *room)?.ok_or(NO_ROOM)?;
            let user = self.numbers.user(&self.transaction, *user)?.ok_or(NOBODY)?;
            put.execute((room, user, number(*seq)))?;
        }
        Ok(())
    }

    fn add_refusals(&mut self, changes: &Changes, now: Timestamp) -> Result<(), StoreError> {
        if changes.refusals.is_empty() {
            return Ok(());
        }
        let oldest = now.unix_ms().saturating_sub(REFUSALS_MS).cast_signed();
        self.transaction.prepare_cached("DELETE FROM refusals WHERE at < ?1")?.execute([oldest])?;
        let mut add = self.transaction.prepare_cached(
            "INSERT OR IGNORE INTO refusals (author, txn_id, reason, at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for (user, txn, why) in &changes.refusals {
            let Some(word) = why.kept_as() else { continue };
            let Some(user) = self.numbers.user(&self.transaction, *user)? else { continue };
            add.execute((user, txn.as_uuid(), word, moment(now)))?;
        }
        Ok(())
    }

    /// Stores a new person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_user(&mut self, user: &Profile, now: Timestamp) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT INTO users (id, name, avatar, made_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute((user.id.as_uuid(), &user.name, &user.avatar, moment(now)))?;
        Ok(())
    }

    /// Stores a new sign-in, or what became of one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_session(&mut self, session: &SessionRow) -> Result<(), StoreError> {
        let (user, state) = (self.user(session.user_id)?, session.state);
        self.transaction
            .prepare_cached(
                "INSERT INTO sessions (id, user, generation, confirmed, rotated_at, revoked) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, \
                 confirmed = excluded.confirmed, rotated_at = excluded.rotated_at, revoked = excluded.revoked",
            )?
            .execute((
                session.id.as_uuid(),
                user,
                state.generation.cast_signed(),
                state.confirmed.cast_signed(),
                moment(state.rotated_at),
                state.revoked,
            ))?;
        Ok(())
    }

    /// A sign-in as this transaction sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&mut self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        read::session_row(&self.transaction, session)
    }

    /// Stores a new room, empty; false when another room has its code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_room(&mut self, room: &Room, now: Timestamp) -> Result<bool, StoreError> {
        let added = self
            .transaction
            .prepare_cached(
                "INSERT INTO rooms (id, name, visibility, code, head, msg_no, members, made_at) \
                 VALUES (?1, ?2, ?3, ?4, 0, 0, 0, ?5) ON CONFLICT (code) DO NOTHING",
            )?
            .execute((room.id.as_uuid(), &room.name, room.visibility.as_str(), &room.code, moment(now)))?;
        Ok(added == 1)
    }

    /// How many rooms somebody is in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rooms_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        let user = self.user(user)?;
        let mut count = self.transaction.prepare_cached("SELECT COUNT(*) FROM members WHERE user = ?1")?;
        Ok(count.query_row([user], |row| columns::count(row, 0))?)
    }

    fn room(&mut self, room: RoomId) -> Result<i64, StoreError> {
        self.numbers.room(&self.transaction, room)?.ok_or(NO_ROOM)
    }

    fn user(&mut self, user: UserId) -> Result<i64, StoreError> {
        self.numbers.user(&self.transaction, user)?.ok_or(NOBODY)
    }
}

const NO_ROOM: StoreError = StoreError::Broken("request for a room that is not there");
const NOBODY: StoreError = StoreError::Broken("request of a person who is not there");

#[cfg(test)]
mod tests;
