//! Moments on the wire: RFC 3339 in UTC with milliseconds. Made by the server's clock, never by this crate.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::json::{self, Text};

/// Milliseconds since 1970-01-01T00:00:00Z, between 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(u64);

/// The first millisecond of the year 10000, which RFC 3339 can't write.
const END: u64 = 253_402_300_800_000;

/// A text that is not a moment in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a moment as RFC 3339 in UTC, such as 2026-01-31T12:00:00.000Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The moment that many milliseconds after 1970; the end of 9999 for anything later.
    pub const fn from_unix_ms(unix_ms: u64) -> Self {
        Self(if unix_ms < END { unix_ms } else { END - 1 })
    }

    /// Milliseconds since 1970.
    pub const fn unix_ms(self) -> u64 {
        self.0
    }

    /// This moment and `ms` milliseconds more.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self::from_unix_ms(self.0.saturating_add(ms))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = UNIX_EPOCH + Duration::from_millis(self.0);
        humantime::format_rfc3339_millis(moment).fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let moment = humantime::parse_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        from_system_time(moment).ok_or(InvalidTimestamp)
    }
}

fn from_system_time(moment: SystemTime) -> Option<Timestamp> {
    let since = moment.duration_since(UNIX_EPOCH).ok()?;
    let unix_ms = u64::try_from(since.as_millis()).ok()?;
    (unix_ms < END).then_some(Timestamp(unix_ms))
}

impl Text for Timestamp {
    const EXPECTED: &'static str = "a moment as RFC 3339 in UTC";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn append(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

json::text!(Timestamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        let moment = Timestamp::from_unix_ms(1_795_000_000_007);
        assert_eq!(moment.to_string(), "2026-11-18T11:06:40.007Z");
        assert_eq!("2026-11-18T11:06:40.007Z".parse(), Ok(moment));
    }

    #[test]
    fn what_can_not_be_written_is_not_a_moment() {
        assert_eq!(Timestamp::from_unix_ms(u64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        for wrong in ["", "yesterday", "1969-12-31T23:59:59.000Z", "2026-13-01T00:00:00.000Z"] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(InvalidTimestamp), "{wrong}");
        }
    }
}
