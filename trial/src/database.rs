//! What is in the database, read beside the server. It knows the tables, not who asked for what.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use rusqlite::{Connection, OpenFlags, Row};
use shared::{Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, event::Profile};

/// A connection that only reads.
pub(crate) struct Database(Connection);

/// Up to where somebody has read a room.
pub(crate) type Markers = BTreeMap<(RoomId, UserId), Seq>;

impl Database {
    /// Opens the database of a server that may be running.
    pub(crate) fn open(database: &Path) -> anyhow::Result<Self> {
        // SQLite has to write beside a database in use, and nothing into it.
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .with_context(|| database.display().to_string())?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self(connection))
    }

    /// All events, in the order of each room.
    pub(crate) fn events(&self) -> anyhow::Result<Vec<Event>> {
        let mut query = self.0.prepare(
            "SELECT r.id, e.seq, e.msg_no, e.timestamp, e.txn_id, e.kind, e.body, u.id, u.name, u.avatar \
             FROM events e JOIN rooms r ON r.no = e.room JOIN users u ON u.no = e.author ORDER BY r.id, e.seq",
        )?;
        let mut rows = query.query([])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event(row)?);
        }
        Ok(events)
    }

    /// The newest event of each room.
    pub(crate) fn heads(&self) -> anyhow::Result<BTreeMap<RoomId, Seq>> {
        let mut query = self.0.prepare("SELECT id, head FROM rooms")?;
        let rows = query.query_map([], |row| Ok((RoomId::from_uuid(row.get(0)?), row.get(1)?)))?;
        rows.map(|row| row.map_err(Into::into).and_then(|(room, head)| Ok((room, seq(head)?)))).collect()
    }

    /// The read marker of every member of every room.
    pub(crate) fn markers(&self) -> anyhow::Result<Markers> {
        let mut query = self.0.prepare(
            "SELECT r.id, u.id, m.read_seq FROM members m JOIN rooms r ON r.no = m.room JOIN users u ON u.no = m.user",
        )?;
        let who = |row: &Row<'_>| -> rusqlite::Result<(RoomId, UserId)> {
            Ok((RoomId::from_uuid(row.get(0)?), UserId::from_uuid(row.get(1)?)))
        };
        let rows = query.query_map([], |row| Ok((who(row)?, row.get(2)?)))?;
        rows.map(|row| row.map_err(Into::into).and_then(|(who, read)| Ok((who, seq(read)?)))).collect()
    }

    /// What SQLite itself says of the file: nothing where all is well.
    pub(crate) fn damage(&self) -> anyhow::Result<Option<String>> {
        let said: String = self.0.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        let orphans = self.0.prepare("PRAGMA foreign_key_check")?.query_map([], |_| Ok(()))?.count();
        Ok(match (said.as_str(), orphans) {
            ("ok", 0) => None,
            ("ok", orphans) => Some(format!("{orphans} rows refer to rows that are not there")),
            (said, _) => Some(said.to_owned()),
        })
    }
}

fn event(row: &Row<'_>) -> anyhow::Result<Event> {
    let (kind, body): (String, String) = (row.get(5)?, row.get(6)?);
    Ok(Event {
        room_id: RoomId::from_uuid(row.get(0)?),
        seq: seq(row.get(1)?)?,
        msg_no: MsgNo::new(count(row.get(2)?)?).context("a counter below 2^53")?,
        timestamp: Timestamp::from_unix_ms(count(row.get(3)?)?),
        txn_id: TxnId::from_uuid(row.get(4)?),
        author: Profile { id: UserId::from_uuid(row.get(7)?), name: row.get(8)?, avatar: row.get(9)? },
        body: EventBody::from_column(&kind, &body)?,
    })
}

fn count(number: i64) -> anyhow::Result<u64> {
    u64::try_from(number).with_context(|| format!("{number} counts nothing"))
}

fn seq(number: i64) -> anyhow::Result<Seq> {
    Seq::new(count(number)?).context("a seq is below 2^53")
}
