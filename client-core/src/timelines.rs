//! The histories of the rooms that were shown last, and the questions that keep them whole. It knows frames
//! about events and nothing of rooms that were never shown.

use shared::{
    ClientFrame, Event, MsgNo, RoomId, Seq, UserId,
    api::RoomState,
    event::Profile,
    frame::{self, Events, SyncFrom},
};

use crate::{
    io::Change,
    out::Out,
    people::People,
    rng::Rng,
    snapshots::{Extent, ROWS_MOST},
    sync::{Reach, Sync},
    timeline::{Applied, Entry, Timeline},
    view::{HistoryView, Row, RowKey},
};

/// Rooms whose history is kept, the open one included: what somebody goes back and forth between.
pub(crate) const ROOMS_MOST: usize = 10;

/// Events of a room that is not open: two pages, so that it is there at once when it is opened again.
const CLOSED_MOST: usize = 200;

/// Events of the open room: a page that stays open for weeks does not grow for ever. Older ones can be paged to.
const OPEN_MOST: usize = 10_000;

/// Missed events that are asked for page by page. Whoever missed more starts at the newest page.
const CATCH_UP_MOST: u64 = 2_000;

/// The histories, the one opened last at the end.
#[derive(Debug, Default)]
pub(crate) struct Timelines {
    rooms: Vec<Known>,
    open: Option<RoomId>,
    people: People,
    /// How often events that had been missed were all fetched.
    repaired: u64,
}

#[derive(Debug)]
struct Known {
    room: RoomId,
    timeline: Timeline,
    sync: Sync,
}

impl Timelines {
    pub(crate) fn person(&self, user: UserId) -> Option<&Profile> {
        self.people.get(user)
    }

    /// That room is shown from now on. Gives back a room that is no longer kept although the server has
    /// stopped its events, with the last that is known of it.
    pub(crate) fn open(&mut self, room: RoomId) -> Option<(RoomId, Seq)> {
        self.close();
        self.open = Some(room);
        let known = match self.rooms.iter().position(|known| known.room == room) {
            Some(index) => self.rooms.remove(index),
            None => Known { room, timeline: Timeline::default(), sync: Sync::default() },
        };
        let evicted = (self.rooms.len() == ROOMS_MOST).then(|| self.rooms.remove(0));
        self.rooms.push(known);
        evicted.and_then(|known| known.sync.resume.then(|| (known.room, known.timeline.last())))
    }

    /// No room is shown.
    pub(crate) fn close(&mut self) {
        if let Some(room) = self.open.take()
            && let Some(known) = self.get_mut(room)
        {
            known.timeline.trim(CLOSED_MOST);
            known.sync.back = false;
        }
    }

    /// Takes in the newest events of a room as they were known before, where nothing newer is known; rooms come in
    /// the order in which they were last shown. False where that changed nothing.
    pub(crate) fn restore(&mut self, room: RoomId, events: Vec<Event>) -> bool {
        let Some(last) = events.last().map(|event| event.seq) else { return false };
        let people = &mut self.people;
        let page = events.into_iter().map(|event| (event.seq, Entry::new(event, people))).collect();
        if let Some(known) = self.rooms.iter_mut().find(|known| known.room == room) {
            let is_news = !known.timeline.is_loaded() && known.sync.asked().is_none();
            if is_news {
                known.timeline.newest(last.next(), page);
            }
            return is_news;
        }
        if self.rooms.len() == ROOMS_MOST {
            return false;
        }
        let mut known = Known { room, timeline: Timeline::default(), sync: Sync::default() };
        known.timeline.newest(last.next(), page);
        let is_open = |known: &Known| self.open == Some(known.room);
        let place = self.rooms.len() - usize::from(self.rooms.last().is_some_and(is_open));
        self.rooms.insert(place, known);
        true
    }

    /// The newest events of a room.
    pub(crate) fn tail(&self, room: RoomId) -> Vec<Event> {
        let known = self.get(room);
        let tail = known.into_iter().flat_map(|known| known.timeline.tail(ROWS_MOST));
        tail.map(|(seq, entry)| entry.event(room, seq)).collect()
    }

    /// How far the newest events of each room reach, where there are any.
    pub(crate) fn extents(&self) -> Vec<Extent> {
        let extent = |known: &Known| {
            let mut tail = known.timeline.tail(ROWS_MOST).map(|(seq, _)| seq);
            let first = tail.next()?;
            Some(Extent { room: known.room, first, last: tail.last().unwrap_or(first) })
        };
        self.rooms.iter().filter_map(extent).collect()
    }

