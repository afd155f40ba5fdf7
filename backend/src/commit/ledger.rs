//! What gets stored, and as what: the rules of the log, over what is known of the rooms. Knows no database; who
//! drives it tells it what is stored, and stores what it says.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use shared::{
    Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, api::Role, event::Profile, frame::Ack,
};

use super::error::CommitError;

/// A body that somebody wants in a room's log, checked for everything that needs no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// Who asks.
    pub author: Arc<Profile>,
    /// The identity of the request.
    pub txn_id: TxnId,
    /// Where to.
    pub room_id: RoomId,
    /// The body to store.
    pub body: EventBody,
}

/// Where a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Its newest event.
    pub seq: Seq,
    /// How many messages it has.
    pub msg_no: MsgNo,
    /// How many people are in it.
    pub members: u64,
}

/// What a request was stored as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The room.
    pub room_id: RoomId,
    /// The event.
    pub seq: Seq,
    /// Its message count.
    pub msg_no: MsgNo,
    /// Since when.
    pub timestamp: Timestamp,
    /// What was asked.
    pub body: EventBody,
}

/// What became of a request that was made before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It is stored.
    Stored(Stored),
    /// It stays refused.
    Refused(CommitError),
}

/// What the ledger knows of a request.
#[derive(Debug)]
enum Request {
    /// What became of it in an earlier batch.
    Before(Known),
    /// It is in this batch: the number of its event among the [changes](Changes::events).
    Now(usize),
}

/// Somebody came into a room or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The room.
    pub room_id: RoomId,
    /// The person.
    pub user_id: UserId,
    /// The `join`, where their read marker starts, or the `leave`, the last event that is theirs to see.
    pub seq: Seq,
    /// What a new member may do; nothing for somebody who left.
    pub role: Option<Role>,
}

/// What a batch of requests changes; stored as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// New events, in order.
    pub events: Vec<Event>,
    /// Requests that stay refused.
    pub refusals: Vec<(UserId, TxnId, CommitError)>,
    /// Where the rooms that changed are after it.
    pub heads: BTreeMap<RoomId, Head>,
    /// Read markers that moved on, by room and person.
    pub reads: BTreeMap<(RoomId, UserId), Seq>,
    /// Read markers that were asked for by themselves: others are told of these.
    pub told: BTreeMap<(RoomId, UserId), Seq>,
    /// Who came and who went, in order.
    pub moves: Vec<Move>,
}

/// What is known of what is stored. What it has not been told of does not exist.
#[derive(Debug, Default)]
pub struct Ledger {
    rooms: HashMap<RoomId, Option<Head>>,
    /// Up to where members have read; nothing for those who are none.
    members: HashMap<(RoomId, UserId), Option<Seq>>,
    requests: HashMap<(UserId, TxnId), Request>,
}

impl Ledger {
    /// Tells where a room is; `None` when there is no such room.
    pub fn learn_room(&mut self, room: RoomId, head: Option<Head>) {
        self.rooms.insert(room, head);
    }

    /// Tells up to where somebody has read; `None` when they are not in the room.
    pub fn learn_member(&mut self, room: RoomId, user: UserId, read: Option<Seq>) {
        self.members.insert((room, user), read);
    }

    /// Tells what became of a request that was made before.
    pub fn learn_request(&mut self, user: UserId, txn: TxnId, known: Known) {
        self.requests.insert((user, txn), Request::Before(known));
    }

