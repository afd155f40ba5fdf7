//! What has changed since the last frame, merged: a thousand changes of one thing are one write. Knows no
//! signal and no frame.

use client_core::Change;
use shared::RoomId;

use crate::store::{Arrived, Failure, Found, Refused};

/// Messages kept to be announced: more are only counted, so a few names are enough.
const ARRIVED_MOST: usize = 200;

/// Everything that a frame has to write.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    /// Who is signed in.
    pub session: bool,
    /// The connection.
    pub link: bool,
    /// The rooms.
    pub rooms: bool,
    /// Which rows there are.
    pub rows: bool,
    /// What is in a row.
    pub row: bool,
    /// What is written in the composer.
    pub draft: bool,
    /// Members.
    pub members: bool,
    /// Who types.
    pub typing: bool,
    /// A room was made or joined.
    pub entered: Option<RoomId>,
    /// A room was left.
    pub left: Option<RoomId>,
    /// A code was looked up.
    pub found: Option<Found>,
    /// A command failed.
    pub failed: Option<Failure>,
    /// A message was not taken.
    pub refused: Option<Refused>,
    /// Messages of others.
    pub arrived: Vec<Arrived>,
}

impl Dirty {
    /// Notes everything that can be read from the client.
    pub(super) fn everything(&mut self) {
        (self.session, self.link, self.rooms) = (true, true, true);
        self.room();
    }

    /// Notes everything of the room that is shown.
    pub(super) fn room(&mut self) {
        (self.rows, self.row, self.members, self.typing) = (true, true, true, true);
    }

    /// Notes a change, as far as it can be seen while `open` is the room that is shown.
    pub(super) fn note(&mut self, change: Change, open: Option<RoomId>) {
        let shown = |room| open == Some(room);
        match change {
            Change::Session => self.session = true,
            Change::Link => self.link = true,
            Change::Rooms => self.rooms = true,
            Change::Rows(room) => self.rows |= shown(room),
            Change::Row(room, _) => self.row |= shown(room),
            Change::Draft(room) => self.draft |= shown(room),
            Change::Members(room) => self.members |= shown(room),
            Change::Typing(room) => self.typing |= shown(room),
            Change::Entered(room) => self.entered = Some(room),
            Change::Left(room) => self.left = Some(room),
            Change::Found { code, preview } => self.found = Some(Found { code, preview }),
            Change::Failed { call, code, detail, field, retry_after_ms } => {
                self.failed = Some(Failure { call, code, detail, field, retry_after_ms });
            }
            Change::PostRefused { room, content, code } => {
                self.refused = Some(Refused { room, content, code });
            }
            Change::Arrived(room, event) => {
                if shown(room)
                    && self.arrived.len() < ARRIVED_MOST
                    && let Some(text) = event.body.content()
                {
                    self.arrived.push(Arrived { text: text.to_owned(), name: event.author.name });
                }
            }
        }
    }
}
