//! Questions about people, sign-ins, rooms, members and the log. Each is one trip to a connection.

use rusqlite::{Connection, OptionalExtension as _, Row};
use shared::{
    Event, RoomId, Seq, SessionId, UserId,
    api::{Room, RoomState},
    event::Profile,
    frame::SyncFrom,
};

use super::{
    super::{
        error::StoreError,
        page::{Page, range},
        rows::{Greeting, MemberRow, Membership, SessionRow},
    },
    Store, columns,
};
use crate::{commit::ledger::Head, refresh::SessionState};

/// A person's rooms; the last column is the message count at their read marker.
const MEMBERSHIPS: &str = "SELECT r.id, r.name, r.visibility, r.code, r.members, r.head, r.msg_no, m.read_seq, \
     COALESCE(e.msg_no, 0) FROM users u JOIN members m ON m.user = u.no JOIN rooms r ON r.no = m.room \
     LEFT JOIN events e ON e.room = m.room AND e.seq = m.read_seq WHERE u.id = ?1";

/// A sign-in.
const SESSION: &str = "SELECT s.id, u.id, s.generation, s.confirmed, s.rotated_at, s.revoked \
     FROM sessions s JOIN users u ON u.no = s.user WHERE s.id = ?1";

/// Where a room is.
const HEAD: &str = "SELECT head, msg_no, members FROM rooms WHERE id = ?1";

impl Store {
    /// Sign-in, person and rooms, as they are at one moment.
    ///
    /// # Errors
    /// When the database can't be asked; the same for every question below.
    pub async fn greeting(&self, user: UserId, session: SessionId) -> Result<Greeting, StoreError> {
        self.ask(move |connection| {
            let moment = connection.unchecked_transaction()?;
            Ok(Greeting {
                session: session_row(&moment, session)?,
                user: profile(&moment, user)?,
                rooms: memberships(&moment, user)?,
            })
        })
        .await
    }

