//! One connection: one task that waits for the client, the mailbox and the clock, and lets the session decide.

use std::{
    borrow::Cow,
    fmt,
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use futures_util::FutureExt as _;
use shared::{CloseCode, ServerFrame};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tracing::{Span, info_span};

use super::{
    close::{self, Ended},
    wire::{Transport, Wire},
};
use crate::{
    app::App,
    chat::{
        addresses::Admission,
        encode,
        hub::Hub,
        people::{Attendance, Unwelcome},
        rate::Gcra,
        session::{Due, Now, PageRequest, Session},
        slot::{Mailbox, RoomSlot},
    },
    refresh::Proof,
    tokens::{Claims, TokenError},
};

/// Bytes of the buffer that an idle connection keeps: several frames of people, and a longer one gets the memory
/// that it needs. With 4 KiB, 5,000 idle connections took 2 KiB more each and nothing was faster.
const BUFFER: usize = 2 * 1024;

/// How long a connection that is told to close waits for the answers to its posts.
const ANSWERS: Duration = Duration::from_secs(5);

/// How the client says who it is.
#[derive(PartialEq, Eq)]
pub(super) enum Start {
    /// By the connection token in the address.
    Token(String),
    /// By the first frame.
    FirstFrame,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(…)",
            Self::FirstFrame => "FirstFrame",
        })
    }
}

/// One connection.
pub(super) struct Connection {
    pub(super) app: App,
    pub(super) wire: Wire,
    pub(super) frames: WebSocketContext,
    pub(super) session: Session<Arc<RoomSlot>>,
    pub(super) mailbox: Arc<Mailbox>,
    /// The message limiter of the person, over all their sockets.
    pub(super) messages: Option<Arc<Mutex<Gcra>>>,
    pub(super) attendance: Option<Attendance>,
    pub(super) admission: Admission,
    /// Whether the browser behind it is known to have kept its cookie.
    pub(super) proof: Proof,
    /// Frames of this turn, before they are put on the wire.
    pub(super) saying: Vec<u8>,
    /// Whether the library may hold frames that nobody has looked at.
    pub(super) is_unread: bool,
    /// Why we close, and until when answers are waited for.
    pub(super) closing: Option<(CloseCode, Cow<'static, str>, Duration)>,
    /// Since when the client has taken nothing of what waits.
    pub(super) stalled: Option<Duration>,
    /// The pages that this turn was asked for.
    pub(super) pages: Vec<PageRequest>,
    pub(super) number: u64,
    opened: Duration,
    pub(super) frames_in: u64,
    pub(super) frames_out: u64,
}

impl Connection {
    pub(super) fn new(app: App, tcp: Box<dyn Transport>, read_ahead: Vec<u8>, admission: Admission) -> Self {
        let frame_bytes = usize::try_from(app.options.limits.frame_bytes).unwrap_or(usize::MAX);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            // The queue of the wire is the buffer; what the library writes goes straight into it.
            .write_buffer_size(0)
            .max_message_size(Some(frame_bytes))
            .max_frame_size(Some(frame_bytes));
        let (mailbox, opened) = (Arc::new(Mailbox::default()), app.hub.now().tick);
        Self {
            number: app.hub.open_socket(&mailbox),
            session: Session::new(app.hub.rules().clone(), opened),
            wire: Wire::new(tcp),
            is_unread: !read_ahead.is_empty(),
            frames: WebSocketContext::from_partially_read(read_ahead, Role::Server, Some(config)),
            mailbox,
            messages: None,
            attendance: None,
            admission,
            proof: Proof::default(),
            saying: Vec::new(),
            closing: None,
            stalled: None,
            pages: Vec::new(),
            opened,
            frames_in: 0,
            frames_out: 0,
            app,
        }
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.app.hub
    }

    /// Serves the connection until it has ended.
    ///
    /// Boxed, because a task holds every value twice that is moved into its future.
    pub(super) async fn run(mut self: Box<Self>, start: Start) {
        let ended = or_mistake(self.serve(start)).await;
        self.log(&ended);
        let Self { wire, attendance, admission, number, app, .. } = *self;
        // Others learn at once that the person has gone; the address keeps its place until TCP has ended.
        drop(attendance);
        close::say(wire, &ended).await;
        app.hub.close_socket(number);
        drop(admission);
    }

