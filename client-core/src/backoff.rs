//! How long to wait before the next try: full jitter, without end. It knows neither the time nor what is tried.

use crate::rng::Rng;

/// Half of the longest wait after the first failure; it doubles with every further one.
const BASE_MS: u64 = 500;

/// Nobody waits longer: a server that comes back after an hour has all its clients within half a minute.
const MOST_MS: u64 = 30_000;

/// From here on, the cap rules.
const DOUBLINGS: u32 = 6;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How many tries have failed in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure; milliseconds to wait now. After the first it is anything up to a second, so that
    /// the clients of one server don't come back as a herd.
    pub(crate) fn fail(&mut self, rng: &mut Rng) -> u64 {
        self.failures = self.failures.saturating_add(1);
        rng.up_to((BASE_MS << self.failures.min(DOUBLINGS)).min(MOST_MS))
    }

    /// It works again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest of many waits after that many failures.
    fn longest(failures: u32) -> u64 {
        let mut rng = Rng::new(5);
        let wait = |rng: &mut Rng| Backoff { failures: failures - 1 }.fail(rng);
        (0..5_000).map(|_| wait(&mut rng)).max().unwrap()
    }

    #[test]
    fn the_first_wait_is_within_a_second_and_later_ones_double_up_to_half_a_minute() {
        for (failures, most) in
            [(1, 1_000), (2, 2_000), (3, 4_000), (5, 16_000), (6, 30_000), (60, 30_000), (u32::MAX, 30_000)]
        {
            let longest = longest(failures);
            assert!(longest <= most && longest > most * 98 / 100, "{failures}: {longest}");
        }
    }

    #[test]
    fn what_works_again_starts_over() {
        let mut backoff = Backoff::default();
        let mut rng = Rng::new(1);
        for _ in 0..20 {
            backoff.fail(&mut rng);
        }
        assert_eq!(backoff.failures(), 20);
        backoff.reset();
        assert!(backoff.fail(&mut rng) <= 1_000);
    }
}
