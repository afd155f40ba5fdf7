//! Which connection tokens were used. Bounded, and forgets what has expired anyway. Knows no clock.

use std::collections::HashSet;

use shared::Timestamp;

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It was used before.
    Used,
    /// More were used lately than are kept in mind.
    Overloaded,
}

/// The used tokens, in two sets: the older one is forgotten as a whole when all in it have expired.
#[derive(Debug)]
pub(crate) struct UsedTokens {
    lifetime_ms: u64,
    most: usize,
    newer_since: Timestamp,
    newer: HashSet<String>,
    older: HashSet<String>,
}

impl UsedTokens {
    /// `lifetime_ms` after its use, a token has expired for certain. At most `most` are kept in mind.
    pub(crate) fn new(lifetime_ms: u64, most: usize) -> Self {
        let newer_since = Timestamp::default();
        Self { lifetime_ms, most, newer_since, newer: HashSet::new(), older: HashSet::new() }
    }

    /// Uses a token up.
    pub(crate) fn take(&mut self, jti: &str, now: Timestamp) -> Result<(), NotTaken> {
        let age_ms = now.unix_ms().saturating_sub(self.newer_since.unix_ms());
        if age_ms >= self.lifetime_ms {
            self.older = std::mem::take(&mut self.newer);
            self.newer_since = now;
        }
        if self.older.contains(jti) || self.newer.contains(jti) {
            return Err(NotTaken::Used);
        }
        if self.older.len() + self.newer.len() >= self.most {
            return Err(NotTaken::Overloaded);
        }
        self.newer.insert(jti.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

    #[test]
    fn a_token_is_good_once_for_as_long_as_it_lives() {
        let mut used = UsedTokens::new(60_000, 3);
        assert_eq!(used.take("a", START), Ok(()));
        assert_eq!(used.take("b", START.plus_ms(59_999)), Ok(()));
        for later in [0, 1, 30_000, 59_999] {
            assert_eq!(used.take("b", START.plus_ms(59_999 + later)), Err(NotTaken::Used), "{later}");
        }
    }

    #[test]
    fn what_has_expired_is_forgotten() {
        let mut used = UsedTokens::new(60_000, 100);
        for minute in 0..100 {
            for n in 0..10 {
                used.take(&format!("{minute}-{n}"), START.plus_ms(minute * 60_000)).unwrap();
            }
            assert!(used.newer.len() + used.older.len() <= 20);
        }
    }

    #[test]
    fn a_flood_is_refused_rather_than_anything_forgotten() {
        let mut used = UsedTokens::new(60_000, 1_000);
        for n in 0..1_000 {
            used.take(&n.to_string(), START).unwrap();
        }
        assert_eq!(used.take("new", START), Err(NotTaken::Overloaded));
        assert_eq!(used.take("0", START), Err(NotTaken::Used));
        assert_eq!(used.take("new", START.plus_ms(120_000)), Err(NotTaken::Overloaded));
        assert_eq!(used.take("new", START.plus_ms(240_000)), Ok(()));
    }
}
