//! What a person wants, handed to the parts that do it.

use shared::{RoomId, TxnId, error::ErrorCode};

use super::Client;
use crate::{
    call::Call,
    failure::Failure,
    io::{Change, Command},
    time::Now,
    view::RowKey,
};

impl Client {
    pub(super) fn command(&mut self, now: Now, command: Command) {
        let ms = now.ms;
        match command {
            Command::SignIn { name } if !self.session.is_taken() => self.out.call(Call::SignIn { name }),
            Command::SignIn { .. } => {} // pressed twice
            Command::SignOut => self.sign_out(self.kept_for),
            Command::MakeRoom { name } => self.ask(Call::MakeRoom { name }),
            Command::LookUp { code } => self.out.call(Call::LookUp { code }),
            Command::JoinRoom { code } => self.ask(Call::JoinRoom { code }),
            Command::LeaveRoom(room) => {
                if let Some(me) = self.session.profile() {
                    let call = Call::Leave(room, me.id);
                    self.ask(call);
                }
            }
            Command::OpenRoom(room) => self.open_room(ms, room),
            Command::CloseRoom => self.close_room(),
            Command::Post { room, content } => self.post(now, room, content),
            Command::Retry(room, key) => self.retry(now, room, key),
            Command::Discard(room, key) => {
                if self.is_mine(key) && self.outbox.discard(room, key.txn_id) {
                    self.out.changed(Change::Rows(room));
                }
            }
            Command::Recall(room, key) => self.recall(room, key),
            Command::Draft { room, text } => self.write_draft(room, text),
            Command::PageBack(room) => self.timelines.page_back(room, &mut self.out),
            Command::Typing(room, true) => {
                self.activity.active(ms, &mut self.out);
                self.activity.typing(ms, room, &mut self.out);
            }
            Command::Typing(_, false) => self.activity.stopped_typing(&mut self.out),
            Command::Seen(room, seq) => {
                let msg_no = self.timelines.msg_no_at(room, seq);
                self.rooms.read(room, seq, msg_no, false, &mut self.out);
            }
            Command::ConnectNow => self.hurry(ms, true),
            Command::Measure => self.link.doubt(ms, &mut self.out),
            Command::Active => self.activity.active(ms, &mut self.out),
        }
    }

    /// Makes a call that somebody has to be signed in for.
    fn ask(&mut self, call: Call) {
        if self.session.profile().is_some() {
            self.out.call(call);
        } else {
            self.failed(call, Failure::new(ErrorCode::Unauthenticated));
        }
    }

    /// A person's command could not be done.
    pub(super) fn failed(&mut self, call: Call, failure: Failure) {
        let Failure { code, detail, field, retry_after_ms } = failure;
        self.out.changed(Change::Failed { call, code, detail, field, retry_after_ms });
    }

    fn open_room(&mut self, ms: u64, room: RoomId) {
        if self.open == Some(room) {
            return;
        }
        self.close_room();
        self.open = Some(room);
        if let Some((evicted, last)) = self.timelines.open(room) {
            self.quiet.behind(evicted, last);
        }
        if self.quiet.wake(room) {
            self.timelines.behind(room, shared::Seq::ZERO);
        }
        self.members.want();
        self.activity.active(ms, &mut self.out);
        self.out.changed(Change::Rows(room));
    }

    fn close_room(&mut self) {
        self.open = None;
        self.members.drop();
        self.timelines.close();
        self.activity.stopped_typing(&mut self.out);
    }

    fn post(&mut self, now: Now, room: RoomId, content: String) {
        self.activity.active(now.ms, &mut self.out);
        self.activity.stopped_typing(&mut self.out);
        let posted = match self.session.profile() {
            Some(_) => {
                let txn_id = TxnId::mint(now.wall.unix_ms(), self.rng.bytes());
                self.outbox.post(room, txn_id, content, now.wall, &self.limits)
            }
            None => Err((content, ErrorCode::Unauthenticated)),
        };
        match posted {
            Ok(()) => {
                // In one go with the message, so that the text is in one of them and never in both.
                self.write_draft(room, String::new());
                self.out.changed(Change::Rows(room));
            }
            Err((_, ErrorCode::Empty)) => {} // nothing was said
            Err((content, code)) => self.out.changed(Change::PostRefused { room, content, code }),
        }
    }

    fn retry(&mut self, now: Now, room: RoomId, key: RowKey) {
        let new = TxnId::mint(now.wall.unix_ms(), self.rng.bytes());
        if !self.is_mine(key) {
            return;
        }
        match self.outbox.retry(now.wall, room, key.txn_id, new, &self.limits) {
            Some(txn_id) if txn_id == key.txn_id => self.out.changed(Change::Row(room, key)),
            Some(_) => self.out.changed(Change::Rows(room)),
            None => {}
        }
    }

    fn recall(&mut self, room: RoomId, key: RowKey) {
        if !self.is_mine(key) {
            return;
        }
        if let Some(mut text) = self.outbox.recall(room, key.txn_id) {
            let draft = self.drafts.get(room);
            if !draft.is_empty() {
                text.push('\n');
                text.push_str(draft);
            }
            self.write_draft(room, text);
            self.out.changed(Change::Draft(room));
            self.out.changed(Change::Rows(room));
        }
    }

    fn is_mine(&self, key: RowKey) -> bool {
        self.session.profile().is_some_and(|me| me.id == key.author)
    }
}
