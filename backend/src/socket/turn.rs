//! One turn of a connection: look at the clock and the mail, read what came, take what the rooms have, and
//! write all of it at once.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use shared::{CloseCode, ErrorCode, ErrorFrame, Seq, ServerFrame, frame::Activity};
use tokio_tungstenite::tungstenite::{
    Error as FrameError, Message,
    error::ProtocolError,
    protocol::frame::{CloseFrame, coding::CloseCode as Code},
};
use tracing::Instrument;

use super::{close::Ended, connection::Connection, wire::SLICES};
use crate::{
    chat::{
        log::{Appetite, Reading},
        mailbox::{Mail, Order, Reply},
        place::Place,
        rate::{Gcra, Rate},
        session::{Around, Effect, Now, PageRequest},
        slot::RoomSlot,
    },
    commit::error::CommitError,
    store::{Page, Store, StoreError},
    tokens::Claims,
};

/// Bytes that one turn takes from the rooms: about what the system takes in one write.
const TURN_BYTES: usize = 64 * 1024;

/// Frames that one turn reads, so that others get their turn.
const TURN_FRAMES: usize = 32;

/// When a post may be tried again that the committer had no room for.
const FULL_MS: u64 = 1_000;

/// What the session asks about while it looks at a frame.
struct Surroundings<'a> {
    messages: &'a std::sync::Mutex<Gcra>,
}

impl Around<Arc<RoomSlot>> for Surroundings<'_> {
    fn head(&self, slot: &Arc<RoomSlot>) -> Seq {
        slot.head()
    }

    fn take_message(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        self.messages.lock().expect("nothing panics while it holds a limiter").take(rate, now)
    }
}

impl Connection {
    /// Does what there is to do, and writes. Returns the claims of a client that has just said who it is.
    pub(super) fn turn(&mut self, now: Now) -> Result<Option<Claims>, Ended> {
        self.look_at_the_clock(now)?;
        // Signals wait in the mailbox, where they are merged and bounded, until the client takes what it has.
        if let Some(mail) = self.mailbox.take(self.wire.waiting() < TURN_BYTES) {
            self.open(mail);
        }
        if let Some(claims) = self.read(now)? {
            return Ok(Some(claims));
        }
        self.put_on_the_wire();
        if let Some((code, reason, until)) = &self.closing {
            if self.session.is_answered() || now.tick >= *until {
                return Err(Ended::ByUs(*code, reason.clone()));
            }
        } else {
            self.gather();
        }
        self.write(now)?;
        Ok(None)
    }

    /// The pages that were asked for since this was last called, to be read by somebody who has the time.
    pub(super) fn take_pages(&mut self) -> Vec<impl Future<Output = ()> + Send + use<>> {
        let read = |request| read_page(self.app.store.clone(), request, self.mailbox.clone());
        std::mem::take(&mut self.pages).into_iter().map(|page| read(page).instrument(self.span())).collect()
    }

    /// Whether the client may say more: not while too much waits for it or for the disk.
    pub(super) fn may_read(&self) -> bool {
        self.closing.is_none() && self.session.may_read() && self.wire.waiting() < TURN_BYTES
    }

    fn read(&mut self, now: Now) -> Result<Option<Claims>, Ended> {
        for _ in 0..TURN_FRAMES {
            if !self.is_unread || !self.may_read() {
                break;
            }
            let read = self.frames.read(&mut self.wire);
            if self.wire.take_heard() {
                self.session.hear(now.tick);
                self.take_proof(now);
            }
            match read {
                Ok(message) => {
                    if let Some(claims) = self.hear(message, now)? {
                        return Ok(Some(claims));
                    }
                }
                Err(FrameError::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.is_unread = false;
                }
                Err(error) => self.fail(&error)?,
            }
        }
        Ok(None)
    }

    fn hear(&mut self, message: Message, now: Now) -> Result<Option<Claims>, Ended> {
        self.frames_in += 1;
        self.app.metrics.frames_in.inc();
        let effect = match message {
            Message::Text(text) => {
                let nobody = std::sync::Mutex::default();
                let messages = self.messages.as_deref().unwrap_or(&nobody);
                self.session.text(&text, now, &mut Surroundings { messages })
            }
            Message::Binary(_) => Effect::Close(CloseCode::Unsupported, "this protocol is text"),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => self.session.control(now.tick),
            Message::Close(frame) => return Err(self.closed_by_client(frame)),
        };
        Ok(self.act(effect, now))
    }

    /// The client closes: has the library answer that.
    fn closed_by_client(&mut self, frame: Option<CloseFrame>) -> Ended {
        // The answer goes into the queue of the wire; that the connection is closed then is said as an error.
        let _closed = self.frames.flush(&mut self.wire);
        let code = frame.map_or(1005, |frame| u16::from(frame.code));
        Ended::ByClient(CloseCode::from_u16(code))
    }

