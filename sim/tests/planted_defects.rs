//! The checker is checked: what the product does not do is planted, and noticed within a bounded number of schedules,
//! of full ones and of short ones.

use std::{
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use oracle::{Rule, Violation};
use sim::{
    Bed, Length,
    defects::Defect,
    schedule::{Manner, play},
};

/// Plays full schedules until one breaks a rule, at most so many, and then as many short ones at most. The rules that
/// were broken; they may differ.
fn caught(defect: Defect, schedules: u64) -> [Rule; 2] {
    let mut bed = Bed::default();
    [Length::Full, Length::Short].map(|length| {
        let manner = Manner { defect: Some(defect), length, ..Manner::default() };
        let broken = (0..schedules).find_map(|seed| play(&mut bed, seed, manner).violation);
        broken
            .unwrap_or_else(|| panic!("{defect:?} is not noticed in {schedules} schedules ({length:?})"))
            .rule
    })
}

/// The same until one is judged as that. What is lost or changed is often noticed as something else first: by whoever
/// misses it, before anybody is told what it is.
fn caught_as(defect: Defect, schedules: u64, rule: Rule, how: &str) {
    let mut bed = Bed::default();
    for length in [Length::Full, Length::Short] {
        let manner = Manner { defect: Some(defect), length, ..Manner::default() };
        let is_it = |violation: &Violation| violation.rule == rule && violation.detail.contains(how);
        let seed =
            (0..schedules).find(|seed| play(&mut bed, *seed, manner).violation.as_ref().is_some_and(is_it));
        println!("{defect:?}: {rule:?} in schedule {seed:?} ({length:?})");
        assert!(
            seed.is_some(),
            "{defect:?} is not noticed as {rule:?} in {schedules} schedules ({length:?})"
        );
    }
}

/// Plays full schedules on all cores until one breaks a rule.
fn caught_in(defect: Defect, schedules: Range<u64>) -> Rule {
    let manner = Manner { defect: Some(defect), ..Manner::default() };
    let (next, caught) = (&AtomicU64::new(schedules.start), &Mutex::new(None));
    thread::scope(|scope| {
        for core in 0..thread::available_parallelism().map_or(1, usize::from) {
            let schedules = &schedules;
            scope.spawn(move || {
                let mut bed = Bed::on_core(core);
                while caught.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !schedules.contains(&seed) {
                        break;
                    }
                    if let Some(violation) = play(&mut bed, seed, manner).violation {
                        println!("{defect:?}: {:?} in schedule {seed}", violation.rule);
                        caught.lock().unwrap().get_or_insert(violation.rule);
                    }
                }
            });
        }
    });
    let rule = *caught.lock().unwrap();
    rule.unwrap_or_else(|| panic!("{defect:?} is not noticed in {schedules:?}"))
}

#[test]
fn a_delivery_in_ten_thousand_that_is_dropped_is_noticed() {
    // Mostly the next event shows what is missing, and it is fetched: then nothing was lost. So that nobody waits for
    // thousands of schedules, this begins shortly before one in which it stays away.
    let rule = caught_in(Defect::Drop { one_in: 10_000 }, 7_900..30_000);
    assert!(matches!(rule, Rule::Resumed | Rule::ShownMissing | Rule::Unread), "{rule:?}");
}

#[test]
fn a_delivery_in_a_hundred_that_is_dropped_is_noticed() {
    let rules = caught(Defect::Drop { one_in: 100 }, 300);
    assert!(
        rules.iter().all(|rule| matches!(rule, Rule::Resumed | Rule::ShownMissing | Rule::Unread)),
        "{rules:?}"
    );
}

#[test]
fn the_last_message_of_a_quiet_room_that_is_lost_is_noticed() {
    assert_eq!(caught(Defect::LostLast, 300), [Rule::Resumed; 2]);
}

#[test]
fn an_ack_before_the_commit_is_noticed() {
    caught_as(Defect::AckBeforeCommit, 1_000, Rule::Stored, "was acked, and the log ends");
}

#[test]
fn an_ack_for_a_message_that_was_never_stored_is_noticed() {
    caught_as(Defect::AckForNothing, 10, Rule::Stored, "was acked, and the log ends");
}

#[test]
fn a_message_that_is_stored_again_when_it_is_sent_again_is_noticed() {
    assert_eq!(caught(Defect::DuplicateOnResend, 300), [Rule::Once; 2]);
}

#[test]
fn neighbours_that_are_swapped_on_replay_are_noticed() {
    assert_eq!(caught(Defect::SwappedNeighbours, 10), [Rule::OneOrder; 2]);
}

#[test]
fn a_seq_that_is_given_twice_is_noticed() {
    caught_as(Defect::ReusedSeq, 1_000, Rule::SeqTwice, "was acked as");
}

#[test]
fn a_seq_that_is_left_out_is_noticed() {
    assert_eq!(caught(Defect::Hole, 10), [Rule::Holes; 2]);
}

#[test]
fn a_stored_event_that_is_gone_is_noticed() {
    caught_as(Defect::Forgotten, 10, Rule::Stored, "can't be read any more");
}

#[test]
fn a_message_count_that_does_not_count_is_noticed() {
    assert_eq!(caught(Defect::Miscount, 10), [Rule::MessageCount; 2]);
}

#[test]
fn a_read_marker_that_moves_back_is_noticed() {
    assert_eq!(caught(Defect::MarkerBack, 50), [Rule::MarkerBack; 2]);
}

#[test]
fn what_one_has_said_and_is_stored_in_another_order_is_noticed() {
    assert_eq!(caught(Defect::Overtaken, 10), [Rule::OwnOrder; 2]);
}

#[test]
fn another_text_on_the_way_is_noticed() {
    assert_eq!(caught(Defect::WrongBody, 10), [Rule::Body; 2]);
}

#[test]
fn another_text_in_the_database_is_noticed() {
    assert_eq!(caught(Defect::WrongBodyStored, 10), [Rule::Body; 2]);
}

#[test]
fn an_unread_count_that_is_off_by_one_is_noticed() {
    assert_eq!(caught(Defect::UnreadOffByOne, 10), [Rule::Unread; 2]);
}

#[test]
fn somebody_who_types_for_ever_is_noticed() {
    assert_eq!(caught(Defect::TypingForEver, 100), [Rule::Typing; 2]);
}

#[test]
fn a_message_that_was_refused_for_good_and_stored_is_noticed() {
    assert_eq!(caught(Defect::RefusedButStored, 10), [Rule::RefusedStored; 2]);
}

#[test]
fn an_ack_that_names_the_place_of_another_is_noticed() {
    let rules = caught(Defect::AckOfAnother, 50);
    assert!(rules.iter().all(|rule| matches!(rule, Rule::OneOrder | Rule::Once)), "{rules:?}");
}

#[test]
fn a_message_of_which_its_author_never_hears_is_noticed() {
    let rules = caught(Defect::NeverAnswered, 20);
    assert!(
        rules.iter().all(|rule| matches!(rule, Rule::NoRest | Rule::OutboxLeft | Rule::Resumed)),
        "{rules:?}"
    );
}

#[test]
fn an_ack_that_the_disk_has_not_taken_is_noticed() {
    caught_as(Defect::AckFromBrokenDisk, 500, Rule::Stored, "was acked, and the log ends");
}

#[test]
fn a_browser_that_keeps_what_was_to_be_wiped_is_noticed() {
    assert_eq!(caught(Defect::NotWiped, 50), [Rule::Wiped; 2]);
}
