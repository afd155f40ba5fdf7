//! Drives the client core in a browser: feeds it what happens and the time, carries out what it wants, and
//! turns its changes into signals once per frame. It makes no decision about the protocol.

mod channel;
mod dirty;
mod http;
mod io;
mod kept;
mod locks;
mod socket;

use std::{cell::RefCell, rc::Rc};

use client_core::{
    Banner, Client, Command, ConnectionReport, DeliveryState, Input, MessageReport, Output, RoomView, Row,
    RowKey,
};
use leptos::prelude::*;
use shared::RoomId;

use self::{dirty::Dirty, io::Io, locks::Lock, socket::SocketEvent};
use crate::{
    browser::{Timeout, hidden, looked_at},
    clock,
    explain::Lengths,
    store::{Inspected, Keeping, Queue, Store, put},
};

/// The client. It outlives every mounted page, and with it what is not yet sent.
pub type SharedClient = Rc<RefCell<Client>>;

/// How often a page that nobody sees is brought up to date: its title is all that shows.
const HIDDEN_FRAME_MS: u64 = 250;

/// How often the client hears that somebody sits there: far below the five minutes that it counts.
const ACTIVE_EVERY_MS: u64 = 20_000;

/// A handle to the driver for views.
#[derive(Clone, Copy)]
pub struct Driver(StoredValue<Rc<Inner>, LocalStorage>);

struct Inner {
    client: SharedClient,
    store: Store,
    dirty: RefCell<Dirty>,
    io: RefCell<Option<Io>>,
}

impl Driver {
    /// A driver that does nothing yet.
    pub fn new(client: SharedClient, store: Store) -> Self {
        let inner = Inner { client, store, dirty: RefCell::default(), io: RefCell::default() };
        Self(StoredValue::new_local(Rc::new(inner)))
    }

    /// Begins, or begins again.
    pub fn open(self) {
        let inner = self.0.get_value();
        inner.io.replace(Some(Io::new(&inner)));
        inner.take(Input::Started);
        inner.take(Input::Visible(!hidden()));
        inner.dirty.borrow_mut().everything();
        inner.flush();
        inner.store.begun.notify();
    }

    /// Ends whatever [`Self::open`] began: socket, calls, timers, frames, listeners.
    pub fn close(self) {
        // A page that is being taken down may have let go of its driver already.
        let Some(inner) = self.0.try_get_value() else { return };
        inner.take(Input::Stopped);
        drop(inner.io.take());
    }

    /// Does what a person wants, and shows it in this very frame.
    pub fn dispatch(self, command: Command) {
        let inner = self.0.get_value();
        match command {
            Command::OpenRoom(room) => inner.show(Some(room)),
            Command::CloseRoom => inner.show(None),
            _ => {}
        }
        inner.take(Input::Command(command));
        inner.flush();
    }

    /// The keys of a room's rows, in order.
    pub fn rows(self, room: RoomId) -> Vec<RowKey> {
        self.0.with_value(|inner| inner.client.borrow().rows(room))
    }

    /// Rows have come onto the page: those that wait are counted.
    pub fn rows_shown(self) {
        let inner = self.0.get_value();
        inner.count_queue();
        inner.count_down();
    }

    /// One row.
    pub fn row(self, room: RoomId, key: RowKey) -> Option<Row> {
        self.0.with_value(|inner| inner.client.borrow().row(room, key))
    }

    /// Looks into something until told to stop with `None`; what changes by itself is read once a second.
    pub fn inspect(self, what: Option<Inspected>) {
        let inner = self.0.get_value();
        inner.store.inspected.set(what);
        if what.is_some() {
            inner.take(Input::Command(Command::Measure));
            inner.count_down();
        }
    }

    /// Where a message is.
    pub fn message_report(self, room: RoomId, key: RowKey) -> Option<MessageReport> {
        self.0.with_value(|inner| inner.client.borrow().message_report(room, key))
    }

    /// How the connection does.
    pub fn connection_report(self) -> ConnectionReport {
        self.0.with_value(|inner| inner.client.borrow().connection_report())
    }

    /// What is written in a room and not posted.
    pub fn draft(self, room: RoomId) -> String {
        self.0.with_value(|inner| inner.client.borrow().draft(room).to_owned())
    }

    /// The longest message, in characters.
    pub fn message_chars(self) -> u64 {
        self.0.with_value(|inner| inner.client.borrow().limits().message_chars)
    }

    /// How long names may be.
    pub fn lengths(self) -> Lengths {
        self.0.with_value(|inner| {
            let client = inner.client.borrow();
            let limits = client.limits();
            Lengths { name: limits.name_graphemes, room: limits.room_name_graphemes }
        })
    }
}

