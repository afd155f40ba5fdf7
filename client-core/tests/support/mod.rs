//! A page without a browser: it drives a client on a clock of its own and keeps what the client wants.

#![allow(dead_code, reason = "every test file uses its own part")]

pub(crate) mod keeping;
pub(crate) mod server;
pub(crate) mod wire;
pub(crate) mod world;

use std::collections::VecDeque;

use client_core::{
    Answer, CallId, Change, Client, Command, DeliveryState, Input, Keep, Method, News, Now, Output, Request,
    Row, RowKey, SocketId, keep::Memory,
};
use shared::{ClientFrame, RoomId, ServerFrame, Timestamp, api::API};

/// When every test begins.
pub(crate) const BEGIN: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);

/// A client and all that it wants.
pub(crate) struct Page {
    pub(crate) client: Client,
    pub(crate) ms: u64,
    pub(crate) socket: Option<SocketId>,
    sent: Vec<ClientFrame>,
    calls: VecDeque<(CallId, Request)>,
    changes: Vec<Change>,
    /// The store of this browser; it answers only where `stores`.
    pub(crate) store: Memory,
    pub(crate) stores: bool,
    keeps: Vec<Keep>,
    opened: Vec<(SocketId, String)>,
    closed: Vec<(SocketId, u16)>,
    /// What the other pages of this browser are told.
    pub(crate) passed_on: Vec<News>,
    /// The calls whose answers nobody waits for.
    pub(crate) given_up: Vec<CallId>,
    due_in_a_row: u32,
}

impl Page {
    pub(crate) fn new() -> Self {
        Self {
            client: Client::new(7),
            ms: 1_000_000,
            socket: None,
            sent: Vec::new(),
            calls: VecDeque::new(),
            changes: Vec::new(),
            store: Memory::default(),
            stores: false,
            keeps: Vec::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            passed_on: Vec::new(),
            given_up: Vec::new(),
            due_in_a_row: 0,
        }
    }

    /// An online page that shows an empty room.
    pub(crate) fn in_room() -> Self {
        Self::showing(0)
    }

    /// A page that shows a room with these events.
    pub(crate) fn showing(head: u64) -> Self {
        let mut page = Self::online(&[wire::state(1, head, head), wire::state(2, 0, 0)]);
        page.command(Command::OpenRoom(wire::room(1)));
        page.frame(&match head {
            0 => wire::no_page(wire::room(1), 0),
            _ => wire::page(wire::room(1), 1..=head, head, false),
        });
        page.forget();
        page
    }

    /// The questions for events that were sent since.
    pub(crate) fn syncs(&mut self) -> Vec<ClientFrame> {
        self.sent().into_iter().filter(|frame| matches!(frame, ClientFrame::Sync(_))).collect()
    }

    /// How far the messages of that room have come.
    pub(crate) fn states(&self) -> Vec<DeliveryState> {
        self.rows(wire::room(1)).into_iter().map(|row| row.state).collect()
    }

    /// A page of [`wire::ada`] that is online, in these rooms; nothing of the way there is kept.
    pub(crate) fn online(rooms: &[shared::api::RoomState]) -> Self {
        let mut page = Self::new();
        page.input(Input::Started);
        page.answer("/session/refresh", 200, &wire::signed_in(&wire::ada()));
        page.connect(rooms);
        page.forget();
        page
    }

    /// A page over a store, before the server has said anything.
    pub(crate) fn over(store: Memory) -> Self {
        let mut page = Self { store, stores: true, ..Self::new() };
        if let Some(saved) = page.store.last() {
            page.input(Input::Restored(saved));
        }
        page.input(Input::Started);
        page
    }

    /// The same browser after a crash: nothing is left but what was kept. The server has not said anything.
    pub(crate) fn crash(self) -> Self {
        self.crash_for(0)
    }

    /// The same, after that many milliseconds.
    pub(crate) fn crash_for(self, ms: u64) -> Self {
        let mut page = Self { store: self.store, stores: true, ms: self.ms + ms, ..Self::new() };
        page.client = Client::new(self.ms ^ 0x5eed);
        if let Some(saved) = page.store.last() {
            page.input(Input::Restored(saved));
        }
        page.input(Input::Started);
        page
    }

    /// Gets a connection token, opens the socket and is greeted.
    pub(crate) fn connect(&mut self, rooms: &[shared::api::RoomState]) {
        self.answer("/ws-token", 200, &wire::connection_token());
        self.open();
        self.frame(&wire::connected(rooms));
    }

