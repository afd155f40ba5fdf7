//! The rooms' logs: what is stored, and what was heard of events before that is known. Knows no request.

use std::collections::BTreeMap;

use shared::{Event, EventBody, RoomId, Seq, TxnId, UserId, frame::Ack};

use super::{
    fact::{Count, ShownRow},
    violation::{Rule, Violation},
};

/// One room's log.
#[derive(Debug, Default)]
struct RoomLog {
    stored: Vec<Event>,
    /// Events that somebody was given and the log is not known to hold yet.
    heard: BTreeMap<Seq, Event>,
    /// Who and what is at a place, as acks and rows have it.
    named: BTreeMap<Seq, (UserId, TxnId)>,
    /// What acks have said of places that the log is not known to have yet.
    acked: BTreeMap<Seq, Ack>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Logs {
    rooms: BTreeMap<RoomId, RoomLog>,
    messages: u64,
}

fn is_message(event: &Event) -> bool {
    event.body.counts()
}

pub(super) fn content(event: &Event) -> Option<&str> {
    event.body.content()
}

impl RoomLog {
    fn at(&self, seq: Seq) -> Option<&Event> {
        self.stored.get(usize::try_from(seq.get().checked_sub(1)?).ok()?)
    }

    fn head(&self) -> u64 {
        self.stored.len() as u64
    }
}

impl Logs {
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// The events of a room, in order.
    pub(super) fn room(&self, room: RoomId) -> &[Event] {
        self.rooms.get(&room).map_or(&[], |log| &log.stored)
    }

    fn at(&self, room: RoomId, seq: Seq) -> Option<&Event> {
        self.rooms.get(&room)?.at(seq)
    }

    /// The newest place of a room that anybody has heard of.
    pub(super) fn known(&self, room: RoomId) -> u64 {
        let Some(log) = self.rooms.get(&room) else { return 0 };
        let told = log.heard.keys().next_back().max(log.named.keys().next_back());
        told.map_or(0, |seq| seq.get()).max(log.head())
    }

    /// Who is in a room, in the order in which they came.
    pub(super) fn members(&self, room: RoomId) -> Vec<UserId> {
        let mut members = Vec::new();
        for event in self.room(room) {
            match event.body {
                EventBody::Join => members.push(event.author.id),
                EventBody::Leave => members.retain(|member| *member != event.author.id),
                EventBody::Message(_) | EventBody::Other { .. } => {}
            }
        }
        members
    }

    /// The rooms that somebody is in.
    pub(super) fn rooms_of(&self, user: UserId) -> Vec<RoomId> {
        self.rooms.keys().copied().filter(|room| self.members(*room).contains(&user)).collect()
    }

    pub(super) fn reaches(&self, room: RoomId, head: Seq) -> bool {
        self.room(room).len() as u64 >= head.get()
    }

    pub(super) fn stored(&mut self, event: &Event) -> Result<(), Violation> {
        let log = self.rooms.entry(event.room_id).or_default();
        let (room, seq) = (event.room_id, event.seq);
        if seq.get() != log.head() + 1 {
            let detail = format!("{room} had {} events, and the next has seq {seq}", log.head());
            return Err(Violation::new(Rule::Holes, detail));
        }
        let before = log.stored.last().map_or(0, |last| last.msg_no.get());
        if event.msg_no.get() != before + u64::from(is_message(event)) {
            let detail = format!("{room} had {before} messages, and event {seq} says {}", event.msg_no);
            return Err(Violation::new(Rule::MessageCount, detail));
        }
        self.messages += u64::from(is_message(event));
        if let Some(heard) = log.heard.remove(&seq) {
            same_event(&heard, event)?;
        }
        let key = (event.author.id, event.txn_id);
        if log.named.remove(&seq).is_some_and(|named| named != key) {
            let detail = format!("{room} {seq} was acked or shown as another event than what is stored");
            return Err(Violation::new(Rule::OneOrder, detail));
        }
        if let Some(ack) = log.acked.remove(&seq) {
            same_place(&ack, event)?;
        }
        log.stored.push(event.clone());
        Ok(())
    }

    /// What is read of the database once more must be what it held.
    pub(super) fn kept(&self, room: RoomId, events: &[Event]) -> Result<(), Violation> {
        let stored = self.room(room);
        for (event, now) in stored.iter().zip(events) {
            let is_same = (event.author.id, event.txn_id) == (now.author.id, now.txn_id);
            if event.seq == now.seq && !is_same {
                let detail = format!("{room} {} was {event:?}, and is {now:?} now", event.seq);
                return Err(Violation::new(Rule::SeqTwice, detail));
            }
            if event.seq == now.seq {
                same_event(now, event)?;
            }
        }
        match stored.iter().find(|event| events.binary_search_by_key(&event.seq, |now| now.seq).is_err()) {
            Some(gone) => Err(Violation::new(Rule::Stored, format!("{gone:?} was stored, and is gone"))),
            None => Ok(()),
        }
    }

