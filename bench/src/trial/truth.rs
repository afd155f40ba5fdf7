//! What is in the database, read beside the server. It knows the tables, not who asked for what.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use shared::{Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, event::Profile};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

/// A connection that only reads.
pub(crate) struct Truth(SqliteConnection);

/// Up to where somebody has read a room.
pub(crate) type Markers = BTreeMap<(RoomId, UserId), Seq>;

impl Truth {
    /// Opens the database of a server that may be running.
    pub(crate) async fn open(database: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(database).pragma("query_only", "ON");
        Ok(Self(options.connect().await.with_context(|| database.display().to_string())?))
    }

    /// All events, in the order of each room.
    pub(crate) async fn events(&mut self) -> anyhow::Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT e.room_id, e.seq, e.msg_no, e.timestamp, e.author, e.txn_id, e.kind, e.content, e.reply_to, \
             u.name, u.avatar FROM events e JOIN users u ON u.id = e.author ORDER BY e.room_id, e.seq",
        );
        rows.fetch_all(&mut self.0).await?.iter().map(event).collect()
    }

    /// The newest event of each room.
    pub(crate) async fn heads(&mut self) -> anyhow::Result<BTreeMap<RoomId, Seq>> {
        let rows = sqlx::query("SELECT id, head FROM rooms").fetch_all(&mut self.0).await?;
        rows.iter().map(|row| Ok((RoomId::from_uuid(row.try_get(0)?), seq(row.try_get(1)?)?))).collect()
    }

    /// The read marker of every member of every room.
    pub(crate) async fn markers(&mut self) -> anyhow::Result<Markers> {
        let rows =
            sqlx::query("SELECT room_id, user_id, read_seq FROM members").fetch_all(&mut self.0).await?;
        let marker = |row: &sqlx::sqlite::SqliteRow| {
            let (room, user): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            anyhow::Ok(((RoomId::from_uuid(room), UserId::from_uuid(user)), seq(row.try_get(2)?)?))
        };
        rows.iter().map(marker).collect()
    }

    /// What SQLite itself says of the file: nothing where all is well.
    pub(crate) async fn damage(&mut self) -> anyhow::Result<Option<String>> {
        let said: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut self.0).await?;
        let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut self.0).await?.len();
        Ok(match (said.as_str(), orphans) {
            ("ok", 0) => None,
            ("ok", orphans) => Some(format!("{orphans} rows refer to rows that are not there")),
            (said, _) => Some(said.to_owned()),
        })
    }

    /// Lets go of the file.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.0.close().await?)
    }
}

fn event(row: &sqlx::sqlite::SqliteRow) -> anyhow::Result<Event> {
    let content: Option<String> = row.try_get("content")?;
    let reply_to: Option<i64> = row.try_get("reply_to")?;
    let body = match row.try_get::<&str, _>("kind")? {
        "message" => EventBody::Message(shared::Message {
            content: content.context("a message has a text")?,
            reply_to: reply_to.map(seq).transpose()?,
        }),
        "join" => EventBody::Join,
        "leave" => EventBody::Leave,
        other => bail!("an event of the kind {other}"),
    };
    let author = Profile {
        id: UserId::from_uuid(row.try_get("author")?),
        name: row.try_get("name")?,
        avatar: row.try_get("avatar")?,
    };
    Ok(Event {
        room_id: RoomId::from_uuid(row.try_get("room_id")?),
        seq: seq(row.try_get("seq")?)?,
        msg_no: MsgNo::new(count(row.try_get("msg_no")?)?).context("a counter below 2^53")?,
        timestamp: Timestamp::from_unix_ms(count(row.try_get("timestamp")?)?),
        txn_id: TxnId::from_uuid(row.try_get("txn_id")?),
        author,
        body,
    })
}

fn count(number: i64) -> anyhow::Result<u64> {
    u64::try_from(number).with_context(|| format!("{number} counts nothing"))
}

fn seq(number: i64) -> anyhow::Result<Seq> {
    Seq::new(count(number)?).context("a seq is below 2^53")
}
