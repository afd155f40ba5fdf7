//! The small numbers by which people and rooms go inside the database. They never change, so they are kept in mind.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};
use shared::{RoomId, UserId};
use uuid::Uuid;

use super::super::error::StoreError;

/// Numbers of people and rooms that are kept in mind, about 5 MB; beyond, the memory starts anew.
const MOST: usize = 100_000;

/// The small numbers of people and rooms, which never change.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    users: HashMap<Uuid, i64>,
    rooms: HashMap<Uuid, i64>,
}

impl Numbers {
    /// Starts anew where it has grown too large.
    pub(super) fn bound(&mut self) {
        if self.users.len() + self.rooms.len() > MOST {
            *self = Self::default();
        }
    }

    pub(super) fn user(&mut self, connection: &Connection, user: UserId) -> Result<Option<i64>, StoreError> {
        look_up(&mut self.users, connection, "SELECT no FROM users WHERE id = ?1", *user.as_uuid())
    }

    pub(super) fn room(&mut self, connection: &Connection, room: RoomId) -> Result<Option<i64>, StoreError> {
        look_up(&mut self.rooms, connection, "SELECT no FROM rooms WHERE id = ?1", *room.as_uuid())
    }
}

fn look_up(
    known: &mut HashMap<Uuid, i64>,
    connection: &Connection,
    question: &str,
    id: Uuid,
) -> Result<Option<i64>, StoreError> {
    if let Some(number) = known.get(&id) {
        return Ok(Some(*number));
    }
    let number: Option<i64> =
        connection.prepare_cached(question)?.query_row([id], |row| row.get(0)).optional()?;
    if let Some(number) = number {
        known.insert(id, number);
    }
    Ok(number)
}
