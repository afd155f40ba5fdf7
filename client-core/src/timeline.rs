//! One room's history as far as it is known: a run of events without holes, and what lies beyond its end.
//! It knows no frame and no time; somebody else asks for what is missing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use shared::{Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, event::Profile};

use crate::{
    people::People,
    view::{DeliveryState, Row, RowKey},
};

/// Live events that are kept while the hole before them is filled; a room busier than that is asked again.
const AHEAD_MOST: usize = 256;

/// How far a run may outgrow its limit before its oldest rows go, so that they don't go one by one.
const SLACK: usize = 100;

/// The known history of a room.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Whether a page has come.
    loaded: bool,
    /// The seq of the first of the run, or of the next event where it is empty.
    first: u64,
    run: VecDeque<Entry>,
    index: BTreeMap<RowKey, u64>,
    /// Live events after a hole, without holes themselves.
    ahead: VecDeque<Entry>,
    ahead_first: u64,
    /// Own messages that are stored but not in the run yet, by seq.
    beyond: Vec<(u64, Entry)>,
}

/// An event without what its place says already.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) txn_id: TxnId,
    pub(crate) author: Arc<Profile>,
    pub(crate) msg_no: MsgNo,
    pub(crate) timestamp: Timestamp,
    pub(crate) body: EventBody,
}

/// What a new event did to the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It was there already, or is not shown.
    Nothing,
    /// It is a new row at the end, or rows have moved.
    Rows,
    /// There is a hole before it.
    Hole,
}

impl Entry {
    pub(crate) fn new(event: Event, people: &mut People) -> Self {
        Self {
            txn_id: event.txn_id,
            author: people.intern(event.author),
            msg_no: event.msg_no,
            timestamp: event.timestamp,
            body: event.body,
        }
    }

    /// The event as it came.
    pub(crate) fn event(&self, room_id: RoomId, seq: Seq) -> Event {
        Event {
            room_id,
            seq,
            msg_no: self.msg_no,
            timestamp: self.timestamp,
            txn_id: self.txn_id,
            author: Profile::clone(&self.author),
            body: self.body.clone(),
        }
    }

    fn key(&self) -> RowKey {
        RowKey { author: self.author.id, txn_id: self.txn_id }
    }

    fn row(&self, seq: u64) -> Row {
        Row {
            key: self.key(),
            seq: Seq::new(seq),
            msg_no: Some(self.msg_no),
            author: Profile::clone(&self.author),
            body: self.body.clone(),
            timestamp: self.timestamp,
            state: DeliveryState::Stored,
            recallable: false,
        }
    }
}

impl Timeline {
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether the run begins at the room's first event. The seq says it and not the page's word: the
    /// answer to another question may look like this one's.
    pub(crate) fn is_at_start(&self) -> bool {
        self.loaded && self.first <= 1
    }

    /// The first of the run.
    pub(crate) fn first(&self) -> Seq {
        counter(self.first)
    }

    /// The last of the run; everything up to it is there.
    pub(crate) fn last(&self) -> Seq {
        counter(self.end().saturating_sub(1))
    }

    /// The last event of the hole between the run and later live events.
    pub(crate) fn hole_ends_at(&self) -> Option<Seq> {
        (!self.ahead.is_empty()).then(|| counter(self.ahead_first.saturating_sub(1)))
    }

    /// Forgets everything but own messages that are stored and have not been seen in the run.
    pub(crate) fn reset(&mut self) {
        *self = Self { beyond: std::mem::take(&mut self.beyond), ..Self::default() };
    }

    /// A live event.
    pub(crate) fn live(&mut self, seq: Seq, entry: Entry) -> Applied {
        let seq = seq.get();
        if self.loaded && seq < self.end() {
            return Applied::Nothing;
        }
        if self.loaded && seq == self.end() {
            let known = self.beyond.first().is_some_and(|(beyond, _)| *beyond == seq);
            self.push(entry);
            let moved = self.join_ahead();
            return if known && !moved { Applied::Nothing } else { Applied::Rows };
        }
        let ahead_end = self.ahead_first + self.ahead.len() as u64;
        if self.ahead.is_empty() || seq > ahead_end || self.ahead.len() == AHEAD_MOST {
            self.ahead.clear();
            self.ahead_first = seq;
        } else if seq != ahead_end {
            return Applied::Nothing;
        }
        self.ahead.push_back(entry);
        Applied::Hole
    }

    /// The newest page, up to the event before `before`.
    pub(crate) fn newest(&mut self, before: Seq, page: Vec<(Seq, Entry)>) {
        self.loaded = true;
        self.run.clear();
        self.index.clear();
        self.first = page.last().map_or(before, |(seq, _)| seq.next()).get();
        self.prepend(page);
        self.join_ahead();
    }

    /// Events after the run; those that are there already are passed over.
    pub(crate) fn newer(&mut self, page: Vec<(Seq, Entry)>) -> Applied {
        let before = self.end();
        for (seq, entry) in page {
            if seq.get() == self.end() {
                self.push(entry);
            }
        }
        self.join_ahead();
        if self.end() > before { Applied::Rows } else { Applied::Nothing }
    }

