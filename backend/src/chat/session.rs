//! One socket's side of the protocol: who it is, what it may say, which timers run. A plain struct that
//! turns frames and moments into effects; knows no socket, no clock and no database.
//!
//! `R` is whatever its driver holds a room by; the session never looks inside.

use std::{sync::Arc, time::Duration};

use shared::{
    ClientFrame, CloseCode, ErrorCode, ErrorFrame, EventBody, Message, RoomId, ServerFrame, SessionId,
    Timestamp,
    event::Profile,
    frame::{PostMessage, Read, Sync, Typing},
    text::is_blank,
};

pub use super::effect::{Around, Due, Effect, PageRequest, Rules};
use super::{
    place::{Place, Places},
    rate::Gcra,
};
use crate::commit::ledger::Append;

/// A client is told that its token ends so long before it does: time for a refresh over a bad network. Of a renewed
/// token that lives for less than four times as long, its last quarter.
const WARNING: Duration = Duration::from_secs(60);

/// A refused post keeps those behind it out for so long at least, so that none that was already on its way
/// overtakes it.
const HELD: Duration = Duration::from_millis(250);

/// Pages that one socket may wait for at once; beyond, it is not read.
const PAGES_DUE: usize = 2;

/// The moment, by a clock that never steps and by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since some fixed moment.
    pub tick: Duration,
    /// The calendar.
    pub wall: Timestamp,
}

#[derive(Debug)]
struct Known {
    user: Arc<Profile>,
    session: SessionId,
    expires: Duration,
    /// When the client is told that it ends; nothing once it was.
    warning: Option<Duration>,
}

/// One socket's side of the protocol.
#[derive(Debug)]
pub struct Session<R> {
    rules: Arc<Rules>,
    opened: Duration,
    heard: Duration,
    pinged: Duration,
    known: Option<Known>,
    frames: Gcra,
    /// Takes one for every frame that `frames` refused; when it refuses too, that is a flood.
    flood: Gcra,
    held_until: Duration,
    posts_due: usize,
    pages_due: usize,
    draining: bool,
    /// The rooms that this socket reads, and how far it is in each.
    pub places: Places<R>,
}

impl<R: Clone> Session<R> {
    /// A socket that was opened now and has said nothing yet.
    pub fn new(rules: Arc<Rules>, now: Duration) -> Self {
        Self {
            rules,
            opened: now,
            heard: now,
            pinged: now,
            known: None,
            frames: Gcra::default(),
            flood: Gcra::default(),
            held_until: Duration::ZERO,
            posts_due: 0,
            pages_due: 0,
            draining: false,
            places: Places::default(),
        }
    }

    /// The token was good: this is who speaks, and where they read.
    pub fn known(
        &mut self,
        user: Arc<Profile>,
        session: SessionId,
        expires_at: Timestamp,
        places: impl IntoIterator<Item = Place<R>>,
        now: Now,
    ) {
        let expires = expiry(expires_at, now);
        let warning = Some(expires.saturating_sub(WARNING));
        self.known = Some(Known { user, session, expires, warning });
        self.places = places.into_iter().collect();
    }

    /// A newer token on an open socket is good, and its owner's. It counts when it is of the same sign-in.
    pub fn renew(
        &mut self,
        claims: (shared::UserId, SessionId),
        expires_at: Timestamp,
        now: Now,
    ) -> ServerFrame {
        match &mut self.known {
            Some(known) if (known.user.id, known.session) == claims => {
                known.expires = expiry(expires_at, now);
                // Where tokens live shortly a new one would be warned about at once, and renewed without end.
                let left = known.expires.saturating_sub(now.tick);
                known.warning = Some(known.expires.saturating_sub(WARNING.min(left / 4)));
                ServerFrame::Authenticated(shared::frame::Authenticated { token_expires_at: expires_at })
            }
            _ => {
                let message = "the token is of somebody else, or of another sign-in";
                ServerFrame::Error(ErrorFrame::new(ErrorCode::Forbidden, message).at_field("token"))
            }
        }
    }

    /// Who speaks, once known.
    pub fn user(&self) -> Option<&Arc<Profile>> {
        self.known.as_ref().map(|known| &known.user)
    }

    /// Who speaks and by which sign-in, once known.
    pub fn who(&self) -> Option<(shared::UserId, SessionId)> {
        self.known.as_ref().map(|known| (known.user.id, known.session))
    }

    /// The server goes down: what is asked from now on is not stored.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Whether another frame may be read: at too many unanswered requests the socket has to wait.
    pub fn may_read(&self) -> bool {
        self.posts_due < self.rules.posts_in_flight && self.pages_due < PAGES_DUE
    }

    /// Whether every post was answered.
    pub fn is_answered(&self) -> bool {
        self.posts_due == 0
    }

