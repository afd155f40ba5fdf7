//! What gets stored, and as what: the rules of the log, over what is known of the rooms. Knows no database; who
//! drives it tells it what is stored, and stores what it says.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use shared::{
    Event, EventBody, Message, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, api::Role, event::Profile,
    frame::Ack,
};

/// A message that somebody asks to have stored, checked for everything that needs no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Who asks.
    pub author: Arc<Profile>,
    /// The identity of the request.
    pub txn_id: TxnId,
    /// Where to.
    pub room_id: RoomId,
    /// The text.
    pub content: String,
    /// The message that it answers.
    pub reply_to: Option<Seq>,
}

/// What a `txn_id` was used for, short enough to be kept for ever.
pub type BodyHash = [u8; 16];

impl Post {
    /// Two posts have the same body when they ask for the same thing.
    pub fn body(&self) -> BodyHash {
        let mut hash = Sha256::new();
        hash.update(self.room_id.as_uuid().as_bytes());
        hash.update(self.reply_to.map_or(0, Seq::get).to_be_bytes());
        hash.update(self.content.as_bytes());
        let mut body = BodyHash::default();
        body.copy_from_slice(&hash.finalize()[..16]);
        body
    }
}

/// Why a request is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The author is not in the room, or there is none.
    NotMember,
    /// The `txn_id` was used for something else.
    Conflict,
    /// It answers an event that does not exist.
    NoSuchReply,
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

/// Where a stored request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub body: BodyHash,
}

impl Stored {
    fn ack(&self, txn_id: TxnId, duplicate: bool) -> Ack {
        let Self { room_id, seq, msg_no, timestamp, .. } = *self;
        Ack { txn_id, room_id, seq, msg_no, timestamp, duplicate }
    }
}

/// A `txn_id` and what it is good for now.
pub type NewTxn = (UserId, TxnId, Stored);

/// Somebody came into a room or left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The room.
    pub room_id: RoomId,
    /// Who.
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
    /// What each new message was asked for by.
    pub txns: Vec<NewTxn>,
    /// Where the rooms that changed are after it.
    pub heads: BTreeMap<RoomId, Head>,
    /// Read markers that moved on, by room and person.
    pub reads: BTreeMap<(RoomId, UserId), Seq>,
    /// Read markers that were asked for by themselves: others are told of these.
    pub told: BTreeMap<(RoomId, UserId), Seq>,
    /// Who came and who went, in order.
    pub moves: Vec<Move>,
}

impl Changes {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.reads.is_empty()
    }
}

/// What is known of what is stored. What it has not been told of does not exist.
#[derive(Debug, Default)]
pub struct Ledger {
    rooms: HashMap<RoomId, Option<Head>>,
    /// Up to where members have read; nothing for those who are none.
    members: HashMap<(RoomId, UserId), Option<Seq>>,
    txns: HashMap<(UserId, TxnId), Option<Stored>>,
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

    /// Tells what a `txn_id` was used for; `None` when it is new.
    pub fn learn_txn(&mut self, user: UserId, txn: TxnId, stored: Option<Stored>) {
        self.txns.insert((user, txn), stored);
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
        self.rooms.len() + self.members.len() + self.txns.len()
    }

    /// Whether it has been told of nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets requests: they are rarely asked for again.
    pub fn forget_txns(&mut self) {
        self.txns.clear();
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

    /// A message. What was asked before is answered with the first result, even to somebody who has left since.
    ///
    /// # Errors
    /// When it can't be stored; nothing has changed then.
    pub fn post(&mut self, post: &Post, now: Timestamp, changes: &mut Changes) -> Result<Ack, Refusal> {
        let (user, body) = (post.author.id, post.body());
        if let Some(stored) = self.txns.get(&(user, post.txn_id)).copied().flatten() {
            let same = stored.body == body;
            return if same { Ok(stored.ack(post.txn_id, true)) } else { Err(Refusal::Conflict) };
        }
        if !self.is_member(post.room_id, user) {
            return Err(Refusal::NotMember);
        }
        let head = self.head(post.room_id).ok_or(Refusal::NotMember)?;
        if post.reply_to.is_some_and(|reply_to| reply_to == Seq::ZERO || reply_to > head.seq) {
            return Err(Refusal::NoSuchReply);
        }
        let message =
            EventBody::Message(Message { reply_to: post.reply_to, ..Message::new(post.content.clone()) });
        let head = Head { msg_no: head.msg_no.next(), ..head };
        let seq = self.append(post.room_id, head, &post.author, post.txn_id, message, now, changes);
        let stored = Stored { room_id: post.room_id, seq, msg_no: head.msg_no, timestamp: now, body };
        self.txns.insert((user, post.txn_id), Some(stored));
        changes.txns.push((user, post.txn_id, stored));
        self.mark_read(post.room_id, user, seq, changes);
        Ok(stored.ack(post.txn_id, false))
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
    ) -> Result<Option<Seq>, Refusal> {
        let head = self.head(room_id).ok_or(Refusal::NotMember)?;
        if self.is_member(room_id, user.id) {
            return Ok(None);
        }
        let head = Head { members: head.members + 1, ..head };
        let seq = self.append(room_id, head, user, txn_id, EventBody::Join, now, changes);
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
    ) -> Result<Seq, Refusal> {
        if !self.is_member(room_id, user.id) {
            return Err(Refusal::NotMember);
        }
        let head = self.head(room_id).ok_or(Refusal::NotMember)?;
        let head = Head { members: head.members.saturating_sub(1), ..head };
        let seq = self.append(room_id, head, user, txn_id, EventBody::Leave, now, changes);
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

    /// Gives the next seq of a room; `head` is where the room will be but for that seq.
    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn append(
        &mut self,
        room_id: RoomId,
        head: Head,
        author: &Profile,
        txn_id: TxnId,
        body: EventBody,
        timestamp: Timestamp,
        changes: &mut Changes,
    ) -> Seq {
        let head = Head { seq: head.seq.next(), ..head };
        self.rooms.insert(room_id, Some(head));
        changes.heads.insert(room_id, head);
        let (seq, msg_no, author) = (head.seq, head.msg_no, author.clone());
        changes.events.push(Event { room_id, seq, msg_no, timestamp, txn_id, author, body });
        seq
    }
}

#[cfg(test)]
mod tests;