    /// A frame could not be read: says why, or ends when there is nobody to say it to.
    fn fail(&mut self, error: &FrameError) -> Result<(), Ended> {
        let code = match error {
            FrameError::Capacity(_) => Code::Size,
            FrameError::Utf8(_) => Code::Invalid,
            FrameError::Io(_)
            | FrameError::ConnectionClosed
            | FrameError::AlreadyClosed
            | FrameError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                return Err(Ended::Lost(CloseCode::Abnormal, "the connection is gone".into()));
            }
            _ => Code::Protocol,
        };
        let reason = match code {
            Code::Size => "a frame has at most `frame_bytes` bytes",
            Code::Invalid => "a text frame is UTF-8",
            _ => "this is not a WebSocket frame of a client",
        };
        self.close(CloseCode::from_u16(code.into()), reason);
        Ok(())
    }

    /// Does what the session has decided. Returns the claims of a client that has just said who it is.
    fn act(&mut self, effect: Effect<Arc<RoomSlot>>, now: Now) -> Option<Claims> {
        match effect {
            Effect::Nothing => {}
            Effect::Reply(frame) => self.say(&frame),
            Effect::Authenticate(token) => return self.authenticate(&token, now),
            Effect::Append(append) => {
                let (txn_id, room_id) = (append.txn_id, append.room_id);
                if let Err(error) = self.app.committer.append(append, self.mailbox.clone()) {
                    self.session.answered();
                    self.say(&not_stored(error, txn_id, room_id));
                }
            }
            Effect::Page(request) => self.pages.push(request),
            Effect::Typing(slot, active) => {
                if let Some(user) = self.session.user() {
                    self.hub().typing(&slot, user.id, active);
                }
            }
            Effect::Read(read) => {
                if let Some(user) = self.session.user() {
                    let mailbox = self.mailbox.clone();
                    let asked = self.app.committer.read(user.id, read.room_id, read.seq, mailbox);
                    if let Err(error) = asked {
                        self.say(&not_read(error, read.room_id));
                    }
                }
            }
            Effect::Presence(activity) => {
                if let Some(attendance) = &self.attendance {
                    attendance.tell(activity == Activity::Away);
                }
            }
            Effect::Close(code, reason) => self.close(code, reason),
        }
        None
    }

    fn authenticate(&mut self, token: &str, now: Now) -> Option<Claims> {
        let is_known = self.session.user().is_some();
        match self.app.tokens.verify_access(token) {
            Ok(claims) if is_known => {
                let who = (claims.user_id, claims.session_id);
                let answer = self.session.renew(who, claims.expires_at, now);
                if matches!(answer, ServerFrame::Authenticated(_)) {
                    self.proof.expect(claims.generation, claims.issued_at);
                    self.take_proof(now);
                }
                self.say(&answer);
                None
            }
            Ok(claims) => Some(claims),
            Err(error) if is_known => {
                let error = ErrorFrame::new(ErrorCode::Unauthenticated, error.to_string());
                self.say(&ServerFrame::Error(error.at_field("token")));
                None
            }
            Err(error) => {
                self.refuse(error);
                None
            }
        }
    }

    fn open(&mut self, mail: Mail<RoomSlot>) {
        for reply in mail.replies {
            self.answer(reply);
        }
        for order in mail.orders {
            self.follow(order);
        }
        for frame in { mail.signals }.take() {
            self.count_out(1);
            self.saying.extend_from_slice(&frame);
        }
    }

    fn answer(&mut self, reply: Reply) {
        match reply {
            Reply::Posted { txn_id, room_id, answer } => {
                self.session.answered();
                match answer {
                    Ok(ack) => self.say(&ServerFrame::Ack(ack)),
                    Err(error) => self.say(&not_stored(error, txn_id, room_id)),
                }
            }
            Reply::Page { room_id, from, head, has_more, frame } => {
                self.session.paged();
                self.put_on_the_wire();
                self.count_out(1);
                self.wire.push(frame);
                self.session.places.paged(room_id, from, head, has_more);
            }
            Reply::NoPage { room_id } => {
                self.session.paged();
                let message = "the history can't be read now";
                let error = ErrorFrame::new(ErrorCode::Unavailable, message).about_room(room_id);
                self.say(&ServerFrame::Error(error.retry_after(FULL_MS)));
            }
            Reply::NotRead { room_id } => self.say(&not_read(CommitError::Unavailable, room_id)),
        }
    }

    fn follow(&mut self, order: Order<RoomSlot>) {
        match order {
            Order::Join { slot, from } => {
                let slot = self.hub().enter_again(&slot, &self.mailbox);
                if let Some(attendance) = &mut self.attendance {
                    attendance.enter(slot.clone());
                    self.session.places.join(Place::new(slot.id, slot, from));
                }
            }
            Order::Leave { room_id, seq } => self.session.places.leave(room_id, seq),
            Order::Shutdown { reconnect_after_ms } => {
                self.session.drain();
                if self.session.user().is_some() {
                    self.say(&ServerFrame::ServerShutdown(shared::frame::ServerShutdown {
                        reconnect_after_ms,
                    }));
                }
            }
            Order::Close { code, reason } => self.close(code, reason),
        }
    }

    /// Puts what was said behind what waits to be written.
    fn put_on_the_wire(&mut self) {
        if !self.saying.is_empty() {
            self.wire.push(Bytes::from(std::mem::take(&mut self.saying)));
        }
    }

    /// Takes from the rooms what this connection has not seen, as much as fits in one write.
    fn gather(&mut self) {
        let mut appetite = Appetite {
            bytes: TURN_BYTES.saturating_sub(self.wire.waiting()),
            slices: SLICES.saturating_sub(self.wire.slices()),
        };
        let (wire, mut behind, mut delivered) = (&mut self.wire, Vec::new(), 0);
        for place in self.session.places.iter_mut() {
            let head = place.room.head();
            let Some((after, until)) = place.wants(head) else { continue };
            if appetite.bytes == 0 || appetite.slices == 0 {
                break;
            }
            let reading = place.room.with(|room| {
                room.read_from(after, until, appetite, |frames| {
                    appetite.bytes = appetite.bytes.saturating_sub(frames.len());
                    appetite.slices -= 1;
                    wire.push(frames);
                })
            });
            if let Reading::UpTo(seq) = reading {
                delivered += seq.get() - after.get();
            }
            behind.extend(place.read(reading, head));
        }
        self.count_out(delivered);
        self.app.metrics.behind.inc_by(behind.len() as u64);
        behind.iter().for_each(|frame| self.say(frame));
        self.put_on_the_wire();
        if let Some(attendance) = &mut self.attendance {
            self.session.places.take_over().for_each(|place| attendance.exit(&place.room));
        }
    }

    /// Writes what waits. A client that takes nothing for too long is dropped: what could be said to it would
    /// have to wait behind what it does not take.
    fn write(&mut self, now: Now) -> Result<(), Ended> {
        if self.wire.waiting() == 0 {
            return Ok(());
        }
        let flushed = self.wire.flush_queue();
        let flushed =
            flushed.map_err(|_| Ended::Lost(CloseCode::Abnormal, "the connection is gone".into()))?;
        self.app.metrics.bytes_out.inc_by(flushed.bytes as u64);
        self.app.metrics.writes_out.inc_by(flushed.writes);
        self.stalled = match self.stalled {
            _ if self.wire.waiting() == 0 => None,
            Some(since) if flushed.bytes == 0 => Some(since),
            _ => Some(now.tick),
        };
        if self.stalled.is_some_and(|since| now.tick >= since + self.app.options.write_stall) {
            self.wire.clear();
            let reason = "the client takes nothing any more";
            return Err(Ended::Lost(CloseCode::TryAgainLater, reason.into()));
        }
        if self.stalled.is_none()
            && self.session.places.iter_mut().any(|place| place.wants(place.room.head()).is_some())
        {
            // There is more than one turn takes; others come first.
            self.mailbox.wake();
        }
        Ok(())
    }
}

