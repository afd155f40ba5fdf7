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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(value: u64) -> Seq {
        Seq::new(value).unwrap()
    }

    fn room() -> RoomId {
        RoomId::mint(1, [1; 10])
    }

    fn place(cursor: u64) -> Place<()> {
        Place::new(room(), (), seq(cursor))
    }

    #[test]
    fn a_place_wants_what_is_between_its_cursor_and_the_head() {
        let mut place = place(3);
        assert_eq!(place.wants(seq(3)), None);
        assert_eq!(place.wants(seq(5)), Some((seq(3), Seq::MAX)));
        assert_eq!(place.read(Reading::UpTo(seq(5)), seq(5)), None);
        assert_eq!(place.wants(seq(5)), None);
    }

    #[test]
    fn who_fell_behind_is_told_once_and_reads_on_after_the_last_page() {
        let mut place = place(3);
        let told = place.read(Reading::Behind, seq(900));
        assert_eq!(told, Some(ServerFrame::Behind(Behind { room_id: room(), head: seq(900) })));
        assert_eq!(place.wants(seq(950)), None, "live events stop");
        place.paged(SyncFrom::After(seq(3)), seq(950), true);
        assert_eq!(place.wants(seq(960)), None, "there is more to ask for");
        place.paged(SyncFrom::Before(seq(3)), seq(950), false);
        assert_eq!(place.wants(seq(960)), None, "paging back is something else");
        place.paged(SyncFrom::After(seq(903)), seq(950), false);
        assert_eq!(place.wants(seq(960)), Some((seq(950), Seq::MAX)));
    }

    #[test]
    fn asking_for_a_page_moves_nobody_who_reads_live() {
        let mut place = place(3);
        place.paged(SyncFrom::After(Seq::ZERO), seq(9), false);
        assert_eq!(place.wants(seq(9)), Some((seq(3), Seq::MAX)));
    }

    #[test]
    fn who_leaves_reads_up_to_that_and_is_no_longer_there_for_requests() {
        let mut places: Places<()> = [place(3)].into_iter().collect();
        places.leave(room(), seq(5));
        assert!(places.get(room()).is_none());
        assert_eq!(places.take_over().count(), 0);
        let place = places.iter_mut().next().unwrap();
        assert_eq!(place.wants(seq(9)), Some((seq(3), seq(5))));
        place.read(Reading::UpTo(seq(5)), seq(9));
        assert_eq!(place.wants(seq(9)), None);
        assert_eq!(places.take_over().count(), 1);
    }

    #[test]
    fn who_comes_back_at_once_reads_on_without_a_hole() {
        let mut places: Places<()> = [place(3)].into_iter().collect();
        places.leave(room(), seq(5));
        places.join(place(6));
        assert_eq!(places.get(room()).unwrap().wants(seq(9)), Some((seq(3), Seq::MAX)));
        assert_eq!(places.take_over().count(), 0);
    }

    #[test]
    fn who_leaves_while_behind_has_seen_the_last() {
        let mut places: Places<()> = [place(3)].into_iter().collect();
        places.iter_mut().next().unwrap().read(Reading::Behind, seq(9));
        places.leave(room(), seq(9));
        assert_eq!(places.take_over().count(), 1);
    }
}
