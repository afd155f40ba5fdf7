//! The server's clock and its randomness: the one place where both come from.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::Timestamp;

/// The moment.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Bytes that nobody can guess, from a generator that the operating system has seeded.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}
