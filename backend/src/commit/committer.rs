//! The one thread that writes: takes all that waits, stores it in one transaction, then answers, then has
//! everybody look. Decides nothing itself: the [`Ledger`](super::ledger::Ledger) does, and `refresh` judges sessions.
//!
//! A thread of its own, because SQLite blocks: statement after statement runs where it is, without a trip to another
//! thread for each, and no task waits behind the disk.

#[cfg(feature = "sim")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, sync::Arc, thread};

use shared::{
    RoomId, Seq, SessionId, Timestamp, UserId,
    api::{Room, RoomState, Visibility},
    event::Profile,
};
use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};

use super::{
    batch::{Request, Work},
    disk_health::DiskHealth,
    error::CommitError,
    job::{Done, Job, Rotation},
    ledger::Append,
};
use crate::{
    chat::{hub::Hub, slot::Mailbox},
    clock,
    metrics::Metrics,
    options::ServerOptions,
    store::{Store, Writer},
};

/// The way to the one thread that writes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Committer {
    queue: mpsc::Sender<Request>,
    store: Store,
    metrics: Arc<Metrics>,
    health: DiskHealth,
    /// How many requests were made whose maker waits for the answer.
    #[cfg(feature = "sim")]
    awaited: Arc<AtomicU64>,
}

impl Committer {
    /// Starts the thread. It ends, and closes the database, when the last handle is dropped and all that was asked is
    /// stored; then the receiver hears of it. Wait for that before the program ends.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(
        writer: Writer,
        store: Store,
        hub: Arc<Hub>,
        metrics: Arc<Metrics>,
        options: &ServerOptions,
    ) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (committer, committing) = Self::new(writer, store, hub, metrics, options);
        let (ended, has_ended) = oneshot::channel();
        // Blocks between two batches; what it wakes runs elsewhere.
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        thread::Builder::new().name("committer".to_owned()).spawn(move || {
            runtime.block_on(committing.run());
            // Who no longer waits for it does not miss it.
            let _ = ended.send(());
        })?;
        Ok((committer, has_ended))
    }

    /// The same without a thread: somebody else says when a batch is stored.
    pub(crate) fn new(
        writer: Writer,
        store: Store,
        hub: Arc<Hub>,
        metrics: Arc<Metrics>,
        options: &ServerOptions,
    ) -> (Self, Committing) {
        let (queue, requests) = mpsc::channel(options.commit_queue);
        let health = DiskHealth::default();
        let work = Work::new(hub, metrics.clone(), health.clone(), options.limits.rooms_per_user);
        let committing = Committing { requests, writer, work, batch: options.commit_batch };
        (
            Self {
                queue,
                store,
                metrics,
                health,
                #[cfg(feature = "sim")]
                awaited: Arc::default(),
            },
            committing,
        )
    }

    /// Whether the disk has lately not taken what it was given.
    pub fn is_failing(&self) -> bool {
        self.health.is_failing()
    }

    /// How many requests were made whose maker waits for the answer before anything else.
    #[cfg(feature = "sim")]
    pub(crate) fn awaited(&self) -> u64 {
        self.awaited.load(Ordering::Relaxed)
    }

    /// Asks to have a body appended to a room's log; the answer comes to the mailbox.
    ///
    /// # Errors
    /// When too much waits for the disk; there is no answer then.
    pub fn append(&self, append: Append, mailbox: Arc<Mailbox>) -> Result<(), CommitError> {
        self.ask(Request::Append(append, mailbox))
    }

    /// Asks to have a read marker stored; only where the disk does not take it comes an answer to the mailbox.
    ///
    /// # Errors
    /// When too much waits for the disk; there is no answer then.
    pub fn read(
        &self,
        user: UserId,
        room: RoomId,
        seq: Seq,
        mailbox: Arc<Mailbox>,
    ) -> Result<(), CommitError> {
        self.ask(Request::Job(Job::Read { user, room, seq, mailbox }))
    }

    /// Takes note that the browser has kept the refresh cookie of this generation. Whether it is to be stored: not
    /// when too much waits, and then it is to be said again.
    pub fn confirm_session(&self, session: SessionId, generation: u64) -> bool {
        self.ask(Request::Job(Job::Confirm { session, generation })).is_ok()
    }

    fn ask(&self, request: Request) -> Result<(), CommitError> {
        let asked = self.queue.try_send(request).map_err(|_| CommitError::Unavailable);
        if asked.is_ok() {
            self.metrics.commit_queue.inc();
        }
        asked
    }

    async fn call<T>(&self, job: impl FnOnce(Done<T>) -> Job) -> Result<T, CommitError> {
        let (done, answer) = oneshot::channel();
        self.ask(Request::Job(job(done)))?;
        #[cfg(feature = "sim")]
        self.awaited.fetch_add(1, Ordering::Relaxed);
        answer.await.unwrap_or(Err(CommitError::Unavailable))
    }

    /// Stores a new guest and their first sign-in, at generation 1.
    ///
    /// # Errors
    /// When it can't be stored; the same for every call here.
    pub async fn make_guest(&self, user: Profile, session: SessionId) -> Result<(), CommitError> {
        self.call(|done| Job::Guest { user, session, done }).await
    }

    /// Judges a presented refresh token and stores what follows from it. A revoked session's sockets are closed.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn rotate_session(
        &self,
        session: SessionId,
        presented: u64,
        now: Timestamp,
    ) -> Result<Rotation, CommitError> {
        self.call(|done| Job::Rotate { session, presented, now, done }).await
    }

    /// Ends a sign-in and closes its sockets.
    ///
    /// # Errors
    /// When it can't be stored.
    pub async fn end_session(&self, session: SessionId) -> Result<(), CommitError> {
        self.call(|done| Job::EndSession { session, done }).await
    }

    /// Makes a room with its maker as owner.
    ///
    /// # Errors
    /// When another room has the code, the person is in too many rooms, or it can't be stored.
    pub async fn make_room(
        &self,
        by: &Profile,
        name: String,
        visibility: Visibility,
        code: String,
    ) -> Result<RoomState, CommitError> {
        let id = RoomId::mint(clock::now().unix_ms(), clock::random_bytes());
        let room = Room { id, name, visibility, code, members: 0 };
        self.call(|done| Job::MakeRoom { by: by.clone(), room, done }).await?;
        self.state(by.id, id).await
    }

    /// Makes somebody a member; who is one already gets the same answer. Their open sockets read the room at once.
    ///
    /// # Errors
    /// When there is no such room, the person is in too many, or it can't be stored.
    pub async fn join(&self, by: &Profile, room: RoomId) -> Result<RoomState, CommitError> {
        self.call(|done| Job::Join { by: by.clone(), room, done }).await?;
        self.state(by.id, room).await
    }

    /// Ends a membership. The `leave` is the last event of the room that the person's sockets get.
    ///
    /// # Errors
    /// When the person is not in the room, or it can't be stored.
    pub async fn leave(&self, by: &Profile, room: RoomId) -> Result<(), CommitError> {
        self.call(|done| Job::Leave { by: by.clone(), room, done }).await
    }

    /// A person's room, after it was stored that it is one.
    async fn state(&self, user: UserId, room: RoomId) -> Result<RoomState, CommitError> {
        match self.store.room_of(user, room).await {
            Ok(state) => state.ok_or(CommitError::NotMember),
            Err(error) => {
                tracing::error!(%error, %user, %room, "a room that was just stored can't be read");
                Err(CommitError::Unavailable)
            }
        }
    }
}

