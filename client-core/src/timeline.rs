//! One room's history as far as it is known: a run of events without holes, and what lies beyond its end.
//! It knows no frame and no time; somebody else asks for what is missing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use shared::{Event, EventBody, MsgNo, Seq, Timestamp, TxnId, event::Profile};

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
