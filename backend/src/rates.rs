//! How often one person or one address may call, with a bounded memory of who did. Knows no clock.

use std::{collections::HashMap, hash::Hash, sync::Mutex, time::Duration};

use crate::chat::rate::{Gcra, Rate};

/// Callers kept in mind at once, per limit: 2 MiB or so. At more, newcomers wait rather than that somebody is
/// forgotten, who could then begin anew.
const MOST: usize = 32_768;
/// All limits here are per minute, so that whoever was away that long has all of it again.
const PERIOD: Duration = Duration::from_secs(60);

/// One limit for many callers.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Rate,
    limiters: Mutex<Limiters<K>>,
}

/// The callers of this minute and of the one before, which is forgotten as a whole.
#[derive(Debug)]
struct Limiters<K> {
    newer_since: Duration,
    newer: HashMap<K, Gcra>,
    older: HashMap<K, Gcra>,
}

impl<K: Eq + Hash> Rates<K> {
    /// So many a minute, and as many at once.
    pub fn per_minute(count: u64) -> Self {
        let limiters = Limiters { newer_since: Duration::ZERO, newer: HashMap::new(), older: HashMap::new() };
        Self { rate: Rate::new(count, count, PERIOD), limiters: Mutex::new(limiters) }
    }

    /// Takes one for `caller` at `now`, measured from any fixed moment.
    ///
    /// # Errors
    /// How long to wait.
    pub fn take(&self, caller: K, now: Duration) -> Result<(), Duration> {
        let mut limiters = self.limiters.lock().expect("nobody panics while holding this lock");
        if now.saturating_sub(limiters.newer_since) >= PERIOD {
            limiters.older = std::mem::take(&mut limiters.newer);
            limiters.newer_since = now;
        }
        if limiters.newer.len() >= MOST && !limiters.newer.contains_key(&caller) {
            return Err(limiters.newer_since + PERIOD - now);
        }
        let before = limiters.older.remove(&caller).unwrap_or_default();
        limiters.newer.entry(caller).or_insert(before).take(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);

    #[test]
    fn each_caller_has_a_limit_of_their_own() {
        let rates = Rates::per_minute(3);
        for caller in ["a", "b"] {
            for _ in 0..3 {
                rates.take(caller, START).unwrap();
            }
            assert_eq!(rates.take(caller, START), Err(Duration::from_secs(20)));
        }
        rates.take("a", START + Duration::from_secs(20)).unwrap();
    }

    #[test]
    fn nobody_is_forgotten_before_they_have_all_of_it_again() {
        let rates = Rates::per_minute(2);
        rates.take("first", START).unwrap();
        let late = START + Duration::from_secs(59);
        rates.take("a", late).unwrap();
        rates.take("a", late).unwrap();
        for later in [0, 1, 29] {
            assert!(rates.take("a", late + Duration::from_secs(later)).is_err(), "{later}");
        }
        rates.take("a", late + Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn a_flood_of_callers_takes_bounded_memory_and_ends() {
        let rates = Rates::per_minute(1);
        for caller in 0..MOST {
            rates.take(caller, START).unwrap();
        }
        assert!(rates.take(MOST, START).is_err());
        assert!(rates.take(0, START).is_err());
        let later = START + PERIOD;
        rates.take(MOST, later).unwrap();
        rates.take(0, later).unwrap();
        let limiters = rates.limiters.lock().unwrap();
        assert!(limiters.newer.len() + limiters.older.len() <= 2 * MOST);
    }
}
