//! A room's place in memory, shared by those who write to it and those who read it. Knows no socket.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use shared::{RoomId, Seq, UserId};

use super::{log::Block, mailbox, room::Room, signal::About};
use crate::commit::ledger::Head;

/// What waits for a connection whose rooms are these.
pub type Mailbox = mailbox::Mailbox<RoomSlot>;

/// A room and the mailboxes of its readers.
#[derive(Debug)]
pub struct RoomSlot {
    /// Which room.
    pub id: RoomId,
    /// The newest event, so that a reader sees without a lock that there is nothing new.
    head: AtomicU64,
    room: Mutex<Room>,
    readers: Mutex<Vec<Arc<Mailbox>>>,
}

impl RoomSlot {
    /// A room without readers.
    pub fn new(id: RoomId, room: Room) -> Self {
        let head = AtomicU64::new(room.head().get());
        Self { id, head, room: Mutex::new(room), readers: Mutex::default() }
    }

    /// Looks at the room, or changes it but for its head.
    pub fn with<T>(&self, look: impl FnOnce(&mut Room) -> T) -> T {
        look(&mut self.room.lock().expect("nothing panics while it holds a room"))
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        Seq::new(self.head.load(Ordering::Acquire)).unwrap_or(Seq::MAX)
    }

    /// Takes what the database said of a room that nothing was known of.
    pub fn settle(&self, head: Head) {
        self.change(|room| room.settle(head));
    }

    /// Takes what was stored. Readers are woken later, all in one go.
    pub fn append(&self, blocks: Vec<Block>, head: Head) {
        self.change(|room| room.append(blocks, head));
    }

    fn change(&self, change: impl FnOnce(&mut Room)) {
        let head = self.with(|room| {
            change(room);
            room.head()
        });
        self.head.fetch_max(head.get(), Ordering::AcqRel);
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Mailbox>>> {
        self.readers.lock().expect("nothing panics while it holds the readers")
    }

    /// One more reads here.
    pub fn add_reader(&self, mailbox: Arc<Mailbox>) {
        let mut readers = self.readers();
        if !readers.iter().any(|is| Arc::ptr_eq(is, &mailbox)) {
            readers.push(mailbox);
        }
    }

    /// One fewer reads here. True when nobody does any more.
    pub fn remove_reader(&self, mailbox: &Arc<Mailbox>) -> bool {
        let mut readers = self.readers();
        if let Some(index) = readers.iter().position(|is| Arc::ptr_eq(is, mailbox)) {
            readers.swap_remove(index);
        }
        readers.is_empty()
    }

    /// Has every reader look again.
    pub fn wake_readers(&self) {
        self.readers().iter().for_each(|reader| reader.wake());
    }

    /// Whose sockets read here.
    pub fn users(&self) -> Vec<UserId> {
        self.readers().iter().filter_map(|reader| reader.user()).collect()
    }

    /// Leaves a signal with every reader, but for the sockets of that person.
    pub fn signal(&self, about: About, frame: &Bytes, except: Option<UserId>) {
        for reader in self.readers().iter().filter(|reader| except.is_none() || reader.user() != except) {
            reader.signal(about, frame.clone());
        }
    }
}
