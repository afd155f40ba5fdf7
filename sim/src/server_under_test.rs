//! The server of a schedule: the product's own parts, moved one after the other. Knows no network and no client.

use std::{collections::BTreeMap, future::poll_fn, pin::Pin, sync::mpsc, task::Poll, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use backend::{
    address::ClientAddress,
    clock,
    options::ServerOptions,
    sim_support::SteppedServer,
    socket::sim_support::{Next, SteppedSocket},
    store::{Store, StoreError, Writer},
};
use client_core::Method;
use shared::{Event, RoomId, Seq, Timestamp, UserId, frame::SyncFrom};
use tokio::runtime::{Builder, Runtime};

use crate::{pin_to_core, pipe::Pipe};

/// Longer than any body of a call.
const BODY_BYTES: usize = 1024 * 1024;

/// When the virtual clock begins, in milliseconds since 1970.
pub(crate) const BEGIN_MS: u64 = 1_795_000_000_000;

/// Schedules that share a database: their ids differ, so none sees another's rows, and making one takes as long as
/// playing a schedule.
const SCHEDULES_PER_STORE: u32 = 500;

/// What one thread keeps between schedules: a runtime whose clock stands still, and a database.
pub struct Bed {
    /// While this is held the clock of the runtime does not move by itself, however long the database takes.
    _held: mpsc::Sender<()>,
    runtime: Runtime,
    store: Option<(Store, Writer)>,
    used: u32,
}

impl Default for Bed {
    fn default() -> Self {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime without sockets");
        let (held, until) = mpsc::channel::<()>();
        // A task that blocks keeps a paused clock from jumping to the next alarm.
        drop(runtime.spawn_blocking(move || until.recv()));
        Self { _held: held, runtime, store: None, used: 0 }
    }
}

impl Bed {
    /// One for a thread that plays nothing else, and many schedules: it stays on the core with that number.
    pub fn on_core(number: usize) -> Self {
        pin_to_core::stay_on(number);
        Self::default()
    }
}

/// An answer to an HTTP call.
#[derive(Debug)]
pub(crate) struct CallAnswer {
    pub(crate) status: u16,
    pub(crate) body: String,
    /// The new value of the refresh cookie, where there is one; empty where it is to be forgotten.
    pub(crate) cookie: Option<String>,
}

/// Something that takes the server more than one step.
pub(crate) struct Errand {
    pub(crate) what: What,
    /// How many requests must have been stored before it can go on.
    due: u64,
    future: Pin<Box<dyn Future<Output = Done>>>,
}

/// What an errand is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Call(usize),
    Page,
    Shutdown,
}

/// What has come of it.
pub(crate) enum Done {
    Call(CallAnswer),
    Nothing,
}

/// What a disk does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// It stores it.
    Takes,
    /// It says no, and has nothing.
    Refuses,
    /// It says yes, and has nothing. Disks of this world don't; it is there to be noticed.
    Pretends,
}

/// The server and the way to it.
pub(crate) struct Host<'a> {
    bed: &'a mut Bed,
    options: ServerOptions,
    secret: [u8; 32],
    server: Option<SteppedServer>,
    /// The moment by which the clocks have been turned, in microseconds.
    turned_to: u64,
    /// When the server began.
    started: u64,
    /// How many requests were taken by the disk.
    taken: u64,
}

impl<'a> Host<'a> {
    /// A server that runs.
    pub(crate) fn start(bed: &'a mut Bed, options: ServerOptions, seed: u64) -> Result<Self, StoreError> {
        clock::simulate(Timestamp::from_unix_ms(BEGIN_MS), 0);
        if bed.used >= SCHEDULES_PER_STORE {
            (bed.store, bed.used) = (None, 0);
        }
        bed.used += 1;
        if bed.store.is_none() {
            bed.store = Some(bed.runtime.block_on(Store::in_memory())?);
        }
        clock::simulate(Timestamp::from_unix_ms(BEGIN_MS), seed);
        let secret = clock::random_bytes();
        let mut host = Self { bed, options, secret, server: None, turned_to: 0, started: 0, taken: 0 };
        host.boot(0);
        Ok(host)
    }

    /// A server is there again.
    pub(crate) fn boot(&mut self, now: u64) {
        self.turn_to(now);
        if let Some((store, writer)) = self.bed.store.take_if(|_| self.server.is_none()) {
            let _runtime = self.bed.runtime.enter();
            self.server = Some(SteppedServer::new(self.options.clone(), &self.secret, store, writer));
            self.started = now;
        }
    }

