//! Why a socket was closed, and what the client does about it.

/// A WebSocket close code that this protocol gives a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: done.
    Normal,
    /// 1001: done, the other side goes away.
    GoingAway,
    /// 1002: a broken WebSocket frame.
    Protocol,
    /// 1003: a binary frame; this protocol is text.
    Unsupported,
    /// 1006: nothing was said, the connection just ended. Never sent, only seen.
    Abnormal,
    /// 1007: bad UTF-8.
    InvalidText,
    /// 1008: flooding went on after errors.
    Policy,
    /// 1009: a frame or message larger than `frame_bytes`.
    TooBig,
    /// 1011: the server made a mistake.
    Internal,
    /// 1012: the server restarts.
    Restart,
    /// 1013: overloaded. A reader that takes nothing is dropped without it, and counted under it.
    TryAgainLater,
    /// 4001: not authenticated; token expired, used or revoked.
    Unauthenticated,
    /// 4003: may not be here: banned, or the account is gone.
    Forbidden,
    /// Any other code.
    Other(u16),
}

/// What a client does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComeBack {
    /// Stays away until a person asks.
    No,
    /// Comes back with backoff, no sooner than `at_least_ms`.
    Backoff {
        /// Milliseconds.
        at_least_ms: u64,
    },
    /// Comes back after the `reconnect_after_ms` of `server_shutdown`; with backoff where there was none.
    AsTold,
    /// Gets a new token first; is signed out if it can't.
    NewToken,
}

/// A flooder stays away for at least that long: the frame limiter has refilled many times over by then.
const AFTER_FLOOD_MS: u64 = 10_000;

impl CloseCode {
    /// The code for that number.
    pub const fn from_u16(code: u16) -> Self {
        match code {
            1000 => Self::Normal,
            1001 => Self::GoingAway,
            1002 => Self::Protocol,
            1003 => Self::Unsupported,
            1006 => Self::Abnormal,
            1007 => Self::InvalidText,
            1008 => Self::Policy,
            1009 => Self::TooBig,
            1011 => Self::Internal,
            1012 => Self::Restart,
            1013 => Self::TryAgainLater,
            4001 => Self::Unauthenticated,
            4003 => Self::Forbidden,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    pub const fn as_u16(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::Abnormal => 1006,
            Self::InvalidText => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::Restart => 1012,
            Self::TryAgainLater => 1013,
            Self::Unauthenticated => 4001,
            Self::Forbidden => 4003,
            Self::Other(code) => code,
        }
    }

    /// Whether and how the client comes back.
    pub const fn come_back(self) -> ComeBack {
        match self {
            Self::Normal | Self::GoingAway | Self::Forbidden => ComeBack::No,
            Self::Policy => ComeBack::Backoff { at_least_ms: AFTER_FLOOD_MS },
            Self::Restart => ComeBack::AsTold,
            Self::Unauthenticated => ComeBack::NewToken,
            Self::Protocol
            | Self::Unsupported
            | Self::Abnormal
            | Self::InvalidText
            | Self::TooBig
            | Self::Internal
            | Self::TryAgainLater
            | Self::Other(_) => ComeBack::Backoff { at_least_ms: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_way_there_and_back() {
        for code in 0..=u16::MAX {
            assert_eq!(CloseCode::from_u16(code).as_u16(), code);
        }
    }

    #[test]
    fn only_a_polite_end_and_a_closed_door_keep_a_client_away() {
        let stays_away: Vec<_> =
            (0..=u16::MAX).filter(|code| CloseCode::from_u16(*code).come_back() == ComeBack::No).collect();
        assert_eq!(stays_away, [1000, 1001, 4003]);
        assert_eq!(CloseCode::Policy.come_back(), ComeBack::Backoff { at_least_ms: 10_000 });
        assert_eq!(CloseCode::Restart.come_back(), ComeBack::AsTold);
        assert_eq!(CloseCode::Unauthenticated.come_back(), ComeBack::NewToken);
    }
}
