//! Who is connected and which rooms are in memory; passes on what was stored and what people do. Knows no
//! socket: a connection is a mailbox. Everything here can be thrown away at any moment; the database is the truth.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use shared::{
    CloseCode, Event, RoomId, Seq, ServerFrame, UserId,
    frame::{ReadSignal, TypingSignal},
};
use tokio::time::Instant;

use super::{
    addresses::Addresses,
    encode,
    log::Block,
    mailbox::Order,
    person::{Person, Seen},
    rate::Rate,
    room::Room,
    session::{Now, Rules},
    signal::About,
    slot::{Mailbox, RoomSlot},
};
use crate::{
    clock,
    commit::ledger::{Changes, Head},
    metrics::Metrics,
    options::ServerOptions,
    store::Store,
};

/// Everything that connections share.
#[derive(Debug)]
pub struct Hub {
    pub(super) store: Store,
    pub(super) metrics: Arc<Metrics>,
    pub(super) rules: Arc<Rules>,
    pub(super) addresses: Arc<Addresses>,
    pub(super) presence_offline: Duration,
    reconnect_spread: Duration,
    ring: (usize, usize),
    started: Instant,
    is_closing: AtomicBool,
    rooms: Mutex<Rooms>,
    pub(super) people: Mutex<HashMap<UserId, Person>>,
    pub(super) seen: Seen,
    /// Every socket, known or not, by a number of its own.
    pub(super) sockets: Mutex<Sockets>,
    pub(super) socket_gone: tokio::sync::Notify,
}

/// The rooms in memory, and what was stored meanwhile in others.
#[derive(Debug, Default)]
struct Rooms {
    open: HashMap<RoomId, Arc<RoomSlot>>,
    /// How many connections are reading from the database where their rooms are.
    arriving: usize,
    /// Where rooms are that nobody reads, as far as something was stored there while somebody was arriving: what the
    /// database told them may be older.
    moved: HashMap<RoomId, Head>,
    /// How often `moved` has grown too large and was emptied.
    overflows: u64,
}

/// Rooms that are kept in mind for those who arrive, about 1 MB; beyond, they ask again.
const MOVED: usize = 10_000;

/// A connection that is reading from the database where its rooms are.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    hub: &'a Hub,
    overflows: u64,
}

