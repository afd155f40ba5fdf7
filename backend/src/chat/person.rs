//! A person as the server keeps one in mind: their sockets, their rooms, where they are. Knows nobody else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use shared::{RoomId, SessionId, Timestamp, UserId};

use super::{presence::Whereabouts, rate::Gcra, slot::Mailbox};

/// People whose last departure is remembered, about 5 MB; beyond, the memory starts anew.
const SEEN: usize = 100_000;

/// Somebody with at least one socket, or who had one a moment ago.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) whereabouts: Whereabouts,
    pub(super) sockets: Vec<Socket>,
    pub(super) rooms: BTreeSet<RoomId>,
    /// Counts joins and leaves, so that a list of rooms that was read meanwhile is known as old.
    pub(super) moves: u64,
    pub(super) messages: Arc<Mutex<Gcra>>,
}

#[derive(Debug)]
pub(super) struct Socket {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) session: SessionId,
    pub(super) is_away: bool,
}

/// When people were last seen, of those who are gone.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<UserId, Timestamp>>);

impl Seen {
    pub(super) fn get(&self, user: UserId) -> Option<Timestamp> {
        self.0.lock().expect("nothing panics while it holds the list").get(&user).copied()
    }

    pub(super) fn put(&self, user: UserId, at: Timestamp) {
        let mut seen = self.0.lock().expect("nothing panics while it holds the list");
        if seen.len() >= SEEN {
            seen.clear();
        }
        seen.insert(user, at);
    }
}
