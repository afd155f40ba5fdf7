//! What columns mean: integers and bytes of SQLite to the types of the wire, and back.

use rusqlite::{Error, Result, Row, types::Type};
use shared::{
    Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId,
    api::{Role, Room, Visibility},
    event::Profile,
};

/// A moment, as it is stored.
pub(super) fn moment(timestamp: Timestamp) -> i64 {
    timestamp.unix_ms().cast_signed()
}

/// A place, as it is stored.
pub(super) fn number(seq: Seq) -> i64 {
    seq.get().cast_signed()
}

/// A count, as it is stored.
pub(super) fn messages(msg_no: MsgNo) -> i64 {
    msg_no.get().cast_signed()
}

/// An integer column that is never negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| Error::IntegralValueOutOfRange(column, value))
}

pub(super) fn seq(row: &Row<'_>, column: usize) -> Result<Seq> {
    Seq::new(count(row, column)?).ok_or_else(|| wrong(column, "a seq of 2^53 or more"))
}

pub(super) fn msg_no(row: &Row<'_>, column: usize) -> Result<MsgNo> {
    MsgNo::new(count(row, column)?).ok_or_else(|| wrong(column, "a count of 2^53 or more"))
}

pub(super) fn timestamp(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    count(row, column).map(Timestamp::from_unix_ms)
}

pub(super) fn role(row: &Row<'_>, column: usize) -> Result<Role> {
    let word: String = row.get(column)?;
    Role::of(&word).ok_or_else(|| wrong(column, "neither owner nor member"))
}

/// A profile from three columns: id, name, avatar.
pub(super) fn profile(row: &Row<'_>, first: usize) -> Result<Profile> {
    Ok(Profile {
        id: UserId::from_uuid(row.get(first)?),
        name: row.get(first + 1)?,
        avatar: row.get(first + 2)?,
    })
}

/// A room from five columns: id, name, visibility, code, members.
pub(super) fn room(row: &Row<'_>, first: usize) -> Result<Room> {
    let word: String = row.get(first + 2)?;
    Ok(Room {
        id: RoomId::from_uuid(row.get(first)?),
        name: row.get(first + 1)?,
        visibility: Visibility::of(&word).ok_or_else(|| wrong(first + 2, "neither private nor public"))?,
        code: row.get(first + 3)?,
        members: count(row, first + 4)?,
    })
}

/// The body of an event from two columns: kind, body.
pub(super) fn body(row: &Row<'_>, first: usize) -> Result<EventBody> {
    let kind = row.get_ref(first)?.as_str()?;
    let body = row.get_ref(first + 1)?.as_str()?;
    EventBody::from_column(kind, body).map_err(|_| wrong(first + 1, "no body of an event"))
}

/// An event of that room from nine columns: seq, msg_no, timestamp, txn_id, kind, body, and its author's profile.
pub(super) fn event(row: &Row<'_>, room_id: RoomId) -> Result<Event> {
    Ok(Event {
        room_id,
        seq: seq(row, 0)?,
        msg_no: msg_no(row, 1)?,
        timestamp: timestamp(row, 2)?,
        txn_id: TxnId::from_uuid(row.get(3)?),
        author: profile(row, 6)?,
        body: body(row, 4)?,
    })
}

fn wrong(column: usize, what: &'static str) -> Error {
    Error::FromSqlConversionFailure(column, Type::Null, what.into())
}
