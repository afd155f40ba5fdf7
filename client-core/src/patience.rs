//! When a missing connection is worth a word. It does not know why it is missing.

/// Short losses heal before anybody would have read the word.
const PATIENCE_MS: u64 = 2_000;

/// Counts the time without a connection.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    missing_since: Option<u64>,
    over: bool,
}

impl Patience {
    /// Whether the connection is missing at that moment.
    pub(crate) fn look(&mut self, now: u64, missing: bool) {
        self.missing_since = missing.then(|| self.missing_since.unwrap_or(now));
        self.over = self.missing_since.is_some_and(|since| since + PATIENCE_MS <= now);
    }

    /// Whether it has been missing for too long.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        self.missing_since.filter(|_| !self.over).map(|since| since + PATIENCE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seconds_go_by_in_silence_and_a_connection_ends_it_at_once() {
        let mut patience = Patience::default();
        patience.look(1_000, true);
        patience.look(2_999, true);
        assert_eq!((patience.is_over(), patience.timeout()), (false, Some(3_000)));
        patience.look(3_000, true);
        assert_eq!((patience.is_over(), patience.timeout()), (true, None));
        patience.look(3_001, false);
        assert_eq!((patience.is_over(), patience.timeout()), (false, None));
        patience.look(3_002, true);
        assert_eq!(patience.timeout(), Some(5_002));
    }
}
