//! A server as the protocol has it, without disk and network: a log for every room, a cursor for every connection.

use std::collections::{BTreeMap, BTreeSet};

use shared::{
    ClientFrame, Event, RoomId, Seq, ServerFrame, TxnId, UserId,
    error::ErrorCode,
    event::Profile,
    frame::{Ack, Behind, Events, PostMessage, Sync, SyncFrom},
};

use super::wire;

/// Events in a page: few, so that catching up takes several.
const PAGE: usize = 5;

/// The whole server.
pub(crate) struct Server {
    pub(crate) logs: BTreeMap<RoomId, Vec<Event>>,
    /// Messages of which seq have which request.
    txns: BTreeMap<(UserId, TxnId), (RoomId, Seq)>,
    connections: BTreeMap<u64, Connection>,
    /// What it answers instead of storing, for as many messages.
    pub(crate) refuse: Vec<ErrorCode>,
    /// Whether the next live event makes a connection fall behind.
    pub(crate) fall_behind: bool,
    /// Whether an author's ack goes before the events.
    pub(crate) ack_first: bool,
}

struct Connection {
    user: Profile,
    cursors: BTreeMap<RoomId, usize>,
    behind: BTreeSet<RoomId>,
}

/// What goes to which connection.
pub(crate) type Outgoing = Vec<(u64, ServerFrame)>;

impl Server {
    pub(crate) fn new(rooms: &[RoomId]) -> Self {
        Self {
            logs: rooms.iter().map(|room| (*room, Vec::new())).collect(),
            txns: BTreeMap::new(),
            connections: BTreeMap::new(),
            refuse: Vec::new(),
            fall_behind: false,
            ack_first: false,
        }
    }

    /// Greets a new connection; live events begin after the heads that it is told.
    pub(crate) fn connect(&mut self, connection: u64, user: Profile) -> ServerFrame {
        let cursors = self.logs.iter().map(|(room, log)| (*room, log.len())).collect();
        let ServerFrame::Connected(mut greeting) = wire::connected(&self.rooms()) else {
            unreachable!("a greeting")
        };
        greeting.user = user.clone();
        self.connections.insert(connection, Connection { user, cursors, behind: BTreeSet::new() });
        ServerFrame::Connected(greeting)
    }

    /// Every room, nothing of it read.
    pub(crate) fn rooms(&self) -> Vec<shared::api::RoomState> {
        let rooms = self.logs.iter().map(|(room, log)| {
            let mut state = wire::state(0, log.len() as u64, 0);
            state.room.id = *room;
            state
        });
        rooms.collect()
    }

    pub(crate) fn disconnect(&mut self, connection: u64) {
        self.connections.remove(&connection);
    }

    pub(crate) fn handle(&mut self, connection: u64, frame: ClientFrame) -> Outgoing {
        let Some(user) = self.connections.get(&connection).map(|connection| connection.user.clone()) else {
            return Vec::new();
        };
        match frame {
            ClientFrame::Message(post) => self.post(connection, user, &post),
            ClientFrame::Sync(sync) => vec![(connection, self.sync(connection, sync))],
            ClientFrame::Ping => {
                vec![(connection, ServerFrame::Pong(shared::frame::Pong { server_time: super::BEGIN }))]
            }
            _ => Vec::new(),
        }
    }

    fn post(&mut self, connection: u64, user: Profile, post: &PostMessage) -> Outgoing {
        let request = (user.id, post.txn_id);
        if let Some((room_id, seq)) = self.txns.get(&request) {
            let event = &self.logs[room_id][usize::try_from(seq.get() - 1).unwrap()];
            return vec![(connection, ack(event, true))];
        }
        if let Some(code) = self.refuse.pop() {
            let error = wire::error(code).about_txn(Some(post.txn_id)).about_room(post.room_id);
            return vec![(connection, ServerFrame::Error(error.retry_after(700)))];
        }
        let log = self.logs.get_mut(&post.room_id).expect("a room of this server");
        let event =
            wire::event(post.room_id, log.len() as u64 + 1, user, post.txn_id, wire::message(&post.content));
        log.push(event.clone());
        self.txns.insert(request, (event.room_id, event.seq));
        let mut outgoing = self.live(event.room_id);
        let place = if self.ack_first { 0 } else { outgoing.len() };
        outgoing.insert(place, (connection, ack(&event, false)));
        outgoing
    }

    /// Sends everybody what they have not had.
    fn live(&mut self, room: RoomId) -> Outgoing {
        let log = &self.logs[&room];
        let mut outgoing = Vec::new();
        for (id, connection) in &mut self.connections {
            if std::mem::take(&mut self.fall_behind) && connection.behind.insert(room) {
                let head = wire::seq(log.len() as u64);
                outgoing.push((*id, ServerFrame::Behind(Behind { room_id: room, head })));
            }
            if !connection.behind.contains(&room) {
                let cursor = connection.cursors.entry(room).or_default();
                outgoing.extend(log[*cursor..].iter().map(|event| (*id, wire::live(event))));
                *cursor = log.len();
            }
        }
        outgoing
    }

    fn sync(&mut self, connection: u64, sync: Sync) -> ServerFrame {
        let log = &self.logs[&sync.room_id];
        let index = |seq: Seq| usize::try_from(seq.get()).unwrap();
        let (range, has_more) = match sync.from {
            SyncFrom::After(seq) => {
                let begin = index(seq).min(log.len());
                let end = (begin + PAGE).min(log.len());
                (begin..end, end < log.len())
            }
            SyncFrom::Before(seq) => {
                let end = index(seq).saturating_sub(1).min(log.len());
                let begin = end.saturating_sub(PAGE);
                (begin..end, begin > 0)
            }
        };
        let caught_up = matches!(sync.from, SyncFrom::After(_)) && !has_more;
        if let Some(connection) = self.connections.get_mut(&connection).filter(|_| caught_up)
            && connection.behind.remove(&sync.room_id)
        {
            connection.cursors.insert(sync.room_id, log.len());
        }
        let (events, head) = (log[range].to_vec(), wire::seq(log.len() as u64));
        ServerFrame::Events(Events { room_id: sync.room_id, events, head, has_more })
    }
}

fn ack(event: &Event, duplicate: bool) -> ServerFrame {
    ServerFrame::Ack(Ack {
        txn_id: event.txn_id,
        room_id: event.room_id,
        seq: event.seq,
        msg_no: event.msg_no,
        timestamp: event.timestamp,
        duplicate,
    })
}
