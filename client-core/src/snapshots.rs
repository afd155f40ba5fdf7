//! When the newest events of the rooms, and the list of rooms, are written for the next time: some time after they
//! have changed, and not at every change. It knows neither events nor a store.

use shared::{RoomId, Seq};

/// Rows that are kept of a room: as many as a server gives in a page unless it is told otherwise, so that a page that
/// begins with them shows what one without them would.
pub(crate) const ROWS_MOST: usize = 100;

/// Rooms of the list that are kept; the others come with the connection.
pub(crate) const ROOMS_MOST: usize = 100;

/// From a change to writing it: a room in which a thousand messages arrive is written a few times, and what a crash
/// takes is fetched again.
const DELAY_MS: u64 = 2_000;

/// The first and the last event of what can be kept of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) room: RoomId,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
}

/// What is written, and when the next time is.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    written: Vec<Extent>,
    /// The list of rooms is another one than what is written.
    list: bool,
    due: Option<u64>,
}

/// What has to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) list: bool,
    pub(crate) write: Vec<RoomId>,
    pub(crate) remove: Vec<RoomId>,
}

impl Snapshots {
    /// The list of rooms, or whoever they belong to, has changed.
    pub(crate) fn list_changed(&mut self) {
        self.list = true;
    }

    /// That was written before, and is what is known now, or was.
    pub(crate) fn found(&mut self, extent: Extent) {
        self.written.retain(|known| known.room != extent.room);
        self.written.push(extent);
    }

    /// The log is another one: what was written is replaced even where the new one reaches as far.
    pub(crate) fn start_over(&mut self) {
        for extent in &mut self.written {
            (extent.first, extent.last) = (Seq::ZERO, Seq::ZERO);
        }
    }

    /// Whether the time of what has changed has not come.
    pub(crate) fn waits(&self, now: u64) -> bool {
        self.due.is_some_and(|due| due > now)
    }

    /// What has to be written now that there is `there`; at once where `at_once`.
    pub(crate) fn look(&mut self, now: u64, there: &[Extent], at_once: bool) -> Option<Work> {
        let is_new = |extent: &&Extent| !self.written.contains(extent);
        let is_gone = |known: &&Extent| there.iter().all(|extent| extent.room != known.room);
        let write: Vec<_> = there.iter().filter(is_new).map(|extent| extent.room).collect();
        let remove: Vec<_> = self.written.iter().filter(is_gone).map(|extent| extent.room).collect();
        if !self.list && write.is_empty() && remove.is_empty() {
            self.due = None;
            return None;
        }
        let due = *self.due.get_or_insert(now.saturating_add(DELAY_MS));
        if due > now && !at_once {
            return None;
        }
        self.due = None;
        self.written = there.to_vec();
        Some(Work { list: std::mem::take(&mut self.list), write, remove })
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn extent(id: u128, last: u64) -> Extent {
        let room = RoomId::from_uuid(Uuid::from_u128(id));
        Extent { room, first: Seq::ZERO.next(), last: Seq::new(last).unwrap() }
    }

    #[test]
    fn many_changes_are_written_once_after_a_while_and_nothing_is_due_then() {
        let mut snapshots = Snapshots::default();
        for last in 1..1_000 {
            assert_eq!(snapshots.look(last, &[extent(1, last)], false), None);
        }
        assert_eq!(snapshots.timeout(), Some(1 + DELAY_MS));
        let work = snapshots.look(1 + DELAY_MS, &[extent(1, 1_000)], false).unwrap();
        assert_eq!(work, Work { list: false, write: vec![extent(1, 0).room], remove: vec![] });
        assert_eq!((snapshots.look(9_999, &[extent(1, 1_000)], true), snapshots.timeout()), (None, None));
    }

    #[test]
    fn a_page_that_goes_away_is_written_at_once() {
        let mut snapshots = Snapshots::default();
        snapshots.list_changed();
        let work = snapshots.look(0, &[extent(1, 1), extent(2, 1)], true).unwrap();
        assert_eq!((work.list, work.write.len()), (true, 2));
    }

    #[test]
    fn a_room_whose_history_is_kept_no_longer_is_removed() {
        let mut snapshots = Snapshots::default();
        snapshots.found(extent(1, 5));
        snapshots.found(extent(2, 5));
        let work = snapshots.look(0, &[extent(2, 5)], true).unwrap();
        assert_eq!(work, Work { list: false, write: vec![], remove: vec![extent(1, 0).room] });
    }
}
