//! A rate limit with a burst (GCRA): one number per limiter. Knows no clock; the moment is an argument.
//!
//! Our own thirty lines because the moment must come from the caller: the simulator and the tests bring their
//! own time, and the published crates read the clock of the machine or want it as a type of theirs.

use std::time::Duration;

/// How fast something may happen. Shared by all limiters of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Between two that come at the steady rate.
    interval_ns: u64,
    /// How far ahead of the steady rate a burst may be.
    ahead_ns: u64,
}

impl Rate {
    /// `burst` at once, and then `count` per `period`. A rate beyond one per nanosecond lets everything through.
    pub fn new(burst: u64, count: u64, period: Duration) -> Self {
        let period_ns = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
        let interval_ns = period_ns / count.max(1);
        Self { interval_ns, ahead_ns: interval_ns.saturating_mul(burst.saturating_sub(1)) }
    }
}

/// One limiter: when it would be empty, had everything come at the steady rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gcra {
    empty_at_ns: u64,
}

impl Gcra {
    /// Takes one, if it may happen at `now` (measured from any fixed moment).
    ///
    /// # Errors
    /// How long to wait until one may happen. Nothing was taken.
    pub fn take(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let earliest = self.empty_at_ns.saturating_sub(rate.ahead_ns);
        if now < earliest {
            return Err(Duration::from_nanos(earliest - now));
        }
        self.empty_at_ns = self.empty_at_ns.max(now).saturating_add(rate.interval_ns);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(limiter: &mut Gcra, rate: Rate, now: Duration) -> usize {
        (0..1_000).take_while(|_| limiter.take(rate, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_at_once_and_then_the_steady_rate() {
        let rate = Rate::new(10, 100, 60 * SECOND);
        let mut limiter = Gcra::default();
        assert_eq!(taken(&mut limiter, rate, SECOND), 10);
        assert_eq!(taken(&mut limiter, rate, SECOND + Duration::from_millis(599)), 0);
        assert_eq!(taken(&mut limiter, rate, SECOND + Duration::from_millis(600)), 1);
        assert_eq!(taken(&mut limiter, rate, SECOND + Duration::from_millis(1_800)), 2);
        assert_eq!(taken(&mut limiter, rate, 3_600 * SECOND), 10);
    }

    #[test]
    fn a_refusal_says_when_and_costs_nothing() {
        let rate = Rate::new(1, 20, SECOND);
        let mut limiter = Gcra::default();
        limiter.take(rate, SECOND).unwrap();
        for _ in 0..5 {
            assert_eq!(limiter.take(rate, SECOND), Err(Duration::from_millis(50)));
        }
        limiter.take(rate, SECOND + Duration::from_millis(50)).unwrap();
    }

    #[test]
    fn a_raised_limit_is_as_good_as_none() {
        let rate = Rate::new(1_000_000, 1_000_000_000, SECOND);
        let mut limiter = Gcra::default();
        assert_eq!(taken(&mut limiter, rate, SECOND), 1_000);
    }
}
