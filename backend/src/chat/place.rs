//! How far one socket has read each of its rooms. A plain struct; knows neither the socket nor the rooms.

use shared::{
    RoomId, Seq, ServerFrame,
    frame::{Behind, SyncFrom},
};

use super::log::Reading;

/// How far one socket has read one room.
#[derive(Debug)]
pub struct Place<R> {
    /// The room's id.
    pub id: RoomId,
    /// What its driver holds the room by.
    pub room: R,
    /// The newest event that was given to the socket.
    cursor: Seq,
    /// The last event that is theirs to see: all, until they leave.
    until: Seq,
    /// Whether live events stopped here, until the socket has asked for all it missed.
    behind: bool,
}

impl<R> Place<R> {
    /// A place that has everything up to `cursor`.
    pub fn new(id: RoomId, room: R, cursor: Seq) -> Self {
        Self { id, room, cursor, until: Seq::MAX, behind: false }
    }

    /// From and up to which event it wants to read, when the room is at `head` and there is anything.
    pub fn wants(&self, head: Seq) -> Option<(Seq, Seq)> {
        (!self.behind && self.cursor < head.min(self.until)).then_some((self.cursor, self.until))
    }

    /// Moves it by what was read. Returns what the socket is to be told, when it fell behind.
    pub fn read(&mut self, reading: Reading, head: Seq) -> Option<ServerFrame> {
        match reading {
            Reading::CaughtUp => None,
            Reading::UpTo(seq) => {
                self.cursor = seq;
                None
            }
            Reading::Behind => {
                self.behind = true;
                Some(ServerFrame::Behind(Behind { room_id: self.id, head }))
            }
        }
    }

    /// A page was given to the socket. When there was no more after it, live events go on behind it.
    pub fn paged(&mut self, from: SyncFrom, head: Seq, has_more: bool) {
        if self.behind && !has_more && matches!(from, SyncFrom::After(_)) {
            self.behind = false;
            self.cursor = self.cursor.max(head);
        }
    }

    /// Whether its owner has left the room and has seen that.
    pub fn is_over(&self) -> bool {
        self.cursor >= self.until || (self.behind && self.until < Seq::MAX)
    }
}

/// The places of one socket. At most `rooms_per_user`, so a list is searched as fast as anything.
#[derive(Debug)]
pub struct Places<R> {
    list: Vec<Place<R>>,
}

impl<R> Default for Places<R> {
    fn default() -> Self {
        Self { list: Vec::new() }
    }
}

impl<R> FromIterator<Place<R>> for Places<R> {
    fn from_iter<I: IntoIterator<Item = Place<R>>>(places: I) -> Self {
        let mut list: Vec<_> = places.into_iter().collect();
        list.shrink_to_fit();
        Self { list }
    }
}

impl<R> Places<R> {
    /// The place in a room; nothing when they are not in it, or have left.
    pub fn get(&self, room: RoomId) -> Option<&Place<R>> {
        self.list.iter().find(|place| place.id == room && place.until == Seq::MAX)
    }

    /// All places, to be read on from.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Place<R>> {
        self.list.iter_mut()
    }

    /// The owner came into a room. Who came back before they saw that they had left reads on.
    pub fn join(&mut self, place: Place<R>) {
        match self.list.iter_mut().find(|is| is.id == place.id) {
            Some(is) => is.until = Seq::MAX,
            None => self.list.push(place),
        }
    }

    /// The owner has left a room; that is the last event they see of it.
    pub fn leave(&mut self, room: RoomId, seq: Seq) {
        if let Some(place) = self.list.iter_mut().find(|place| place.id == room) {
            place.until = seq;
        }
    }

    /// Takes out the places that are over.
    pub fn take_over(&mut self) -> impl Iterator<Item = Place<R>> {
        self.list.extract_if(.., |place| place.is_over())
    }

    /// A page of a room was given to the socket.
    pub fn paged(&mut self, room: RoomId, from: SyncFrom, head: Seq, has_more: bool) {
        if let Some(place) = self.list.iter_mut().find(|place| place.id == room) {
            place.paged(from, head, has_more);
        }
    }

    /// Takes all, because the socket is gone.
    pub fn take(&mut self) -> Vec<Place<R>> {
        std::mem::take(&mut self.list)
    }
}