impl Arrival<'_> {
    /// Has the connection read that room from now on, of which the database has said where it was. `None` where
    /// nobody knows any more what was stored since: the database is to be asked again.
    pub(super) fn enter(&self, room: RoomId, said: Head, mailbox: &Arc<Mailbox>) -> Option<Arc<RoomSlot>> {
        let mut rooms = self.hub.rooms();
        if rooms.overflows != self.overflows {
            return None;
        }
        let newest = rooms.moved.get(&room).copied().filter(|moved| moved.seq > said.seq).unwrap_or(said);
        let slot = self.hub.enter_locked(&mut rooms, room, mailbox);
        slot.settle(newest);
        Some(slot)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let mut rooms = self.hub.rooms();
        rooms.arriving -= 1;
        if rooms.arriving == 0 {
            rooms.moved.clear();
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Sockets {
    next: u64,
    open: BTreeMap<u64, Arc<Mailbox>>,
}

impl Hub {
    /// A hub where nobody is.
    pub fn new(store: Store, options: &ServerOptions, metrics: Arc<Metrics>) -> Arc<Self> {
        let limits = options.limits.clone();
        let rules = Rules {
            frames: Rate::new(limits.frames_burst, limits.frames_per_second, Duration::from_secs(1)),
            messages: Rate::new(limits.messages_burst, limits.messages_per_minute, Duration::from_secs(60)),
            heartbeat: options.heartbeat,
            silence: options.silence,
            posts_in_flight: options.posts_in_flight,
            limits,
        };
        Arc::new(Self {
            store,
            metrics,
            rules: Arc::new(rules),
            addresses: Arc::default(),
            presence_offline: options.presence_offline,
            reconnect_spread: options.reconnect_spread,
            ring: (options.room_ring_events, options.room_ring_bytes),
            started: Instant::now(),
            is_closing: AtomicBool::new(false),
            rooms: Mutex::default(),
            people: Mutex::default(),
            seen: Seen::default(),
            sockets: Mutex::default(),
            socket_gone: tokio::sync::Notify::new(),
        })
    }

    /// The moment.
    pub fn now(&self) -> Now {
        Now { tick: self.started.elapsed(), wall: clock::now() }
    }

    /// What holds for every session.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The sockets of all addresses.
    pub fn addresses(&self) -> &Arc<Addresses> {
        &self.addresses
    }

    /// How many sockets are open, known or not.
    pub fn socket_count(&self) -> usize {
        self.sockets().open.len()
    }

    /// Whether the server goes down.
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    pub(super) fn sockets(&self) -> MutexGuard<'_, Sockets> {
        self.sockets.lock().expect("nothing panics while it holds the sockets")
    }

    pub(super) fn people(&self) -> MutexGuard<'_, HashMap<UserId, Person>> {
        self.people.lock().expect("nothing panics while it holds the people")
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().expect("nothing panics while it holds the rooms")
    }

    /// Counts a socket in.
    pub fn open_socket(&self, mailbox: &Arc<Mailbox>) -> u64 {
        let mut sockets = self.sockets();
        sockets.next += 1;
        let number = sockets.next;
        sockets.open.insert(number, mailbox.clone());
        self.metrics.sockets_open.inc();
        self.metrics.sockets_opened.inc();
        if self.is_closing() {
            mailbox.order(CLOSE_FOR_RESTART);
        }
        number
    }

    /// Counts a socket out.
    pub fn close_socket(&self, number: u64) {
        self.sockets().open.remove(&number);
        self.metrics.sockets_open.dec();
        self.socket_gone.notify_waiters();
    }

    /// Tells every client when to come back, closes their sockets with 1012 once their posts are answered,
    /// and returns when all are gone. The caller bounds the wait.
    pub async fn begin_shutdown(&self) {
        self.is_closing.store(true, Ordering::Release);
        let spread = u64::try_from(self.reconnect_spread.as_millis()).unwrap_or(u64::MAX).max(1);
        for mailbox in self.sockets().open.values() {
            let reconnect_after_ms = u64::from_be_bytes(clock::random_bytes()) % spread;
            mailbox.order(Order::Shutdown { reconnect_after_ms });
            mailbox.order(CLOSE_FOR_RESTART);
        }
        loop {
            let gone = self.socket_gone.notified();
            if self.socket_count() == 0 {
                return;
            }
            gone.await;
        }
    }

    /// A room's place in memory with this connection as a reader. Its head may not be known yet.
    pub(super) fn enter(&self, room: RoomId, mailbox: &Arc<Mailbox>) -> Arc<RoomSlot> {
        self.enter_locked(&mut self.rooms(), room, mailbox)
    }

    fn enter_locked(&self, rooms: &mut Rooms, room: RoomId, mailbox: &Arc<Mailbox>) -> Arc<RoomSlot> {
        let slot = rooms.open.entry(room).or_insert_with(|| {
            self.metrics.rooms_open.inc();
            let (events, bytes) = self.ring;
            Arc::new(RoomSlot::new(room, Room::new(events, bytes)))
        });
        slot.add_reader(mailbox.clone());
        slot.clone()
    }

    /// Enters a room once more that the connection may have been taken out of in the meantime, because it has
    /// left the room and come back. What the old place knew of the room the new one knows too, so that a reader
    /// who is not there yet is behind and not caught up.
    pub fn enter_again(&self, slot: &Arc<RoomSlot>, mailbox: &Arc<Mailbox>) -> Arc<RoomSlot> {
        let current = self.enter(slot.id, mailbox);
        if !Arc::ptr_eq(&current, slot) {
            current.settle(slot.with(|room| room.at()));
        }
        current
    }

    /// The connection reads this room no more. A room without readers leaves memory.
    pub fn exit(&self, slot: &RoomSlot, mailbox: &Arc<Mailbox>) {
        let mut rooms = self.rooms();
        // A room that left memory before and came back is another one.
        let is_current = rooms.open.get(&slot.id).is_some_and(|is| std::ptr::eq(Arc::as_ptr(is), slot));
        if slot.remove_reader(mailbox) && is_current {
            rooms.open.remove(&slot.id);
            self.metrics.rooms_open.dec();
        }
    }

    /// A room that somebody reads.
    pub(super) fn slot(&self, room: RoomId) -> Option<Arc<RoomSlot>> {
        self.rooms().open.get(&room).cloned()
    }

    /// A room that somebody reads. Where nobody does, those who are just arriving are to know where it is now.
    fn slot_that_moves(&self, room: RoomId, head: Head) -> Option<Arc<RoomSlot>> {
        let mut rooms = self.rooms();
        let slot = rooms.open.get(&room).cloned();
        if slot.is_none() && rooms.arriving > 0 {
            if rooms.moved.len() >= MOVED {
                rooms.moved.clear();
                rooms.overflows += 1;
            }
            rooms.moved.insert(room, head);
        }
        slot
    }

    /// A connection begins to read from the database where its rooms are.
    pub(super) fn arrive(&self) -> Arrival<'_> {
        let mut rooms = self.rooms();
        rooms.arriving += 1;
        Arrival { hub: self, overflows: rooms.overflows }
    }

    /// Takes what was stored: readers come and go, the rooms' logs grow, everybody looks.
    pub(crate) fn publish(&self, changes: Changes) {
        let Changes { mut events, heads, told, moves, .. } = changes;
        // Before the events can be seen, so that a `leave` is the last one that who left is given.
        moves.iter().for_each(|change| self.apply_move(change));
        events.sort_by_key(|event| event.room_id);
        let changed: Vec<_> = events
            .chunk_by(|one, other| one.room_id == other.room_id)
            .filter_map(|events: &[Event]| {
                let room = events.first()?.room_id;
                let head = *heads.get(&room)?;
                let slot = self.slot_that_moves(room, head)?;
                slot.append(Block::encode(events), head);
                Some(slot)
            })
            .collect();
        changed.iter().for_each(|slot| slot.wake_readers());
        moves.iter().filter(|change| change.role.is_some()).for_each(|change| self.introduce(change));
        for ((room, user), seq) in told {
            self.tell_read(room, user, seq);
        }
    }

    /// Passes on that somebody types, to everybody else in a small room.
    pub fn typing(&self, slot: &RoomSlot, user: UserId, active: bool) {
        let now = self.started.elapsed();
        if slot.with(|room| room.passes_typing(user, active, now, &self.rules.limits)) {
            let signal = TypingSignal { room_id: slot.id, user_id: user, active };
            let frame = encoded(&ServerFrame::Typing(signal));
            slot.signal(About::Typing(slot.id, user), &frame, Some(user));
        }
    }

    /// Passes on that somebody has read so far: to their own sockets, and to everybody in a small room.
    fn tell_read(&self, room_id: RoomId, user: UserId, seq: Seq) {
        let frame = encoded(&ServerFrame::Read(ReadSignal { room_id, user_id: user, seq }));
        let about = About::Read(room_id, user);
        self.mailboxes_of(user).iter().for_each(|mailbox| mailbox.signal(about, frame.clone()));
        if let Some(slot) = self.slot(room_id)
            && slot.with(|room| room.passes_signals(&self.rules.limits))
        {
            slot.signal(about, &frame, Some(user));
        }
    }
}

