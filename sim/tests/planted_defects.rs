//! The checker is checked: what the product does not do is planted, and noticed within a bounded number of schedules.

use sim::{
    Bed,
    defects::Defect,
    oracle::Rule,
    schedule::{Manner, play},
};

/// Plays schedules until one breaks a rule, at most so many.
fn caught(defect: Defect, schedules: u64) -> Rule {
    let mut bed = Bed::default();
    let manner = Manner { defect: Some(defect), ..Manner::default() };
    let broken = (0..schedules).find_map(|seed| play(&mut bed, seed, manner).violation);
    broken.unwrap_or_else(|| panic!("{defect:?} is not noticed in {schedules} schedules")).rule
}

#[test]
fn a_delivery_in_three_hundred_that_is_dropped_is_noticed() {
    let rule = caught(Defect::Drop { one_in: 300 }, 300);
    assert!(matches!(rule, Rule::Resumed | Rule::ShownMissing | Rule::Unread), "{rule:?}");
}

#[test]
fn the_last_message_of_a_quiet_room_that_is_lost_is_noticed() {
    assert_eq!(caught(Defect::LostLast, 30), Rule::Resumed);
}

#[test]
fn an_ack_before_the_commit_is_noticed() {
    assert_eq!(caught(Defect::AckBeforeCommit, 10), Rule::Stored);
}

#[test]
fn an_ack_for_a_message_that_was_never_stored_is_noticed() {
    assert_eq!(caught(Defect::AckForNothing, 10), Rule::Stored);
}

#[test]
fn a_message_that_is_stored_again_when_it_is_sent_again_is_noticed() {
    assert_eq!(caught(Defect::DuplicateOnResend, 50), Rule::Unasked);
}

#[test]
fn neighbours_that_are_swapped_on_replay_are_noticed() {
    assert_eq!(caught(Defect::SwappedNeighbours, 10), Rule::OneOrder);
}

#[test]
fn a_seq_that_is_given_twice_is_noticed() {
    assert_eq!(caught(Defect::ReusedSeq, 10), Rule::Holes);
}

#[test]
fn a_seq_that_is_left_out_is_noticed() {
    assert_eq!(caught(Defect::Hole, 10), Rule::Holes);
}

#[test]
fn a_stored_event_that_is_gone_is_noticed() {
    let rule = caught(Defect::Forgotten, 10);
    assert!(matches!(rule, Rule::Stored | Rule::Holes), "{rule:?}");
}

#[test]
fn a_message_count_that_does_not_count_is_noticed() {
    assert_eq!(caught(Defect::Miscount, 10), Rule::MessageCount);
}

#[test]
fn a_read_marker_that_moves_back_is_noticed() {
    assert_eq!(caught(Defect::MarkerBack, 50), Rule::MarkerBack);
}

#[test]
fn another_text_on_the_way_is_noticed() {
    assert_eq!(caught(Defect::WrongBody, 10), Rule::Body);
}

#[test]
fn another_text_in_the_database_is_noticed() {
    assert_eq!(caught(Defect::WrongBodyStored, 10), Rule::Body);
}

#[test]
fn an_unread_count_that_is_off_by_one_is_noticed() {
    assert_eq!(caught(Defect::UnreadOffByOne, 10), Rule::Unread);
}

#[test]
fn somebody_who_types_for_ever_is_noticed() {
    assert_eq!(caught(Defect::TypingForEver, 100), Rule::Typing);
}

#[test]
fn a_message_that_was_refused_for_good_and_stored_is_noticed() {
    assert_eq!(caught(Defect::RefusedButStored, 10), Rule::RefusedStored);
}

#[test]
fn an_ack_that_names_the_place_of_another_is_noticed() {
    let rule = caught(Defect::AckOfAnother, 50);
    assert!(matches!(rule, Rule::OneOrder | Rule::Once), "{rule:?}");
}

#[test]
fn a_message_of_which_its_author_never_hears_is_noticed() {
    let rule = caught(Defect::NeverAnswered, 20);
    assert!(matches!(rule, Rule::NoRest | Rule::OutboxLeft | Rule::Resumed), "{rule:?}");
}