    async fn serve(&mut self, start: Start) -> Ended {
        self.begin(start).await;
        let alarm = sleep_until(Instant::now());
        let mut alarm = std::pin::pin!(alarm);
        loop {
            let now = self.hub().now();
            if let Err(ended) = self.step(now).await {
                return ended;
            }
            self.take_pages().into_iter().for_each(|page| drop(tokio::spawn(page)));
            self.set_alarm(alarm.as_mut(), now);
            if self.has_more() {
                tokio::task::yield_now().await;
            } else {
                self.wait(alarm.as_mut()).await;
            }
        }
    }

    /// Takes in what the address says.
    pub(super) async fn begin(&mut self, start: Start) {
        if let Start::Token(token) = start {
            match self.app.tokens.redeem_connection(&token) {
                Ok(claims) => self.enter(claims).await,
                Err(error) => self.refuse(error),
            }
        }
    }

    /// Does one turn, and takes in a client that has just said who it is.
    pub(super) async fn step(&mut self, now: Now) -> Result<(), Ended> {
        if let Some(claims) = self.turn(now)? {
            self.enter(claims).await;
        }
        Ok(())
    }

    /// Whether there is something to read without waiting.
    pub(super) fn has_more(&self) -> bool {
        self.is_unread && self.may_read()
    }

    /// The token is good: takes the person in. Nothing else is done for this connection meanwhile.
    async fn enter(&mut self, claims: Claims) {
        // Boxed, because it is large and soon over.
        let welcome = Box::pin(self.app.hub.welcome(claims, &self.mailbox)).await;
        match welcome {
            Ok(welcome) => {
                let user = Arc::new(welcome.connected.user.clone());
                let now = self.hub().now();
                self.session.known(user, claims.session_id, claims.expires_at, welcome.places, now);
                self.span().in_scope(|| tracing::info!("connected"));
                self.say(&ServerFrame::Connected(Box::new(welcome.connected)));
                self.messages = Some(welcome.messages);
                self.attendance = Some(welcome.attendance);
                self.admission.known();
                if welcome.is_unconfirmed {
                    self.proof.expect(claims.generation, claims.issued_at);
                    self.take_proof(now);
                }
            }
            Err(Unwelcome::Close(code, reason)) => self.close(code, reason),
            Err(Unwelcome::Store(error)) => {
                self.span().in_scope(|| tracing::error!(%error, "somebody could not be taken in"));
                self.close(CloseCode::TryAgainLater, "the database can't be asked now");
            }
        }
        // What came while nobody looked.
        self.is_unread = true;
        self.mailbox.wake();
    }

    /// Something came from the client: takes note of what that shows of its cookie.
    pub(super) fn take_proof(&mut self, now: Now) {
        if let (Some(generation), Some((_, session))) = (self.proof.at(now.wall), self.session.who())
            && self.app.committer.confirm_session(session, generation)
        {
            self.proof.said();
        }
    }

    /// The token of a first frame or an address is no good.
    pub(super) fn refuse(&mut self, error: TokenError) {
        let code = match error {
            TokenError::Overloaded => CloseCode::TryAgainLater,
            TokenError::Invalid | TokenError::Expired | TokenError::Used => CloseCode::Unauthenticated,
        };
        self.close(code, error.to_string());
    }

    /// Says something in this turn.
    pub(super) fn say(&mut self, frame: &ServerFrame) {
        if let ServerFrame::Error(error) = frame {
            self.app.metrics.error(error.code);
        }
        self.count_out(1);
        encode::push_frame(&mut self.saying, frame);
    }

    /// Counts frames to the client.
    pub(super) fn count_out(&mut self, frames: u64) {
        self.frames_out += frames;
        self.app.metrics.frames_out.inc_by(frames);
    }

