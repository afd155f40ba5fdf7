//! The one connection that writes, and the statements of a batch. Decides nothing: rows in, rows out.
//!
//! What comes in numbers goes in few statements: rows are written in pieces whose sizes are powers of two, so
//! that each statement exists in a handful of prepared forms.

use shared::{Event, EventBody, RoomId, Seq, SessionId, Timestamp, TxnId, UserId, api::Room, event::Profile};
use sqlx::{
    ConnectOptions as _, Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, Transaction,
    query_builder::Separated, sqlite::SqliteConnectOptions,
};

use super::{
    open::StoreError,
    rows::{self, SessionRow},
};
use crate::chat::ledger::{BodyHash, Head, Move, NewTxn, Stored};

/// Rows in one statement at most: beyond that the longer statement costs as much as another one.
const PIECE: usize = 64;

type Values<'a, 'b> = Separated<'a, Sqlite, &'b str>;

/// The connection that writes. There is one.
#[derive(Debug)]
pub struct Writer {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        Self { connection: Some(connection), options }
    }

    /// Begins a transaction; connects anew after [`Self::reset`].
    ///
    /// # Errors
    /// When the database is locked or away.
    pub async fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
        }
        let connection = self.connection.as_mut().expect("it was just made");
        Ok(Batch { transaction: connection.begin_with("BEGIN IMMEDIATE").await? })
    }

    /// Drops the connection, because nobody knows in what state a failed transaction has left it.
    pub fn reset(&mut self) {
        self.connection = None;
    }

    /// Writes what is left to write, and ends.
    ///
    /// # Errors
    /// When the database can't be closed in order; nothing that was committed is lost by that.
    pub async fn close(self) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => Ok(connection.close().await?),
            None => Ok(()),
        }
    }
}

/// One transaction. Dropping it stores nothing.
#[derive(Debug)]
pub struct Batch<'a> {
    transaction: Transaction<'a, Sqlite>,
}

/// Cuts rows into pieces whose sizes are powers of two.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = 1 << rows.len().min(PIECE).checked_ilog2()?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// Fills a piece of keys up to a power of two with its last key: who asks twice gets the same answer.
fn filled<T>(piece: &[T]) -> impl Iterator<Item = &T> {
    let last = piece.last().into_iter().cycle();
    piece.iter().chain(last).take(piece.len().next_power_of_two())
}

fn moment(timestamp: Timestamp) -> i64 {
    timestamp.unix_ms().cast_signed()
}

fn number(seq: Seq) -> i64 {
    seq.get().cast_signed()
}

