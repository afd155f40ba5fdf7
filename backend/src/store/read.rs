//! Questions about people, sign-ins, rooms and members.

use shared::{
    RoomId, Seq, SessionId, UserId,
    api::{Room, RoomState},
    event::Profile,
};
use sqlx::{QueryBuilder, Sqlite};

use crate::chat::ledger::Head;

use super::{
    bulk::{PIECE, filled},
    open::{Store, StoreError},
    rows::{self, MemberRow, Membership, SessionRow},
};

/// A person's rooms; `read_msg_no` is the message count at their read marker.
const MEMBERSHIPS: &str = "SELECT r.id AS room_id, r.name, r.visibility, r.code, r.members, r.head, r.msg_no, \
     m.read_seq, COALESCE(e.msg_no, 0) AS read_msg_no \
     FROM members m JOIN rooms r ON r.id = m.room_id \
     LEFT JOIN events e ON e.room_id = m.room_id AND e.seq = m.read_seq \
     WHERE m.user_id = ";

impl Membership {
    /// As it is told to the person.
    pub fn into_state(self) -> RoomState {
        RoomState {
            unread: self.msg_no.get().saturating_sub(self.read_msg_no.get()),
            room: self.room,
            head: self.head,
            msg_no: self.msg_no,
            read_seq: self.read_seq,
        }
    }
}

impl Store {
    /// Who that is.
    ///
    /// # Errors
    /// When the database can't be asked; the same for every question below.
    pub async fn user(&self, user: UserId) -> Result<Option<Profile>, StoreError> {
        let row = sqlx::query("SELECT id AS user_id, name AS user_name, avatar FROM users WHERE id = ?")
            .bind(user.as_uuid())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.as_ref().map(rows::profile).transpose()?)
    }

    /// A sign-in.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn session(&self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        let row = sqlx::query_as("SELECT * FROM sessions WHERE id = ?")
            .bind(session.as_uuid())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row)
    }

    /// Every room of a person with what memory also knows, oldest room first.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(MEMBERSHIPS);
        query.push_bind(user.as_uuid()).push(" ORDER BY r.id");
        Ok(query.build_query_as().fetch_all(&self.readers).await?)
    }

    /// Every room of a person, oldest room first.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomState>, StoreError> {
        Ok(self.memberships(user).await?.into_iter().map(Membership::into_state).collect())
    }

    /// One room of a person; nothing when they are not in it.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn room_of(&self, user: UserId, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(MEMBERSHIPS);
        query.push_bind(user.as_uuid()).push(" AND m.room_id = ").push_bind(room.as_uuid());
        let row: Option<Membership> = query.build_query_as().fetch_optional(&self.readers).await?;
        Ok(row.map(Membership::into_state))
    }

    /// The room of that code, which is in the form that codes are stored in.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn room_by_code(&self, code: &str) -> Result<Option<Room>, StoreError> {
        let row =
            sqlx::query("SELECT id AS room_id, name, visibility, code, members FROM rooms WHERE code = ?")
                .bind(code)
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.as_ref().map(rows::room).transpose()?)
    }

    /// Who is in a room, in the order of joining.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn members(&self, room: RoomId) -> Result<Vec<MemberRow>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT u.id AS user_id, u.name AS user_name, u.avatar, m.role, m.read_seq \
             FROM members m JOIN users u ON u.id = m.user_id WHERE m.room_id = ? ORDER BY m.joined_seq",
        )
        .bind(room.as_uuid())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows)
    }

    /// Whether somebody is in a room.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn is_member(&self, user: UserId, room: RoomId) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM members WHERE room_id = ? AND user_id = ?")
                .bind(room.as_uuid())
                .bind(user.as_uuid())
                .fetch_optional(&self.readers)
                .await?;
        Ok(found.is_some())
    }

    /// The newest event of each of these rooms, for those that exist.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn heads(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Seq)>, StoreError> {
        let mut found = Vec::new();
        for piece in rooms.chunks(PIECE) {
            let mut query = QueryBuilder::<Sqlite>::new("SELECT id, head FROM rooms WHERE id IN (");
            let mut list = query.separated(", ");
            for room in filled(piece) {
                list.push_bind(*room.as_uuid());
            }
            query.push(")");
            for row in query.build().fetch_all(&self.readers).await? {
                found.push((rows::id(&row, "id", RoomId::from_uuid)?, rows::seq(&row, "head")?));
            }
        }
        Ok(found)
    }

    /// Head, message count and member count of a room.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        let row = sqlx::query("SELECT head, msg_no, members FROM rooms WHERE id = ?")
            .bind(room.as_uuid())
            .fetch_optional(&self.readers)
            .await?;
        let read = |row| -> sqlx::Result<_> {
            Ok(Head {
                seq: rows::seq(row, "head")?,
                msg_no: rows::msg_no(row, "msg_no")?,
                members: rows::count(row, "members")?,
            })
        };
        Ok(row.as_ref().map(read).transpose()?)
    }
}
