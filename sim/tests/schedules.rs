//! Schedules as they come, and that each of them can be repeated.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use sim::{
    Bed,
    schedule::{Manner, play},
};

/// As many as a debug build plays while somebody waits.
const SCHEDULES: u64 = 200;

#[test]
fn no_schedule_breaks_a_rule() {
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut bed = Bed::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= SCHEDULES {
                        break;
                    }
                    let outcome = play(&mut bed, seed, Manner::default());
                    assert_eq!(outcome.violation, None, "cargo xtask sim --seed {seed}");
                }
            });
        }
    });
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

/// Seeds that have broken a rule, by what was wrong then. Each mistake of the client also has a test of its own there.
const BROKEN_ONCE: [(u64, &str); 5] = [
    (41_817, "a read marker that the server refused was never said again"),
    (42_912, "the same, with another person behind"),
    (42_209, "a greeting older than an answer was taken for another log"),
    (103_140, "the same, in a room entered while the connection was opening"),
    (562, "a message whose machine's calendar had jumped was overtaken"),
];

#[test]
fn what_was_wrong_once_is_right_now() {
    for (seed, what) in BROKEN_ONCE {
        let outcome = play(&mut Bed::default(), seed, Manner::default());
        assert_eq!(outcome.violation, None, "seed {seed}: {what}");
    }
}
