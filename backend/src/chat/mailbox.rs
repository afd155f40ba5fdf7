//! What waits for one connection, and the way to wake it. Knows neither the connection nor who writes to it, and holds
//! rooms (`R`) without looking inside.
//!
//! Events never wait here: a wake only says "look again", and the connection reads from the rooms' logs. What
//! does wait is bounded: answers by the posts and pages that a socket may have in flight and by the read markers that
//! may wait for the disk, signals by [`Signals`], orders by how fast a person may join and leave rooms.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use shared::{
    CloseCode, RoomId, Seq, TxnId, UserId,
    frame::{Ack, SyncFrom},
};

use super::signal::{About, Signals};
use crate::commit::error::CommitError;

/// The answer to a request of this connection.
#[derive(Debug)]
pub enum Reply {
    /// A post is stored, or is not.
    Posted {
        /// The request.
        txn_id: TxnId,
        /// The room.
        room_id: RoomId,
        /// What became of it.
        answer: Result<Ack, CommitError>,
    },
    /// A page was read.
    Page {
        /// The room.
        room_id: RoomId,
        /// From where.
        from: SyncFrom,
        /// The head that it was cut at.
        head: Seq,
        /// Whether there is more.
        has_more: bool,
        /// The frame, encoded.
        frame: Bytes,
    },
    /// A page could not be read.
    NoPage {
        /// The room.
        room_id: RoomId,
    },
    /// A read marker could not be stored.
    NotRead {
        /// The room.
        room_id: RoomId,
    },
}

/// What a connection has to do.
#[derive(Debug)]
pub enum Order<R> {
    /// Read this room too.
    Join {
        /// The room, in which the connection is a reader already.
        slot: Arc<R>,
        /// The event before the `join`.
        from: Seq,
    },
    /// Read that room up to this event and no further.
    Leave {
        /// The room.
        room_id: RoomId,
        /// The `leave`.
        seq: Seq,
    },
    /// Say that the server goes down, and store nothing more.
    Shutdown {
        /// When this client may come back.
        reconnect_after_ms: u64,
    },
    /// Close, once every post was answered.
    Close {
        /// Why, for programs.
        code: CloseCode,
        /// Why, for people.
        reason: &'static str,
    },
}

/// Everything that waited.
#[derive(Debug)]
pub struct Mail<R> {
    /// Answers, in order.
    pub replies: Vec<Reply>,
    /// Orders, in order.
    pub orders: Vec<Order<R>>,
    /// Signals.
    pub signals: Signals,
}

/// What waits for one connection.
#[derive(Debug)]
pub struct Mailbox<R> {
    user: OnceLock<UserId>,
    mail: Mutex<Mail<R>>,
    /// Whether `mail` holds anything: most wakes are about rooms only, and need no lock.
    has_mail: AtomicBool,
    /// Whether the connection was woken and has not looked yet, so that it is woken once.
    is_woken: AtomicBool,
    waker: AtomicWaker,
}

impl<R> Default for Mail<R> {
    fn default() -> Self {
        Self { replies: Vec::new(), orders: Vec::new(), signals: Signals::default() }
    }
}

impl<R> Default for Mailbox<R> {
    fn default() -> Self {
        Self {
            user: OnceLock::new(),
            mail: Mutex::default(),
            has_mail: AtomicBool::new(false),
            is_woken: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }
}

impl<R> Mailbox<R> {
    /// The client is known; that does not change any more.
    pub fn belongs_to(&self, user: UserId) {
        self.user.get_or_init(|| user);
    }

    /// Whose it is, once known.
    pub fn user(&self) -> Option<UserId> {
        self.user.get().copied()
    }

    fn put(&self, put: impl FnOnce(&mut Mail<R>)) {
        put(&mut self.mail.lock().expect("nothing panics while it holds the mail"));
        self.has_mail.store(true, Ordering::Release);
    }

    /// Leaves an answer. [`Self::wake`] comes later, when the events that belong to it can be read too.
    pub fn reply(&self, reply: Reply) {
        self.put(|mail| mail.replies.push(reply));
    }

    /// Leaves an order, and wakes.
    pub fn order(&self, order: Order<R>) {
        self.put(|mail| mail.orders.push(order));
        self.wake();
    }

    /// Leaves a signal, and wakes.
    pub fn signal(&self, about: About, frame: Bytes) {
        self.put(|mail| mail.signals.put(about, frame));
        self.wake();
    }

    /// Has the connection look again, once.
    pub fn wake(&self) {
        if !self.is_woken.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Ready when the connection was woken since it last looked.
    pub fn poll_woken(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_woken.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.waker.register(context.waker());
        if self.is_woken.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether the connection was woken since it last looked, for one that nobody waits for.
    #[cfg(feature = "sim")]
    pub fn take_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }

    /// Takes everything that waits.
    pub fn take(&self, with_signals: bool) -> Option<Mail<R>> {
        if !self.has_mail.swap(false, Ordering::AcqRel) {
            return None;
        }
        let mut mail = self.mail.lock().expect("nothing panics while it holds the mail");
        let mut taken = std::mem::take(&mut *mail);
        if !with_signals && !taken.signals.is_empty() {
            mail.signals = std::mem::take(&mut taken.signals);
            self.has_mail.store(true, Ordering::Release);
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker_ref;

    use super::*;

    #[test]
    fn signals_stay_and_are_merged_until_the_connection_has_room_for_them() {
        let mailbox = Mailbox::<()>::default();
        let about = About::Presence(UserId::mint(1, [1; 10]));
        mailbox.signal(about, Bytes::from_static(b"here"));
        mailbox.reply(Reply::NoPage { room_id: RoomId::mint(1, [2; 10]) });
        let mail = mailbox.take(false).unwrap();
        assert!(mail.signals.is_empty() && mail.replies.len() == 1);
        mailbox.signal(about, Bytes::from_static(b"gone"));
        assert!(mailbox.take(true).is_some_and(|mail| { mail }.signals.take().eq(["gone"])));
        assert!(mailbox.take(true).is_none());
    }

    #[test]
    fn a_connection_is_woken_once_however_much_there_is() {
        let (mailbox, mut context) = (Mailbox::<()>::default(), Context::from_waker(noop_waker_ref()));
        assert!(mailbox.poll_woken(&mut context).is_pending());
        mailbox.wake();
        mailbox.signal(About::Presence(UserId::mint(1, [1; 10])), Bytes::from_static(b"here"));
        assert!(mailbox.poll_woken(&mut context).is_ready());
        assert!(mailbox.poll_woken(&mut context).is_pending());
        assert!(mailbox.take(true).is_some_and(|mail| { mail }.signals.take().eq(["here"])));
        assert!(mailbox.take(true).is_none());
    }

    #[test]
    fn an_answer_waits_for_the_wake_that_comes_with_its_events() {
        let (mailbox, mut context) = (Mailbox::<()>::default(), Context::from_waker(noop_waker_ref()));
        mailbox.reply(Reply::NoPage { room_id: RoomId::mint(1, [1; 10]) });
        assert!(mailbox.poll_woken(&mut context).is_pending());
        mailbox.wake();
        assert!(mailbox.poll_woken(&mut context).is_ready());
        assert_eq!(mailbox.take(true).unwrap().replies.len(), 1);
    }
}