impl Inner {
    /// Feeds the client, carries out what it wants, and sets the timer to its next wish.
    fn take(self: &Rc<Self>, input: Input<'_>) {
        self.client.borrow_mut().handle(clock::now(), input);
        let (mut changed, mut at_once) = (false, false);
        loop {
            let output = self.client.borrow_mut().poll();
            if at_once && !matches!(output, Some(Output::Keep(_))) {
                // Before anything of it goes over the network.
                self.write_kept();
                at_once = false;
            }
            match output {
                Some(Output::Keep(keep)) => {
                    at_once |= kept::must_not_wait(&keep);
                    changed = true;
                    self.carry_out(Output::Keep(keep));
                }
                Some(Output::Changed(change)) => {
                    let open = self.store.open.get_untracked();
                    self.dirty.borrow_mut().note(change, open);
                    changed = true;
                }
                Some(output) => self.carry_out(output),
                None => break,
            }
        }
        if changed {
            self.flush_soon();
        }
        self.arm();
    }

    fn carry_out(self: &Rc<Self>, output: Output) {
        let mut io = self.io.borrow_mut();
        // A page that is away carries out nothing; its client waits for nothing.
        let Some(io) = io.as_mut() else { return };
        match output {
            Output::Open { socket, token } => {
                let inner = Rc::downgrade(self);
                io.open(socket, &token, move |event| {
                    let Some(inner) = inner.upgrade() else { return };
                    match event {
                        SocketEvent::Opened => inner.take(Input::Opened(socket)),
                        SocketEvent::Text(text) => inner.take(Input::Frame(socket, &text)),
                        SocketEvent::Closed(code) => {
                            inner.forget_socket(socket);
                            inner.take(Input::Closed(socket, code));
                        }
                    }
                });
            }
            Output::Send(socket, text) => io.send(socket, text),
            Output::Close(socket, code) => io.close(socket, code),
            Output::Call(id, request) => {
                let inner = Rc::downgrade(self);
                io.call(id, request, move |answer, turn| {
                    let Some(inner) = inner.upgrade() else { return };
                    if inner.forget_call(id, turn) {
                        inner.take(Input::Answered(id, answer));
                    }
                });
            }
            Output::GiveUp(id) => io.give_up(id),
            Output::PassOn(news) => io.pass_on(&news),
            Output::Keep(keep) => io.kept.keep(keep),
            Output::Restore(user) => io.kept.restore(user),
            Output::Changed(_) => {}
        }
    }

    fn write_kept(&self) {
        if let Some(io) = self.io.borrow().as_ref() {
            io.kept.flush();
        }
    }

    /// Says how the browser keeps things, where the page says something else.
    fn keeping(&self, before: Keeping, now: Keeping) {
        if self.store.keeping.get_untracked() == before {
            self.store.keeping.set(now);
        }
    }

    fn forget_socket(&self, socket: client_core::SocketId) {
        if let Some(io) = self.io.borrow_mut().as_mut() {
            io.forget_socket(socket);
        }
    }

    fn forget_call(&self, call: client_core::CallId, turn: Option<Lock>) -> bool {
        self.io.borrow_mut().as_mut().is_some_and(|io| io.forget_call(call, turn))
    }

    /// Makes sure that the timer fires no later than the client wishes.
    fn arm(self: &Rc<Self>) {
        let Some(at) = self.client.borrow().timeout() else { return };
        let mut io = self.io.borrow_mut();
        let Some(io) = io.as_mut() else { return };
        if io.timer.as_ref().is_some_and(|(armed, _)| *armed <= at) {
            return;
        }
        let inner = Rc::downgrade(self);
        let wait = at.saturating_sub(clock::monotonic_ms());
        let timer = Timeout::new(wait, move || {
            let Some(inner) = inner.upgrade() else { return };
            if let Some(io) = inner.io.borrow_mut().as_mut() {
                io.timer = None;
            }
            inner.take(Input::Tick);
        });
        io.timer = Some((at, timer));
    }

    /// Flushes before the next frame is drawn.
    fn flush_soon(self: &Rc<Self>) {
        let inner = Rc::downgrade(self);
        if let Some(io) = self.io.borrow_mut().as_mut() {
            io.before_next_frame(move || {
                if let Some(inner) = inner.upgrade() {
                    inner.flush();
                }
            });
        }
    }

    /// Shows that room from now on.
    fn show(&self, room: Option<RoomId>) {
        if self.store.open.get_untracked() == room {
            return;
        }
        // Read at once, so that nothing of the old room is shown under the new one's name.
        let mut dirty = self.dirty.borrow_mut();
        dirty.arrived.clear();
        dirty.room();
        drop(dirty);
        put(self.store.queue, Queue::default());
        self.store.open.set(room);
    }

