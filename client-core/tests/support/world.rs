//! Clients, a server and a bad network between them, on a clock of their own.

use std::collections::{BTreeMap, VecDeque};

use client_core::{
    Answer, CallId, Client, Command, DeliveryState, Input, Now, Output, Request, SocketId, keep::Memory,
};
use shared::{ClientFrame, RoomId, event::Profile};

use super::{server::Server, wire};

/// Whoever talks here.
pub(crate) const PEOPLE: usize = 3;

/// One way of a connection takes at most so long.
const SLOWEST_MS: u64 = 400;

/// Everything there is.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) peers: Vec<Peer>,
    pub(crate) ms: u64,
    /// Deals out delays.
    dice: u64,
    connections: u64,
}

/// One person at one page.
pub(crate) struct Peer {
    pub(crate) client: Client,
    user: Profile,
    /// The store of this browser.
    store: Memory,
    /// The socket in use and its connection on the server.
    socket: Option<(SocketId, u64)>,
    up: VecDeque<(u64, u64, String)>,
    down: VecDeque<(u64, SocketId, String)>,
    answers: VecDeque<(u64, CallId, Answer)>,
    /// Frames that get lost on the way down, and those that come twice, in either direction.
    pub(crate) lose_down: u32,
    pub(crate) twice_down: u32,
    pub(crate) twice_up: u32,
    /// Nothing gets through any more, and nobody says so.
    pub(crate) stalled: bool,
    /// The server can't be reached.
    pub(crate) away: bool,
}

impl World {
    pub(crate) fn new(seed: u64, rooms: &[RoomId]) -> Self {
        let peer = |number: usize| Peer {
            client: Client::new(seed ^ number as u64),
            user: wire::user(1 + number as u128, &format!("P{number}")),
            store: Memory::default(),
            socket: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            answers: VecDeque::new(),
            lose_down: 0,
            twice_down: 0,
            twice_up: 0,
            stalled: false,
            away: false,
        };
        let peers = (0..PEOPLE).map(peer).collect();
        let mut world = Self { server: Server::new(rooms), peers, ms: 0, dice: seed, connections: 0 };
        for peer in 0..PEOPLE {
            world.input(peer, Input::Started);
        }
        world.run(5_000);
        world
    }

    pub(crate) fn command(&mut self, peer: usize, command: Command) {
        self.input(peer, Input::Command(command));
    }

    /// Cuts a connection: what is on the way is lost in both directions.
    pub(crate) fn cut(&mut self, peer: usize, code: Option<u16>) {
        self.peers[peer].stalled = false;
        if let Some((socket, connection)) = self.hang_up(peer) {
            self.server.disconnect(connection);
            self.input(peer, Input::Closed(socket, code));
        }
    }

    /// The page is gone without a word, and another one is there: all that it has is what was kept.
    pub(crate) fn reload(&mut self, number: usize) {
        if let Some((_, connection)) = self.hang_up(number) {
            self.server.disconnect(connection);
        }
        let dice = self.later() ^ self.dice;
        let peer = &mut self.peers[number];
        peer.answers.clear();
        peer.stalled = false;
        peer.client = Client::new(dice);
        if let Some(saved) = peer.store.last() {
            self.input(number, Input::Restored(saved));
        }
        self.input(number, Input::Started);
    }

