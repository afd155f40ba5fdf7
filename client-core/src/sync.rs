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
