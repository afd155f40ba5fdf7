//! The list of rooms: heads, read markers and unread counts. It knows no message.

use shared::{ClientFrame, MsgNo, RoomId, Seq, api::RoomState, frame::Read};

use crate::{io::Change, out::Out, view::RoomView};

/// Between two read markers of one room: scrolling through a page of messages is one frame, not fifty.
const READ_INTERVAL_MS: u64 = 1_000;

/// No server keeps a read marker back for longer.
const REFUSED_MOST_MS: u64 = 60_000;

/// Rooms of which events came before any list had them, and that are kept in mind: as many as anybody is in by default.
const EARLY_MOST: usize = 100;

/// The rooms of this person, the one with the newest message first. What happened while the client was away
/// counts as new in the order in which the server lists it.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    list: Vec<Line>,
    /// Up to where live events came of rooms that are not in the list: what brings them there may be older.
    early: Vec<(RoomId, Seq)>,
}

#[derive(Debug)]
struct Line {
    view: RoomView,
    /// Messages up to the head.
    msg_no: u64,
    /// Messages up to the read marker.
    read_msg_no: u64,
    /// The read marker that the server knows.
    told: Seq,
    told_at: Option<u64>,
    /// The newest event that came live, or that live events begin after.
    heard: Seq,
    /// Entered while there was no connection: what the server greets with may not know of it.
    fresh: bool,
}

impl Rooms {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RoomView> {
        self.list.iter().map(|line| &line.view)
    }

    pub(crate) fn get(&self, room: RoomId) -> Option<&RoomView> {
        self.iter().find(|view| view.room.id == room)
    }

    /// The list, as another page could begin with it.
    pub(crate) fn states(&self) -> impl Iterator<Item = RoomState> {
        self.list.iter().map(|line| RoomState {
            room: line.view.room.clone(),
            head: line.view.head,
            msg_no: MsgNo::new(line.msg_no).unwrap_or(MsgNo::MAX),
            read_seq: line.view.read_seq,
            unread: line.view.unread,
        })
    }

    /// The whole list as a new connection begins with it. Gives back the rooms that are gone.
    pub(crate) fn connected(&mut self, rooms: Vec<RoomState>, out: &mut Out) -> Vec<RoomId> {
        let is_listed = |line: &Line| rooms.iter().any(|state| state.room.id == line.view.room.id);
        let gone = |line: &mut Line| !line.fresh && !is_listed(line);
        let gone = self.list.extract_if(.., gone).map(|line| line.view.room.id).collect();
        self.early.clear();
        for line in &mut self.list {
            line.fresh = false;
        }
        for state in rooms.into_iter().rev() {
            let (room, read_seq) = (state.room.id, state.read_seq);
            let head = state.head;
            self.put(state, false, out);
            if let Some(line) = self.line(room) {
                (line.told, line.told_at, line.fresh) = (read_seq, None, false);
                line.heard = line.heard.max(head);
            }
        }
        out.changed(Change::Rooms);
        gone
    }

    /// Whether more was heard of a room on connections before than this new one begins with. What a call answered
    /// does not count: it may have overtaken the greeting.
    pub(crate) fn heard_more(&self, greeting: &RoomState) -> bool {
        let line = self.list.iter().find(|line| line.view.room.id == greeting.room.id);
        line.is_some_and(|line| line.heard > greeting.head && !line.fresh)
    }

    /// The log is another one: what the server says next counts, even if it is less.
    pub(crate) fn start_over(&mut self) {
        for line in &mut self.list {
            (line.view.head, line.view.read_seq) = (Seq::ZERO, Seq::ZERO);
            (line.told, line.heard) = (Seq::ZERO, Seq::ZERO);
            (line.msg_no, line.read_msg_no) = (0, 0);
        }
    }

    /// A room as an answer has it; it may be older than what is known. One that is new, or has moved on,
    /// goes to the front.
    /// `entered` by this very client.
    pub(crate) fn put(&mut self, state: RoomState, entered: bool, out: &mut Out) {
        let read_msg_no = state.msg_no.get().saturating_sub(state.unread);
        out.changed(Change::Rooms);
        let Some(index) = self.list.iter().position(|line| line.view.room.id == state.room.id) else {
            let (heard, told, msg_no) = (state.head, state.read_seq, state.msg_no.get());
            let head = self.take_early(state.room.id).map_or(heard, |early| early.max(heard));
            let view = RoomView { room: state.room, head, read_seq: told, unread: state.unread };
            let fresh = entered && !out.online();
            self.list.insert(0, Line { view, msg_no, read_msg_no, told, told_at: None, heard, fresh });
            return;
        };
        let line = &mut self.list[index];
        line.view.room = state.room;
        let moved_on = state.head > line.view.head;
        line.head(state.head, state.msg_no);
        if state.read_seq >= line.view.read_seq {
            (line.view.read_seq, line.read_msg_no) = (state.read_seq, read_msg_no);
        }
        line.count();
        if moved_on {
            self.list[..=index].rotate_right(1);
        }
    }

