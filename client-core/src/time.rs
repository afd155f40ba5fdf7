//! Time as the driver tells it.

use shared::Timestamp;

/// A moment, by both of the driver's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since any fixed moment, by a clock that never goes back. Every wait is measured by it.
    pub ms: u64,
    /// The time of day, by a clock that may jump. Only shown, and put into new ids.
    pub wall: Timestamp,
}

/// The earliest of several moments at which something is due.
pub(crate) fn earliest<const N: usize>(moments: [Option<u64>; N]) -> Option<u64> {
    moments.into_iter().flatten().min()
}

/// Whether that moment has come.
pub(crate) fn due(moment: Option<u64>, now: u64) -> bool {
    moment.is_some_and(|moment| moment <= now)
}
