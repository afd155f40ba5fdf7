//! What a person has said and no server has confirmed: in order, with the same identity on every try. It
//! knows no socket and no timeline.

mod item;

use shared::{ErrorFrame, Limits, RoomId, Timestamp, TxnId, UserId, error::ErrorCode};

pub(crate) use self::item::Item;
use self::item::{State, Written};
use crate::{
    io::Change,
    keep::{Key, Slot},
    out::Out,
    records,
    rng::Rng,
    time::{Now, due, earliest},
    view::DeliveryState,
};

/// Messages that may wait, failed ones included: hours of typing without a connection. Beyond, a person is
/// told at once instead of losing it later. What comes back from earlier pages is taken whatever its number.
pub(crate) const WAITING_MOST: usize = 1_000;

/// From sending a message to sending it again on the same connection: asking twice is harmless.
pub(crate) const ACK_TIMEOUT_MS: u64 = 10_000;

/// What waited for longer is not sent by itself: what was meant for yesterday may be wrong today.
pub(crate) const ASK_AFTER_MS: u64 = 24 * 3_600_000;

/// The messages on their way, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    items: Vec<Item>,
    /// The server wants nothing more of this person until then.
    held_until: Option<u64>,
    /// The place of the newest that was ever here.
    last_order: u64,
    /// What the store still has and need not have.
    gone: Vec<TxnId>,
}

impl Outbox {
    /// Takes a message that is to be sent after those before it.
    ///
    /// # Errors
    /// `empty` and `unavailable`; the message has no row then.
    pub(crate) fn post(
        &mut self,
        room: RoomId,
        txn_id: TxnId,
        content: String,
        made: Timestamp,
        limits: &Limits,
    ) -> Result<(), (String, ErrorCode)> {
        if shared::text::is_blank(&content) {
            return Err((content, ErrorCode::Empty));
        }
        if self.items.len() >= WAITING_MOST {
            return Err((content, ErrorCode::Unavailable));
        }
        // Among the pages of one person their clocks decide, and on one page the order of posting.
        self.last_order = made.unix_ms().max(self.last_order + 1);
        let mut item = Item::new(room, txn_id, content, made, self.last_order);
        if is_too_long(&item.content, limits) {
            item.fail(ErrorCode::TooLong, String::new());
        }
        self.items.push(item);
        Ok(())
    }

    /// Takes in a message that was kept, at its place. False where it is here already.
    pub(crate) fn restore(&mut self, txn_id: TxnId, kept: records::Message) -> bool {
        if self.items.iter().any(|item| item.txn_id == txn_id) {
            return false;
        }
        let item = Item::restored(txn_id, kept);
        self.last_order = self.last_order.max(item.order);
        let place = (item.order, item.txn_id);
        let index = self.items.partition_point(|known| (known.order, known.txn_id) < place);
        self.items.insert(index, item);
        true
    }

    /// Everything has to be written: the store is another one, or may be.
    pub(crate) fn write_all(&mut self) {
        self.items.iter_mut().for_each(Item::touch);
    }

    /// Writes what is not written, and removes what is settled.
    pub(crate) fn write(&mut self, me: UserId, out: &mut Out) {
        for txn_id in self.gone.drain(..) {
            out.remove(Key { user: me, slot: Slot::Message(txn_id) });
        }
        for item in &mut self.items {
            item.write(me, out);
        }
    }

    /// Sends what may go now: of every room its oldest message that is not parked.
    pub(crate) fn pump(&mut self, now: Now, me: UserId, limits: &Limits, out: &mut Out) {
        self.end_waits(now.ms, me, out);
        self.hold_old_ones(now.wall, me, out);
        if !out.online() || self.held_until.is_some() {
            return;
        }
        let on_its_way = |item: &&Item| matches!(item.state, State::Sent { .. });
        let mut served: Vec<RoomId> = self.items.iter().filter(on_its_way).map(|item| item.room).collect();
        for item in &mut self.items {
            if item.is_parked() || served.contains(&item.room) {
                continue;
            }
            if item.state == State::Waiting && item.not_before.is_none() {
                item.send(now.ms, limits, out);
                out.changed(Change::Row(item.room, item.key(me)));
            }
            if !item.is_parked() {
                served.push(item.room);
            }
        }
    }

    /// That message is stored. Gives it back, and whether it was the first row of its room here.
    pub(crate) fn settle(&mut self, txn_id: TxnId) -> Option<(Item, bool)> {
        let index = self.items.iter().position(|item| item.txn_id == txn_id)?;
        let room = self.items[index].room;
        let first = !self.items[..index].iter().any(|item| item.room == room);
        Some((self.take(index), first))
    }

    /// The server did not take that message. False where there is none.
    pub(crate) fn refused(
        &mut self,
        now: u64,
        error: &ErrorFrame,
        me: UserId,
        rng: &mut Rng,
        out: &mut Out,
    ) -> bool {
        let Some(item) = self.items.iter_mut().find(|item| Some(item.txn_id) == error.txn_id) else {
            return false;
        };
        item.answered();
        // A token that has just ended is renewed by the connection; the message is not to blame.
        if error.retryable || error.code == ErrorCode::Unauthenticated {
            let wait = error.retry_after_ms.unwrap_or_else(|| item.backoff.fail(rng));
            let until = now.saturating_add(wait);
            item.state = State::Waiting;
            if error.code == ErrorCode::RateLimited {
                // The limit is the person's, not the room's.
                self.held_until = self.held_until.max(Some(until));
            } else {
                item.not_before = Some(until);
            }
        } else {
            item.fail(error.code, error.message.clone());
        }
        out.changed(Change::Row(item.room, item.key(me)));
        true
    }

