//! When a refresh token is good: cases, drawn storms, dying browsers and thieves.

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
        let mut dice = Dice(seed);
        let mut draw = |below: u64| dice.below(below);
        let (mut state, mut jar) = (session(1, 0), 1);
        // When it arrives, and with what: a call with a token, or an answer with one.
        let (mut calls, mut answers) = (Vec::<(u64, u64, u64)>::new(), Vec::<(u64, u64)>::new());
        let mut asks = 0;
        let pause = 1 + draw(60_000);
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
    assert_eq!(present(&mut session, 3, MADE.plus_ms(900_001 + REPEAT_MS)), None, "the thief again");
    assert!(session.revoked);
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn up_to_one_of(&mut self, most: [u64; 3]) -> u64 {
        let index = usize::try_from(self.below(3)).unwrap();
        self.below(most[index])
    }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long a page works with an access token before it fetches the next.
const RENEWED_AFTER: u64 = 14 * MINUTE;

/// A browser with one page and its socket, or a thief who has one. Moments are milliseconds since [`MADE`].
struct Browser {
    /// The cookie that it sends, and the one that is on its disk.
    jar: u64,
    disk: u64,
    /// When it began to collect changes that are not on the disk.
    unsaved_since: Option<u64>,
    proof: Proof,
    renews_at: u64,
}

impl Browser {
    fn with(cookie: u64) -> Self {
        let proof = Proof::default();
        Self { jar: cookie, disk: cookie, unsaved_since: None, proof, renews_at: 0 }
    }

    /// As much later as Chromium writes them.
    fn save(&mut self, now: u64) {
        if self.unsaved_since.is_some_and(|since| now >= since + 30 * SECOND) {
            (self.disk, self.unsaved_since) = (self.jar, None);
        }
    }

    /// The page fetches an access token and gives it to its socket. Whether it is signed in.
    fn renew(&mut self, state: &mut SessionState, now: u64) -> bool {
        self.save(now);
        let Some(generation) = present(state, self.jar, MADE.plus_ms(now)) else { return false };
        if generation != self.jar {
            self.jar = generation;
            self.unsaved_since.get_or_insert(now);
        }
        self.proof.expect(generation, MADE.plus_ms(now));
        self.renews_at = now + RENEWED_AFTER;
        true
    }

    /// The page is loaded: a new socket.
    fn load(&mut self, state: &mut SessionState, now: u64) -> bool {
        self.proof = Proof::default();
        self.renew(state, now)
    }

    /// The page answers a ping of its socket, and renews when it is time. Whether it is signed in.
    fn live(&mut self, state: &mut SessionState, now: u64) -> bool {
        self.save(now);
        if let Some(generation) = self.proof.at(MADE.plus_ms(now)) {
            state.confirmed = state.confirmed.max(generation);
            self.proof.said();
        }
        now < self.renews_at || self.renew(state, now)
    }

    /// It is killed. Whether its disk has an older cookie than it had.
    fn die(&mut self, now: u64) -> bool {
        self.save(now);
        let has_lost = self.disk != self.jar;
        *self = Self::with(self.disk);
        has_lost
    }
}

#[test]
fn a_browser_that_dies_before_it_has_written_its_cookie_is_still_signed_in_however_late_it_comes_back() {
    let (mut lost, mut made) = (0, 0);
    for seed in 1..=300 {
        let (mut dice, mut state, mut now) = (Dice(seed), session(1, 0), 0);
        let mut browser = Browser::with(1);
        for life in 0..40 {
            assert!(browser.load(&mut state, now), "seed {seed}, life {life}: {state:?}");
            let end = now + dice.up_to_one_of([10 * SECOND, 2 * MINUTE, HOUR]);
            while now < end {
                now = (now + 25 * SECOND).min(end);
                assert!(browser.live(&mut state, now), "seed {seed}, life {life}: {state:?}");
                if dice.below(40) == 0 {
                    assert!(browser.load(&mut state, now), "seed {seed}, life {life}: {state:?}");
                }
            }
            lost += u64::from(browser.die(now));
            now += dice.up_to_one_of([10 * SECOND, 5 * MINUTE, 29 * DAY]);
        }
        made += state.generation;
    }
    assert!(lost > 1_000, "cookies were lost: {lost}");
    assert!(made > 5_000, "the generations go on: {made}");
}

#[test]
fn a_thief_who_keeps_up_with_the_owner_is_found_out() {
    let mut latest = 0;
    for seed in 1..=300 {
        let (mut dice, mut state, mut now) = (Dice(seed), session(1, 1), 0);
        let mut both = [Browser::with(1), Browser::with(1)];
        let mut begins = [0, dice.below(HOUR)];
        while !state.revoked {
            now += SECOND;
            assert!(now < DAY, "seed {seed}: a day without being noticed: {state:?}");
            for (browser, begins) in both.iter_mut().zip(&mut begins) {
                // Whoever it is loads the page anew after up to three hours; the renewals in between are a page's.
                if now >= *begins {
                    *begins = now + dice.below(3 * HOUR);
                    browser.load(&mut state, now);
                } else if browser.renews_at > 0
                    && (now.is_multiple_of(25 * SECOND) || now >= browser.renews_at)
                {
                    browser.live(&mut state, now);
                }
            }
        }
        latest = latest.max(now);
    }
    assert!(latest > RENEWED_AFTER, "some keep up for a while: {latest} ms");
}

#[test]
fn a_thief_who_asks_without_pause_with_the_token_before_the_newest_is_found_out() {
    let (mut state, mut now) = (session(1, 1), HOUR);
    let mut owner = Browser::with(1);
    assert!(owner.load(&mut state, now));
    while present(&mut state, 1, MADE.plus_ms(now)) == Some(2) {
        now += 5 * SECOND;
        owner.live(&mut state, now);
        assert!(now < HOUR + 5 * MINUTE, "it goes on: {state:?}");
    }
    assert!(state.revoked);
}

#[test]
fn a_socket_confirms_a_generation_once_and_counts_from_the_first_token_of_it() {
    let mut proof = Proof::default();
    let at = |ms| MADE.plus_ms(ms);
    assert_eq!(proof.at(at(DAY)), None, "of nobody");
    proof.expect(3, at(0));
    proof.expect(3, at(KEPT_MS - 1));
    assert_eq!(proof.at(at(KEPT_MS - 1)), None);
    assert_eq!((proof.at(at(KEPT_MS)), proof.at(at(DAY))), (Some(3), Some(3)), "until it was said");
    proof.said();
    proof.expect(3, at(0));
    proof.expect(2, at(0));
    assert_eq!(proof.at(at(DAY)), None, "known");
    proof.expect(4, at(DAY));
    assert_eq!(proof.at(at(DAY)), None);
    assert_eq!(proof.at(at(DAY + KEPT_MS)), Some(4));
}