    /// Events before the run.
    pub(crate) fn older(&mut self, page: Vec<(Seq, Entry)>) {
        self.prepend(page);
    }

    /// An own message is stored there. Its row is in the run if it is next, else beyond it until the run
    /// gets there; what lies before the run comes with its page. True if a row that stood right behind
    /// all of these rows has not moved.
    pub(crate) fn settle(&mut self, seq: Seq, entry: Entry) -> bool {
        let seq = seq.get();
        if self.loaded && seq <= self.end() {
            let was_next = seq == self.end() && self.beyond.is_empty();
            let was_ahead = !self.ahead.is_empty();
            self.live(counter(seq), entry);
            return was_next && !was_ahead;
        }
        let index = self.beyond.partition_point(|(beyond, _)| *beyond < seq);
        if self.beyond.get(index).is_none_or(|(beyond, _)| *beyond != seq) {
            self.beyond.insert(index, (seq, entry));
        }
        index + 1 == self.beyond.len()
    }

    /// Keeps the newest `most` of the run. True if rows went.
    pub(crate) fn trim(&mut self, most: usize) -> bool {
        if self.run.len() <= most + SLACK {
            return false;
        }
        for entry in self.run.drain(..self.run.len() - most) {
            self.index.remove(&entry.key());
            self.first += 1;
        }
        true
    }

    /// The newest events of the run, at most so many, ascending. What only a newer client can read is not among them,
    /// nor what comes before it: that client has to fetch it.
    pub(crate) fn tail(&self, most: usize) -> impl Iterator<Item = (Seq, &Entry)> {
        let is_known = |entry: &&Entry| !matches!(entry.body, EventBody::Other { .. });
        let count = self.run.iter().rev().take(most).take_while(is_known).count();
        let skip = self.run.len() - count;
        self.run.iter().enumerate().skip(skip).map(|(at, entry)| (counter(self.first + at as u64), entry))
    }

    /// The keys of all rows, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = RowKey> {
        self.run.iter().chain(self.beyond.iter().map(|(_, entry)| entry)).map(Entry::key)
    }

    pub(crate) fn row(&self, key: RowKey) -> Option<Row> {
        if let Some(seq) = self.index.get(&key) {
            return self.entry(*seq).map(|entry| entry.row(*seq));
        }
        let (seq, entry) = self.beyond.iter().find(|(_, entry)| entry.key() == key)?;
        Some(entry.row(*seq))
    }

    /// How many messages there were up to that event, where that is known.
    pub(crate) fn msg_no_at(&self, seq: Seq) -> Option<MsgNo> {
        let beyond = || self.beyond.iter().find(|(beyond, _)| *beyond == seq.get()).map(|(_, entry)| entry);
        self.entry(seq.get()).or_else(beyond).map(|entry| entry.msg_no)
    }

    fn entry(&self, seq: u64) -> Option<&Entry> {
        self.run.get(usize::try_from(seq.checked_sub(self.first)?).ok()?)
    }

    /// The seq of the next event.
    fn end(&self) -> u64 {
        self.first + self.run.len() as u64
    }

    fn push(&mut self, entry: Entry) {
        let seq = self.end();
        self.index.insert(entry.key(), seq);
        self.run.push_back(entry);
        self.beyond.retain(|(beyond, _)| *beyond > seq);
    }

    /// Puts before the run what lies right before it; a page with a hole counts from the hole on.
    fn prepend(&mut self, page: Vec<(Seq, Entry)>) {
        for (seq, entry) in page.into_iter().rev() {
            if seq.get() + 1 == self.first && self.first > 1 {
                self.first -= 1;
                self.index.insert(entry.key(), self.first);
                self.run.push_front(entry);
            }
        }
        let last = self.last().get();
        self.beyond.retain(|(beyond, _)| *beyond > last);
    }

    /// Takes over the live events that the run has reached. True if there were any.
    fn join_ahead(&mut self) -> bool {
        let end = self.end();
        while self.ahead_first < end && self.ahead.pop_front().is_some() {
            self.ahead_first += 1;
        }
        let joins = !self.ahead.is_empty() && self.ahead_first == end;
        if joins {
            for entry in std::mem::take(&mut self.ahead) {
                self.push(entry);
            }
        }
        joins
    }
}

/// A number that was a seq once is one.
fn counter(value: u64) -> Seq {
    Seq::new(value).unwrap_or(Seq::MAX)
}

#[cfg(test)]
mod tests {
    use shared::UserId;
    use uuid::Uuid;

    use super::*;

    fn entry(number: u64) -> Entry {
        let id = UserId::from_uuid(Uuid::from_u128(1));
        Entry {
            txn_id: TxnId::from_uuid(Uuid::from_u128(u128::from(number))),
            author: Arc::new(Profile { id, name: "Ada".into(), avatar: None }),
            msg_no: MsgNo::new(number).unwrap(),
            timestamp: Timestamp::default(),
            body: EventBody::Join,
        }
    }

