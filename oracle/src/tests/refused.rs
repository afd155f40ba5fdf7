//! What becomes of a refusal, and what must not.

use super::*;

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
fn a_refusal_is_of_one_request_that_was_made() {
    let both = [requested(1), requested(2), refused(1, true), stored(2)];
    assert_eq!(judged(both), Ok(()), "another message");
    assert_eq!(judged([requested(1), refused(1, true)]), Ok(()), "it need not be stored any more");
    assert_eq!(judged([refused(1, true)]), Err(Rule::Unasked));
}
