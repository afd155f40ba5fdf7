//! What was asked for and what became of it. Knows no screen but where something was typed.

use std::collections::{BTreeMap, BTreeSet};

use shared::{ErrorCode, Event, RoomId, Seq, TxnId, UserId, frame::Ack};

use super::{
    fact::{Screen, ShownRow},
    log::{Logs, content},
    violation::{Rule, Violation},
};

/// Who asked, and which of theirs.
pub(super) type Key = (UserId, TxnId);

#[derive(Debug)]
struct Request {
    screen: Screen,
    room: RoomId,
    content: String,
    /// Its place among all requests.
    number: u64,
    /// Whether it is to be stored in the order of sending: until it was refused or withdrawn.
    in_order: bool,
    refused: Option<ErrorCode>,
    withdrawn: bool,
    /// Taken back while no server could have it.
    taken_back: bool,
    acked: Option<Seq>,
    /// Whether an ack has said that it was stored for it, and not before.
    acked_as_new: bool,
    stored: Option<Seq>,
}

/// What was said of a request before it was heard of.
#[derive(Debug, PartialEq, Eq)]
enum Early {
    Acked(Ack),
    Refused(ErrorCode, bool),
    Shown(RoomId, ShownRow),
}

/// All requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    all: BTreeMap<Key, Request>,
    /// Whose requests are heard of late, and what waits for them.
    late: BTreeSet<UserId>,
    early: BTreeMap<Key, Vec<Early>>,
    next: u64,
    /// The newest stored request of each screen, person and room.
    newest: BTreeMap<(Screen, UserId, RoomId), u64>,
}

impl Requests {
    pub(super) fn hears_late_of(&mut self, user: UserId) {
        self.late.insert(user);
    }

    pub(super) fn requested(
        &mut self,
        screen: Screen,
        key: Key,
        room: RoomId,
        content: String,
    ) -> Result<(), Violation> {
        self.next += 1;
        let number = self.next;
        let new = Request {
            screen,
            room,
            content,
            number,
            in_order: true,
            refused: None,
            withdrawn: false,
            taken_back: false,
            acked: None,
            acked_as_new: false,
            stored: None,
        };
        // What is tried again goes behind what was said meanwhile.
        let again = |again: &mut Request| (again.refused, again.in_order) = (None, false);
        self.all.entry(key).and_modify(again).or_insert(new);
        self.early.remove(&key).unwrap_or_default().into_iter().try_for_each(|early| match early {
            Early::Acked(ack) => self.acked(key.0, &ack),
            Early::Refused(code, definite) => self.refused(key, code, definite),
            Early::Shown(room, row) => self.shown(room, &row),
        })
    }

    /// Keeps what was said of a request until that is heard of, where it may still be.
    fn waits(&mut self, key: Key, early: impl FnOnce() -> Early) -> bool {
        let waits = self.late.contains(&key.0) && !self.all.contains_key(&key);
        if waits {
            let (all, early) = (self.early.entry(key).or_default(), early());
            // Everybody looks again and again; an answer counts each time.
            if !matches!(early, Early::Shown(..)) || !all.contains(&early) {
                all.push(early);
            }
        }
        waits
    }

    pub(super) fn withdrawn(&mut self, key: Key) {
        if let Some(request) = self.all.get_mut(&key) {
            request.withdrawn = true;
            request.in_order = false;
        }
    }

    pub(super) fn taken_back(&mut self, key: Key) -> Result<(), Violation> {
        self.withdrawn(key);
        let Some(request) = self.all.get_mut(&key) else { return Ok(()) };
        request.taken_back = true;
        match request.stored.or(request.acked) {
            Some(seq) => Err(taken_back_stored(key, seq)),
            None => Ok(()),
        }
    }

    pub(super) fn parked(&mut self, key: Key) {
        if let Some(request) = self.all.get_mut(&key) {
            request.in_order = false;
        }
    }

    pub(super) fn refused(&mut self, key: Key, code: ErrorCode, definite: bool) -> Result<(), Violation> {
        if self.waits(key, || Early::Refused(code, definite)) {
            return Ok(());
        }
        let request = self.asked(key, code)?;
        if !definite {
            return Ok(());
        }
        request.in_order = false;
        request.refused = Some(code);
        match request.stored {
            Some(seq) => Err(refused_stored(key, code, seq)),
            None => Ok(()),
        }
    }

    /// The request that was refused.
    fn asked(&mut self, key: Key, code: ErrorCode) -> Result<&mut Request, Violation> {
        self.all.get_mut(&key).ok_or_else(|| {
            let detail = format!("{} was refused to {} with {}", key.1, key.0, code.as_str());
            Violation::new(Rule::Unasked, detail)
        })
    }

