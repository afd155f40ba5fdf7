//! Which page of a room is asked for, and when again: one way to catch up, for every cause. It knows how far
//! the run of events reaches, not what is in it.

use shared::{Seq, frame::SyncFrom};

use crate::{backoff::Backoff, rng::Rng, time::earliest};

/// From asking for a page to asking again on the same connection.
const SYNC_TIMEOUT_MS: u64 = 10_000;

/// An own message is acked before the events ahead of it in the log get here; only if they then don't come
/// by themselves, something is missing.
const OVERTAKEN_MS: u64 = 1_000;

/// The questions of one room.
#[derive(Debug, Default)]
pub(crate) struct Sync {
    asked: Option<(SyncFrom, u64)>,
    /// Not before that.
    not_before: Option<u64>,
    backoff: Backoff,
    /// Somebody wants an older page.
    pub(crate) back: bool,
    /// The server has stopped the live events; they go on after a question that it answers to the end.
    pub(crate) resume: bool,
    /// Events up to here are stored and don't come by themselves.
    goal: Seq,
    /// An event that should come by itself, and when it no longer can be waited for.
    expected: Option<(Seq, u64)>,
}

/// How far a room's run reaches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) loaded: bool,
    pub(crate) at_start: bool,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    /// The newest event that anybody has heard of.
    pub(crate) head: Seq,
}

impl Sync {
    /// Events up to that one have to be asked for.
    pub(crate) fn reach_for(&mut self, goal: Seq) {
        self.goal = self.goal.max(goal);
    }

    /// Events up to that one should come by themselves.
    pub(crate) fn expect(&mut self, now: u64, seq: Seq) {
        if self.expected.is_none_or(|(expected, _)| expected < seq) {
            self.expected = Some((seq, now + OVERTAKEN_MS));
        }
    }

    /// What is on its way.
    pub(crate) fn asked(&self) -> Option<SyncFrom> {
        self.asked.map(|(from, _)| from)
    }

    /// How many events have to be asked for.
    pub(crate) fn missing(&self, last: Seq) -> u64 {
        self.goal.get().saturating_sub(last.get())
    }

    /// Whether missed events are on their way, or will be.
    pub(crate) fn is_catching_up(&self, last: Seq) -> bool {
        self.goal > last || self.resume || matches!(self.asked, Some((SyncFrom::After(_), _)))
    }

    /// What has to be asked for now.
    pub(crate) fn next(&mut self, now: u64, reach: Reach) -> Option<SyncFrom> {
        if self.asked.is_some_and(|(_, deadline)| deadline <= now) {
            self.asked = None;
        }
        if self.not_before.is_some_and(|not_before| not_before <= now) {
            self.not_before = None;
        }
        match self.expected {
            Some((seq, _)) if reach.loaded && seq <= reach.last => self.expected = None,
            Some((seq, until)) if until <= now => {
                self.expected = None;
                self.reach_for(seq);
            }
            _ => {}
        }
        if self.asked.is_some() || self.not_before.is_some() {
            return None;
        }
        let from = if !reach.loaded {
            SyncFrom::Before(reach.head.max(self.goal).next())
        } else if self.goal > reach.last || self.resume {
            SyncFrom::After(reach.last)
        } else if self.back && !reach.at_start {
            SyncFrom::Before(reach.first)
        } else {
            self.back = false;
            return None;
        };
        self.asked = Some((from, now + SYNC_TIMEOUT_MS));
        Some(from)
    }

    /// The question is answered. `useful` where the answer brought the run further.
    pub(crate) fn answered(&mut self, now: u64, useful: bool, rng: &mut Rng) {
        if matches!(self.asked.take(), Some((SyncFrom::Before(_), _))) {
            self.back = false;
        }
        if useful {
            self.backoff.reset();
        } else {
            self.not_before = Some(now + self.backoff.fail(rng));
        }
    }

    /// The question was not answered for now.
    pub(crate) fn refused(&mut self, now: u64, retry_after_ms: Option<u64>, rng: &mut Rng) {
        self.asked = None;
        let wait = self.backoff.fail(rng).max(retry_after_ms.unwrap_or(0));
        self.not_before = Some(now.saturating_add(wait));
    }

    /// The connection is gone, and the question with it.
    pub(crate) fn lost(&mut self) {
        (self.asked, self.not_before, self.expected) = (None, None, None);
        self.resume = false;
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        earliest([
            self.asked.map(|(_, deadline)| deadline),
            self.not_before,
            self.expected.map(|(_, until)| until),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seq(seq: u64) -> Seq {
        Seq::new(seq).unwrap()
    }

    fn reach(last: u64) -> Reach {
        Reach { loaded: true, at_start: false, first: seq(1), last: seq(last), head: seq(last) }
    }

    #[test]
    fn the_newest_page_goes_before_what_is_missing_and_that_before_an_older_page() {
        let (mut sync, mut rng) = (Sync { back: true, ..Sync::default() }, Rng::new(1));
        sync.reach_for(seq(9));
        assert_eq!(sync.next(0, Reach { loaded: false, ..reach(5) }), Some(SyncFrom::Before(seq(10))));
        assert_eq!(sync.next(0, reach(5)), None, "one question at a time");
        sync.answered(0, true, &mut rng);
        sync.back = true;
        assert_eq!(sync.next(0, reach(5)), Some(SyncFrom::After(seq(5))));
        sync.answered(0, true, &mut rng);
        assert_eq!(sync.next(0, reach(9)), Some(SyncFrom::Before(seq(1))));
        sync.answered(0, true, &mut rng);
        assert_eq!((sync.next(0, reach(9)), sync.timeout()), (None, None));
    }

    #[test]
    fn an_unanswered_question_is_asked_again_after_its_time() {
        let mut sync = Sync::default();
        sync.reach_for(seq(9));
        assert_eq!(sync.next(0, reach(5)), Some(SyncFrom::After(seq(5))));
        assert_eq!((sync.next(9_999, reach(5)), sync.timeout()), (None, Some(10_000)));
        assert_eq!(sync.next(10_000, reach(5)), Some(SyncFrom::After(seq(5))));
    }

    #[test]
    fn useless_answers_are_asked_again_later_and_later() {
        let (mut sync, mut rng, mut now) = (Sync::default(), Rng::new(1), 0);
        sync.reach_for(seq(9));
        let mut longest = 0;
        for _ in 0..40 {
            assert!(sync.next(now, reach(5)).is_some());
            sync.answered(now, false, &mut rng);
            if let Some(later) = sync.timeout() {
                longest = longest.max(later - now);
                now = later;
            }
        }
        assert!(longest > 8_000 && longest <= 30_000, "{longest}");
    }

    #[test]
    fn what_should_come_by_itself_is_waited_for_a_second() {
        let mut sync = Sync::default();
        sync.expect(0, seq(8));
        assert_eq!((sync.next(999, reach(5)), sync.timeout()), (None, Some(1_000)));
        assert_eq!(sync.next(1_000, reach(5)), Some(SyncFrom::After(seq(5))));

        let mut sync = Sync::default();
        sync.expect(0, seq(8));
        assert_eq!((sync.next(500, reach(8)), sync.timeout()), (None, None), "it came");
    }

    #[test]
    fn stopped_events_are_asked_on_for_although_nothing_is_missing() {
        let mut sync = Sync { resume: true, ..Sync::default() };
        assert!(sync.is_catching_up(seq(5)));
        assert_eq!(sync.next(0, reach(5)), Some(SyncFrom::After(seq(5))));
        sync.lost();
        assert_eq!(sync.next(0, reach(5)), None, "a new connection begins with everything");
    }
}