    pub(crate) fn forget(&mut self, room: RoomId) {
        self.rooms.retain(|known| known.room != room);
        self.open = self.open.filter(|open| *open != room);
    }

    /// The log is another one: nothing that is known means anything.
    pub(crate) fn start_over(&mut self, out: &mut Out) {
        let open = self.open;
        self.rooms.retain(|known| Some(known.room) == open);
        for known in &mut self.rooms {
            (known.timeline, known.sync) = (Timeline::default(), Sync::default());
            out.changed(Change::Rows(known.room));
        }
    }

    /// Events of a room up to that one are stored and don't come by themselves.
    pub(crate) fn reach_for(&mut self, room: RoomId, head: Seq) {
        if let Some(known) = self.get_mut(room)
            && known.timeline.is_loaded()
        {
            known.sync.reach_for(head);
        }
    }

    /// The server has stopped that room's live events. False where its history is not kept.
    pub(crate) fn behind(&mut self, room: RoomId, head: Seq) -> bool {
        self.reach_for(room, head);
        let known = self.get_mut(room);
        known.map(|known| known.sync.resume = true).is_some()
    }

    /// A live event. `sent` where its row stood among those not stored, and whether as the first of them.
    pub(crate) fn live(&mut self, event: Event, sent: Option<bool>, out: &mut Out) {
        let (room, seq) = (event.room_id, event.seq);
        let open = self.open == Some(room);
        let Some(index) = self.rooms.iter().position(|known| known.room == room) else { return };
        let entry = Entry::new(event, &mut self.people);
        let known = &mut self.rooms[index];
        if let Some(first) = sent {
            known.settle(seq, entry, first, out);
            known.reach_beyond(seq);
        } else {
            match known.timeline.live(seq, entry) {
                Applied::Nothing => {}
                Applied::Rows => out.changed(Change::Rows(room)),
                Applied::Hole => known.reach_hole(),
            }
        }
        known.timeline.trim(if open { OPEN_MOST } else { CLOSED_MOST });
    }

    /// An own message is stored. `first` where its row stood as the first of those that are not.
    pub(crate) fn acked(&mut self, now: u64, event: Event, first: bool, out: &mut Out) {
        let (room, seq) = (event.room_id, event.seq);
        let Some(index) = self.rooms.iter().position(|known| known.room == room) else { return };
        let entry = Entry::new(event, &mut self.people);
        let known = &mut self.rooms[index];
        known.settle(seq, entry, first, out);
        if known.timeline.is_loaded() && known.timeline.last() < seq {
            known.sync.expect(now, seq);
        }
    }

    /// A page came.
    pub(crate) fn page(&mut self, now: u64, page: Events, rng: &mut Rng, out: &mut Out) {
        let Some(index) = self.rooms.iter().position(|known| known.room == page.room_id) else { return };
        let people = &mut self.people;
        let entry = |event: Event| (event.seq, Entry::new(event, people));
        let events: Vec<_> = page.events.into_iter().map(entry).collect();
        let known = &mut self.rooms[index];
        let first = events.first().map(|(seq, _)| *seq);
        let last = events.last().map(|(seq, _)| *seq);
        let timeline = &mut known.timeline;
        match known.sync.asked() {
            Some(SyncFrom::Before(before)) if !timeline.is_loaded() && ends_before(last, before) => {
                timeline.newest(before, events);
                known.sync.answered(now, true, rng);
            }
            Some(SyncFrom::Before(before)) if last.is_some_and(|last| last.next() == before) => {
                timeline.older(events);
                known.sync.answered(now, true, rng);
            }
            Some(SyncFrom::After(after)) if first.is_none_or(|first| first == after.next()) => {
                let useful = timeline.newer(events) == Applied::Rows;
                if page.has_more {
                    known.sync.reach_for(page.head);
                } else {
                    known.sync.resume = false;
                }
                let has_all = page.head <= timeline.last();
                self.repaired += u64::from(useful && has_all);
                known.sync.answered(now, useful || has_all, rng);
            }
            // The late answer to a question that was asked again: what fits is welcome.
            _ => {
                timeline.newer(events);
            }
        }
        known.reach_hole();
        out.changed(Change::Rows(page.room_id));
    }

    /// A question about that room can't be answered for now. False where none is open.
    pub(crate) fn refused(
        &mut self,
        now: u64,
        room: RoomId,
        retry_after_ms: Option<u64>,
        rng: &mut Rng,
    ) -> bool {
        let Some(known) = self.get_mut(room).filter(|known| known.sync.asked().is_some()) else {
            return false;
        };
        known.sync.refused(now, retry_after_ms, rng);
        true
    }

