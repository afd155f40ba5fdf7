//! When a refresh token is good: a pure judgement over what is stored of the session. Knows neither clock,
//! nor cookie, nor database.
//!
//! A session counts generations. Its newest refresh token names the newest generation, and presenting it makes the
//! next one, but not within [`REPEAT_MS`] of its making: then the newest is answered *again*. The token before the
//! newest is answered with the newest too, for so long, and for as long as nobody has worked with that: answers get
//! lost. Whoever presents anything older holds a copy: the session ends for everybody who has it.
//!
//! So only two generations are good at a time, however many tabs ask and however often a page is loaded anew, and a
//! call that is under way for less than half of [`REPEAT_MS`] is never taken for a copy's. Whoever has the newest is
//! not given it once more: the answer could come after one with the next, and put it into its place.
//!
//! Whoever stole the newest token gains nothing by the wait beyond what the token gave them anyway: access tokens, for
//! as long as nobody notices. The first to present it after the wait makes the next generation, and the other one
//! gives the copy away.

use shared::Timestamp;

/// Milliseconds after a generation was made in which it is the answer to itself and to the one before it: twice the
/// 15 s that a page waits for an answer, so that no call of a page that is gone comes later.
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
    /// When the newest generation was made, or last given to somebody who had the one before it and had lost the
    /// answer.
    pub rotated_at: Timestamp,
    /// Whether the session was ended.
    pub revoked: bool,
}

/// What to do with a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Store this as the newest generation, made now, and answer with it. It may be the newest one already.
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
    let just_made = age_ms <= REPEAT_MS;
    match newest - presented {
        // The clock was put back: the wait begins anew, so that it ends.
        0 if now < session.rotated_at => Verdict::Renew { generation: newest },
        0 if !just_made => Verdict::Renew { generation: newest + 1 },
        // Whoever asks has not had the answer, and other calls of theirs may be under way: the wait begins anew.
        1 if session.confirmed < newest => Verdict::Renew { generation: newest },
        0 | 1 if just_made => Verdict::Repeat { generation: newest },
        _ => Verdict::Revoke,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

    fn session(generation: u64, confirmed: u64) -> SessionState {
        SessionState { generation, confirmed, rotated_at: MADE, revoked: false }
    }

    #[test]
    fn the_newest_token_makes_the_next_generation_after_a_wait() {
        for confirmed in [6, 7] {
            let session = session(7, confirmed);
            assert_eq!(judge(&session, 7, MADE), Verdict::Repeat { generation: 7 });
            assert_eq!(judge(&session, 7, MADE.plus_ms(REPEAT_MS)), Verdict::Repeat { generation: 7 });
            assert_eq!(judge(&session, 7, MADE.plus_ms(REPEAT_MS + 1)), Verdict::Renew { generation: 8 });
            assert_eq!(judge(&session, 7, MADE.plus_ms(IDLE_MS)), Verdict::Renew { generation: 8 });
        }
    }

    #[test]
    fn a_lost_answer_is_given_again_however_late_and_the_session_lives_on_from_there() {
        for late in [0, REPEAT_MS + 1, IDLE_MS] {
            let verdict = judge(&session(5, 4), 4, MADE.plus_ms(late));
            assert_eq!(verdict, Verdict::Renew { generation: 5 }, "{late} ms");
        }
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
    fn a_clock_that_stepped_back_harms_nobody_and_holds_nothing_up() {
        let mut session = session(5, 5);
        let mut now = Timestamp::from_unix_ms(MADE.unix_ms() - 3_600_000);
        assert_eq!(judge(&session, 4, now), Verdict::Repeat { generation: 5 });
        assert_eq!(present(&mut session, 5, now), Some(5));
        now = now.plus_ms(REPEAT_MS + 1);
        assert_eq!(present(&mut session, 5, now), Some(6));
    }

    /// Presents a token and stores what follows, as the committer does. The generation that is answered.
    fn present(session: &mut SessionState, presented: u64, now: Timestamp) -> Option<u64> {
        match judge(session, presented, now) {
            Verdict::Renew { generation } => {
                *session = SessionState { generation, rotated_at: now, ..*session };
                Some(generation)
            }
            Verdict::Repeat { generation } => Some(generation),
            Verdict::Revoke => {
                session.revoked = true;
                None
            }
            Verdict::Refuse => None,
        }
    }

    /// A browser whose pages ask at random for renewals. A call and its answer take up to half of the wait together,
    /// and come in any order; an answer may be lost, or come for a page that is gone.
    #[test]
    fn no_storm_of_reloads_and_tabs_ends_a_session() {
        let mut made = 0;
        for seed in 1..=2_000_u64 {
            let mut dice = seed;
            let mut draw = |below: u64| {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (dice >> 33) % below
            };
            let (mut state, mut jar) = (session(1, 0), 1);
            // When it arrives, and with what: a call with a token, or an answer with one.
            let (mut calls, mut answers) = (Vec::<(u64, u64, u64)>::new(), Vec::<(u64, u64)>::new());
            let mut asks = 0;
            let pause = 1 + draw(20_000);
            for _ in 0..200 {
                let call = calls.iter().map(|call| call.0).min().unwrap_or(u64::MAX);
                let answer = answers.iter().map(|answer| answer.0).min().unwrap_or(u64::MAX);
                if asks <= call && asks <= answer {
                    let takes = draw(REPEAT_MS / 2);
                    calls.push((asks + takes, jar, REPEAT_MS / 2 - takes));
                    asks += draw(pause);
                } else if call <= answer {
                    let index = calls.iter().position(|due| due.0 == call).unwrap();
                    let (at, presented, left) = calls.swap_remove(index);
                    let answer = present(&mut state, presented, MADE.plus_ms(at));
                    let answer = answer.unwrap_or_else(|| panic!("seed {seed}: {presented} of {state:?}"));
                    if answer != presented && draw(3) > 0 {
                        answers.push((at + draw(left), answer));
                    }
                } else {
                    let index = answers.iter().position(|due| due.0 == answer).unwrap();
                    jar = answers.swap_remove(index).1;
                    if draw(2) == 0 {
                        state.confirmed = state.confirmed.max(jar);
                    }
                }
            }
            made += state.generation - 1;
        }
        assert!(made > 2_000, "the generations go on: {made}");
    }

    #[test]
    fn a_stolen_token_is_found_out_when_the_second_of_the_two_presents_it() {
        let mut session = session(3, 3);
        let hour = |hours: u64| MADE.plus_ms(hours * 3_600_000);
        assert_eq!(present(&mut session, 3, hour(1)), Some(4), "one of the two");
        session.confirmed = 4;
        assert_eq!(present(&mut session, 3, hour(2)), None, "the other one");
        assert_eq!(present(&mut session, 4, hour(2)), None, "and everybody");
    }

    #[test]
    fn a_stolen_token_that_is_used_within_the_wait_is_found_out_after_it() {
        let mut session = session(3, 3);
        assert_eq!(present(&mut session, 3, MADE.plus_ms(REPEAT_MS)), Some(3), "the thief, unnoticed");
        assert_eq!(present(&mut session, 3, MADE.plus_ms(900_000)), Some(4), "the owner");
        session.confirmed = 4;
        assert_eq!(present(&mut session, 3, MADE.plus_ms(940_000)), None, "the thief again");
        assert!(session.revoked);
    }
}
