//! Pages of a room's events, by their place in the log and never by time.

use std::ops::RangeInclusive;

use shared::{
    Event, RoomId, Seq,
    frame::{Events, SyncFrom},
};

/// Bytes of text after which a page ends, however many events were asked for: a page of the longest messages would
/// be 1.6 MB, and waits in memory until a slow reader has taken it.
const PAGE_BYTES: usize = 256 * 1024;

/// Events of a room in ascending order, without holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The events.
    pub events: Vec<Event>,
    /// The head that the page was cut at.
    pub head: Seq,
    /// Whether there is more in the direction that was asked for.
    pub has_more: bool,
}

impl Page {
    /// As a frame.
    pub fn into_frame(self, room_id: RoomId) -> Events {
        Events { room_id, events: self.events, head: self.head, has_more: self.has_more }
    }
}

/// Which events a page holds: because seqs have no holes, that is arithmetic. Nothing for an empty page.
pub(super) fn range(from: SyncFrom, limit: u64, head: Seq) -> Option<RangeInclusive<u64>> {
    let (first, last) = match from {
        SyncFrom::After(seq) => (seq.get() + 1, seq.get().saturating_add(limit).min(head.get())),
        SyncFrom::Before(seq) => {
            let end = seq.get().min(head.get() + 1);
            (end.saturating_sub(limit).max(1), end.saturating_sub(1))
        }
    };
    (first <= last).then_some(first..=last)
}

impl Page {
    /// The page of nothing.
    pub(super) fn empty(head: Seq) -> Self {
        Self { events: Vec::new(), head, has_more: false }
    }

    /// The page of those events, which are all of a [`range`].
    pub(super) fn new(events: Vec<Event>, from: SyncFrom, range: &RangeInclusive<u64>, head: Seq) -> Self {
        let has_more = match from {
            SyncFrom::After(_) => *range.end() < head.get(),
            SyncFrom::Before(_) => *range.start() > 1,
        };
        Self { events, head, has_more }.cut(from)
    }

    /// Leaves the events nearest to where the page begins that fit its bytes, at least one.
    fn cut(mut self, from: SyncFrom) -> Self {
        let fits = match from {
            SyncFrom::After(_) => fitting(self.events.iter()),
            SyncFrom::Before(_) => fitting(self.events.iter().rev()),
        };
        self.has_more |= fits < self.events.len();
        match from {
            SyncFrom::After(_) => self.events.truncate(fits),
            SyncFrom::Before(_) => drop(self.events.drain(..self.events.len() - fits)),
        }
        self
    }
}

/// How many of these events fit a page.
fn fitting<'a>(events: impl Iterator<Item = &'a Event>) -> usize {
    let mut bytes = 0;
    let text = |event: &Event| event.body.content().map_or(0, str::len);
    let fit = events.take_while(|event| {
        let fits = bytes < PAGE_BYTES;
        bytes += text(event);
        fits
    });
    fit.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(value: u64) -> Seq {
        Seq::new(value).unwrap()
    }

    #[test]
    fn a_page_after_a_place_begins_with_the_next_event_and_ends_at_limit_or_head() {
        let after = |place, limit| range(SyncFrom::After(seq(place)), limit, seq(10));
        assert_eq!(after(0, 4), Some(1..=4));
        assert_eq!(after(8, 4), Some(9..=10));
        assert_eq!(after(10, 4), None);
        assert_eq!(after(11, 4), None);
        assert_eq!(range(SyncFrom::After(Seq::MAX), 4, seq(10)), None);
    }

    #[test]
    fn a_page_before_a_place_ends_with_the_event_before_it() {
        let before = |place, limit| range(SyncFrom::Before(seq(place)), limit, seq(10));
        assert_eq!(before(5, 3), Some(2..=4));
        assert_eq!(before(3, 4), Some(1..=2));
        assert_eq!(before(11, 3), Some(8..=10));
        assert_eq!(before(5_000, 3), Some(8..=10));
        assert_eq!(before(1, 3), None);
        assert_eq!(before(0, 3), None);
    }

    #[test]
    fn an_empty_room_has_only_empty_pages() {
        assert_eq!(range(SyncFrom::After(Seq::ZERO), 100, Seq::ZERO), None);
        assert_eq!(range(SyncFrom::Before(Seq::MAX), 100, Seq::ZERO), None);
    }
}
