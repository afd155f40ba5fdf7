//! A room's newest events as bytes, encoded once for everybody, in a ring. Knows no reader: a reader is a seq.
//!
//! Each committed batch is one block (or a few) of whole WebSocket frames. A delivery is a slice of a block: a
//! count that goes up and comes down, no copy and no allocation.

use std::collections::VecDeque;

use bytes::Bytes;
use shared::{Event, Seq};

use super::encode;

/// Bytes after which a block ends: a reader that is stuck in the middle of one keeps all of it in memory.
const BLOCK_BYTES: usize = 64 * 1024;

/// Events of a room that follow each other, encoded.
#[derive(Debug, Clone)]
pub struct Block {
    first: Seq,
    bytes: Bytes,
    /// Where each event's frame ends.
    ends: Box<[u32]>,
}

impl Block {
    /// Encodes events of one room that follow each other, in as few blocks as their bytes fit.
    pub fn encode(events: &[Event]) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut rest = events;
        while let Some(first) = rest.first() {
            let (mut bytes, mut ends) = (Vec::new(), Vec::new());
            for event in rest {
                encode::push_event(&mut bytes, event);
                ends.push(u32::try_from(bytes.len()).expect("a block is cut long before 4 GiB"));
                if bytes.len() >= BLOCK_BYTES {
                    break;
                }
            }
            rest = &rest[ends.len()..];
            blocks.push(Self { first: first.seq, bytes: bytes.into_boxed_slice().into(), ends: ends.into() });
        }
        blocks
    }

    /// Its newest event.
    pub fn last(&self) -> Seq {
        Seq::new(self.first.get() + self.ends.len() as u64 - 1).expect("seqs of events are below 2^53")
    }

    /// Where the frame of the event of that place ends; 0 for the place before the first.
    fn end(&self, seq: u64) -> usize {
        let index = seq.saturating_sub(self.first.get() - 1).min(self.ends.len() as u64);
        match index.checked_sub(1) {
            None => 0,
            Some(index) => self.ends[usize::try_from(index).expect("an index of a slice")] as usize,
        }
    }
}

/// What a reader finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It was given everything up to this event.
    UpTo(Seq),
    /// There is nothing new.
    CaughtUp,
    /// What comes next has left the ring.
    Behind,
}

/// How much a reader takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appetite {
    /// Bytes; the frame that reaches it is the last.
    pub bytes: usize,
    /// Slices.
    pub slices: usize,
}