    pub(super) fn acked(&mut self, author: UserId, ack: &Ack) -> Result<(), Violation> {
        let key = (author, ack.txn_id);
        if self.waits(key, || Early::Acked(*ack)) {
            return Ok(());
        }
        let Some(request) = self.all.get_mut(&key) else {
            return Err(Violation::new(Rule::Unasked, format!("{} was acked to {author}", ack.txn_id)));
        };
        let known = request.stored.or(request.acked);
        if request.room != ack.room_id || known.is_some_and(|known| known != ack.seq) {
            let detail =
                format!("{} was acked at {} {}, and is at {known:?}", ack.txn_id, ack.room_id, ack.seq);
            return Err(Violation::new(Rule::Once, detail));
        }
        if request.taken_back {
            return Err(taken_back_stored(key, ack.seq));
        }
        if !ack.duplicate && std::mem::replace(&mut request.acked_as_new, true) {
            let detail = format!("{} was acked twice as if it had not been stored before", ack.txn_id);
            return Err(Violation::new(Rule::Once, detail));
        }
        request.acked = Some(ack.seq);
        Ok(())
    }

    pub(super) fn stored(&mut self, event: &Event) -> Result<(), Violation> {
        let Some(text) = content(event) else { return Ok(()) };
        let key = (event.author.id, event.txn_id);
        let Some(request) = self.all.get_mut(&key) else {
            return Err(Violation::new(Rule::Unasked, format!("nobody asked for {event:?}")));
        };
        if let Some(before) = request.stored.replace(event.seq) {
            let detail = format!("{} of {} is stored at {before} and at {}", key.1, key.0, event.seq);
            return Err(Violation::new(Rule::Once, detail));
        }
        if request.acked.is_some_and(|acked| acked != event.seq) {
            let detail = format!("{} was acked at {:?} and is stored at {}", key.1, request.acked, event.seq);
            return Err(Violation::new(Rule::Once, detail));
        }
        if (request.room, request.content.as_str()) != (event.room_id, text) {
            let detail = format!("{} in {} is stored as {event:?}", request.content, request.room);
            return Err(Violation::new(Rule::Body, detail));
        }
        if let Some(code) = request.refused {
            return Err(refused_stored(key, code, event.seq));
        }
        if request.taken_back {
            return Err(taken_back_stored(key, event.seq));
        }
        if request.in_order {
            let (line, number) = ((request.screen, key.0, request.room), request.number);
            let newest = self.newest.entry(line).or_default();
            if number < *newest {
                let detail = format!("{:?} is stored after what {} said later", request.content, key.0);
                return Err(Violation::new(Rule::OwnOrder, detail));
            }
            *newest = number;
        }
        Ok(())
    }

    /// What is shown of a request is what was asked for.
    pub(super) fn shown(&mut self, room: RoomId, row: &ShownRow) -> Result<(), Violation> {
        let Some(text) = row.content.as_deref() else { return Ok(()) };
        let key = (row.author, row.txn_id);
        if self.waits(key, || Early::Shown(room, row.clone())) {
            return Ok(());
        }
        match self.all.get(&key) {
            None => {
                Err(Violation::new(Rule::Unasked, format!("{room} shows {row:?}, which nobody asked for")))
            }
            Some(asked) if (asked.room, asked.content.as_str()) != (room, text) => {
                Err(Violation::new(Rule::Body, format!("{room} shows {row:?}; asked was {asked:?}")))
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether a row that has no place may be gone: nobody waits for it any more.
    pub(super) fn may_be_gone(&self, key: Key) -> bool {
        self.all.get(&key).is_none_or(|request| request.withdrawn)
    }

    /// Where that request is stored, as far as is known.
    pub(super) fn place(&self, key: Key) -> Option<Seq> {
        self.all.get(&key).and_then(|request| request.stored.or(request.acked))
    }

    /// Everything that was asked for is stored, unless it was refused or withdrawn.
    pub(super) fn finish(&self, logs: &Logs) -> Result<(), Violation> {
        if let Some(((author, txn_id), early)) = self.early.first_key_value() {
            let detail = format!("nobody asked for {txn_id} of {author}: {early:?}");
            return Err(Violation::new(Rule::Unasked, detail));
        }
        for ((author, txn_id), request) in &self.all {
            let Request { room, content, stored, .. } = request;
            if let (Some(acked), None) = (request.acked, stored) {
                let head = logs.room(*room).len();
                let detail =
                    format!("{content:?} was acked at {acked} of {room}, and the log ends at {head}");
                return Err(Violation::new(Rule::Stored, detail));
            }
            if stored.is_none() && request.refused.is_none() && !request.withdrawn {
                let detail = format!("{txn_id} {content:?} of {author} is not in {room}");
                return Err(Violation::new(Rule::Lost, detail));
            }
        }
        Ok(())
    }
}

fn taken_back_stored(key: Key, seq: Seq) -> Violation {
    let detail = format!("{} of {} was taken back before it was sent, and is stored at {seq}", key.1, key.0);
    Violation::new(Rule::TakenBack, detail)
}

fn refused_stored(key: Key, code: ErrorCode, seq: Seq) -> Violation {
    let detail = format!("{} of {} was refused with {} and is stored at {seq}", key.1, key.0, code.as_str());
    Violation::new(Rule::RefusedStored, detail)
}
