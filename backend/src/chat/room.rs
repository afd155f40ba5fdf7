//! A room in memory: where it is, its newest events, who types. A plain struct; knows no socket and no database.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use shared::{Limits, MsgNo, Seq, UserId};

use super::log::{Appetite, Block, Reading, RoomLog};
use crate::commit::ledger::Head;

/// A room that somebody reads.
#[derive(Debug)]
pub struct Room {
    head: Head,
    /// Whether `head` is known. A room comes into memory before the database was asked about it, so that
    /// nothing that is stored in between gets lost.
    settled: bool,
    log: RoomLog,
    /// When each person's last `typing` was passed on. Bounded by `signal_members`.
    typing: BTreeMap<UserId, Duration>,
}

impl Room {
    /// A room of which nothing is known yet, with a ring of that size.
    pub fn new(ring_events: usize, ring_bytes: usize) -> Self {
        Self {
            head: Head::default(),
            settled: false,
            log: RoomLog::new(ring_events, ring_bytes),
            typing: BTreeMap::new(),
        }
    }

    /// Whether it is known where the room is.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Takes what the database said after the room came into memory; what was appended since knows better.
    pub fn settle(&mut self, head: Head) {
        if !self.settled {
            self.head = head;
            self.settled = true;
        }
    }

    /// Takes what was stored, in order, and where the room is after it.
    pub fn append(&mut self, blocks: impl IntoIterator<Item = Block>, head: Head) {
        blocks.into_iter().for_each(|block| self.log.append(block));
        if head.seq >= self.head.seq {
            self.head = head;
        }
        self.settled = true;
    }

    /// Where it is.
    pub fn at(&self) -> Head {
        self.head
    }

    /// Its newest event.
    pub fn head(&self) -> Seq {
        self.head.seq
    }

    /// How many messages it has.
    pub fn msg_no(&self) -> MsgNo {
        self.head.msg_no
    }

    /// How many people are in it.
    pub fn members(&self) -> u64 {
        self.head.members
    }

    /// Gives a reader who has everything up to `after` what comes next, up to `until`.
    pub fn read_from(&self, after: Seq, until: Seq, appetite: Appetite, take: impl FnMut(Bytes)) -> Reading {
        if self.log.last().is_none() && after < self.head.seq.min(until) {
            return Reading::Behind;
        }
        self.log.read_from(after, until, appetite, take)
    }

    /// Whether signals are passed on here: above that many members each would cost a frame per member.
    pub fn passes_signals(&self, limits: &Limits) -> bool {
        self.head.members <= limits.signal_members
    }

    /// Whether this `typing` is passed on: in small rooms, and of each person one per interval. That
    /// somebody has stopped is passed on when others know that they had begun.
    pub fn passes_typing(&mut self, user: UserId, active: bool, now: Duration, limits: &Limits) -> bool {
        if !self.passes_signals(limits) {
            self.typing.clear();
            return false;
        }
        let interval = Duration::from_millis(limits.typing_interval_ms);
        if !active {
            return self.typing.remove(&user).is_some();
        }
        self.typing.retain(|_, at| now.saturating_sub(*at) < FORGOTTEN.max(interval));
        let too_soon = self.typing.get(&user).is_some_and(|at| now.saturating_sub(*at) < interval);
        if !too_soon {
            self.typing.insert(user, now);
        }
        !too_soon
    }
}

/// When everybody has dropped a `typing` that was not repeated.
const FORGOTTEN: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Appetite = Appetite { bytes: usize::MAX, slices: usize::MAX };

    fn at(seq: u64, members: u64) -> Head {
        Head { seq: Seq::new(seq).unwrap(), msg_no: MsgNo::ZERO, members }
    }

    fn room(members: u64) -> Room {
        let mut room = Room::new(10, 10_000);
        room.settle(at(5, members));
        room
    }

    fn user(byte: u8) -> UserId {
        UserId::mint(1, [byte; 10])
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_was_stored_while_the_database_was_asked_counts() {
        let mut room = Room::new(10, 10_000);
        assert!(!room.is_settled());
        room.append([], at(7, 2));
        room.settle(at(5, 1));
        assert_eq!((room.head(), room.members()), (at(7, 2).seq, 2));
        room.append([], at(6, 9));
        assert_eq!(room.head(), at(7, 2).seq, "a head never moves back");
    }

    #[test]
    fn before_anything_happened_in_memory_only_the_head_is_caught_up() {
        let room = room(2);
        let read = |after| room.read_from(Seq::new(after).unwrap(), Seq::MAX, ALL, |_| ());
        assert_eq!(read(5), Reading::CaughtUp);
        assert_eq!(read(4), Reading::Behind);
    }

    #[test]
    fn typing_is_passed_on_once_per_interval_and_person() {
        let (limits, mut room) = (Limits::default(), room(2));
        assert!(room.passes_typing(user(1), true, ms(1_000), &limits));
        assert!(!room.passes_typing(user(1), true, ms(2_999), &limits));
        assert!(room.passes_typing(user(2), true, ms(2_999), &limits));
        assert!(room.passes_typing(user(1), true, ms(3_000), &limits));
    }

    #[test]
    fn that_somebody_stopped_is_passed_on_once_and_only_if_they_had_begun() {
        let (limits, mut room) = (Limits::default(), room(2));
        assert!(!room.passes_typing(user(1), false, ms(0), &limits));
        assert!(room.passes_typing(user(1), true, ms(0), &limits));
        assert!(room.passes_typing(user(1), false, ms(10), &limits));
        assert!(!room.passes_typing(user(1), false, ms(20), &limits));
        assert!(room.passes_typing(user(1), true, ms(30), &limits));
    }

    #[test]
    fn a_large_room_passes_no_signals_on() {
        let limits = Limits::default();
        assert!(room(100).passes_signals(&limits));
        assert!(!room(101).passes_signals(&limits));
        assert!(!room(101).passes_typing(user(1), true, ms(0), &limits));
    }
}