    /// The profile of a person.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn user(&self, user: UserId) -> Result<Option<Profile>, StoreError> {
        self.ask(move |connection| profile(connection, user)).await
    }

    /// A sign-in.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn session(&self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        self.ask(move |connection| session_row(connection, session)).await
    }

    /// Every room of a person, oldest room first.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomState>, StoreError> {
        let rooms = self.ask(move |connection| memberships(connection, user)).await?;
        Ok(rooms.into_iter().map(Membership::into_state).collect())
    }

    /// One room of a person; nothing when they are not in it.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn room_of(&self, user: UserId, room: RoomId) -> Result<Option<RoomState>, StoreError> {
        self.ask(move |connection| {
            let mut query = connection.prepare_cached(&format!("{MEMBERSHIPS} AND r.id = ?2"))?;
            let found = query.query_row((user.as_uuid(), room.as_uuid()), membership).optional()?;
            Ok(found.map(Membership::into_state))
        })
        .await
    }

    /// The room of that code, which is in the form that codes are stored in.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn room_by_code(&self, code: &str) -> Result<Option<Room>, StoreError> {
        let code = code.to_owned();
        self.ask(move |connection| {
            let mut query = connection
                .prepare_cached("SELECT id, name, visibility, code, members FROM rooms WHERE code = ?1")?;
            Ok(query.query_row([code], |row| columns::room(row, 0)).optional()?)
        })
        .await
    }

    /// Who is in a room, in the order of joining.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn members(&self, room: RoomId) -> Result<Vec<MemberRow>, StoreError> {
        self.ask(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT u.id, u.name, u.avatar, m.role, m.read_seq FROM rooms r JOIN members m ON m.room = r.no \
                 JOIN users u ON u.no = m.user WHERE r.id = ?1 ORDER BY m.joined_seq",
            )?;
            let member = |row: &Row<'_>| {
                Ok(MemberRow {
                    user: columns::profile(row, 0)?,
                    role: columns::role(row, 3)?,
                    read_seq: columns::seq(row, 4)?,
                })
            };
            Ok(query.query_map([room.as_uuid()], member)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Whether somebody is in a room.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn is_member(&self, user: UserId, room: RoomId) -> Result<bool, StoreError> {
        self.ask(move |connection| {
            let mut query = connection.prepare_cached(
                "SELECT 1 FROM members m JOIN rooms r ON r.no = m.room JOIN users u ON u.no = m.user \
                 WHERE r.id = ?1 AND u.id = ?2",
            )?;
            Ok(query.exists((room.as_uuid(), user.as_uuid()))?)
        })
        .await
    }

    /// Head, message count and member count of a room.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn head(&self, room: RoomId) -> Result<Option<Head>, StoreError> {
        self.ask(move |connection| head(connection, room)).await
    }

    /// A page of at most `limit` events up to `head`, which the caller has seen stored.
    ///
    /// # Errors
    /// When the database can't be asked, or an event that must be there is not.
    pub async fn page(
        &self,
        room: RoomId,
        from: SyncFrom,
        limit: u64,
        head: Seq,
    ) -> Result<Page, StoreError> {
        let Some(range) = range(from, limit, head) else { return Ok(Page::empty(head)) };
        let (first, last) = (*range.start(), *range.end());
        let events: Vec<Event> = self
            .ask(move |connection| {
                let mut query = connection.prepare_cached(
                    "SELECT e.seq, e.msg_no, e.timestamp, e.txn_id, e.kind, e.body, u.id, u.name, u.avatar \
                     FROM rooms r JOIN events e ON e.room = r.no JOIN users u ON u.no = e.author \
                     WHERE r.id = ?1 AND e.seq BETWEEN ?2 AND ?3 ORDER BY e.seq",
                )?;
                let asked = (room.as_uuid(), first.cast_signed(), last.cast_signed());
                let events = query.query_map(asked, |row| columns::event(row, room))?;
                Ok(events.collect::<Result<_, _>>()?)
            })
            .await?;
        if events.len() as u64 != last - first + 1 {
            return Err(StoreError::Broken("room with a hole in its log"));
        }
        Ok(Page::new(events, from, &range, head))
    }
}

pub(super) fn head(connection: &Connection, room: RoomId) -> Result<Option<Head>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(Head {
            seq: columns::seq(row, 0)?,
            msg_no: columns::msg_no(row, 1)?,
            members: columns::count(row, 2)?,
        })
    };
    Ok(connection.prepare_cached(HEAD)?.query_row([room.as_uuid()], read).optional()?)
}

pub(super) fn session_row(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<SessionRow>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(SessionRow {
            id: SessionId::from_uuid(row.get(0)?),
            user_id: UserId::from_uuid(row.get(1)?),
            state: SessionState {
                generation: columns::count(row, 2)?,
                confirmed: columns::count(row, 3)?,
                rotated_at: columns::timestamp(row, 4)?,
                revoked: row.get(5)?,
            },
        })
    };
    Ok(connection.prepare_cached(SESSION)?.query_row([session.as_uuid()], read).optional()?)
}

fn profile(connection: &Connection, user: UserId) -> Result<Option<Profile>, StoreError> {
    let mut query = connection.prepare_cached("SELECT id, name, avatar FROM users WHERE id = ?1")?;
    Ok(query.query_row([user.as_uuid()], |row| columns::profile(row, 0)).optional()?)
}

fn memberships(connection: &Connection, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{MEMBERSHIPS} ORDER BY r.id"))?;
    Ok(query.query_map([user.as_uuid()], membership)?.collect::<Result<_, _>>()?)
}

fn membership(row: &Row<'_>) -> rusqlite::Result<Membership> {
    Ok(Membership {
        room: columns::room(row, 0)?,
        head: columns::seq(row, 5)?,
        msg_no: columns::msg_no(row, 6)?,
        read_seq: columns::seq(row, 7)?,
        read_msg_no: columns::msg_no(row, 8)?,
    })
}