/// The ring.
#[derive(Debug)]
pub struct RoomLog {
    blocks: VecDeque<Block>,
    events: usize,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl RoomLog {
    /// An empty ring of at most so many events and bytes. The newest block stays whatever its size.
    pub fn new(max_events: usize, max_bytes: usize) -> Self {
        Self { blocks: VecDeque::new(), events: 0, bytes: 0, max_events, max_bytes }
    }

    /// The newest event in the ring.
    pub fn last(&self) -> Option<Seq> {
        self.blocks.back().map(Block::last)
    }

    /// Takes what was stored next.
    pub fn append(&mut self, block: Block) {
        if self.last().is_some_and(|last| last.next() != block.first) {
            // A hole can't be read over; who is before it is behind.
            self.blocks.clear();
            (self.events, self.bytes) = (0, 0);
        }
        self.events += block.ends.len();
        self.bytes += block.bytes.len();
        self.blocks.push_back(block);
        while self.blocks.len() > 1 && (self.events > self.max_events || self.bytes > self.max_bytes) {
            let oldest = self.blocks.pop_front().expect("there is more than one");
            self.events -= oldest.ends.len();
            self.bytes -= oldest.bytes.len();
        }
    }

    /// Gives a reader who has everything up to `after` what comes next, up to the event `until`.
    pub fn read_from(
        &self,
        after: Seq,
        until: Seq,
        mut appetite: Appetite,
        mut take: impl FnMut(Bytes),
    ) -> Reading {
        let (Some(oldest), Some(last)) = (self.blocks.front(), self.last()) else { return Reading::CaughtUp };
        if after >= last.min(until) {
            return Reading::CaughtUp;
        }
        if after.next() < oldest.first {
            return Reading::Behind;
        }
        let start = self.blocks.partition_point(|block| block.last() <= after);
        let mut reached = after;
        for block in self.blocks.range(start..) {
            if appetite.slices == 0 || appetite.bytes == 0 || reached >= until {
                break;
            }
            let (from, end) = (block.end(reached.get()), block.end(until.get()));
            let (seq, to) = block.bite(from, end, appetite.bytes, until.min(block.last()));
            take(if to - from == block.bytes.len() {
                block.bytes.clone()
            } else {
                block.bytes.slice(from..to)
            });
            appetite.bytes = appetite.bytes.saturating_sub(to - from);
            appetite.slices -= 1;
            reached = seq;
        }
        if reached == after { Reading::CaughtUp } else { Reading::UpTo(reached) }
    }
}

impl Block {
    /// The longest run of whole frames from `from` to `end` within `bytes`, at least one: its last event and its end.
    fn bite(&self, from: usize, end: usize, bytes: usize, last: Seq) -> (Seq, usize) {
        if end - from <= bytes {
            return (last, end);
        }
        let limit = from.saturating_add(bytes);
        let frame = self.ends.partition_point(|end| (*end as usize) < limit);
        let seq = Seq::new(self.first.get() + frame as u64).expect("seqs of events are below 2^53");
        (seq.min(last), (self.ends[frame.min(self.ends.len() - 1)] as usize).min(end))
    }
}

#[cfg(test)]
mod tests {
    use shared::{EventBody, MsgNo, RoomId, Timestamp, TxnId, UserId, event::Profile};

    use super::*;

    const ALL: Appetite = Appetite { bytes: usize::MAX, slices: usize::MAX };

    fn seq(value: u64) -> Seq {
        Seq::new(value).unwrap()
    }

    fn events(range: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        let event = |value| Event {
            room_id: RoomId::mint(1, [1; 10]),
            seq: seq(value),
            msg_no: MsgNo::new(value).unwrap(),
            timestamp: Timestamp::from_unix_ms(1),
            txn_id: TxnId::mint(1, [2; 10]),
            author: Profile { id: UserId::mint(1, [3; 10]), name: "Ada".into(), avatar: None },
            body: EventBody::Message(shared::Message::new(format!("number {value}"))),
        };
        range.map(event).collect()
    }

    /// A log of blocks of `size` events up to `last`.
    fn log(size: u64, last: u64, max_events: usize, max_bytes: usize) -> RoomLog {
        let mut log = RoomLog::new(max_events, max_bytes);
        for first in (1..=last).step_by(usize::try_from(size).unwrap()) {
            for block in Block::encode(&events(first..=(first + size - 1).min(last))) {
                log.append(block);
            }
        }
        log
    }

    fn bytes_of(range: std::ops::RangeInclusive<u64>) -> Vec<u8> {
        let mut bytes = Vec::new();
        events(range).iter().for_each(|event| encode::push_event(&mut bytes, event));
        bytes
    }

    fn read(log: &RoomLog, after: u64, until: Seq, appetite: Appetite) -> (Reading, Vec<u8>, usize) {
        let (mut bytes, mut slices) = (Vec::new(), 0);
        let reading = log.read_from(seq(after), until, appetite, |slice| {
            bytes.extend_from_slice(&slice);
            slices += 1;
        });
        (reading, bytes, slices)
    }

    #[test]
    fn a_reader_gets_everything_after_its_place_wherever_the_blocks_end() {
        for size in 1..=5 {
            let log = log(size, 11, 100, usize::MAX);
            for after in 0..11 {
                let (reading, bytes, _) = read(&log, after, Seq::MAX, ALL);
                assert_eq!(reading, Reading::UpTo(seq(11)));
                assert_eq!(bytes, bytes_of(after + 1..=11), "blocks of {size} after {after}");
            }
        }
    }

