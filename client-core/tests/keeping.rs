//! What outlives the page: unsent messages and drafts come back after a crash, in order, once.

mod support;

use client_core::{Change, Command, DeliveryState, Input, Keep, Output, Record, Slot};
use shared::{ErrorFrame, error::ErrorCode};
use support::{
    Page,
    keeping::{arrive, contents, in_room, kept, key, refuse, states, take_all, two_rooms},
    wire::{ack, ada, error, live, posts, room, stored},
};

const DAY_MS: u64 = 24 * 3_600_000;

#[test]
fn a_message_is_kept_before_it_is_sent() {
    let mut page = in_room();
    let now = client_core::Now { ms: page.ms, wall: support::BEGIN };
    page.client.handle(now, Input::Command(Command::Post { room: room(1), content: "a".into() }));
    let outputs: Vec<_> = std::iter::from_fn(|| page.client.poll()).collect();
    let is_kept = |output: &Output| matches!(output, Output::Keep(Keep::Write(record)) if matches!(record.key.slot, Slot::Message(_)));
    let kept = outputs.iter().position(is_kept).expect("it is kept");
    let sent = outputs.iter().position(|output| matches!(output, Output::Send(..))).expect("it is sent");
    assert!(kept < sent, "{outputs:?}");
    assert_eq!(outputs.iter().filter(|output| is_kept(output)).count(), 1, "written once");
}

#[test]
fn after_a_crash_everything_comes_back_in_order_and_is_sent_once_under_the_same_identity() {
    let mut page = in_room();
    page.lose(None);
    for content in ["a", "b", "c"] {
        page.post(room(1), content);
    }
    page.post(room(2), "d");
    let before = page.client.rows(room(1));
    let mut page = page.crash();
    assert_eq!(page.client.rows(room(1)), before, "there before the server has said anything");
    assert_eq!(page.texts(room(1)), ["a", "b", "c"]);
    assert_eq!(page.rows(room(1))[0].timestamp.unix_ms(), support::BEGIN.unix_ms() + page.ms);
    arrive(&mut page, &two_rooms());
    let sent = take_all(&mut page);
    let first: Vec<_> = sent.iter().filter(|post| post.room_id == room(1)).cloned().collect();
    assert_eq!((contents(&first), sent.len()), (vec!["a", "b", "c"], 4));
    assert_eq!(
        first.iter().map(|post| post.txn_id).collect::<Vec<_>>(),
        before.iter().map(|key| key.txn_id).collect::<Vec<_>>()
    );
    assert_eq!(kept(&page), []);
    let mut page = page.crash();
    arrive(&mut page, &two_rooms());
    assert_eq!(posts(page.sent()), [], "and never again");
}

#[test]
fn what_was_on_its_way_is_asked_for_again_after_a_crash_and_what_was_behind_it_follows() {
    let mut page = in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    let first = posts(page.sent());
    assert_eq!(first.len(), 1);
    let mut page = page.crash();
    arrive(&mut page, &two_rooms());
    let again = take_all(&mut page);
    assert_eq!((&again[0], contents(&again)), (&first[0], vec!["a", "b"]));
}

#[test]
fn a_crash_between_two_crashes_changes_nothing() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "a");
    let mut page = page.crash().crash();
    page.post(room(1), "b");
    let mut page = page.crash();
    assert_eq!(page.texts(room(1)), ["a", "b"]);
    arrive(&mut page, &two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["a", "b"]);
}

#[test]
fn what_is_posted_while_the_clock_stands_still_or_goes_back_keeps_its_order() {
    let mut page = in_room();
    page.lose(None);
    for (back, content) in ["a", "b", "c"].into_iter().enumerate() {
        let wall = support::BEGIN.plus_ms(50_000 - 10_000 * back as u64);
        let command = Command::Post { room: room(1), content: content.into() };
        page.client.handle(client_core::Now { ms: page.ms, wall }, Input::Command(command));
        page.input(Input::Tick);
    }
    assert_eq!(page.crash().texts(room(1)), ["a", "b", "c"]);
}

#[test]
fn what_was_kept_while_the_calendar_was_ahead_stays_before_what_is_written_when_it_is_right_again() {
    let mut page = in_room();
    page.lose(None);
    let wall = support::BEGIN.plus_ms(page.ms + 400 * DAY_MS);
    let command = Command::Post { room: room(1), content: "a".into() };
    page.client.handle(client_core::Now { ms: page.ms, wall }, Input::Command(command));
    page.input(Input::Tick);
    let mut page = page.crash_for(1);
    page.post(room(1), "b");
    let mut page = page.crash_for(1);
    page.post(room(1), "c");
    assert_eq!(page.texts(room(1)), ["a", "b", "c"]);
    arrive(&mut page, &two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["a", "b", "c"]);
}

