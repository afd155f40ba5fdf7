//! The one connection that writes, and the statements of a batch. Decides nothing: rows in, rows out.

use shared::{RoomId, Seq, SessionId, Timestamp, TxnId, UserId, api::Room, event::Profile};
use sqlx::{
    ConnectOptions as _, Connection as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, Transaction,
    sqlite::SqliteConnectOptions,
};

use super::{
    bulk::{PIECE, Rows, filled, moment, number},
    open::StoreError,
    rows::{self, SessionRow},
};
use crate::chat::ledger::{BodyHash, Head, Move, NewTxn, Stored};

/// The connection that writes. There is one.
#[derive(Debug)]
pub struct Writer {
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
    refuses: bool,
    pretends: bool,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, options: SqliteConnectOptions) -> Self {
        Self { connection: Some(connection), options, refuses: false, pretends: false }
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
        let transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Batch { transaction, refuses: self.refuses, pretends: self.pretends })
    }

    /// Has every transaction fail in the end, as on a disk that is full or broken, or succeed again. For simulators.
    pub(crate) fn refuse(&mut self, refuses: bool) {
        self.refuses = refuses;
    }

    /// Has every transaction be undone in the end and say that it was stored, or be stored again. For simulators, to
    /// see that it would be noticed.
    pub(crate) fn pretend(&mut self, pretends: bool) {
        self.pretends = pretends;
    }

    /// Runs statements that the server knows nothing of. For simulators, to see that it would be noticed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tamper(&mut self, statements: String) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.options.connect().await?);
        }
        let connection = self.connection.as_mut().expect("it was just made");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements)).execute(connection).await?;
        Ok(())
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
    refuses: bool,
    pretends: bool,
}

impl Batch<'_> {
    /// Stores everything, on disk when it returns.
    ///
    /// # Errors
    /// When it could not; nothing is stored then. The same for every call here.
    pub async fn commit(self) -> Result<(), StoreError> {
        if self.refuses {
            // Readers of a database in memory see what is not committed: it is gone when this returns.
            self.transaction.rollback().await?;
            return Err(StoreError::Refused);
        }
        if self.pretends {
            return Ok(self.transaction.rollback().await?);
        }
        Ok(self.transaction.commit().await?)
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

    /// Stores what a batch has come to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        for mut question in rows.questions() {
            question.build().execute(&mut *self.transaction).await?;
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::api::Role;

    use super::*;
    use crate::chat::ledger::{Changes, Ledger, Post};

    #[tokio::test]
    async fn a_batch_of_any_size_is_stored_whole_and_read_back() {
        let (store, mut writer) = crate::store::Store::in_memory().await.unwrap();
        let now = Timestamp::from_unix_ms(1_795_000_000_000);
        let ada = Profile { id: UserId::mint(1, [1; 10]), name: "Ada".into(), avatar: None };
        let room = Room {
            id: RoomId::mint(1, [2; 10]),
            name: "Tea".into(),
            visibility: shared::api::Visibility::Private,
            code: "TEA".into(),
            members: 0,
        };
        let (mut ledger, mut changes) = (Ledger::default(), Changes::default());
        ledger.learn_room(room.id, Some(Head::default()));
        // The joins come first, so that the messages' events are further on than their requests.
        for number in 0..100 {
            let user = Profile { id: UserId::mint(2, [number; 10]), ..ada.clone() };
            let txn = TxnId::mint(2, [number; 10]);
            ledger.join(room.id, &user, Role::Member, (txn, now), &mut changes).unwrap();
        }
        for number in 0..150 {
            let author = Arc::new(Profile { id: UserId::mint(2, [number % 100; 10]), ..ada.clone() });
            let (txn_id, content) = (TxnId::mint(3, [number; 10]), format!("number {number}"));
            let post = Post { author, txn_id, room_id: room.id, content, reply_to: None };
            ledger.post(&post, now, &mut changes).unwrap();
        }
        let mut batch = writer.begin().await.unwrap();
        for number in 0..100 {
            let user = Profile { id: UserId::mint(2, [number; 10]), ..ada.clone() };
            batch.add_user(&user, now).await.unwrap();
        }
        assert!(batch.add_room(&room, now).await.unwrap());
        batch.add_moves(&changes.moves).await.unwrap();
        let heads: Vec<_> = changes.heads.iter().map(|(room, head)| (*room, *head)).collect();
        let reads: Vec<_> = changes.reads.iter().map(|((room, user), seq)| (*room, *user, *seq)).collect();
        let rows = Rows { events: &changes.events, txns: &changes.txns, heads: &heads, reads: &reads };
        batch.add(&rows).await.unwrap();
        batch.commit().await.unwrap();

        assert_eq!(store.head(room.id).await.unwrap(), ledger.head(room.id));
        let (from, head) = (shared::frame::SyncFrom::After(Seq::ZERO), heads[0].1.seq);
        assert_eq!(store.page(room.id, from, 1_000, head).await.unwrap().events, changes.events);
        let mut batch = writer.begin().await.unwrap();
        let keys: Vec<_> = changes.txns.iter().map(|(user, txn, _)| (*user, *txn)).collect();
        let mut stored = batch.txns(&keys).await.unwrap();
        stored.sort_by_key(|(.., stored)| stored.seq);
        stored.dedup_by_key(|(.., stored)| stored.seq);
        assert_eq!(stored, changes.txns);
        let members: Vec<_> = reads.iter().map(|(room, user, _)| (*room, *user)).collect();
        for (room, user, read) in batch.members(&members).await.unwrap() {
            assert_eq!(changes.reads[&(room, user)], read);
        }
    }
}
