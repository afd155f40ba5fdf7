//! Going through everything that a client knows, and what it looks like. It judges nothing.

use client_core::{Client, Command, DeliveryState};
use oracle::{ScreenRoom, ScreenState, ShownRow};
use shared::{RoomId, Seq, event::EventBody};

/// A way through all rooms.
#[derive(Debug)]
pub(crate) struct Survey {
    left: Vec<RoomId>,
    at: Option<RoomId>,
    screen_state: ScreenState,
}

impl Survey {
    /// Through the rooms that the client knows now.
    pub(crate) fn new(client: &Client) -> Self {
        let left = client.rooms().map(|view| view.room.id).collect();
        Self { left, at: None, screen_state: ScreenState::default() }
    }

    /// Opens room after room and pages each back to its beginning; to be called when nothing is on its way. The
    /// screen_state, once all rooms were seen.
    pub(crate) fn walk(&mut self, client: &Client, say: &mut Vec<Command>) -> Option<ScreenState> {
        if let Some(room) = self.at {
            let history = client.history(room);
            if !history.loaded || history.catching_up || history.paging || client.members(room).is_empty() {
                return None;
            }
            if !history.at_start {
                say.push(Command::PageBack(room));
                return None;
            }
            self.screen_state.rooms.insert(room, screen_state(client, room));
            self.at = None;
        }
        let Some(room) = self.left.pop() else {
            self.screen_state.waiting = waiting(client);
            return Some(self.screen_state.clone());
        };
        self.at = Some(room);
        say.push(Command::OpenRoom(room));
        None
    }
}

/// The text of a message.
pub(crate) fn text(body: &EventBody) -> Option<&str> {
    body.content()
}

/// All rows of a room.
pub(crate) fn rows(client: &Client, room: RoomId) -> Vec<ShownRow> {
    let row = |key| {
        let row = client.row(room, key)?;
        let content = text(&row.body).map(str::to_owned);
        Some(ShownRow { seq: row.seq, author: row.key.author, txn_id: row.key.txn_id, content })
    };
    client.rows(room).into_iter().filter_map(row).collect()
}

/// Messages that are on their way, in all rooms; what was refused or is asked about is not.
pub(crate) fn waiting(client: &Client) -> usize {
    let waits = |room: RoomId| {
        let rows = client.rows(room).into_iter().rev().filter_map(move |key| client.row(room, key));
        let unstored = rows.take_while(|row| row.seq.is_none());
        unstored
            .filter(|row| !matches!(row.state, DeliveryState::Failed { .. } | DeliveryState::Held { .. }))
            .count()
    };
    client.rooms().map(|view| waits(view.room.id)).sum()
}

/// Whether the client is in the room of that code.
pub(crate) fn is_in(client: &Client, code: &str) -> bool {
    client.rooms().any(|view| view.room.code == code)
}

/// The newest stored row of a room.
pub(crate) fn last_seen(client: &Client, room: RoomId) -> Option<Seq> {
    let stored = |key: &_| client.row(room, *key).and_then(|row| row.seq);
    client.rows(room).iter().rev().find_map(stored)
}

fn screen_state(client: &Client, room: RoomId) -> ScreenRoom {
    let members = client.members(room).iter().map(|member| (member.user.id, member.read_seq));
    let view = client.room(room);
    ScreenRoom {
        head: view.map_or(Seq::ZERO, |view| view.head),
        read_seq: view.map_or(Seq::ZERO, |view| view.read_seq),
        unread: view.map_or(0, |view| view.unread),
        rows: rows(client, room),
        members: members.collect(),
        has_new_list: false,
        typing: client.typing(room).into_iter().map(|profile| profile.id).collect(),
    }
}