#[test]
fn whatever_settles_a_message_ends_its_record() {
    let mut page = in_room();
    page.post(room(1), "acked");
    let post = posts(page.sent()).remove(0);
    assert_eq!(kept(&page), [post.txn_id]);
    page.frame(&ack(&post, 1));
    assert_eq!(kept(&page), []);

    page.post(room(1), "seen");
    let post = posts(page.sent()).remove(0);
    page.frame(&live(&stored(&post, 2)));
    assert_eq!(kept(&page), []);

    page.post(room(1), "refused");
    let post = posts(page.sent()).remove(0);
    refuse(&mut page, &post, error(ErrorCode::Forbidden));
    assert_eq!(kept(&page), [post.txn_id], "until somebody has seen why");
    let refused = key(&page, "refused");
    page.command(Command::Discard(room(1), refused));
    assert_eq!(kept(&page), []);
}

#[test]
fn a_failed_message_stays_failed_and_does_not_hold_the_others_up() {
    let mut page = in_room();
    page.post(room(1), "refused");
    page.post(room(1), "fine");
    let post = posts(page.sent()).remove(0);
    refuse(&mut page, &post, ErrorFrame::new(ErrorCode::Forbidden, "not you"));
    let mut page = page.crash();
    let failed = DeliveryState::Failed { code: ErrorCode::Forbidden, detail: "not you".into() };
    assert_eq!(states(&page)[0], failed);
    arrive(&mut page, &two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["fine"]);
    let refused = key(&page, "refused");
    page.command(Command::Retry(room(1), refused));
    assert_eq!(posts(page.sent()), [post], "under the same identity");
}

#[test]
fn a_conflict_that_is_tried_again_is_kept_under_its_new_identity_alone() {
    let mut page = in_room();
    page.post(room(1), "a");
    let post = posts(page.sent()).remove(0);
    refuse(&mut page, &post, error(ErrorCode::Conflict));
    let conflict = key(&page, "a");
    page.command(Command::Retry(room(1), conflict));
    let again = posts(page.sent()).remove(0);
    assert_eq!(kept(&page), [again.txn_id]);
    assert_ne!(again.txn_id, post.txn_id);
}

#[test]
fn what_is_a_day_old_asks_first_and_does_not_hold_the_others_up() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "old");
    page.ms += 1;
    page.post(room(1), "not quite");
    let mut page = page.crash_for(DAY_MS - 1);
    assert_eq!(
        states(&page),
        [DeliveryState::Held { tried: false }, DeliveryState::Queued { until_ms: None }]
    );
    arrive(&mut page, &two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["not quite"]);
    page.advance(60_000);
    assert_eq!((posts(page.sent()).len(), kept(&page).len()), (0, 1));
}

#[test]
fn a_held_message_is_sent_when_somebody_says_so_and_is_not_asked_about_again() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "old");
    let mut page = page.crash_for(DAY_MS);
    let old = key(&page, "old");
    page.command(Command::Retry(room(1), old));
    let mut page = page.crash_for(1_000);
    assert_eq!(states(&page), [DeliveryState::Queued { until_ms: None }]);
    arrive(&mut page, &two_rooms());
    let sent = take_all(&mut page);
    assert_eq!((contents(&sent), sent[0].txn_id), (vec!["old"], old.txn_id));
}

#[test]
fn a_held_message_that_is_discarded_is_gone_for_good() {
    let mut page = in_room();
    page.post(room(1), "old");
    let mut page = page.crash_for(DAY_MS);
    assert_eq!(states(&page), [DeliveryState::Held { tried: true }], "the server may have it");
    let old = key(&page, "old");
    page.command(Command::Discard(room(1), old));
    assert_eq!((page.texts(room(1)).len(), kept(&page)), (0, vec![]));
    assert_eq!(page.crash().texts(room(1)).len(), 0);
}

#[test]
fn a_page_that_was_away_for_a_day_asks_as_well() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "old");
    page.ms += DAY_MS;
    page.input(Input::NetworkBack);
    arrive(&mut page, &two_rooms());
    assert_eq!((states(&page), posts(page.sent())), (vec![DeliveryState::Held { tried: false }], vec![]));
}

#[test]
fn what_waits_untried_can_be_cancelled_and_what_was_tried_can_not() {
    let mut page = in_room();
    page.post(room(1), "tried");
    page.post(room(1), "untried");
    page.lose(None);
    let rows = page.rows(room(1));
    assert_eq!(rows.iter().map(|row| row.recallable).collect::<Vec<_>>(), [false, true]);
    for row in rows {
        page.command(Command::Discard(room(1), row.key));
    }
    assert_eq!((page.texts(room(1)), kept(&page).len()), (vec!["tried".to_owned()], 1));
    let mut page = page.crash();
    let tried = key(&page, "tried");
    page.command(Command::Discard(room(1), tried));
    page.command(Command::Recall(room(1), tried));
    assert_eq!(page.texts(room(1)), ["tried"], "nor after a crash");
    assert_eq!(page.client.draft(room(1)), "");
}