/// The one that writes, and what waits for it.
pub(crate) struct Committing {
    requests: mpsc::Receiver<Request>,
    writer: Writer,
    work: Work,
    batch: usize,
}

impl Committing {
    async fn run(mut self) {
        while self.store_batch().await {}
        if let Err(error) = self.writer.close().await {
            tracing::warn!(%error, "the database was not closed in order");
        }
    }

    /// Stores what waits, after waiting for that. False when nobody can ask for anything any more.
    pub(crate) async fn store_batch(&mut self) -> bool {
        let mut waiting = Vec::with_capacity(self.batch);
        let any = self.requests.recv_many(&mut waiting, self.batch).await > 0;
        if any {
            self.work.store(&mut self.writer, &mut waiting).await;
        }
        any
    }
}

#[cfg(feature = "sim")]
impl Committing {
    /// Has the disk take nothing, or everything again.
    pub(crate) fn refuse(&mut self, refuses: bool) {
        self.writer.refuse(refuses);
    }

    /// Has the disk forget what it says it has stored, or not.
    pub(crate) fn pretend(&mut self, pretends: bool) {
        self.writer.pretend(pretends);
    }

    /// The one that writes.
    pub(crate) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        self.requests.len()
    }

    /// Gives the writer back; what waits is not stored.
    pub(crate) fn into_writer(self) -> Writer {
        self.writer
    }
}
