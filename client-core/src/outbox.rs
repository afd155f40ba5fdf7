//! What a person has said and no server has confirmed: in order, with the same identity on every try. It
//! knows no socket and no timeline.

use shared::{
    ClientFrame, ErrorFrame, Limits, RoomId, Timestamp, TxnId, UserId, error::ErrorCode, frame::PostMessage,
};

use crate::{
    backoff::Backoff,
    io::Change,
    out::Out,
    rng::Rng,
    time::{due, earliest},
    view::{DeliveryState, RowKey},
};

/// Messages that may wait, failed ones included: hours of typing without a connection. Beyond, a person is
/// told at once instead of losing it later.
pub(crate) const WAITING_MOST: usize = 1_000;

/// From sending a message to sending it again on the same connection: asking twice is harmless.
const ACK_TIMEOUT_MS: u64 = 10_000;

/// The messages on their way, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    items: Vec<Item>,
    /// The server wants nothing more of this person until then.
    held_until: Option<u64>,
}

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) room: RoomId,
    pub(crate) txn_id: TxnId,
    pub(crate) content: String,
    pub(crate) made: Timestamp,
    state: State,
    /// Not again before that.
    not_before: Option<u64>,
    backoff: Backoff,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Sent { since: u64 },
    Failed { code: ErrorCode, detail: String },
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
        let state = if is_too_long(&content, limits) { failed(ErrorCode::TooLong) } else { State::Waiting };
        let backoff = Backoff::default();
        self.items.push(Item { room, txn_id, content, made, state, not_before: None, backoff });
        Ok(())
    }

    /// Sends what may go now: of every room its oldest message that is not parked.
    pub(crate) fn pump(&mut self, now: u64, me: UserId, limits: &Limits, out: &mut Out) {
        self.end_waits(now, me, out);
        if !out.online() || self.held_until.is_some() {
            return;
        }
        let mut served: Vec<RoomId> = Vec::new();
        for item in &mut self.items {
            if matches!(item.state, State::Failed { .. }) || served.contains(&item.room) {
                continue;
            }
            if item.state == State::Waiting && item.not_before.is_none() {
                item.send(now, limits, out);
                out.changed(Change::Row(item.room, item.key(me)));
            }
            if !matches!(item.state, State::Failed { .. }) {
                served.push(item.room);
            }
        }
    }

    /// That message is stored. Gives it back, and whether it was the first row of its room here.
    pub(crate) fn settle(&mut self, txn_id: TxnId) -> Option<(Item, bool)> {
        let index = self.items.iter().position(|item| item.txn_id == txn_id)?;
        let room = self.items[index].room;
        let first = !self.items[..index].iter().any(|item| item.room == room);
        Some((self.items.remove(index), first))
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
            item.state = State::Failed { code: error.code, detail: error.message.clone() };
        }
        out.changed(Change::Row(item.room, item.key(me)));
        true
    }

    /// The connection is gone: whatever was on its way may or may not have arrived.
    pub(crate) fn lost(&mut self, me: UserId, out: &mut Out) {
        for item in &mut self.items {
            if matches!(item.state, State::Sent { .. }) {
                item.state = State::Waiting;
                out.changed(Change::Row(item.room, item.key(me)));
            }
        }
    }

    /// Tries a parked message again, under the same identity; a `conflict` means that this identity is
    /// taken, so it gets the new one. True if there was such a message.
    pub(crate) fn retry(
        &mut self,
        room: RoomId,
        txn_id: TxnId,
        new: TxnId,
        limits: &Limits,
    ) -> Option<TxnId> {
        let item = self.items.iter_mut().find(|item| item.room == room && item.txn_id == txn_id)?;
        let State::Failed { code, .. } = &item.state else { return None };
        if *code == ErrorCode::Conflict {
            item.txn_id = new;
        }
        if !is_too_long(&item.content, limits) {
            item.state = State::Waiting;
        }
        Some(item.txn_id)
    }

    /// Forgets a message that is not on its way. False where there is none.
    pub(crate) fn discard(&mut self, room: RoomId, txn_id: TxnId) -> bool {
        let before = self.items.len();
        let is_it = |item: &Item| item.room == room && item.txn_id == txn_id;
        self.items.retain(|item| !is_it(item) || matches!(item.state, State::Sent { .. }));
        self.items.len() < before
    }

    /// Forgets everything of a room.
    pub(crate) fn forget(&mut self, room: RoomId) {
        self.items.retain(|item| item.room != room);
    }

    /// The messages of a room, in the order of sending.
    pub(crate) fn of_room(&self, room: RoomId) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.room == room)
    }

    /// How far a message has come.
    pub(crate) fn delivery(&self, item: &Item) -> DeliveryState {
        match &item.state {
            State::Waiting => {
                let first = self.of_room(item.room).find(|item| !matches!(item.state, State::Failed { .. }));
                let is_first = first.is_some_and(|first| first.txn_id == item.txn_id);
                let until_ms = item.not_before.max(self.held_until).filter(|_| is_first);
                DeliveryState::Queued { until_ms }
            }
            State::Sent { since } => DeliveryState::Sending { since_ms: *since },
            State::Failed { code, detail } => DeliveryState::Failed { code: *code, detail: detail.clone() },
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        let waits = self.items.iter().filter_map(|item| match item.state {
            State::Sent { since } => Some(since + ACK_TIMEOUT_MS),
            State::Waiting => item.not_before,
            State::Failed { .. } => None,
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
}

impl Item {
    pub(crate) fn key(&self, me: UserId) -> RowKey {
        RowKey { author: me, txn_id: self.txn_id }
    }

    fn send(&mut self, now: u64, limits: &Limits, out: &mut Out) {
        let text = ClientFrame::Message(PostMessage {
            txn_id: self.txn_id,
            room_id: self.room,
            content: self.content.clone(),
            reply_to: None,
        })
        .encode();
        // The server would close the connection over it, again and again.
        if text.len() as u64 > limits.frame_bytes {
            self.state = failed(ErrorCode::TooLong);
        } else {
            self.state = State::Sent { since: now };
            out.send_text(text);
        }
    }
}

fn failed(code: ErrorCode) -> State {
    State::Failed { code, detail: String::new() }
}

fn is_too_long(content: &str, limits: &Limits) -> bool {
    content.chars().count() as u64 > limits.message_chars
}
