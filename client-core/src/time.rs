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