    fn seq(seq: u64) -> Seq {
        Seq::new(seq).unwrap()
    }

    fn page(seqs: std::ops::RangeInclusive<u64>) -> Vec<(Seq, Entry)> {
        seqs.map(|at| (seq(at), entry(at))).collect()
    }

    /// A timeline with the events 11 to 20.
    fn timeline() -> Timeline {
        let mut timeline = Timeline::default();
        timeline.newest(seq(21), page(11..=20));
        timeline
    }

    fn shown(timeline: &Timeline) -> Vec<u64> {
        let seq = |key| timeline.row(key).unwrap().seq.unwrap().get();
        timeline.keys().map(seq).collect()
    }

    #[test]
    fn a_live_event_is_appended_dropped_or_kept_behind_a_hole() {
        let mut timeline = timeline();
        assert_eq!(timeline.live(seq(21), entry(21)), Applied::Rows);
        assert_eq!(timeline.live(seq(21), entry(21)), Applied::Nothing);
        assert_eq!(timeline.live(seq(3), entry(3)), Applied::Nothing);
        assert_eq!(timeline.live(seq(24), entry(24)), Applied::Hole);
        assert_eq!((timeline.last(), timeline.hole_ends_at()), (seq(21), Some(seq(23))));
        assert_eq!(timeline.newer(page(22..=23)), Applied::Rows);
        assert_eq!(shown(&timeline), (11..=24).collect::<Vec<_>>());
        assert_eq!(timeline.hole_ends_at(), None);
    }

    #[test]
    fn older_pages_go_before_and_only_the_first_event_is_the_start() {
        let mut timeline = timeline();
        timeline.older(page(4..=10));
        assert!(!timeline.is_at_start());
        timeline.older(page(7..=9));
        assert_eq!(shown(&timeline), (4..=20).collect::<Vec<_>>(), "what does not fit changes nothing");
        timeline.older(page(1..=3));
        assert!(timeline.is_at_start());
        assert_eq!((timeline.first(), shown(&timeline).len()), (seq(1), 20));
    }

    #[test]
    fn own_rows_beyond_the_run_are_in_order_and_join_it() {
        let mut timeline = timeline();
        assert!(timeline.settle(seq(25), entry(25)), "behind everything");
        assert!(!timeline.settle(seq(23), entry(23)), "before another");
        assert_eq!(shown(&timeline)[10..], [23, 25]);
        assert_eq!(timeline.msg_no_at(seq(25)), MsgNo::new(25));
        timeline.newer(page(21..=24));
        assert_eq!(shown(&timeline), (11..=25).collect::<Vec<_>>());
        assert_eq!(timeline.live(seq(25), entry(25)), Applied::Nothing, "its row stays where it is");
        assert!(timeline.settle(seq(26), entry(26)), "the next one is in the run at once");
        assert_eq!(timeline.last(), seq(26));
    }

    #[test]
    fn an_own_row_before_another_that_is_beyond_has_moved() {
        let mut timeline = timeline();
        timeline.settle(seq(25), entry(25));
        assert!(!timeline.settle(seq(21), entry(21)));
        assert_eq!(shown(&timeline)[9..], [20, 21, 25]);
    }

    #[test]
    fn what_is_kept_behind_a_hole_is_bounded() {
        let mut timeline = timeline();
        for at in 30..=1_000 {
            timeline.live(seq(at), entry(at));
            assert!(timeline.ahead.len() <= AHEAD_MOST);
        }
    }

    #[test]
    fn an_own_row_that_lets_others_join_the_run_has_moved() {
        let mut timeline = timeline();
        timeline.live(seq(22), entry(22));
        assert!(!timeline.settle(seq(21), entry(21)));
        assert_eq!(timeline.last(), seq(22));
    }

    #[test]
    fn what_is_trimmed_can_be_paged_to_again() {
        let mut timeline = Timeline::default();
        timeline.newest(seq(301), page(1..=300));
        assert!(!timeline.trim(250), "not one by one");
        assert!(timeline.trim(150) && !timeline.is_at_start());
        assert_eq!((timeline.first(), timeline.last()), (seq(151), seq(300)));
        assert_eq!(timeline.row(entry(150).key()), None);
        timeline.older(page(51..=150));
        assert_eq!(shown(&timeline), (51..=300).collect::<Vec<_>>());
    }

    #[test]
    fn starting_over_keeps_own_rows_that_were_not_in_the_run() {
        let mut timeline = timeline();
        timeline.settle(seq(90), entry(90));
        timeline.reset();
        assert!(!timeline.is_loaded());
        assert_eq!(shown(&timeline), [90]);
        timeline.newest(seq(101), page(81..=100));
        assert_eq!(shown(&timeline), (81..=100).collect::<Vec<_>>());
    }
}
