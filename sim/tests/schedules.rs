//! Schedules as they come, and that each of them can be repeated.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use sim::{
    Bed, FAULTS, Fault, Length,
    schedule::{Manner, play},
};

/// As many as are played while somebody waits.
const SHORT: u64 = 4_000;
/// The same of full ones, each of which takes as long as several short ones.
const FULL: u64 = 300;

/// Plays so many on all cores.
fn play_all(schedules: u64, manner: Manner, again: &str) {
    let next = &AtomicU64::new(0);
    thread::scope(|scope| {
        for core in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(move || {
                let mut bed = Bed::on_core(core);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= schedules {
                        break;
                    }
                    let outcome = play(&mut bed, seed, manner);
                    assert_eq!(outcome.violation, None, "cargo xtask sim {again}--seed {seed}");
                }
            });
        }
    });
}

const SHORTLY: Manner = Manner { defect: None, length: Length::Short, kinds: None, is_readable: false };

#[test]
fn no_short_schedule_breaks_a_rule() {
    play_all(SHORT, SHORTLY, "--short ");
}

#[test]
fn no_schedule_breaks_a_rule() {
    play_all(FULL, Manner::default(), "");
}

#[test]
fn every_fault_strikes_in_short_schedules_too() {
    let mut bed = Bed::default();
    let struck: BTreeSet<Fault> =
        (0..200).flat_map(|seed| play(&mut bed, seed, SHORTLY).counts.faults.into_keys()).collect();
    let missing: Vec<_> = FAULTS.iter().filter(|fault| !struck.contains(fault)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_seed_plays_the_same_bit_for_bit_whatever_was_played_before() {
    let mut used = Bed::default();
    for seed in 0..10 {
        play(&mut used, 1_000 + seed, Manner::default());
        let (fresh, again) =
            (play(&mut Bed::default(), seed, Manner::default()), play(&mut used, seed, Manner::default()));
        assert_eq!(fresh.hash, again.hash, "seed {seed}");
        assert_eq!(fresh.counts, again.counts, "seed {seed}");
        assert!(fresh.counts.steps > 100, "something happens in it");
    }
}

#[test]
fn a_trace_can_be_read_and_changes_nothing() {
    let is_readable = true;
    let read = play(&mut Bed::default(), 7, Manner { is_readable, ..Manner::default() });
    assert!(read.trace.iter().any(|line| line.contains("stored")), "{:?}", read.trace.first());
    assert_eq!(read.hash, play(&mut Bed::default(), 7, Manner::default()).hash);
}

/// Seeds that have broken a rule, with how many kinds of faults there were then and what was wrong. Each mistake of the
/// client also has a test of its own there; three were mistakes of the judge.
const BROKEN_ONCE: [(Length, u64, usize, &str); 20] = [
    (Length::Full, 41_817, 17, "a read marker that the server refused was never said again"),
    (Length::Full, 42_912, 17, "the same, with another person behind"),
    (Length::Full, 42_209, 17, "a greeting older than an answer was taken for another log"),
    (Length::Full, 103_140, 17, "the same, in a room entered while the connection was opening"),
    (Length::Full, 562, 17, "a message whose machine's calendar had jumped was overtaken"),
    (Length::Full, 56_493, 19, "a room that fell behind before its join was answered fell silent"),
    (Length::Short, 1_193, 21, "an answer to a leave that was older than a join took the room away"),
    (Length::Full, 3_112, 21, "the answer to a renewal before a sign-out took the next cookie away"),
    (Length::Short, 318_399, 21, "a marker moved back of somebody whom a list ahead of the events had not"),
    (
        Length::Full,
        6_036,
        21,
        "a page took over a message for a room that it had left, and that was called lost",
    ),
    (Length::Short, 5_678, 21, "members stood in another order than the one in which they came"),
    (
        Length::Full,
        4_001_135,
        21,
        "an own message of another tab that came in a page left the marker where it was",
    ),
    (Length::Full, 4_021_634, 21, "an answer to the guest before was taken for one to the next"),
    (
        Length::Full,
        5_008_984,
        21,
        "a marker from a list that is no more moved back while the next was asked for",
    ),
    (
        Length::Full,
        6_000_868,
        21,
        "members refused to somebody who was in the room again by then were never asked for again",
    ),
    (
        Length::Full,
        6_001_167,
        21,
        "a refused message, asked for anew in its place before one said since, was taken for the later one",
    ),
    (
        Length::Full,
        6_005_072,
        21,
        "what two pages had was refused to one by a server that ended, and then stored for the other",
    ),
    (Length::Short, 7_023_550, 21, "an answer to a leave that was older than a greeting took the room away"),
    (Length::Short, 8_010_993, 21, "what came live before an older answer to a join was never fetched"),
    (Length::Short, 9_022_614, 21, "who had said something in a room not in the list yet still typed there"),
];

#[test]
fn what_was_wrong_once_is_right_now() {
    for (length, seed, kinds, what) in BROKEN_ONCE {
        let manner = Manner { length, kinds: Some(kinds), ..Manner::default() };
        let outcome = play(&mut Bed::default(), seed, manner);
        assert_eq!(outcome.violation, None, "seed {seed}: {what}");
    }
}