    /// Lets everything happen that is due within that time, in order.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.ms + ms;
        let mut steps = 0;
        while let Some((at, peer, what)) = self.next().filter(|(at, ..)| *at <= end) {
            self.ms = self.ms.max(at);
            self.step(peer, what);
            steps += 1;
            assert!(steps < 200_000, "nobody comes to rest");
        }
        self.ms = end;
    }

    /// Makes the network good again.
    pub(crate) fn heal(&mut self) {
        self.server.refuse.clear();
        for peer in 0..PEOPLE {
            let it = &mut self.peers[peer];
            (it.lose_down, it.twice_down, it.twice_up, it.away) = (0, 0, 0, false);
            self.cut(peer, None);
        }
    }

    fn next(&self) -> Option<(u64, usize, What)> {
        let soonest = |(number, peer): (usize, &Peer)| {
            let wire = [
                peer.up.front().map(|(at, ..)| (*at, What::Up)),
                peer.down.front().map(|(at, ..)| (*at, What::Down)),
                peer.answers.front().map(|(at, ..)| (*at, What::Answer)),
                peer.client.timeout().map(|at| (at, What::Tick)),
            ];
            wire.into_iter().flatten().map(move |(at, what)| (at, number, what)).min()
        };
        self.peers.iter().enumerate().filter_map(soonest).min()
    }

    fn step(&mut self, number: usize, what: What) {
        let peer = &mut self.peers[number];
        match what {
            What::Up => {
                let (_, connection, text) = peer.up.pop_front().unwrap();
                let frame = ClientFrame::decode(&text).unwrap();
                let repeats = 1 + u32::from(take_one(&mut peer.twice_up));
                for _ in 0..repeats {
                    let outgoing = self.server.handle(connection, frame.clone());
                    for (connection, frame) in outgoing {
                        self.deliver(connection, &frame.encode());
                    }
                }
            }
            What::Down => {
                let (_, socket, text) = peer.down.pop_front().unwrap();
                self.input(number, Input::Frame(socket, &text));
            }
            What::Answer => {
                let (_, call, answer) = peer.answers.pop_front().unwrap();
                self.input(number, Input::Answered(call, answer));
            }
            What::Tick => self.input(number, Input::Tick),
        }
    }

    /// Puts a frame on its way to whoever has that connection.
    fn deliver(&mut self, connection: u64, text: &str) {
        let at = self.later();
        let has_it = |peer: &&mut Peer| peer.socket.is_some_and(|(_, known)| known == connection);
        let Some(peer) = self.peers.iter_mut().find(has_it) else { return };
        let (socket, _) = peer.socket.unwrap();
        if peer.stalled || take_one(&mut peer.lose_down) {
            return;
        }
        let at = at.max(peer.down.back().map_or(0, |(last, ..)| *last));
        for _ in 0..=u32::from(take_one(&mut peer.twice_down)) {
            peer.down.push_back((at, socket, text.to_owned()));
        }
    }

    pub(crate) fn input(&mut self, number: usize, input: Input<'_>) {
        let now = Now { ms: self.ms, wall: super::BEGIN.plus_ms(self.ms) };
        self.peers[number].client.handle(now, input);
        while let Some(output) = self.peers[number].client.poll() {
            self.output(number, output);
        }
    }

    fn output(&mut self, number: usize, output: Output) {
        let at = self.later();
        match output {
            Output::Open { socket, .. } => {
                self.connections += 1;
                let connection = self.connections;
                let peer = &mut self.peers[number];
                if !peer.away {
                    peer.socket = Some((socket, connection));
                    let greeting = self.server.connect(connection, peer.user.clone());
                    peer.down.push_back((at, socket, greeting.encode()));
                }
            }
            Output::Send(socket, text) => {
                let peer = &mut self.peers[number];
                if let Some((known, connection)) = peer.socket.filter(|_| !peer.stalled) {
                    assert_eq!(known, socket);
                    let at = at.max(peer.up.back().map_or(0, |(last, ..)| *last));
                    peer.up.push_back((at, connection, text));
                }
            }
            Output::Close(..) => {
                self.peers[number].stalled = false;
                if let Some((_, connection)) = self.hang_up(number) {
                    self.server.disconnect(connection);
                }
            }
            Output::Call(call, request) => {
                let answer = self.answer(number, &request);
                let peer = &mut self.peers[number];
                let at = at.max(peer.answers.back().map_or(0, |(last, ..)| *last));
                peer.answers.push_back((at, call, answer));
            }
            Output::Keep(keep) => self.peers[number].store.apply(keep),
            Output::Restore(user) => {
                let saved = self.peers[number].store.saved(user);
                self.input(number, Input::Restored(saved));
            }
            Output::Changed(_) | Output::PassOn(_) | Output::GiveUp(_) => {}
        }
    }

    fn answer(&self, number: usize, request: &Request) -> Answer {
        let peer = &self.peers[number];
        if peer.away {
            return Answer::None;
        }
        let body = match request.path.rsplit('/').next() {
            Some("refresh") => wire::access_token(&peer.user, "access", 100_000),
            Some("ws-token") => wire::connection_token(),
            Some("members") => wire::members(&[]),
            Some("rooms") => wire::my_rooms(&self.server.rooms()),
            _ => panic!("nobody answers {request:?}"),
        };
        Answer::Http { status: 200, body }
    }

    fn hang_up(&mut self, number: usize) -> Option<(SocketId, u64)> {
        let peer = &mut self.peers[number];
        peer.up.clear();
        peer.down.clear();
        peer.socket.take()
    }

    fn later(&mut self) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.ms + (self.dice >> 33) % SLOWEST_MS
    }

    /// What everybody sees of a room: seq, author's name and text of every row; panics where one is not stored.
    pub(crate) fn seen(&self, peer: usize, room: RoomId) -> Vec<(u64, String, String)> {
        let client = &self.peers[peer].client;
        let rows = client.rows(room).into_iter().map(|key| client.row(room, key).unwrap());
        rows.map(|row| {
            assert_eq!(row.state, DeliveryState::Stored, "{peer} waits with {row:?}");
            (row.seq.unwrap().get(), row.author.name, wire::text(&row.body))
        })
        .collect()
    }

    /// The log of a room, in the same form.
    pub(crate) fn log(&self, room: RoomId) -> Vec<(u64, String, String)> {
        let line =
            |event: &shared::Event| (event.seq.get(), event.author.name.clone(), wire::text(&event.body));
        self.server.logs[&room].iter().map(line).collect()
    }

    /// How often each text was stored.
    pub(crate) fn stored(&self) -> BTreeMap<String, u32> {
        let mut times = BTreeMap::new();
        for event in self.server.logs.values().flatten() {
            *times.entry(wire::text(&event.body)).or_default() += 1;
        }
        times
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Up,
    Down,
    Answer,
    Tick,
}

fn take_one(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}