    /// Opens the socket that the client wants.
    pub(crate) fn open(&mut self) {
        let (socket, _) = self.opened.pop().expect("the client wants a socket");
        self.socket = Some(socket);
        self.input(Input::Opened(socket));
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        let wall = BEGIN.plus_ms(self.ms);
        self.client.handle(Now { ms: self.ms, wall }, input);
        let mut restore = None;
        while let Some(output) = self.client.poll() {
            match output {
                Output::Open { socket, token } => self.opened.push((socket, token)),
                Output::Send(socket, text) => {
                    assert_eq!(Some(socket), self.socket, "a frame for a socket that is not in use");
                    self.sent.push(ClientFrame::decode(&text).unwrap());
                }
                Output::Close(socket, code) => {
                    self.closed.push((socket, code));
                    self.socket = None;
                }
                Output::Call(id, request) => self.calls.push_back((id, request)),
                Output::GiveUp(call) => self.given_up.push(call),
                Output::PassOn(news) => self.passed_on.push(news),
                Output::Changed(change) => self.changes.push(change),
                Output::Keep(keep) => {
                    self.keeps.push(keep.clone());
                    self.store.apply(keep);
                }
                Output::Restore(user) => restore = self.stores.then_some(user),
            }
        }
        if let Some(user) = restore {
            let saved = self.store.saved(user);
            self.input(Input::Restored(saved));
        }
        let is_due = self.client.timeout().is_some_and(|due| due <= self.ms);
        self.due_in_a_row = if is_due { self.due_in_a_row + 1 } else { 0 };
        assert!(self.due_in_a_row < 4, "a timer that does not go away at {}", self.ms);
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    pub(crate) fn post(&mut self, room: RoomId, content: &str) {
        self.command(Command::Post { room, content: content.into() });
    }

    pub(crate) fn frame(&mut self, frame: &ServerFrame) {
        let socket = self.socket.expect("a socket is open");
        self.input(Input::Frame(socket, &frame.encode()));
    }

    /// The connection ends, with that close code or with none.
    pub(crate) fn lose(&mut self, code: Option<u16>) {
        let socket = self.socket.take().expect("a socket is open");
        self.input(Input::Closed(socket, code));
    }

    /// Lets time go by; the client is called exactly when it wants to be.
    pub(crate) fn advance(&mut self, ms: u64) {
        let end = self.ms + ms;
        while let Some(due) = self.client.timeout().filter(|due| *due <= end) {
            self.ms = due;
            self.input(Input::Tick);
        }
        self.ms = end;
    }

    /// Lets time go by until the client makes a call to that path.
    pub(crate) fn advance_to_call(&mut self, path: &str) {
        for _ in 0..100 {
            if self.is_calling(path) {
                return;
            }
            self.ms = self.client.timeout().expect("the client waits for something");
            self.input(Input::Tick);
        }
        panic!("no call to {path}");
    }

    pub(crate) fn is_calling(&self, path: &str) -> bool {
        self.calls.iter().any(|(_, request)| request.path == format!("{API}{path}"))
    }

    /// Takes the call to that path from those that wait for their answer.
    pub(crate) fn take_call(&mut self, path: &str) -> (CallId, Request) {
        let path = format!("{API}{path}");
        let index = self.calls.iter().position(|(_, request)| request.path == path);
        let index = index.unwrap_or_else(|| panic!("no call to {path} among {:?}", self.calls));
        self.calls.remove(index).unwrap()
    }

    /// Answers the call to that path.
    pub(crate) fn answer(&mut self, path: &str, status: u16, body: &str) -> Request {
        let (id, request) = self.take_call(path);
        self.input(Input::Answered(id, Answer::Http { status, body: body.into() }));
        request
    }

    /// The call to that path gets no answer.
    pub(crate) fn no_answer(&mut self, path: &str) {
        let (id, _) = self.take_call(path);
        self.input(Input::Answered(id, Answer::None));
    }

    /// The frames since the last look.
    pub(crate) fn sent(&mut self) -> Vec<ClientFrame> {
        std::mem::take(&mut self.sent)
    }

    /// The changes since the last look.
    pub(crate) fn changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// What was to be kept since the last look.
    pub(crate) fn keeps(&mut self) -> Vec<Keep> {
        std::mem::take(&mut self.keeps)
    }

    /// The calls since the last look, with nobody to answer them any more.
    pub(crate) fn calls(&mut self) -> Vec<(Method, String)> {
        self.calls.drain(..).map(|(_, request)| (request.method, request.path)).collect()
    }

    /// The sockets that were wanted since the last look, by their tokens.
    pub(crate) fn wanted(&mut self) -> Vec<String> {
        self.opened.drain(..).map(|(_, token)| token).collect()
    }

    /// The sockets that were closed since the last look, by their codes.
    pub(crate) fn closed(&mut self) -> Vec<u16> {
        self.closed.drain(..).map(|(_, code)| code).collect()
    }

    /// Forgets the frames only.
    pub(crate) fn forget_sent(&mut self) {
        self.sent.clear();
    }

    /// The path of the call that waits longest.
    pub(crate) fn oldest_call(&self) -> Option<String> {
        self.calls.front().map(|(_, request)| request.path[API.len()..].to_owned())
    }

    /// Opens the socket that the client wants, if it wants one.
    pub(crate) fn open_if_wanted(&mut self) {
        if !self.opened.is_empty() {
            self.open();
        }
    }

    /// Forgets all that the client wanted so far.
    pub(crate) fn forget(&mut self) {
        self.sent.clear();
        self.calls.clear();
        self.changes.clear();
        self.keeps.clear();
        self.opened.clear();
        self.closed.clear();
        self.passed_on.clear();
    }

    /// The rows of a room, as they are shown.
    pub(crate) fn rows(&self, room: RoomId) -> Vec<Row> {
        let row = |key: RowKey| self.client.row(room, key).expect("a listed row is there");
        self.client.rows(room).into_iter().map(row).collect()
    }

    /// What people say in a room, in the order of the screen.
    pub(crate) fn texts(&self, room: RoomId) -> Vec<String> {
        self.rows(room).into_iter().map(|row| wire::text(&row.body)).collect()
    }
}
