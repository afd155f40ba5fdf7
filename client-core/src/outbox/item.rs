//! One message on its way: how far it has come, whether a server may have it, and how it is kept. It knows no
//! other message.

use shared::{ClientFrame, Limits, RoomId, Timestamp, TxnId, UserId, error::ErrorCode, frame::PostMessage};

use crate::{
    backoff::Backoff,
    keep::{Key, Slot},
    out::Out,
    records,
    view::RowKey,
};

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) room: RoomId,
    pub(crate) txn_id: TxnId,
    pub(crate) content: String,
    pub(crate) made: Timestamp,
    /// Its place among all that were posted, on whatever page.
    pub(super) order: u64,
    /// What its age counts from: when it was made, or when somebody last said that it is to be sent.
    pub(super) since: Timestamp,
    pub(super) state: State,
    /// Copies that went over this connection and that the server has not answered.
    pub(super) unanswered: u32,
    /// How often this page has sent it.
    pub(crate) tries: u32,
    /// A copy went over a connection that broke before its answer.
    pub(super) unsure: bool,
    pub(super) written: Written,
    /// Not again before that.
    pub(super) not_before: Option<u64>,
    pub(super) backoff: Backoff,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Sent {
        since: u64,
    },
    /// Too old to be sent without asking.
    Held,
    Failed {
        code: ErrorCode,
        detail: String,
    },
}

/// How the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Never,
    Differently,
    AsIs,
}

impl Item {
    pub(super) fn new(room: RoomId, txn_id: TxnId, content: String, made: Timestamp, order: u64) -> Self {
        Self {
            room,
            txn_id,
            content,
            made,
            order,
            since: made,
            state: State::Waiting,
            unanswered: 0,
            tries: 0,
            unsure: false,
            written: Written::Never,
            not_before: None,
            backoff: Backoff::default(),
        }
    }

    /// As it was kept.
    pub(super) fn restored(txn_id: TxnId, kept: records::Message) -> Self {
        let made = Timestamp::from_unix_ms(kept.made);
        let state = match kept.failed {
            Some(records::Failed { code, detail }) => State::Failed { code, detail },
            None => State::Waiting,
        };
        Self {
            since: Timestamp::from_unix_ms(kept.since),
            state,
            unsure: kept.tried,
            written: Written::AsIs,
            ..Self::new(kept.room, txn_id, kept.content, made, kept.order)
        }
    }

    pub(crate) fn key(&self, me: UserId) -> RowKey {
        RowKey { author: me, txn_id: self.txn_id }
    }

    /// Whether the server may have it.
    pub(crate) fn is_tried(&self) -> bool {
        self.unsure || self.unanswered > 0
    }

    /// Whether it is here and nowhere else.
    pub(crate) fn is_recallable(&self) -> bool {
        !self.is_tried()
    }

    /// Whether it is not sent by itself.
    pub(super) fn is_parked(&self) -> bool {
        matches!(self.state, State::Failed { .. } | State::Held)
    }

    pub(super) fn send(&mut self, now: u64, limits: &Limits, out: &mut Out) {
        let text = ClientFrame::Message(PostMessage {
            txn_id: self.txn_id,
            room_id: self.room,
            content: self.content.clone(),
            reply_to: None,
        })
        .encode();
        // The server would close the connection over it, again and again.
        if text.len() as u64 > limits.frame_bytes {
            self.fail(ErrorCode::TooLong, String::new());
        } else {
            if !self.is_tried() {
                self.touch();
            }
            self.state = State::Sent { since: now };
            self.unanswered = self.unanswered.saturating_add(1);
            self.tries = self.tries.saturating_add(1);
            out.send_text(text);
        }
    }

    /// The server has answered one copy, and has not stored it.
    pub(super) fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        if !self.is_tried() {
            self.touch();
        }
    }

    /// The connection is gone, and with it every answer.
    pub(super) fn lost(&mut self) {
        self.unsure |= self.unanswered > 0;
        self.unanswered = 0;
    }

    pub(super) fn fail(&mut self, code: ErrorCode, detail: String) {
        self.state = State::Failed { code, detail };
        self.touch();
    }

    /// It is another one than what is written.
    pub(super) fn touch(&mut self) {
        if self.written == Written::AsIs {
            self.written = Written::Differently;
        }
    }

    /// Writes it, if the store has it differently or not at all.
    pub(super) fn write(&mut self, me: UserId, out: &mut Out) {
        if self.written == Written::AsIs {
            return;
        }
        self.written = Written::AsIs;
        let failed = match &self.state {
            State::Failed { code, detail } => Some(records::Failed { code: *code, detail: detail.clone() }),
            _ => None,
        };
        out.write(
            self.name(me),
            &records::Message {
                room: self.room,
                content: self.content.clone(),
                made: self.made.unix_ms(),
                since: self.since.unix_ms(),
                order: self.order,
                tried: self.is_tried(),
                failed,
            },
        );
    }

    pub(super) fn name(&self, me: UserId) -> Key {
        Key { user: me, slot: Slot::Message(self.txn_id) }
    }
}