#[test]
fn what_the_server_has_answered_and_not_stored_can_be_cancelled_again() {
    let mut page = in_room();
    page.post(room(1), "too fast");
    let post = posts(page.sent()).remove(0);
    assert!(!page.rows(room(1))[0].recallable);
    refuse(&mut page, &post, error(ErrorCode::RateLimited).retry_after(9_000));
    assert!(page.rows(room(1))[0].recallable);
    let mut page = page.crash();
    let there = key(&page, "too fast");
    page.command(Command::Discard(room(1), there));
    assert_eq!(page.texts(room(1)).len(), 0);
}

#[test]
fn two_copies_are_two_answers_before_it_can_be_cancelled() {
    let mut page = in_room();
    page.post(room(1), "slow");
    let post = posts(page.sent()).remove(0);
    page.advance(10_000);
    assert_eq!(posts(page.sent()).len(), 1, "asked again");
    refuse(&mut page, &post, error(ErrorCode::RateLimited).retry_after(9_000));
    assert!(!page.rows(room(1))[0].recallable, "the other copy may be stored");
    refuse(&mut page, &post, error(ErrorCode::RateLimited).retry_after(9_000));
    assert!(page.rows(room(1))[0].recallable);
}

#[test]
fn a_message_that_is_taken_back_is_a_draft_before_what_was_begun_and_never_both() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "Helo");
    page.command(Command::Draft { room: room(1), text: "and more".into() });
    page.changes();
    let there = key(&page, "Helo");
    page.command(Command::Recall(room(1), there));
    assert_eq!(page.client.draft(room(1)), "Helo\nand more");
    assert_eq!((page.texts(room(1)).len(), kept(&page)), (0, vec![]));
    let changes = page.changes();
    assert!(changes.contains(&Change::Draft(room(1))) && changes.contains(&Change::Rows(room(1))));
    let mut page = page.crash();
    assert_eq!((page.client.draft(room(1)), page.texts(room(1)).len()), ("Helo\nand more", 0));
    page.post(room(1), "Hello");
    arrive(&mut page, &two_rooms());
    let sent = take_all(&mut page);
    assert_eq!(contents(&sent), ["Hello"]);
    assert_ne!(sent[0].txn_id, there.txn_id, "another text is another message");
}

#[test]
fn a_draft_survives_a_crash_and_ends_with_its_message() {
    let mut page = in_room();
    page.command(Command::Draft { room: room(1), text: "Dear".into() });
    page.command(Command::Draft { room: room(2), text: "other".into() });
    let mut page = page.crash();
    assert_eq!((page.client.draft(room(1)), page.client.draft(room(2))), ("Dear", "other"));
    page.keeps();
    page.post(room(1), "Dear all");
    let slots: Vec<_> = page
        .keeps()
        .into_iter()
        .map(|keep| match keep {
            Keep::Write(record) => (true, matches!(record.key.slot, Slot::Message(_))),
            Keep::Remove(key) => (false, key.slot == Slot::Draft(room(1))),
            Keep::Wipe => panic!("nobody signs out"),
        })
        .collect();
    assert_eq!(slots, [(false, true), (true, true)], "in one go");
    let page = page.crash();
    assert_eq!((page.client.draft(room(1)), page.client.draft(room(2))), ("", "other"));
}

#[test]
fn what_is_typed_before_the_store_has_answered_stays() {
    let mut page = in_room();
    page.command(Command::Draft { room: room(1), text: "old".into() });
    let store = page.store;
    let mut page = Page::online(&two_rooms());
    page.command(Command::Draft { room: room(1), text: "new".into() });
    page.post(room(2), "posted");
    page.input(Input::Restored(store.saved(ada().id)));
    assert_eq!(page.client.draft(room(1)), "new");
    let written: Vec<_> = page
        .keeps()
        .into_iter()
        .filter_map(|keep| match keep {
            Keep::Write(Record { key, .. }) => Some(key.slot),
            _ => None,
        })
        .collect();
    assert!(written.contains(&Slot::Draft(room(1))));
    assert!(
        written.iter().any(|slot| matches!(slot, Slot::Message(_))),
        "what waited for the store goes there"
    );
}

#[test]
fn a_page_without_a_store_is_asked_to_keep_nothing() {
    let mut page = Page::online(&two_rooms());
    page.command(Command::Draft { room: room(1), text: "draft".into() });
    page.post(room(1), "a");
    page.advance(60_000);
    assert_eq!((page.keeps(), page.client.draft(room(1))), (vec![], ""));
}