    /// A post was answered.
    pub fn answered(&mut self) {
        self.posts_due -= 1;
    }

    /// A page was read, or could not be.
    pub fn paged(&mut self) {
        self.pages_due -= 1;
    }

    /// Something came, whatever it was.
    pub fn hear(&mut self, now: Duration) {
        self.heard = now;
    }

    /// A WebSocket ping or pong came: it counts as a frame, but there is no answer to say no with.
    pub fn control(&mut self, now: Duration) -> Effect<R> {
        match self.take_frame(now) {
            Err(Refused::Flood) => flood(),
            Ok(()) | Err(Refused::Wait(_)) => Effect::Nothing,
        }
    }

    /// A text frame came.
    pub fn text(&mut self, text: &str, now: Now, around: &mut impl Around<R>) -> Effect<R> {
        let frame = ClientFrame::decode(text);
        if self.known.is_none() {
            return match frame {
                Ok(ClientFrame::Auth(auth)) => Effect::Authenticate(auth.token),
                _ => Effect::Close(CloseCode::Unauthenticated, "the first frame is not `auth`"),
            };
        }
        match (self.take_frame(now.tick), frame) {
            (Err(Refused::Flood), _) => flood(),
            (Err(Refused::Wait(wait)), frame) => self.too_many_frames(wait, frame, now.tick),
            (Ok(()), Err(error)) => Effect::Reply(ServerFrame::Error(error.into())),
            (Ok(()), Ok(frame)) => self.frame(frame, now, around),
        }
    }

    fn frame(&mut self, frame: ClientFrame, now: Now, around: &mut impl Around<R>) -> Effect<R> {
        match frame {
            ClientFrame::Auth(auth) => Effect::Authenticate(auth.token),
            ClientFrame::Message(message) => self.post(message, now.tick, around),
            ClientFrame::Typing(Typing { room_id, active }) => match self.places.get(room_id) {
                Some(place) => Effect::Typing(place.room.clone(), active),
                None => not_member(room_id),
            },
            ClientFrame::Read(read) => self.read(read, around),
            ClientFrame::Sync(sync) => self.sync(sync, around),
            ClientFrame::Presence(presence) => Effect::Presence(presence.status),
            ClientFrame::Ping => {
                Effect::Reply(ServerFrame::Pong(shared::frame::Pong { server_time: now.wall }))
            }
        }
    }