    #[test]
    fn who_has_everything_is_caught_up() {
        let log = log(3, 9, 100, usize::MAX);
        assert_eq!(read(&log, 9, Seq::MAX, ALL).0, Reading::CaughtUp);
        assert_eq!(read(&log, 12, Seq::MAX, ALL).0, Reading::CaughtUp);
        assert_eq!(read(&RoomLog::new(1, 1), 3, Seq::MAX, ALL).0, Reading::CaughtUp);
    }

    #[test]
    fn a_place_that_has_left_the_ring_is_behind_and_the_one_after_it_is_not() {
        let log = log(2, 20, 6, usize::MAX);
        assert_eq!(read(&log, 13, Seq::MAX, ALL).0, Reading::Behind);
        assert_eq!(read(&log, 14, Seq::MAX, ALL).1, bytes_of(15..=20));
    }

    #[test]
    fn the_ring_is_bounded_by_bytes_too_but_keeps_the_newest_block() {
        let log = log(1, 20, usize::MAX, 1);
        assert_eq!(read(&log, 18, Seq::MAX, ALL).0, Reading::Behind);
        assert_eq!(read(&log, 19, Seq::MAX, ALL).1, bytes_of(20..=20));
    }

    #[test]
    fn an_appetite_ends_between_two_frames_and_reading_goes_on_from_there() {
        let log = log(4, 12, 100, usize::MAX);
        for bytes in [1, 200, 300, 1_000, 5_000] {
            let (mut after, mut all) = (0, Vec::new());
            while let (Reading::UpTo(reached), some, slices) =
                read(&log, after, Seq::MAX, Appetite { bytes, slices: 2 })
            {
                assert!(slices <= 2);
                all.extend(some);
                assert!(reached.get() > after);
                after = reached.get();
            }
            assert_eq!((after, all), (12, bytes_of(1..=12)), "{bytes} bytes at a time");
        }
    }

    #[test]
    fn who_may_read_up_to_an_event_gets_nothing_beyond_it() {
        let log = log(4, 12, 100, usize::MAX);
        for until in 1..=12 {
            let (reading, bytes, _) = read(&log, 0, seq(until), ALL);
            assert_eq!((reading, bytes), (Reading::UpTo(seq(until)), bytes_of(1..=until)));
            assert_eq!(read(&log, until, seq(until), ALL).0, Reading::CaughtUp);
            let (mut after, mut all) = (0, Vec::new());
            while let (Reading::UpTo(reached), some, _) =
                read(&log, after, seq(until), Appetite { bytes: 300, slices: 1 })
            {
                all.extend(some);
                after = reached.get();
            }
            assert_eq!(all, bytes_of(1..=until));
        }
    }

    #[test]
    fn a_large_batch_becomes_several_blocks_that_follow_each_other() {
        let blocks = Block::encode(&events(1..=1_000));
        assert!(blocks.len() > 1);
        assert!(blocks.iter().all(|block| block.bytes.len() < BLOCK_BYTES + 1_000));
        let mut log = RoomLog::new(10_000, usize::MAX);
        blocks.into_iter().for_each(|block| log.append(block));
        assert_eq!(read(&log, 0, Seq::MAX, ALL).1, bytes_of(1..=1_000));
    }

    #[test]
    fn a_hole_is_never_read_over() {
        let mut log = log(2, 4, 100, usize::MAX);
        Block::encode(&events(6..=7)).into_iter().for_each(|block| log.append(block));
        assert_eq!(read(&log, 4, Seq::MAX, ALL).0, Reading::Behind);
        assert_eq!(read(&log, 5, Seq::MAX, ALL).1, bytes_of(6..=7));
    }
}