impl Batch<'_> {
    /// Stores everything, on disk when it returns.
    ///
    /// # Errors
    /// When it could not; nothing is stored then. The same for every call here.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    async fn run(&mut self, mut query: QueryBuilder<Sqlite>) -> Result<(), StoreError> {
        query.build().execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// What these requests were stored as, for those that were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn txns(&mut self, keys: &[(UserId, TxnId)]) -> Result<Vec<NewTxn>, StoreError> {
        let mut found = Vec::new();
        for piece in keys.chunks(PIECE) {
            let mut query = QueryBuilder::new("WITH asked (user_id, txn_id) AS (");
            query.push_values(filled(piece), |mut row, (user, txn)| {
                row.push_bind(*user.as_uuid()).push_bind(*txn.as_uuid());
            });
            query.push(
                ") SELECT t.user_id, t.txn_id, t.room_id, t.seq, t.body, e.msg_no, e.timestamp \
                 FROM asked CROSS JOIN txns t ON t.user_id = asked.user_id AND t.txn_id = asked.txn_id \
                 JOIN events e ON e.room_id = t.room_id AND e.seq = t.seq",
            );
            for row in query.build().fetch_all(&mut *self.transaction).await? {
                let body: &[u8] = row.try_get("body")?;
                let body = BodyHash::try_from(body).map_err(|_| StoreError::Broken("request"))?;
                let stored = Stored {
                    room_id: rows::id(&row, "room_id", RoomId::from_uuid)?,
                    seq: rows::seq(&row, "seq")?,
                    msg_no: rows::msg_no(&row, "msg_no")?,
                    timestamp: rows::moment(&row, "timestamp")?,
                    body,
                };
                let user = rows::id(&row, "user_id", UserId::from_uuid)?;
                found.push((user, rows::id(&row, "txn_id", TxnId::from_uuid)?, stored));
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
        let mut found = Vec::new();
        for piece in keys.chunks(PIECE) {
            let mut query = QueryBuilder::new("WITH asked (room_id, user_id) AS (");
            query.push_values(filled(piece), |mut row, (room, user)| {
                row.push_bind(*room.as_uuid()).push_bind(*user.as_uuid());
            });
            query.push(
                ") SELECT m.room_id, m.user_id, m.read_seq FROM asked CROSS JOIN members m \
                 ON m.room_id = asked.room_id AND m.user_id = asked.user_id",
            );
            for row in query.build().fetch_all(&mut *self.transaction).await? {
                let room = rows::id(&row, "room_id", RoomId::from_uuid)?;
                found.push((
                    room,
                    rows::id(&row, "user_id", UserId::from_uuid)?,
                    rows::seq(&row, "read_seq")?,
                ));
            }
        }
        Ok(found)
    }

    /// Where these rooms are, for those that exist.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heads(&mut self, keys: &[RoomId]) -> Result<Vec<(RoomId, Head)>, StoreError> {
        let mut found = Vec::new();
        for piece in keys.chunks(PIECE) {
            let mut query = QueryBuilder::new("SELECT id, head, msg_no, members FROM rooms WHERE id IN (");
            let mut list = query.separated(", ");
            for room in filled(piece) {
                list.push_bind(*room.as_uuid());
            }
            query.push(")");
            for row in query.build().fetch_all(&mut *self.transaction).await? {
                let head = Head {
                    seq: rows::seq(&row, "head")?,
                    msg_no: rows::msg_no(&row, "msg_no")?,
                    members: rows::count(&row, "members")?,
                };
                found.push((rows::id(&row, "id", RoomId::from_uuid)?, head));
            }
        }
        Ok(found)
    }

    /// Stores events, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_events(&mut self, events: &[Event]) -> Result<(), StoreError> {
        for piece in pieces(events) {
            let mut query = QueryBuilder::new(
                "INSERT INTO events \
                 (room_id, seq, msg_no, timestamp, author, txn_id, kind, content, reply_to) ",
            );
            query.push_values(piece, |row, event| push_event(row, event));
            self.run(query).await?;
        }
        Ok(())
    }

    /// Stores what the new messages were asked for by.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_txns(&mut self, txns: &[NewTxn]) -> Result<(), StoreError> {
        for piece in pieces(txns) {
            let mut query = QueryBuilder::new("INSERT INTO txns (user_id, txn_id, room_id, seq, body) ");
            query.push_values(piece, |mut row, (user, txn, stored)| {
                row.push_bind(*user.as_uuid())
                    .push_bind(*txn.as_uuid())
                    .push_bind(*stored.room_id.as_uuid())
                    .push_bind(number(stored.seq))
                    .push_bind(stored.body.to_vec());
            });
            self.run(query).await?;
        }
        Ok(())
    }

    /// Stores where rooms are now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_heads(&mut self, heads: &[(RoomId, Head)]) -> Result<(), StoreError> {
        for piece in pieces(heads) {
            let mut query = QueryBuilder::new("WITH now (id, head, msg_no, members) AS (");
            query.push_values(piece, |mut row, (room, head)| {
                row.push_bind(*room.as_uuid())
                    .push_bind(number(head.seq))
                    .push_bind(head.msg_no.get().cast_signed())
                    .push_bind(head.members.cast_signed());
            });
            query.push(
                ") UPDATE rooms SET head = now.head, msg_no = now.msg_no, members = now.members \
                 FROM now WHERE rooms.id = now.id",
            );
            self.run(query).await?;
        }
        Ok(())
    }

    /// Stores read markers; they never move back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_reads(&mut self, reads: &[(RoomId, UserId, Seq)]) -> Result<(), StoreError> {
        for piece in pieces(reads) {
            let mut query = QueryBuilder::new("WITH now (room_id, user_id, read_seq) AS (");
            query.push_values(piece, |mut row, (room, user, seq)| {
                row.push_bind(*room.as_uuid()).push_bind(*user.as_uuid()).push_bind(number(*seq));
            });
            query.push(
                ") UPDATE members SET read_seq = now.read_seq FROM now WHERE members.room_id = now.room_id \
                 AND members.user_id = now.user_id AND members.read_seq < now.read_seq",
            );
            self.run(query).await?;
        }
        Ok(())
    }

    /// Stores who came and who went, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_moves(&mut self, moves: &[Move]) -> Result<(), StoreError> {
        for change in moves {
            let query = match change.role {
                Some(role) => sqlx::query(
                    "INSERT INTO members (room_id, user_id, role, read_seq, joined_seq) \
                     VALUES (?1, ?2, ?4, ?3, ?3)",
                )
                .bind(change.room_id.as_uuid())
                .bind(change.user_id.as_uuid())
                .bind(number(change.seq))
                .bind(rows::role_name(role)),
                None => sqlx::query("DELETE FROM members WHERE room_id = ? AND user_id = ?")
                    .bind(change.room_id.as_uuid())
                    .bind(change.user_id.as_uuid()),
            };
            query.execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    /// Stores a new person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_user(&mut self, user: &Profile, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO users (id, name, avatar, made_at) VALUES (?, ?, ?, ?)")
            .bind(user.id.as_uuid())
            .bind(&user.name)
            .bind(&user.avatar)
            .bind(moment(now))
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Stores a new sign-in, or what became of one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_session(&mut self, session: &SessionRow) -> Result<(), StoreError> {
        let state = session.state;
        sqlx::query(
            "INSERT INTO sessions (id, user_id, generation, confirmed, rotated_at, revoked) \
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, \
             confirmed = excluded.confirmed, rotated_at = excluded.rotated_at, revoked = excluded.revoked",
        )
        .bind(session.id.as_uuid())
        .bind(session.user_id.as_uuid())
        .bind(state.generation.cast_signed())
        .bind(state.confirmed.cast_signed())
        .bind(moment(state.rotated_at))
        .bind(state.revoked)
        .execute(&mut *self.transaction)
        .await?;
        Ok(())
    }

    /// A sign-in as this transaction sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&mut self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query_as("SELECT * FROM sessions WHERE id = ?")
            .bind(session.as_uuid())
            .fetch_optional(&mut *self.transaction)
            .await?;
        Ok(row)
    }

    /// Stores a new room, empty; false when another room has its code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_room(&mut self, room: &Room, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO rooms (id, name, visibility, code, head, msg_no, members, made_at) \
             VALUES (?, ?, ?, ?, 0, 0, 0, ?) ON CONFLICT (code) DO NOTHING",
        )
        .bind(room.id.as_uuid())
        .bind(&room.name)
        .bind(rows::visibility_name(room.visibility))
        .bind(&room.code)
        .bind(moment(now))
        .execute(&mut *self.transaction)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// How many rooms somebody is in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rooms_of(&mut self, user: UserId) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM members WHERE user_id = ?")
            .bind(user.as_uuid())
            .fetch_one(&mut *self.transaction)
            .await?;
        Ok(count.unsigned_abs())
    }
}

fn push_event(mut row: Values<'_, '_>, event: &Event) {
    let (content, reply_to) = match &event.body {
        EventBody::Message { content, reply_to } => (Some(content.clone()), reply_to.map(number)),
        EventBody::Join | EventBody::Leave | EventBody::Other { .. } => (None, None),
    };
    row.push_bind(*event.room_id.as_uuid())
        .push_bind(number(event.seq))
        .push_bind(event.msg_no.get().cast_signed())
        .push_bind(moment(event.timestamp))
        .push_bind(*event.author.id.as_uuid())
        .push_bind(*event.txn_id.as_uuid())
        .push_bind(event.body.kind().to_owned())
        .push_bind(content)
        .push_bind(reply_to);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(rows: usize) -> Vec<usize> {
        pieces(&vec![(); rows]).map(<[()]>::len).collect()
    }

    #[test]
    fn rows_go_in_pieces_of_few_sizes() {
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(7), [4, 2, 1]);
        assert_eq!(sizes(200), [64, 64, 64, 8]);
    }

    #[test]
    fn keys_are_asked_for_in_powers_of_two() {
        assert_eq!(filled(&[1, 2, 3, 4, 5]).copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!(filled(&[1]).copied().collect::<Vec<_>>(), [1]);
    }
}