    /// Whether it has been told of that room.
    pub fn knows_room(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// Whether it has been told of that member.
    pub fn knows_member(&self, room: RoomId, user: UserId) -> bool {
        self.members.contains_key(&(room, user))
    }

    /// How much it holds.
    pub fn len(&self) -> usize {
        self.rooms.len() + self.members.len() + self.requests.len()
    }

    /// Whether it has been told of nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets requests: they are rarely asked for again.
    pub fn forget_requests(&mut self) {
        self.requests.clear();
    }

    /// Forgets everything, because what it was told may not be stored.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Where a room is.
    pub fn head(&self, room: RoomId) -> Option<Head> {
        self.rooms.get(&room).copied().flatten()
    }

    /// Whether somebody is in a room.
    pub fn is_member(&self, room: RoomId, user: UserId) -> bool {
        self.read_seq(room, user).is_some()
    }

    fn read_seq(&self, room: RoomId, user: UserId) -> Option<Seq> {
        self.members.get(&(room, user)).copied().flatten()
    }

    /// Appends a body to a room's log. A request that was made before is answered with the first result, even to
    /// somebody who has left since.
    ///
    /// # Errors
    /// When it can't be stored; nothing has changed then, but that some refusals are kept.
    pub fn append(
        &mut self,
        ask: &Append,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<Ack, CommitError> {
        let request = (ask.author.id, ask.txn_id);
        if let Some(known) = self.requests.get(&request) {
            return again(ask, known, changes);
        }
        let answer = self.append_new(ask, now, changes);
        match answer {
            Ok(_) => {
                self.requests.insert(request, Request::Now(changes.events.len() - 1));
            }
            Err(why) if why.kept_as().is_some() => {
                self.learn_request(request.0, request.1, Known::Refused(why));
                changes.refusals.push((request.0, request.1, why));
            }
            Err(_) => {}
        }
        answer
    }

    fn append_new(
        &mut self,
        ask: &Append,
        now: Timestamp,
        changes: &mut Changes,
    ) -> Result<Ack, CommitError> {
        let Append { author, txn_id, room_id, body } = ask;
        if !self.is_member(*room_id, author.id) {
            return Err(CommitError::NotMember);
        }
        let head = self.head(*room_id).ok_or(CommitError::NotMember)?;
        let reply_to = body.as_message().and_then(|message| message.reply_to);
        if reply_to.is_some_and(|reply_to| reply_to == Seq::ZERO || reply_to > head.seq) {
            return Err(CommitError::NoSuchReply);
        }
        let event = self.push(*room_id, head, author, (*txn_id, now), body.clone(), changes);
        let ack = ack_of(event, false);
        self.mark_read(*room_id, author.id, ack.seq, changes);
        Ok(ack)
    }

    /// Somebody becomes a member. Returns the `join`, or nothing when they are one already.
    ///
    /// # Errors
    /// When there is no such room.
    pub fn join(
        &mut self,
        room_id: RoomId,
        user: &Profile,
        role: Role,
        (txn_id, now): (TxnId, Timestamp),
        changes: &mut Changes,
    ) -> Result<Option<Seq>, CommitError> {
        let head = self.head(room_id).ok_or(CommitError::NoRoom)?;
        if self.is_member(room_id, user.id) {
            return Ok(None);
        }
        let head = Head { members: head.members + 1, ..head };
        let seq = self.push(room_id, head, user, (txn_id, now), EventBody::Join, changes).seq;
        self.members.insert((room_id, user.id), Some(seq));
        changes.moves.push(Move { room_id, user_id: user.id, seq, role: Some(role) });
        Ok(Some(seq))
    }

    /// Somebody is a member no longer.
    ///
    /// # Errors
    /// When they are none.
    pub fn leave(
        &mut self,
        room_id: RoomId,
        user: &Profile,
        (txn_id, now): (TxnId, Timestamp),
        changes: &mut Changes,
    ) -> Result<Seq, CommitError> {
        if !self.is_member(room_id, user.id) {
            return Err(CommitError::NotMember);
        }
        let head = self.head(room_id).ok_or(CommitError::NotMember)?;
        let head = Head { members: head.members.saturating_sub(1), ..head };
        let seq = self.push(room_id, head, user, (txn_id, now), EventBody::Leave, changes).seq;
        self.members.insert((room_id, user.id), None);
        changes.reads.remove(&(room_id, user.id));
        changes.told.remove(&(room_id, user.id));
        changes.moves.push(Move { room_id, user_id: user.id, seq, role: None });
        Ok(seq)
    }

    /// Somebody has read up to an event. Markers never move back, nor beyond the newest event.
    pub fn read(&mut self, room: RoomId, user: UserId, seq: Seq, changes: &mut Changes) {
        let Some(head) = self.head(room) else { return };
        let seq = seq.min(head.seq);
        if self.mark_read(room, user, seq, changes) {
            changes.told.insert((room, user), seq);
        }
    }

    fn mark_read(&mut self, room: RoomId, user: UserId, seq: Seq, changes: &mut Changes) -> bool {
        let moved = self.read_seq(room, user).is_some_and(|read| read < seq);
        if moved {
            self.members.insert((room, user), Some(seq));
            changes.reads.insert((room, user), seq);
        }
        moved
    }

    /// Gives an event the next places of a room; `head` is where the room is but for those.
    fn push<'a>(
        &mut self,
        room_id: RoomId,
        head: Head,
        author: &Profile,
        (txn_id, timestamp): (TxnId, Timestamp),
        body: EventBody,
        changes: &'a mut Changes,
    ) -> &'a Event {
        let msg_no = if body.counts() { head.msg_no.next() } else { head.msg_no };
        let head = Head { seq: head.seq.next(), msg_no, ..head };
        self.rooms.insert(room_id, Some(head));
        changes.heads.insert(room_id, head);
        let (seq, author) = (head.seq, author.clone());
        changes.events.push(Event { room_id, seq, msg_no, timestamp, txn_id, author, body });
        changes.events.last().expect("it was just pushed")
    }
}

/// The answer to a request that was made before: the first one, if it asks for the same thing.
fn again(ask: &Append, known: &Request, changes: &Changes) -> Result<Ack, CommitError> {
    match known {
        Request::Before(Known::Refused(why)) => Err(*why),
        Request::Before(Known::Stored(stored))
            if (stored.room_id, &stored.body) == (ask.room_id, &ask.body) =>
        {
            let Stored { room_id, seq, msg_no, timestamp, .. } = *stored;
            Ok(Ack { txn_id: ask.txn_id, room_id, seq, msg_no, timestamp, duplicate: true })
        }
        Request::Now(number) => match changes.events.get(*number) {
            Some(event) if (event.room_id, &event.body) == (ask.room_id, &ask.body) => {
                Ok(ack_of(event, true))
            }
            _ => Err(CommitError::Conflict),
        },
        Request::Before(Known::Stored(_)) => Err(CommitError::Conflict),
    }
}

fn ack_of(event: &Event, duplicate: bool) -> Ack {
    let Event { txn_id, room_id, seq, msg_no, timestamp, .. } = *event;
    Ack { txn_id, room_id, seq, msg_no, timestamp, duplicate }
}

#[cfg(test)]
mod tests;