    /// The server is gone, and all that it has not stored.
    pub(crate) fn kill(&mut self) {
        let _runtime = self.bed.runtime.enter();
        if let Some(server) = self.server.take() {
            self.taken += server.waiting() as u64;
            self.bed.store = Some(server.into_parts());
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    /// Turns the server's clocks to that moment.
    pub(crate) fn turn_to(&mut self, now: u64) {
        let passed = now - self.turned_to;
        if passed > 0 {
            self.turned_to = now;
            clock::turn_to(Timestamp::from_unix_ms(BEGIN_MS + now / 1_000));
            self.bed.runtime.block_on(tokio::time::advance(Duration::from_micros(passed)));
        }
    }

    /// The same moment by the virtual clock.
    pub(crate) fn moment(&self, since_start: Duration) -> u64 {
        self.started + u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX / 4)
    }

    /// A client opens a socket.
    pub(crate) fn open(&self, pipe: &Pipe, from: ClientAddress, token: String) -> Option<SteppedSocket> {
        let _runtime = self.bed.runtime.enter();
        self.server.as_ref()?.open(Box::new(pipe.clone()), from, Some(token))
    }

    /// A connection looks.
    pub(crate) fn step(&self, socket: &mut SteppedSocket) -> Next {
        self.bed.runtime.block_on(socket.step())
    }

    /// Drops a connection.
    pub(crate) fn drop_socket(&self, socket: SteppedSocket) {
        let _runtime = self.bed.runtime.enter();
        drop(socket);
    }

    /// The pages that a connection wants read.
    pub(crate) fn pages(&self, socket: &mut SteppedSocket) -> Vec<Errand> {
        let errand = |page| Errand {
            what: What::Page,
            due: 0,
            future: Box::pin(async move {
                let () = Box::pin(page).await;
                Done::Nothing
            }),
        };
        socket.take_pages().into_iter().map(errand).collect()
    }

    /// An HTTP call has come.
    pub(crate) fn call(
        &self,
        id: usize,
        request: &client_core::Request,
        cookie: Option<&str>,
        from: ClientAddress,
    ) -> Option<Errand> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let mut http = Request::builder().method(method).uri(&request.path);
        if let Some(token) = &request.bearer {
            http = http.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(cookie) = cookie {
            http = http.header(header::COOKIE, format!("confab_refresh={cookie}"));
        }
        if request.body.is_some() {
            http = http.header(header::CONTENT_TYPE, "application/json");
        }
        let body = request.body.clone().map_or_else(Body::empty, Body::from);
        let answer = self.server.as_ref()?.call(http.body(body).expect("a well-formed call"), from);
        let future = Box::pin(async move {
            let answer = answer.await;
            let status = answer.status().as_u16();
            let set = answer.headers().get(header::SET_COOKIE).and_then(|line| line.to_str().ok());
            let value = set.and_then(|line| line.split(';').next()?.split_once('='));
            let cookie = value.map(|(_, value)| value.to_owned());
            let body = to_bytes(answer.into_body(), BODY_BYTES).await.unwrap_or_default();
            Done::Call(CallAnswer { status, body: String::from_utf8_lossy(&body).into_owned(), cookie })
        });
        Some(Errand { what: What::Call(id), due: 0, future })
    }

    /// The server begins to go down in order.
    pub(crate) fn begin_shutdown(&mut self) -> Option<Errand> {
        let shutdown = self.server.as_ref()?.begin_shutdown();
        let future = Box::pin(async move {
            shutdown.await;
            Done::Nothing
        });
        Some(Errand { what: What::Shutdown, due: 0, future })
    }

    /// Goes on with an errand until it is done or waits for the disk (or, of a shutdown, for clients).
    pub(crate) fn drive(&self, errand: &mut Errand) -> Option<Done> {
        if errand.due > self.taken {
            return None;
        }
        let awaited = || self.server.as_ref().map_or(0, SteppedServer::awaited);
        let before = awaited();
        let what = errand.what;
        let done = self.bed.runtime.block_on(poll_fn(|context| match errand.future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => {
                let waits = match what {
                    What::Call(_) => awaited() > before,
                    What::Page => false,
                    What::Shutdown => true,
                };
                if waits { Poll::Ready(None) } else { Poll::Pending }
            }
        }));
        if matches!(what, What::Call(_)) {
            errand.due = self.taken + self.waiting() as u64;
        }
        done
    }

    /// How many requests wait for the disk.
    pub(crate) fn waiting(&self) -> usize {
        self.server.as_ref().map_or(0, SteppedServer::waiting)
    }

    /// Stores a batch, or has the disk do that with it.
    pub(crate) fn store_batch(&mut self, disk: Disk) {
        if let Some(server) = &mut self.server {
            server.refuse(disk == Disk::Refuses);
            server.pretend(disk == Disk::Pretends);
            let before = server.waiting();
            self.bed.runtime.block_on(server.store_batch());
            self.taken += (before - server.waiting()) as u64;
        }
    }

    /// Does something to the database that no server has done.
    pub(crate) fn tamper(&mut self, statements: String) -> Result<(), StoreError> {
        let writer = match &mut self.server {
            Some(server) => Some(server.writer()),
            None => self.bed.store.as_mut().map(|(_, writer)| writer),
        };
        writer.map_or(Ok(()), |writer| self.bed.runtime.block_on(writer.tamper(statements)))
    }

    /// What the database holds of these rooms, each beyond an event.
    pub(crate) fn stored_after(&self, rooms: &BTreeMap<RoomId, u64>) -> Result<Vec<Event>, StoreError> {
        let Some(store) = self.store().filter(|_| !rooms.is_empty()) else { return Ok(Vec::new()) };
        self.bed.runtime.block_on(async {
            let mut events = Vec::new();
            for (room, known) in rooms {
                let Some(head) = store.head(*room).await?.map(|head| head.seq) else { continue };
                let mut last = Seq::new(*known).unwrap_or(Seq::MAX);
                while last < head {
                    let page = store.page(*room, SyncFrom::After(last), 1_000, head).await?;
                    last = page.events.last().map_or(Seq::MAX, |event| event.seq);
                    events.extend(page.events);
                }
            }
            Ok(events)
        })
    }

    /// Up to where the members of a room have read, as the database has it.
    pub(crate) fn markers(&self, room: RoomId) -> Result<Vec<(UserId, Seq)>, StoreError> {
        let Some(store) = self.store() else { return Ok(Vec::new()) };
        let members = self.bed.runtime.block_on(store.members(room))?;
        Ok(members.into_iter().map(|member| (member.user.id, member.read_seq)).collect())
    }

    fn store(&self) -> Option<Store> {
        match &self.server {
            Some(server) => Some(server.store().clone()),
            None => self.bed.store.as_ref().map(|(store, _)| store.clone()),
        }
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        self.kill();
    }
}
