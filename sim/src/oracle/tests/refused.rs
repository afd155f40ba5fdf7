//! What becomes of a refusal, and what must not.

use super::*;

fn forgotten(number: u64) -> Fact {
    Fact::Forgotten { author: user(1), txn_id: txn(number), code: ErrorCode::NotMember }
}

fn stored(number: u64) -> Fact {
    Fact::Stored(message(1, number))
}

#[test]
fn what_was_refused_for_good_and_is_stored_is_seen() {
    assert_eq!(
        judged([requested(1), refused(1, true), Fact::Stored(message(1, 1))]),
        Err(Rule::RefusedStored)
    );
    assert_eq!(
        judged([requested(1), Fact::Stored(message(1, 1)), refused(1, true)]),
        Err(Rule::RefusedStored)
    );
    assert_eq!(judged([requested(1), refused(1, false), Fact::Stored(message(1, 1))]), Ok(()));
}

#[test]
fn what_a_server_that_has_ended_refused_to_one_page_may_be_stored_for_another_until_it_is_refused_again() {
    assert_eq!(judged([requested(1), refused(1, true), forgotten(1), stored(1)]), Ok(()));
    assert_eq!(judged([requested(1), stored(1), forgotten(1)]), Ok(()), "heard of late");
    assert_eq!(judged([requested(1), forgotten(1)]), Ok(()), "or not");
    let again = || [requested(1), forgotten(1), refused(1, true)];
    assert_eq!(judged(again().into_iter().chain([stored(1)])), Err(Rule::RefusedStored));
    let both = [requested(1), requested(2), forgotten(1), refused(2, true), stored(2)];
    assert_eq!(judged(both), Err(Rule::RefusedStored), "another message");
    let twice = [requested(1), forgotten(1), stored(1), Fact::Stored(message(2, 1))];
    assert_eq!(judged(twice), Err(Rule::Once));
    assert_eq!(judged([forgotten(1)]), Err(Rule::Unasked));
}