    pub(crate) fn remove(&mut self, room: RoomId) -> bool {
        let before = self.list.len();
        self.list.retain(|line| line.view.room.id != room);
        self.list.len() < before
    }

    /// An event came live. Whether it is news; `None` where the room is unknown.
    pub(crate) fn happened(
        &mut self,
        room: RoomId,
        seq: Seq,
        msg_no: MsgNo,
        message: bool,
        out: &mut Out,
    ) -> Option<bool> {
        self.stored(room, seq, msg_no, message, out);
        if self.get(room).is_none() {
            self.came_early(room, seq);
        }
        let line = self.line(room)?;
        let news = seq > line.heard;
        line.heard = line.heard.max(seq);
        Some(news)
    }

    /// Something is known to be stored in a room.
    pub(crate) fn stored(&mut self, room: RoomId, seq: Seq, msg_no: MsgNo, message: bool, out: &mut Out) {
        let Some(index) = self.list.iter().position(|line| line.view.room.id == room) else { return };
        let line = &mut self.list[index];
        let moved_on = seq > line.view.head;
        // A head that was only said to be there is counted when its event comes.
        if moved_on || msg_no.get() > line.msg_no {
            line.head(seq, msg_no);
            line.count();
            if message && moved_on {
                self.list[..=index].rotate_right(1);
            }
            out.changed(Change::Rooms);
        }
    }

    /// A room is known to have that many events; of how many messages nothing is said.
    pub(crate) fn reached(&mut self, room: RoomId, head: Seq) {
        if let Some(line) = self.line(room) {
            line.view.head = line.view.head.max(head);
        }
    }

    /// One more or one less is in a room.
    pub(crate) fn members(&mut self, room: RoomId, count: impl Fn(u64) -> u64, out: &mut Out) {
        if let Some(line) = self.line(room) {
            let members = count(line.view.room.members);
            if members != line.view.room.members {
                line.view.room.members = members;
                out.changed(Change::Rooms);
            }
        }
    }

    /// This person has read up to there, where there were so many messages. `told` where the server knows.
    pub(crate) fn read(&mut self, room: RoomId, seq: Seq, msg_no: Option<MsgNo>, told: bool, out: &mut Out) {
        let Some(line) = self.line(room) else { return };
        if told {
            line.told = line.told.max(seq);
        }
        let msg_no = if seq >= line.view.head { Some(line.msg_no) } else { msg_no.map(MsgNo::get) };
        let Some(msg_no) = msg_no.filter(|_| seq > line.view.read_seq) else { return };
        line.view.read_seq = seq;
        line.read_msg_no = line.read_msg_no.max(msg_no);
        line.count();
        out.changed(Change::Rooms);
    }

    /// Tells the server what was read.
    pub(crate) fn pump(&mut self, now: u64, out: &mut Out) {
        if !out.online() {
            return;
        }
        for line in &mut self.list {
            if line.due_at().is_some_and(|at| at <= now) {
                (line.told, line.told_at) = (line.view.read_seq, Some(now));
                out.send(&ClientFrame::Read(Read { room_id: line.view.room.id, seq: line.told }));
            }
        }
    }

    /// The server could not take something about a room now, which may have been the read marker: it is said again.
    pub(crate) fn refused(&mut self, now: u64, room: RoomId, retry_after_ms: Option<u64>) {
        if let Some(line) = self.line(room).filter(|line| line.told_at.is_some()) {
            line.told = Seq::ZERO;
            line.told_at = Some(now.saturating_add(retry_after_ms.unwrap_or(0).min(REFUSED_MOST_MS)));
        }
    }

    /// When a read marker is due, as long as there is a connection.
    pub(crate) fn timeout(&self) -> Option<u64> {
        self.list.iter().filter_map(Line::due_at).min()
    }

    fn came_early(&mut self, room: RoomId, seq: Seq) {
        let known = self.take_early(room).unwrap_or_default();
        if self.early.len() == EARLY_MOST {
            self.early.remove(0);
        }
        self.early.push((room, known.max(seq)));
    }

    fn take_early(&mut self, room: RoomId) -> Option<Seq> {
        let index = self.early.iter().position(|(early, _)| *early == room)?;
        Some(self.early.remove(index).1)
    }

    fn line(&mut self, room: RoomId) -> Option<&mut Line> {
        self.list.iter_mut().find(|line| line.view.room.id == room)
    }
}

impl Line {
    fn head(&mut self, seq: Seq, msg_no: MsgNo) {
        self.view.head = self.view.head.max(seq);
        self.msg_no = self.msg_no.max(msg_no.get());
        // Another device may have read what has only now been heard of here.
        if seq <= self.view.read_seq {
            self.read_msg_no = self.read_msg_no.max(msg_no.get());
        }
    }

    fn count(&mut self) {
        self.view.unread = self.msg_no.saturating_sub(self.read_msg_no);
    }

    fn due_at(&self) -> Option<u64> {
        let unsaid = self.view.read_seq > self.told;
        unsaid.then(|| self.told_at.map_or(0, |at| at + READ_INTERVAL_MS))
    }
}