    /// The connection is gone: whatever was on its way may or may not have arrived.
    pub(crate) fn lost(&mut self, me: UserId, out: &mut Out) {
        for item in &mut self.items {
            item.lost();
            if matches!(item.state, State::Sent { .. }) {
                item.state = State::Waiting;
                out.changed(Change::Row(item.room, item.key(me)));
            }
        }
    }

    /// Tries a parked message again, under the same identity; where the server refuses that identity for ever, under
    /// the new one. Gives back its identity from now on.
    pub(crate) fn retry(
        &mut self,
        now: Timestamp,
        room: RoomId,
        txn_id: TxnId,
        new: TxnId,
        limits: &Limits,
    ) -> Option<TxnId> {
        let index = self.position(room, txn_id).filter(|index| self.items[*index].is_parked())?;
        let item = &mut self.items[index];
        let for_ever = [ErrorCode::Conflict, ErrorCode::NotMember, ErrorCode::Invalid];
        if matches!(&item.state, State::Failed { code, .. } if for_ever.contains(code)) {
            if item.written != Written::Never {
                self.gone.push(item.txn_id);
            }
            (item.txn_id, item.written) = (new, Written::Never);
            (item.unsure, item.unanswered) = (false, 0);
        }
        if !is_too_long(&item.content, limits) {
            // Whoever asks for it now wants it sent as if it had just been posted.
            (item.state, item.since) = (State::Waiting, now);
            item.touch();
        }
        Some(item.txn_id)
    }

    /// Forgets a message that no server can have, or that is parked. False where there is none.
    pub(crate) fn discard(&mut self, room: RoomId, txn_id: TxnId) -> bool {
        let may_go = |item: &Item| item.is_parked() || item.is_recallable();
        let index = self.position(room, txn_id).filter(|index| may_go(&self.items[*index]));
        index.map(|index| self.take(index)).is_some()
    }

    /// Takes back the text of a message that no server can have.
    pub(crate) fn recall(&mut self, room: RoomId, txn_id: TxnId) -> Option<String> {
        let index = self.position(room, txn_id).filter(|index| self.items[*index].is_recallable())?;
        Some(self.take(index).content)
    }

    /// Forgets everything of a room.
    pub(crate) fn forget(&mut self, room: RoomId) {
        while let Some(index) = self.items.iter().position(|item| item.room == room) {
            self.take(index);
        }
    }

    /// The messages of a room, in the order of sending.
    pub(crate) fn of_room(&self, room: RoomId) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.room == room)
    }

    /// How many messages of its room go before that one.
    pub(crate) fn ahead(&self, item: &Item) -> usize {
        self.of_room(item.room)
            .take_while(|known| known.txn_id != item.txn_id)
            .filter(|known| !known.is_parked())
            .count()
    }

    /// Whether that is when the server takes anything of this person again.
    pub(crate) fn is_limited_until(&self, until_ms: Option<u64>) -> bool {
        self.held_until.is_some() && self.held_until == until_ms
    }

    /// How many messages are not confirmed.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// How far a message has come.
    pub(crate) fn delivery(&self, item: &Item) -> DeliveryState {
        match &item.state {
            State::Waiting => {
                let first = self.of_room(item.room).find(|item| !item.is_parked());
                let is_first = first.is_some_and(|first| first.txn_id == item.txn_id);
                let until_ms = item.not_before.max(self.held_until).filter(|_| is_first);
                DeliveryState::Queued { until_ms }
            }
            State::Sent { since } => DeliveryState::Sending { since_ms: *since },
            State::Held => DeliveryState::Held { tried: item.is_tried() },
            State::Failed { code, detail } => DeliveryState::Failed { code: *code, detail: detail.clone() },
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        let waits = self.items.iter().filter_map(|item| match item.state {
            State::Sent { since } => Some(since + ACK_TIMEOUT_MS),
            State::Waiting => item.not_before,
            State::Failed { .. } | State::Held => None,
        });
        earliest([self.held_until, waits.min()])
    }

    /// Ends the waits whose time has come.
    fn end_waits(&mut self, now: u64, me: UserId, out: &mut Out) {
        let released = due(self.held_until, now);
        if released {
            self.held_until = None;
        }
        let mut heads: Vec<RoomId> = Vec::new();
        for item in &mut self.items {
            let overdue = matches!(item.state, State::Sent { since } if since + ACK_TIMEOUT_MS <= now);
            if overdue {
                item.state = State::Waiting;
            }
            let ready = due(item.not_before, now);
            if ready {
                item.not_before = None;
            }
            // Only the first of a room shows what it waits for; the others wait for the first.
            let released = released && item.state == State::Waiting && !heads.contains(&item.room);
            if released {
                heads.push(item.room);
            }
            if overdue || ready || released {
                out.changed(Change::Row(item.room, item.key(me)));
            }
        }
    }

    /// What has waited for too long waits for somebody to say what becomes of it.
    fn hold_old_ones(&mut self, now: Timestamp, me: UserId, out: &mut Out) {
        let is_old = |item: &Item| now.unix_ms().saturating_sub(item.since.unix_ms()) >= ASK_AFTER_MS;
        for item in self.items.iter_mut().filter(|item| item.state == State::Waiting && is_old(item)) {
            item.state = State::Held;
            out.changed(Change::Row(item.room, item.key(me)));
        }
    }

    fn position(&self, room: RoomId, txn_id: TxnId) -> Option<usize> {
        self.items.iter().position(|item| item.room == room && item.txn_id == txn_id)
    }

    /// Takes a message out, and from the store with it.
    fn take(&mut self, index: usize) -> Item {
        let item = self.items.remove(index);
        if item.written != Written::Never {
            self.gone.push(item.txn_id);
        }
        item
    }
}

fn is_too_long(content: &str, limits: &Limits) -> bool {
    content.chars().count() as u64 > limits.message_chars
}