    /// Closes, once every post was answered. The first reason counts.
    pub(super) fn close(&mut self, code: CloseCode, reason: impl Into<Cow<'static, str>>) {
        if self.closing.is_none() {
            let until = self.hub().now().tick + ANSWERS;
            self.closing = Some((code, reason.into(), until));
        }
    }

    /// What is due because time has passed.
    pub(super) fn look_at_the_clock(&mut self, now: Now) -> Result<(), Ended> {
        if self.closing.is_some() {
            return Ok(());
        }
        while let Some(due) = self.session.due(now) {
            match due {
                Due::Send(frame) => self.say(&frame),
                Due::Ping => {
                    self.wire.shrink();
                    self.saying.extend_from_slice(&encode::PING_FRAME);
                }
                Due::Drop(reason) => return Err(Ended::Lost(CloseCode::Abnormal, reason.into())),
                Due::Close(code, reason) => {
                    self.close(code, reason);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// When there is something to do at the latest, by the clock that never steps.
    pub(super) fn deadline(&self) -> Duration {
        let session = match &self.closing {
            None => self.session.deadline(),
            Some((.., until)) => *until,
        };
        let stall = self.stalled.map(|since| since + self.app.options.write_stall);
        stall.map_or(session, |stall| stall.min(session))
    }

    fn set_alarm(&self, mut alarm: Pin<&mut Sleep>, now: Now) {
        let at = Instant::now() + self.deadline().saturating_sub(now.tick);
        // Setting it costs a lock of the runtime, and most turns only move the deadline on: then the old alarm
        // goes off too early once, and finds nothing due.
        if alarm.is_elapsed() || at + ALARM_SLACK < alarm.deadline() {
            alarm.as_mut().reset(at);
        }
    }

    /// Waits until there is something to do.
    async fn wait(&mut self, mut alarm: Pin<&mut Sleep>) {
        poll_fn(|context| {
            let readable = self.may_read() && self.wire.poll_readable(context).is_ready();
            let writable = self.wire.waiting() > 0 && self.wire.poll_writable(context).is_ready();
            let woken = self.mailbox.poll_woken(context).is_ready();
            let late = alarm.as_mut().poll(context).is_ready();
            self.is_unread |= readable;
            if readable || writable || woken || late { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn log(&self, ended: &Ended) {
        let (code, reason) = match ended {
            Ended::ByUs(code, reason) | Ended::Lost(code, reason) => (*code, reason.as_ref()),
            Ended::ByClient(code) => (*code, "closed by the client"),
        };
        self.app.metrics.closed(code);
        self.span().in_scope(|| {
            tracing::info!(
                code = code.as_u16(),
                reason,
                seconds = (self.hub().now().tick - self.opened).as_secs(),
                frames_in = self.frames_in,
                frames_out = self.frames_out,
                "disconnected"
            );
        });
    }

    /// Who a line of the log is about. Made when there is something to say: kept, it would be memory of every
    /// idle connection, and entered at every turn, time of every delivery.
    pub(super) fn span(&self) -> Span {
        let who = self.session.who();
        info_span!(
            "socket",
            number = self.number,
            user = who.map(|(user, _)| tracing::field::display(user)),
            session = who.map(|(_, session)| tracing::field::display(session)),
        )
    }
}

/// A connection that stumbles over a mistake of ours says so, and is taken down in order as any other.
fn or_mistake(serving: impl Future<Output = Ended>) -> impl Future<Output = Ended> {
    let mistake = |_| Ended::ByUs(CloseCode::Internal, "the server made a mistake".into());
    AssertUnwindSafe(serving).catch_unwind().map(move |ended| ended.unwrap_or_else(mistake))
}

/// An alarm that is late by so much is in time.
const ALARM_SLACK: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_panics_is_closed_with_1011_and_says_nothing_of_why() {
        let Ended::ByUs(code, reason) = or_mistake(async { panic!("an inner secret") }).await else {
            panic!("it is closed by us");
        };
        assert_eq!((code.as_u16(), reason.as_ref()), (1011, "the server made a mistake"));
    }
}
