//! When a refresh token is good: a pure judgement over what is stored of the session. Knows neither clock,
//! nor cookie, nor database.
//!
//! A session counts generations. Its newest refresh token names the newest generation; presenting it makes
//! the next one. Answers get lost and two tabs ask at once, so the token before the newest is answered with
//! the newest *again* while nobody can have worked with that, or shortly after it was made. Whoever presents
//! anything older holds a copy: the session ends for everybody who has it.

use shared::Timestamp;

/// Milliseconds after a rotation in which the token before it is still answered: two tabs, one slow network.
pub const REPEAT_MS: u64 = 30_000;

/// Milliseconds that a session lives without being renewed: 30 days, as the cookie says.
pub const IDLE_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// What is stored of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionState {
    /// The newest generation; the first is 1.
    pub generation: u64,
    /// The newest generation whose answer is known to have arrived, because its access token was used.
    pub confirmed: u64,
    /// When the newest generation was made.
    pub rotated_at: Timestamp,
    /// Whether the session was ended.
    pub revoked: bool,
}

/// What to do with a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Store this as the newest generation, made now, and answer with it.
    Renew {
        /// The generation.
        generation: u64,
    },
    /// Store nothing and answer with the newest generation again.
    Repeat {
        /// The generation.
        generation: u64,
    },
    /// A copy is about: end the session and close its sockets.
    Revoke,
    /// The session is over; there is nothing to do.
    Refuse,
}

/// Judges the token of generation `presented`, which was signed by this server, at the moment `now`.
pub fn judge(session: &SessionState, presented: u64, now: Timestamp) -> Verdict {
    let age_ms = now.unix_ms().saturating_sub(session.rotated_at.unix_ms());
    let newest = session.generation;
    if session.revoked || age_ms > IDLE_MS || presented > newest {
        return Verdict::Refuse;
    }
    if presented == newest {
        return Verdict::Renew { generation: newest + 1 };
    }
    let arrived = session.confirmed >= newest;
    if presented + 1 == newest && (!arrived || age_ms <= REPEAT_MS) {
        return Verdict::Repeat { generation: newest };
    }
    Verdict::Revoke
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

    fn session(generation: u64, confirmed: u64) -> SessionState {
        SessionState { generation, confirmed, rotated_at: MADE, revoked: false }
    }

    #[test]
    fn the_newest_token_makes_the_next_generation() {
        assert_eq!(judge(&session(1, 0), 1, MADE), Verdict::Renew { generation: 2 });
        assert_eq!(judge(&session(7, 7), 7, MADE.plus_ms(IDLE_MS)), Verdict::Renew { generation: 8 });
    }

    #[test]
    fn a_lost_answer_is_given_again_however_late() {
        let much_later = MADE.plus_ms(20 * 24 * 60 * 60 * 1000);
        assert_eq!(judge(&session(5, 4), 4, much_later), Verdict::Repeat { generation: 5 });
    }

    #[test]
    fn two_tabs_that_ask_at_once_get_the_same_answer() {
        let arrived = session(5, 5);
        assert_eq!(judge(&arrived, 4, MADE), Verdict::Repeat { generation: 5 });
        assert_eq!(judge(&arrived, 4, MADE.plus_ms(REPEAT_MS)), Verdict::Repeat { generation: 5 });
    }

    #[test]
    fn the_token_before_the_newest_ends_the_session_once_the_newest_is_in_use() {
        assert_eq!(judge(&session(5, 5), 4, MADE.plus_ms(REPEAT_MS + 1)), Verdict::Revoke);
    }

    #[test]
    fn anything_older_ends_the_session_at_once() {
        for confirmed in [0, 4, 5] {
            assert_eq!(judge(&session(5, confirmed), 3, MADE), Verdict::Revoke);
            assert_eq!(judge(&session(5, confirmed), 0, MADE), Verdict::Revoke);
        }
    }

    #[test]
    fn a_session_that_is_over_stays_over() {
        let revoked = SessionState { revoked: true, ..session(5, 5) };
        let too_late = MADE.plus_ms(IDLE_MS + 1);
        for presented in 0..=6 {
            assert_eq!(judge(&revoked, presented, MADE), Verdict::Refuse);
            assert_eq!(judge(&session(5, 5), presented, too_late), Verdict::Refuse);
        }
    }

    #[test]
    fn a_generation_that_was_never_made_is_refused_and_ends_nothing() {
        assert_eq!(judge(&session(5, 5), 6, MADE), Verdict::Refuse);
        assert_eq!(judge(&session(5, 5), u64::MAX, MADE), Verdict::Refuse);
    }

    #[test]
    fn a_clock_that_stepped_back_harms_nobody() {
        let before = Timestamp::from_unix_ms(MADE.unix_ms() - 3_600_000);
        assert_eq!(judge(&session(5, 5), 5, before), Verdict::Renew { generation: 6 });
        assert_eq!(judge(&session(5, 5), 4, before), Verdict::Repeat { generation: 5 });
    }
}
