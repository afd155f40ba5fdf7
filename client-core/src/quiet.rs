//! Rooms whose live events the server has stopped, and whose history is not kept here: asked on from their
//! head, so that the events go on. It keeps none of them.

use shared::{
    ClientFrame, RoomId, Seq,
    frame::{self, Events, SyncFrom},
};

use crate::{
    out::Out,
    rng::Rng,
    sync::{Reach, Sync},
};

/// The rooms that are quiet; never more than the server has let this person into.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    rooms: Vec<(RoomId, Seq, Sync)>,
}

impl Quiet {
    /// The server has stopped that room's events at its head.
    pub(crate) fn behind(&mut self, room: RoomId, head: Seq) {
        self.wake(room);
        let mut sync = Sync::default();
        sync.resume = true;
        self.rooms.push((room, head, sync));
    }

    /// The room's history is kept from now on, and asked for. True if it was quiet.
    pub(crate) fn wake(&mut self, room: RoomId) -> bool {
        let before = self.rooms.len();
        self.rooms.retain(|(known, ..)| *known != room);
        self.rooms.len() < before
    }

    /// Asks about the rooms that are known; another one is as soon as it is.
    pub(crate) fn pump(&mut self, now: u64, is_known: impl Fn(RoomId) -> bool, out: &mut Out) {
        if !out.online() {
            return;
        }
        for (room_id, last, sync) in self.rooms.iter_mut().filter(|(room, ..)| is_known(*room)) {
            let reach = Reach { loaded: true, at_start: true, first: *last, last: *last, head: *last };
            if let Some(from) = sync.next(now, reach) {
                out.send(&ClientFrame::Sync(frame::Sync { room_id: *room_id, from, limit: None }));
            }
        }
    }

    /// A page came. After the last one the events come by themselves again.
    pub(crate) fn page(&mut self, now: u64, page: &Events, rng: &mut Rng) {
        let Some(index) = self.rooms.iter().position(|(room, ..)| *room == page.room_id) else { return };
        let (_, last, sync) = &mut self.rooms[index];
        let first = page.events.first().map(|event| event.seq);
        if sync.asked() != Some(SyncFrom::After(*last)) || first.is_some_and(|first| first != last.next()) {
            return;
        }
        if page.has_more
            && let Some(event) = page.events.last()
        {
            *last = event.seq;
            sync.answered(now, true, rng);
        } else {
            self.rooms.remove(index);
        }
    }

    /// A question can't be answered for now. False where none is open.
    pub(crate) fn refused(
        &mut self,
        now: u64,
        room: RoomId,
        retry_after_ms: Option<u64>,
        rng: &mut Rng,
    ) -> bool {
        let is_it = |(known, _, sync): &&mut (RoomId, Seq, Sync)| *known == room && sync.asked().is_some();
        let Some((_, _, sync)) = self.rooms.iter_mut().find(is_it) else { return false };
        sync.refused(now, retry_after_ms, rng);
        true
    }

    /// The connection is gone; a new one begins with all rooms.
    pub(crate) fn lost(&mut self) {
        self.rooms.clear();
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.rooms.iter().filter_map(|(_, _, sync)| sync.timeout()).min()
    }
}
