//! A call that the client makes for itself and repeats until it is answered. It does not know which.

use crate::{backoff::Backoff, rng::Rng};

/// Something that has to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Errand {
    wanted: bool,
    under_way: bool,
    not_before: Option<u64>,
    backoff: Backoff,
}

impl Errand {
    /// It is wanted, again if it is under way: the answer may be older than the wish.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether it has to be asked, for the first time or again.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Whether to ask now; then it counts as asked.
    pub(crate) fn begin(&mut self, now: u64) -> bool {
        if self.not_before.is_some_and(|not_before| not_before <= now) {
            self.not_before = None;
        }
        let begins = self.wanted && !self.under_way && self.not_before.is_none();
        if begins {
            (self.wanted, self.under_way) = (false, true);
        }
        begins
    }

    pub(crate) fn done(&mut self) {
        self.under_way = false;
        self.backoff.reset();
    }

    /// It will be asked again.
    pub(crate) fn failed(&mut self, now: u64, retry_after_ms: Option<u64>, rng: &mut Rng) {
        (self.wanted, self.under_way) = (true, false);
        let wait = self.backoff.fail(rng).max(retry_after_ms.unwrap_or(0));
        self.not_before = Some(now.saturating_add(wait));
    }

    /// Nobody wants it any more; an answer that still comes is passed over.
    pub(crate) fn drop(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.not_before.filter(|_| self.wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_asked_once_and_again_when_it_was_wanted_meanwhile() {
        let mut errand = Errand::default();
        assert!(!errand.begin(0));
        errand.want();
        assert!(errand.begin(0) && !errand.begin(0));
        errand.want();
        assert!(!errand.begin(0), "one at a time");
        errand.done();
        assert!(errand.begin(0));
    }

    #[test]
    fn what_failed_is_asked_again_after_the_wait_that_was_asked_for() {
        let (mut errand, mut rng) = (Errand::default(), Rng::new(1));
        errand.want();
        assert!(errand.begin(0));
        errand.failed(0, Some(60_000), &mut rng);
        assert!(!errand.begin(59_999));
        assert_eq!(errand.timeout(), Some(60_000));
        assert!(errand.begin(60_000));
    }
}