const CLOSE_FOR_RESTART: Order<RoomSlot> =
    Order::Close { code: CloseCode::Restart, reason: "the server is about to restart" };

/// A frame for many readers.
pub(crate) fn encoded(frame: &ServerFrame) -> Bytes {
    let mut bytes = Vec::new();
    encode::push_frame(&mut bytes, frame);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use shared::MsgNo;

    use super::*;

    async fn hub() -> Arc<Hub> {
        let (store, _) = Store::in_memory().await.unwrap();
        Hub::new(store, &ServerOptions::new("nowhere"), Arc::new(Metrics::new()))
    }

    fn room() -> RoomId {
        RoomId::mint(1, [1; 10])
    }

    fn at(seq: u64) -> Head {
        Head { seq: Seq::new(seq).unwrap(), msg_no: MsgNo::ZERO, members: 1 }
    }

    #[tokio::test]
    async fn a_room_is_in_memory_while_somebody_reads_it() {
        let (hub, one, two) = (hub().await, Arc::default(), Arc::default());
        let slot = hub.enter(room(), &one);
        assert!(Arc::ptr_eq(&slot, &hub.enter(room(), &two)));
        hub.exit(&slot, &one);
        assert!(hub.slot(room()).is_some());
        hub.exit(&slot, &two);
        assert!(hub.slot(room()).is_none());
        assert_eq!(hub.metrics.rooms_open.get(), 0);
    }

    #[tokio::test]
    async fn who_arrives_knows_what_was_stored_after_the_database_was_asked() {
        let (hub, one, two) = (hub().await, Arc::default(), Arc::default());
        let arrival = hub.arrive();
        assert!(hub.slot_that_moves(room(), at(8)).is_none(), "nobody reads it yet");
        assert_eq!(arrival.enter(room(), at(7), &one).unwrap().head(), at(8).seq);
        assert!(hub.slot_that_moves(room(), at(9)).is_some(), "from now on it is appended");
        let other = RoomId::mint(2, [1; 10]);
        assert_eq!(arrival.enter(other, at(3), &one).unwrap().head(), at(3).seq);
        drop(arrival);
        assert!(hub.rooms().moved.is_empty());

        let late = hub.arrive();
        for number in 0..=MOVED as u64 {
            hub.slot_that_moves(RoomId::mint(number, [3; 10]), at(1));
        }
        assert!(hub.rooms().moved.len() <= MOVED);
        assert!(late.enter(room(), at(9), &two).is_none(), "the database has to be asked again");
        assert!(hub.arrive().enter(room(), at(9), &two).is_some());
    }

    #[tokio::test]
    async fn leaving_an_old_place_does_not_take_the_new_one_away() {
        let (hub, one, two) = (hub().await, Arc::default(), Arc::default());
        let old = hub.enter(room(), &one);
        hub.exit(&old, &one);
        let new = hub.enter(room(), &two);
        hub.exit(&old, &one);
        assert!(hub.slot(room()).is_some_and(|is| Arc::ptr_eq(&is, &new)));
    }

    #[tokio::test]
    async fn who_was_taken_out_of_a_room_and_enters_again_knows_where_it_is() {
        let (hub, one) = (hub().await, Arc::default());
        let old = hub.enter(room(), &one);
        old.settle(at(7));
        assert!(Arc::ptr_eq(&old, &hub.enter_again(&old, &one)), "nothing happened in between");
        hub.exit(&old, &one);
        let new = hub.enter_again(&old, &one);
        assert_eq!(new.head(), at(7).seq);
        assert!(hub.slot(room()).is_some_and(|is| Arc::ptr_eq(&is, &new)));
    }
}