    /// Writes everything that has changed.
    fn flush(self: &Rc<Self>) {
        if let Some(io) = self.io.borrow_mut().as_mut() {
            io.frame_is_drawn();
            io.kept.flush();
        }
        let dirty = self.dirty.take();
        self.write(&dirty);
        self.count_queue();
        let Dirty { entered, left, found, failed, refused, arrived, rows, draft, .. } = dirty;
        let store = self.store;
        if draft {
            store.draft.notify();
        }
        if let Some(found) = found {
            store.found.set(Some(found));
        }
        if let Some(failed) = failed {
            store.failed.set(Some(failed));
        }
        if let Some(refused) = refused {
            store.refused.set(Some(refused));
        }
        // Asked here and not in an effect: by then, another place may have closed the room that is gone.
        if left.is_some() && left == store.open.get_untracked() {
            store.left.set(left);
        }
        if let Some(room) = entered {
            store.entered.set(Some(room));
        }
        if rows {
            store.rows.notify();
        }
        if !arrived.is_empty() {
            store.arrived.set(arrived);
        }
        self.count_down();
    }

    /// Reads from the client what is dirty.
    fn write(&self, dirty: &Dirty) {
        let (client, store) = (self.client.borrow(), self.store);
        if dirty.session {
            put(store.session, client.session().clone());
        }
        if dirty.link {
            put(store.link, client.link());
            put(store.banner, client.banner());
        }
        if dirty.rooms {
            put(store.rooms, self.rooms(&client));
        }
        let Some(room) = store.open.get_untracked() else { return };
        if dirty.members {
            put(store.members, client.members(room).to_vec());
        }
        if dirty.typing {
            put(store.typing, client.typing(room));
        }
        if dirty.rows || dirty.row {
            put(store.history, client.history(room));
            for (key, live) in store.live().borrow().iter() {
                if let Some(row) = client.row(room, *key)
                    && live.row.with_untracked(|old| *old != row)
                {
                    live.row.set(row);
                }
            }
        }
    }

    /// Counts what waits in the room that is shown. A row is on the page when it begins to wait, because whoever
    /// sends is at the bottom; so a page without such rows needs no look at the whole room.
    fn count_queue(&self) {
        let store = self.store;
        let Some(room) = store.open.get_untracked() else { return };
        let unsent = |row: &Row| row.state != DeliveryState::Stored;
        let live = store.live();
        let waits = live.borrow().values().any(|live| live.row.with_untracked(unsent));
        if waits || store.queue.get_untracked().waiting > 0 {
            put(store.queue, queue(&self.client.borrow(), room));
        }
    }

    /// The rooms as they are shown: where somebody looks at the end of one, nothing in it is unread, even in the
    /// moment before the client has said so.
    fn rooms(&self, client: &Client) -> Vec<RoomView> {
        let mut rooms: Vec<_> = client.rooms().cloned().collect();
        let open = self.store.open.get_untracked();
        if self.store.at_bottom.get_untracked() && looked_at() {
            for room in rooms.iter_mut().filter(|room| Some(room.room.id) == open) {
                room.unread = 0;
            }
        }
        rooms
    }

    /// Keeps the clock of the page going while something counts down, and only then.
    fn count_down(self: &Rc<Self>) {
        let store = self.store;
        let banner = matches!(store.banner.get_untracked(), Some(Banner::Waiting { .. }));
        let inspected = store.inspected.get_untracked().is_some();
        if !banner && !inspected && store.queue.get_untracked().until_ms.is_none() {
            return;
        }
        put(store.now_ms, clock::monotonic_ms());
        let inner = Rc::downgrade(self);
        if let Some(io) = self.io.borrow_mut().as_mut() {
            io.in_a_second(move || {
                if let Some(inner) = inner.upgrade() {
                    inner.count_down();
                }
            });
        }
    }
}

/// What waits at the end of a room's rows. What is stored comes before what is not.
fn queue(client: &Client, room: RoomId) -> Queue {
    let mut queue = Queue::default();
    for key in client.rows(room).iter().rev() {
        match client.row(room, *key).map(|row| row.state) {
            None | Some(DeliveryState::Stored) => break,
            Some(DeliveryState::Queued { until_ms }) => {
                queue.waiting += 1;
                queue.until_ms = until_ms.or(queue.until_ms);
            }
            Some(
                DeliveryState::Sending { .. } | DeliveryState::Held { .. } | DeliveryState::Failed { .. },
            ) => {}
        }
    }
    queue
}
