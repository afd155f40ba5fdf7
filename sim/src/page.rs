//! One tab: a client core, and what of it the oracle has been told. Knows no network.

use std::collections::{BTreeMap, BTreeSet};

use client_core::{Client, DeliveryState, RowKey, SessionState, keep::Memory};
use shared::{Event, RoomId, Timestamp, TxnId, UserId, error::ErrorCode};

use crate::server_under_test::BEGIN_MS;
use oracle::{Screen, ScreenRoom, ScreenState, ShownRow};

/// A client and its surroundings.
pub(crate) struct Tab {
    pub(crate) person: usize,
    pub(crate) screen: Screen,
    pub(crate) client: Client,
    /// Counts how often the page was loaded; what belongs to an earlier one is passed over.
    pub(crate) life: u32,
    pub(crate) is_running: bool,
    /// The connection that it has or wants, as its number among all.
    pub(crate) wire: Option<usize>,
    /// When it is called next because time has passed.
    pub(crate) tick_at: Option<u64>,
    /// Nothing moves here until then.
    pub(crate) asleep_until: u64,
    /// What its calendar is wrong by, in milliseconds.
    pub(crate) wall_off: i64,
    /// The messages that have appeared here and were not yet seen stored.
    pub(crate) unsent: BTreeMap<TxnId, RoomId>,
    pub(crate) open: Option<RoomId>,
    /// What outlives the page, where the browser keeps anything.
    pub(crate) store: Option<Memory>,
    /// What has changed since the oracle last looked.
    pub(crate) dirty: BTreeSet<RoomId>,
    pub(crate) dirty_members: BTreeSet<RoomId>,
    pub(crate) dirty_rooms: bool,
    /// Rooms whose typing was shown.
    pub(crate) typing: BTreeSet<RoomId>,
}

impl Tab {
    pub(crate) fn new(person: usize, screen: Screen, seed: u64) -> Self {
        Self {
            person,
            screen,
            client: Client::new(seed),
            life: 0,
            is_running: false,
            wire: None,
            tick_at: None,
            asleep_until: 0,
            wall_off: 0,
            unsent: BTreeMap::new(),
            open: None,
            store: None,
            dirty: BTreeSet::new(),
            dirty_members: BTreeSet::new(),
            dirty_rooms: false,
            typing: BTreeSet::new(),
        }
    }

    /// The moment by the clocks of this machine.
    pub(crate) fn now(&self, now: u64) -> client_core::Now {
        let wall = (BEGIN_MS + now / 1_000).saturating_add_signed(self.wall_off);
        client_core::Now { ms: now / 1_000, wall: Timestamp::from_unix_ms(wall) }
    }

    /// Who is signed in.
    pub(crate) fn user(&self) -> Option<UserId> {
        match self.client.session() {
            SessionState::SignedIn(profile) => Some(profile.id),
            SessionState::Unknown | SessionState::SignedOut { .. } => None,
        }
    }

    /// All rows of a room.
    pub(crate) fn rows(&self, room: RoomId) -> Vec<ShownRow> {
        let keys = self.client.rows(room);
        keys.into_iter().filter_map(|key| self.row(room, key)).collect()
    }

    fn row(&self, room: RoomId, key: RowKey) -> Option<ShownRow> {
        let row = self.client.row(room, key)?;
        let content = row.body.content().map(str::to_owned);
        Some(ShownRow { seq: row.seq, author: key.author, txn_id: key.txn_id, content })
    }

    /// Own rows of a room that are not stored, and whether each has failed.
    pub(crate) fn waiting(&self, room: RoomId) -> Vec<(RowKey, bool)> {
        let keys = self.client.rows(room).into_iter().rev();
        let rows = keys.filter_map(|key| self.client.row(room, key));
        let rows = rows.take_while(|row| row.seq.is_none());
        rows.map(|row| (row.key, matches!(row.state, DeliveryState::Failed { .. }))).collect()
    }

    /// Which message of a room is to be sent after that one, and its text.
    pub(crate) fn behind(&self, room: RoomId, txn_id: TxnId) -> Option<(TxnId, String)> {
        let keys = self.client.rows(room).into_iter().skip_while(|key| key.txn_id != txn_id).skip(1);
        let mut rows = keys.filter_map(|key| self.client.row(room, key));
        let next = rows.find(|row| matches!(row.state, DeliveryState::Queued { .. }))?;
        next.body.content().map(|content| (next.key.txn_id, content.to_owned()))
    }

    /// Whether that row is here and nowhere else.
    pub(crate) fn is_recallable(&self, room: RoomId, key: RowKey) -> bool {
        self.client.row(room, key).is_some_and(|row| row.recallable)
    }

    /// Whether that message is tried again only as a new one.
    pub(crate) fn is_refused_for_ever(&self, room: RoomId, key: RowKey) -> bool {
        let row = self.client.row(room, key);
        row.is_some_and(|row| {
            matches!(
                row.state,
                DeliveryState::Failed {
                    code: ErrorCode::NotMember | ErrorCode::Invalid | ErrorCode::Conflict,
                    ..
                }
            )
        })
    }

    /// Own rows of a room that are so old that somebody has to say whether they are sent.
    pub(crate) fn held(&self, room: RoomId) -> Vec<RowKey> {
        let keys = self.client.rows(room).into_iter();
        let rows = keys.filter_map(|key| self.client.row(room, key));
        let held = rows.filter(|row| matches!(row.state, DeliveryState::Held { .. }));
        held.map(|row| row.key).collect()
    }

    /// How many messages wait to be sent.
    pub(crate) fn waiting_count(&self) -> usize {
        let rooms = self.client.rooms().map(|view| view.room.id);
        rooms.map(|room| self.waiting(room).iter().filter(|(_, failed)| !failed).count()).sum()
    }

    /// What is shown of a room.
    pub(crate) fn screen_room(&self, room: RoomId) -> ScreenRoom {
        let view = self.client.room(room);
        let members = self.client.members(room).iter().map(|member| (member.user.id, member.read_seq));
        ScreenRoom {
            head: view.map(|view| view.head).unwrap_or_default(),
            read_seq: view.map(|view| view.read_seq).unwrap_or_default(),
            unread: view.map_or(0, |view| view.unread),
            rows: self.rows(room),
            members: members.collect(),
            has_new_list: false,
            typing: self.client.typing(room).into_iter().map(|profile| profile.id).collect(),
        }
    }

    /// An empty screen_state of all; the rooms come one by one.
    pub(crate) fn screen_state(&self) -> ScreenState {
        ScreenState { rooms: BTreeMap::new(), waiting: self.waiting_count() }
    }
}

/// The text of a message.
pub(crate) fn text(event: &Event) -> Option<&str> {
    event.body.content()
}