    /// Wants an older page.
    pub(crate) fn page_back(&mut self, room: RoomId, out: &mut Out) {
        if let Some(known) = self.get_mut(room)
            && known.timeline.is_loaded()
            && !known.timeline.is_at_start()
        {
            known.sync.back = true;
            out.changed(Change::Rows(room));
        }
    }

    /// Asks for what is missing.
    pub(crate) fn pump(&mut self, now: u64, head: impl Fn(RoomId) -> Option<Seq>, out: &mut Out) {
        if !out.online() {
            return;
        }
        for known in &mut self.rooms {
            let Some(head) = head(known.room) else { continue };
            if known.is_far_behind() {
                known.timeline.reset();
                out.changed(Change::Rows(known.room));
            }
            if let Some(from) = known.sync.next(now, known.reach(head)) {
                out.send(&ClientFrame::Sync(frame::Sync { room_id: known.room, from, limit: None }));
                out.changed(Change::Rows(known.room));
            }
        }
    }

    /// The connection is gone.
    pub(crate) fn lost(&mut self) {
        for known in &mut self.rooms {
            known.sync.lost();
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.rooms.iter().filter_map(|known| known.sync.timeout()).min()
    }

    pub(crate) fn keys(&self, room: RoomId) -> impl Iterator<Item = RowKey> {
        self.get(room).into_iter().flat_map(|known| known.timeline.keys())
    }

    pub(crate) fn row(&self, room: RoomId, key: RowKey) -> Option<Row> {
        self.get(room)?.timeline.row(key)
    }

    pub(crate) fn msg_no_at(&self, room: RoomId, seq: Seq) -> Option<MsgNo> {
        self.get(room)?.timeline.msg_no_at(seq)
    }

    /// How often events that had been missed were all fetched, in whatever room.
    pub(crate) fn repaired(&self) -> u64 {
        self.repaired
    }

    /// The last event of the run that is known of a room.
    pub(crate) fn last(&self, room: RoomId) -> Option<Seq> {
        self.get(room).filter(|known| known.timeline.is_loaded()).map(|known| known.timeline.last())
    }

    pub(crate) fn history(&self, room: RoomId) -> HistoryView {
        self.get(room).map_or_else(HistoryView::default, |Known { timeline, sync, .. }| HistoryView {
            loaded: timeline.is_loaded(),
            at_start: timeline.is_at_start(),
            paging: sync.back,
            catching_up: timeline.is_loaded() && sync.is_catching_up(timeline.last()),
        })
    }

    pub(crate) fn is_catching_up(&self, room: RoomId) -> bool {
        self.history(room).catching_up
    }

    /// Whether more of a room is here than a new connection begins with.
    pub(crate) fn has_more(&self, greeting: &RoomState) -> bool {
        let known = self.get(greeting.room.id).filter(|known| known.timeline.is_loaded());
        known.is_some_and(|known| known.timeline.last() > greeting.head)
    }

    fn get(&self, room: RoomId) -> Option<&Known> {
        self.rooms.iter().find(|known| known.room == room)
    }

    fn get_mut(&mut self, room: RoomId) -> Option<&mut Known> {
        self.rooms.iter_mut().find(|known| known.room == room)
    }
}

/// Whether a page with that last event is one of those before an event; only before the first there is none.
fn ends_before(last: Option<Seq>, before: Seq) -> bool {
    last.map_or(before.get() <= 1, |last| last < before)
}

impl Known {
    fn settle(&mut self, seq: Seq, entry: Entry, first: bool, out: &mut Out) {
        let in_place = self.timeline.settle(seq, entry);
        if !(first && in_place) {
            out.changed(Change::Rows(self.room));
        }
    }

    /// An own message came live at `seq`: if the run does not reach it, something is missing before it.
    fn reach_beyond(&mut self, seq: Seq) {
        if self.timeline.is_loaded() && self.timeline.last() < seq {
            self.sync.reach_for(seq);
        }
    }

    /// Live events that don't join the run leave a hole that has to be filled.
    fn reach_hole(&mut self) {
        if let Some(end) = self.timeline.hole_ends_at().filter(|_| self.timeline.is_loaded()) {
            self.sync.reach_for(end);
        }
    }

    fn is_far_behind(&self) -> bool {
        self.timeline.is_loaded() && self.sync.missing(self.timeline.last()) > CATCH_UP_MOST
    }

    fn reach(&self, head: Seq) -> Reach {
        Reach {
            loaded: self.timeline.is_loaded(),
            at_start: self.timeline.is_at_start(),
            first: self.timeline.first(),
            last: self.timeline.last(),
            head,
        }
    }
}
