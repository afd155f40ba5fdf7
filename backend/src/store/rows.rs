//! What rows mean: integers and bytes of the database to the types of the wire.

use shared::{
    MsgNo, Seq, SessionId, Timestamp, UserId,
    api::{Role, Room, Visibility},
    event::Profile,
};
use sqlx::{FromRow, Row as _, sqlite::SqliteRow};
use uuid::Uuid;

use crate::refresh::SessionState;

/// A sign-in as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// How far its refresh tokens are.
    pub state: SessionState,
}

/// Somebody in a room, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub user: Profile,
    /// What they may do.
    pub role: Role,
    /// Up to which event they have read.
    pub read_seq: Seq,
}

/// One room of one person, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The room.
    pub room: Room,
    /// Its newest event.
    pub head: Seq,
    /// How many messages it has.
    pub msg_no: MsgNo,
    /// Up to which event this person has read.
    pub read_seq: Seq,
    /// How many messages the room had at that event.
    pub read_msg_no: MsgNo,
}

/// An integer column that is never negative and below 2^53.
pub(super) fn count(row: &SqliteRow, column: &str) -> sqlx::Result<u64> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|error| broken(column, error))
}

pub(super) fn seq(row: &SqliteRow, column: &str) -> sqlx::Result<Seq> {
    Seq::new(count(row, column)?).ok_or_else(|| broken(column, "2^53 or more"))
}

pub(super) fn msg_no(row: &SqliteRow, column: &str) -> sqlx::Result<MsgNo> {
    MsgNo::new(count(row, column)?).ok_or_else(|| broken(column, "2^53 or more"))
}

pub(super) fn id<T>(row: &SqliteRow, column: &str, wrap: fn(Uuid) -> T) -> sqlx::Result<T> {
    row.try_get(column).map(wrap)
}

pub(super) fn moment(row: &SqliteRow, column: &str) -> sqlx::Result<Timestamp> {
    count(row, column).map(Timestamp::from_unix_ms)
}

pub(super) fn broken(
    column: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}

pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::Member => "member",
    }
}

pub(super) const fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Public => "public",
    }
}

/// A profile from the columns `user_id`, `user_name` and `avatar`.
pub(super) fn profile(row: &SqliteRow) -> sqlx::Result<Profile> {
    Ok(Profile {
        id: id(row, "user_id", UserId::from_uuid)?,
        name: row.try_get("user_name")?,
        avatar: row.try_get("avatar")?,
    })
}

impl FromRow<'_, SqliteRow> for SessionRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: id(row, "id", SessionId::from_uuid)?,
            user_id: id(row, "user_id", UserId::from_uuid)?,
            state: SessionState {
                generation: count(row, "generation")?,
                confirmed: count(row, "confirmed")?,
                rotated_at: moment(row, "rotated_at")?,
                revoked: row.try_get("revoked")?,
            },
        })
    }
}

impl FromRow<'_, SqliteRow> for MemberRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let role: &str = row.try_get("role")?;
        let role = match role {
            "owner" => Role::Owner,
            "member" => Role::Member,
            _ => return Err(broken("role", "neither owner nor member")),
        };
        Ok(Self { user: profile(row)?, role, read_seq: seq(row, "read_seq")? })
    }
}

/// The columns of a room under the names that [`room`] reads.
pub(super) fn room(row: &SqliteRow) -> sqlx::Result<Room> {
    let visibility: &str = row.try_get("visibility")?;
    let visibility = match visibility {
        "private" => Visibility::Private,
        "public" => Visibility::Public,
        _ => return Err(broken("visibility", "neither private nor public")),
    };
    Ok(Room {
        id: id(row, "room_id", shared::RoomId::from_uuid)?,
        name: row.try_get("name")?,
        visibility,
        code: row.try_get("code")?,
        members: count(row, "members")?,
    })
}

impl FromRow<'_, SqliteRow> for Membership {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            room: room(row)?,
            head: seq(row, "head")?,
            msg_no: msg_no(row, "msg_no")?,
            read_seq: seq(row, "read_seq")?,
            read_msg_no: msg_no(row, "read_msg_no")?,
        })
    }
}