    /// What somebody was told of must be stored.
    pub(super) fn must_hold(&self, room: RoomId, seq: Seq, how: &str) -> Result<(), Violation> {
        if self.reaches(room, seq) {
            return Ok(());
        }
        let head = self.room(room).len();
        Err(Violation::new(Rule::Stored, format!("{room} {seq} was {how}, and the log ends at {head}")))
    }

    pub(super) fn heard(&mut self, event: &Event) -> Result<(), Violation> {
        self.name(event.room_id, event.seq, (event.author.id, event.txn_id), "delivered")?;
        let log = self.rooms.entry(event.room_id).or_default();
        match log.at(event.seq) {
            Some(stored) => same_event(event, stored),
            None => match log.heard.get(&event.seq) {
                Some(heard) => same_event(event, heard),
                None => {
                    log.heard.insert(event.seq, event.clone());
                    Ok(())
                }
            },
        }
    }

    pub(super) fn acked(&mut self, author: UserId, ack: &Ack) -> Result<(), Violation> {
        self.name(ack.room_id, ack.seq, (author, ack.txn_id), "acked")?;
        let log = self.rooms.entry(ack.room_id).or_default();
        match log.at(ack.seq) {
            Some(event) => same_place(ack, event),
            None => {
                log.acked.insert(ack.seq, *ack);
                Ok(())
            }
        }
    }

    pub(super) fn shown(&mut self, room: RoomId, row: &ShownRow) -> Result<(), Violation> {
        let Some(seq) = row.seq else { return Ok(()) };
        self.name(room, seq, (row.author, row.txn_id), "shown")?;
        match self.at(room, seq) {
            Some(event) if content(event) != row.content.as_deref() => {
                let detail = format!("{room} {seq} is shown with another text than it is stored with");
                Err(Violation::new(Rule::Body, detail))
            }
            _ => Ok(()),
        }
    }

    /// Whoever hears of a place hears of the same event there.
    fn name(&mut self, room: RoomId, seq: Seq, key: (UserId, TxnId), how: &str) -> Result<(), Violation> {
        let log = self.rooms.entry(room).or_default();
        let key_of = |event: &Event| (event.author.id, event.txn_id);
        let (known, is_stored) = match log.at(seq) {
            Some(event) => (key_of(event), true),
            None => (*log.named.entry(seq).or_insert(key), false),
        };
        if known == key {
            return Ok(());
        }
        // What is stored elsewhere was told in a wrong place; what is stored nowhere was given one that is taken.
        let is_new = is_stored && log.stored.iter().all(|event| key_of(event) != key);
        let rule = if is_new { Rule::SeqTwice } else { Rule::OneOrder };
        let detail =
            format!("{room} {seq} is {} of {}, and was {how} as {} of {}", known.1, known.0, key.1, key.0);
        Err(Violation::new(rule, detail))
    }

    /// What the server says of a room must be what the log says. The log reaches the head.
    pub(super) fn check_count(&self, user: UserId, room: RoomId, count: &Count) -> Result<(), Violation> {
        let messages_at = |seq: Seq| self.at(room, seq).map_or(0, |event| event.msg_no.get());
        let (all, read) = (messages_at(count.head), messages_at(count.read_seq));
        if count.read_seq > count.head || count.msg_no.get() != all {
            let detail = format!("{user} was told of {count:?} in {room}, which has {all} messages there");
            return Err(Violation::new(Rule::MessageCount, detail));
        }
        if count.unread != all - read {
            let detail = format!("{user} was told of {count:?} in {room}; {} are unread", all - read);
            return Err(Violation::new(Rule::Unread, detail));
        }
        Ok(())
    }

    /// Everything that anybody was given or told of is stored.
    pub(super) fn finish(&self) -> Result<(), Violation> {
        for (room, log) in &self.rooms {
            if let Some(seq) = log.heard.keys().chain(log.named.keys()).next() {
                let detail = format!("{room} {seq} was seen, and the log ends at {}", log.head());
                return Err(Violation::new(Rule::ShownMissing, detail));
            }
        }
        Ok(())
    }
}

fn same_place(ack: &Ack, event: &Event) -> Result<(), Violation> {
    if (ack.msg_no, ack.timestamp) == (event.msg_no, event.timestamp) {
        return Ok(());
    }
    let detail = format!("the ack of {} differs from event {}", ack.txn_id, ack.seq);
    Err(Violation::new(Rule::Body, detail))
}

fn same_event(one: &Event, other: &Event) -> Result<(), Violation> {
    if one == other {
        return Ok(());
    }
    let is_same = (one.author.id, one.txn_id) == (other.author.id, other.txn_id);
    let rule = if is_same { Rule::Body } else { Rule::OneOrder };
    Err(Violation::new(rule, format!("one was given {one:?}, and the log or another has {other:?}")))
}