fn not_stored(error: CommitError, txn_id: shared::TxnId, room_id: shared::RoomId) -> ServerFrame {
    let frame = ErrorFrame::new(error.code(), error.to_string()).about_txn(Some(txn_id)).about_room(room_id);
    ServerFrame::Error(match error {
        CommitError::Unavailable => frame.retry_after(FULL_MS),
        CommitError::NoSuchReply => frame.at_field("reply_to"),
        CommitError::Conflict => frame.at_field("txn_id"),
        _ => frame,
    })
}

fn not_read(error: CommitError, room_id: shared::RoomId) -> ServerFrame {
    let frame = ErrorFrame::new(error.code(), error.to_string()).about_room(room_id);
    ServerFrame::Error(frame.retry_after(FULL_MS))
}

/// Reads a page and leaves it in the mailbox, encoded.
async fn read_page(store: Store, request: PageRequest, mailbox: Arc<crate::chat::slot::Mailbox>) {
    let PageRequest { room_id, from, limit, head } = request;
    let page: Result<Page, StoreError> = store.page(room_id, from, limit, head).await;
    mailbox.reply(match page {
        Ok(page) => {
            let has_more = page.has_more;
            let frame = crate::chat::hub::encoded(&ServerFrame::Events(page.into_frame(room_id)));
            Reply::Page { room_id, from, head, has_more, frame }
        }
        Err(error) => {
            tracing::error!(%error, room = %room_id, "a page could not be read");
            Reply::NoPage { room_id }
        }
    });
    mailbox.wake();
}