    fn post(&mut self, message: PostMessage, now: Duration, around: &mut impl Around<R>) -> Effect<R> {
        let PostMessage { txn_id, room_id, content, reply_to } = message;
        let refuse = |error: ErrorFrame| {
            Effect::Reply(ServerFrame::Error(error.about_txn(Some(txn_id)).about_room(room_id)))
        };
        if let Some(error) = self.refuse_content(&content) {
            return refuse(error.at_field("content"));
        }
        if self.draining {
            return refuse(ErrorFrame::new(ErrorCode::Unavailable, "the server is about to restart"));
        }
        let wait = match self.held_until.checked_sub(now) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => around.take_message(self.rules.messages, now),
        };
        if let Err(wait) = wait {
            let message = "more messages than `messages_burst` and `messages_per_minute` allow";
            return refuse(self.hold(wait, now, ErrorFrame::new(ErrorCode::RateLimited, message)));
        }
        let Some(known) = &self.known else { return Effect::Nothing };
        self.posts_due += 1;
        let body = EventBody::Message(Message { content, reply_to });
        Effect::Append(Append { author: known.user.clone(), txn_id, room_id, body })
    }

    fn refuse_content(&self, content: &str) -> Option<ErrorFrame> {
        let limit = self.rules.limits.message_chars;
        if is_blank(content) {
            return Some(ErrorFrame::new(ErrorCode::Empty, "a message has something to be seen"));
        }
        // A text has at least one and at most four bytes per scalar value: most need no counting.
        if content.len() as u64 > limit && content.chars().count() as u64 > limit {
            let message = format!("a message has at most {limit} characters (`message_chars`)");
            return Some(ErrorFrame::new(ErrorCode::TooLong, message));
        }
        content.contains('\0').then(|| ErrorFrame::new(ErrorCode::Invalid, "a message has no NUL characters"))
    }

    /// Keeps posts out for as long as the error says.
    fn hold(&mut self, wait: Duration, now: Duration, error: ErrorFrame) -> ErrorFrame {
        if self.held_until <= now {
            self.held_until = now + wait.max(HELD);
        }
        error.retry_after(whole_ms(self.held_until - now))
    }

    fn read(&mut self, read: Read, around: &impl Around<R>) -> Effect<R> {
        match self.places.get(read.room_id) {
            None => not_member(read.room_id),
            Some(place) if read.seq > around.head(&place.room) => {
                let error = ErrorFrame::new(ErrorCode::Invalid, "the room has no such event yet");
                Effect::Reply(ServerFrame::Error(error.about_room(read.room_id).at_field("seq")))
            }
            Some(_) => Effect::Read(read),
        }
    }

    fn sync(&mut self, sync: Sync, around: &impl Around<R>) -> Effect<R> {
        let page_events = self.rules.limits.page_events;
        let Some(place) = self.places.get(sync.room_id) else { return not_member(sync.room_id) };
        if sync.limit.is_some_and(|limit| limit > page_events) {
            let message = format!("a page has at most {page_events} events (`page_events`)");
            let error = ErrorFrame::new(ErrorCode::Invalid, message);
            return Effect::Reply(ServerFrame::Error(error.about_room(sync.room_id).at_field("limit")));
        }
        self.pages_due += 1;
        Effect::Page(PageRequest {
            room_id: sync.room_id,
            from: sync.from,
            limit: sync.limit.unwrap_or(page_events),
            head: around.head(&place.room),
        })
    }

    fn take_frame(&mut self, now: Duration) -> Result<(), Refused> {
        let Err(wait) = self.frames.take(self.rules.frames, now) else { return Ok(()) };
        match self.flood.take(self.rules.frames, now) {
            Ok(()) => Err(Refused::Wait(wait)),
            Err(_) => Err(Refused::Flood),
        }
    }

    fn too_many_frames(
        &mut self,
        wait: Duration,
        frame: Result<ClientFrame, shared::DecodeError>,
        now: Duration,
    ) -> Effect<R> {
        let message = "more frames than `frames_burst` and `frames_per_second` allow";
        let error = ErrorFrame::new(ErrorCode::RateLimited, message).retry_after(whole_ms(wait));
        let error = match frame {
            Ok(ClientFrame::Message(post)) => {
                self.hold(wait, now, error).about_txn(Some(post.txn_id)).about_room(post.room_id)
            }
            Ok(ClientFrame::Sync(sync)) => error.about_room(sync.room_id),
            Ok(ClientFrame::Read(read)) => error.about_room(read.room_id),
            Ok(ClientFrame::Typing(typing)) => error.about_room(typing.room_id),
            _ => error,
        };
        Effect::Reply(ServerFrame::Error(error))
    }

    /// When [`Self::due`] has something to say at the latest.
    pub fn deadline(&self) -> Duration {
        let token = match &self.known {
            None => self.opened + Duration::from_millis(self.rules.limits.auth_timeout_ms),
            Some(known) => known.warning.unwrap_or(known.expires),
        };
        token.min(self.pinged + self.rules.heartbeat).min(self.heard + self.rules.silence)
    }

    /// What is due at this moment; to be asked until it is nothing.
    pub fn due(&mut self, now: Now) -> Option<Due> {
        let tick = now.tick;
        if tick >= self.heard + self.rules.silence {
            return Some(Due::Drop("nothing came for too long"));
        }
        let auth_timeout = Duration::from_millis(self.rules.limits.auth_timeout_ms);
        match &mut self.known {
            None if tick >= self.opened + auth_timeout => {
                return Some(Due::Close(CloseCode::Unauthenticated, "no `auth` within `auth_timeout_ms`"));
            }
            Some(known) if tick >= known.expires => {
                return Some(Due::Close(CloseCode::Unauthenticated, "the token has expired"));
            }
            Some(known) if known.warning.is_some_and(|warning| tick >= warning) => {
                known.warning = None;
                let expires_in_ms = whole_ms(known.expires - tick);
                return Some(Due::Send(ServerFrame::AuthExpiring(shared::frame::AuthExpiring {
                    expires_in_ms,
                })));
            }
            _ => {}
        }
        (tick >= self.pinged + self.rules.heartbeat).then(|| {
            self.pinged = tick;
            Due::Ping
        })
    }
}

enum Refused {
    Wait(Duration),
    Flood,
}

fn flood<R>() -> Effect<R> {
    Effect::Close(CloseCode::Policy, "flooding beyond `frames_burst` and `frames_per_second` went on")
}

fn not_member<R>(room_id: RoomId) -> Effect<R> {
    let error = ErrorFrame::new(ErrorCode::NotMember, "you are not in this room").about_room(room_id);
    Effect::Reply(ServerFrame::Error(error))
}

/// When a token ends, by the clock that never steps.
fn expiry(expires_at: Timestamp, now: Now) -> Duration {
    now.tick + Duration::from_millis(expires_at.unix_ms().saturating_sub(now.wall.unix_ms()))
}

/// Milliseconds, rounded up, so that who waits them has waited long enough.
fn whole_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
