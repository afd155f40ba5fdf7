//! Messages on their way: shown at once, sent in order, stored once, and never lost without a word.

mod support;

use client_core::{Change, Command, DeliveryState, RowKey};
use shared::{ClientFrame, ServerFrame, error::ErrorCode, frame::Typing};
use support::{
    Page,
    wire::{ack, ada, live, posts, room, seq, state, stored},
};

fn lose_and_come_back(page: &mut Page) {
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 0, 0), state(2, 0, 0)]);
}

#[test]
fn what_is_posted_is_a_row_and_on_its_way_in_the_same_moment() {
    let mut page = Page::in_room();
    page.post(room(1), "Hello");
    let rows = page.rows(room(1));
    assert_eq!(page.texts(room(1)), ["Hello"]);
    assert_eq!(rows[0].author, ada());
    assert_eq!(rows[0].seq, None);
    assert_eq!(rows[0].state, DeliveryState::Sending { since_ms: page.ms });
    assert_eq!(rows[0].timestamp.unix_ms(), support::BEGIN.unix_ms() + page.ms);
    let sent = posts(page.sent());
    assert_eq!((sent.len(), sent[0].content.as_str()), (1, "Hello"));
    assert_eq!(rows[0].key, RowKey { author: ada().id, txn_id: sent[0].txn_id });
    assert_eq!(sent[0].txn_id.as_uuid().get_version_num(), 7);
    assert_eq!(page.changes(), [Change::Rows(room(1)), Change::Row(room(1), rows[0].key)]);
}

#[test]
fn the_ack_settles_the_row_in_place() {
    let mut page = Page::in_room();
    page.post(room(1), "Hello");
    let key = page.client.rows(room(1))[0];
    let post = posts(page.sent()).remove(0);
    page.changes();
    page.frame(&ack(&post, 1));
    let rows = page.rows(room(1));
    assert_eq!((rows.len(), rows[0].key, rows[0].seq), (1, key, Some(seq(1))));
    assert_eq!(rows[0].state, DeliveryState::Stored);
    let changes = page.changes();
    assert!(changes.contains(&Change::Row(room(1), key)) && !changes.contains(&Change::Rows(room(1))));
    page.frame(&live(&stored(&post, 1)));
    assert_eq!(page.rows(room(1)), rows, "the event says nothing new");
}

#[test]
fn the_event_settles_the_row_when_it_comes_first() {
    let mut page = Page::in_room();
    page.post(room(1), "Hello");
    let key = page.client.rows(room(1))[0];
    let post = posts(page.sent()).remove(0);
    page.changes();
    page.frame(&live(&stored(&post, 1)));
    let rows = page.rows(room(1));
    assert_eq!((rows.len(), rows[0].key, rows[0].seq), (1, key, Some(seq(1))));
    assert!(!page.changes().contains(&Change::Rows(room(1))));
    page.frame(&ack(&post, 1));
    assert_eq!(page.rows(room(1)), rows);
}

#[test]
fn a_room_gets_one_message_at_a_time_in_the_order_of_posting() {
    let mut page = Page::in_room();
    for content in ["a", "b", "c"] {
        page.post(room(1), content);
    }
    let mut order = Vec::new();
    for at in 1..=3 {
        let sent = posts(page.sent());
        assert_eq!(sent.len(), 1, "one in flight");
        order.push(sent[0].content.clone());
        page.frame(&ack(&sent[0], at));
    }
    assert_eq!(order, ["a", "b", "c"]);
    assert_eq!(page.texts(room(1)), order);
}

#[test]
fn a_message_behind_another_waits_without_a_time() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    assert_eq!(page.states()[1], DeliveryState::Queued { until_ms: None });
}

#[test]
fn rooms_do_not_wait_for_each_other() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(2), "b");
    assert_eq!(posts(page.sent()).len(), 2);
}

#[test]
fn without_a_connection_it_is_queued_and_goes_when_there_is_one() {
    let mut page = Page::in_room();
    page.lose(None);
    page.post(room(1), "Hello");
    assert_eq!(page.states(), [DeliveryState::Queued { until_ms: None }]);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 0, 0)]);
    assert_eq!(posts(page.sent()).len(), 1);
}

#[test]
fn after_every_loss_it_is_sent_again_under_the_same_identity() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    let first = posts(page.sent()).remove(0);
    for _ in 0..5 {
        lose_and_come_back(&mut page);
        assert_eq!(posts(page.sent()), std::slice::from_ref(&first));
    }
    page.frame(&ack(&first, 1));
    assert_eq!(posts(page.sent())[0].content, "b");
}

#[test]
fn a_lost_ack_is_asked_for_again_on_the_same_connection() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent());
    page.advance(9_999);
    assert_eq!(posts(page.sent()), []);
    page.advance(1);
    assert_eq!(posts(page.sent()), first);
}

#[test]
fn nothing_but_white_space_is_nothing() {
    let mut page = Page::in_room();
    page.post(room(1), " \n\t\u{2003}");
    assert_eq!((page.texts(room(1)).len(), posts(page.sent())), (0, vec![]));
}

#[test]
fn a_text_over_the_limit_is_kept_and_says_why() {
    let mut page = Page::in_room();
    page.post(room(1), &"ü".repeat(4_001));
    page.post(room(1), &"ü".repeat(4_000));
    let code = |state: &DeliveryState| match state {
        DeliveryState::Failed { code, .. } => Some(*code),
        _ => None,
    };
    assert_eq!(page.states().iter().map(code).collect::<Vec<_>>(), [Some(ErrorCode::TooLong), None]);
    assert_eq!(posts(page.sent())[0].content.chars().count(), 4_000);
    let key = page.client.rows(room(1))[0];
    page.command(Command::Retry(room(1), key));
    assert_eq!(code(&page.states()[0]), Some(ErrorCode::TooLong), "it has not become shorter");
}

#[test]
fn a_frame_that_the_server_would_close_the_connection_over_is_not_sent() {
    let mut page = Page::new();
    page.input(client_core::Input::Started);
    page.answer("/session/refresh", 200, &support::wire::signed_in(&ada()));
    page.answer("/ws-token", 200, &support::wire::connection_token());
    page.open();
    let ServerFrame::Connected(mut greeting) = support::wire::connected(&[state(1, 0, 0)]) else { panic!() };
    greeting.limits.frame_bytes = 300;
    page.frame(&ServerFrame::Connected(greeting));
    page.post(room(1), &"\u{1}".repeat(60));
    assert!(matches!(page.states()[0], DeliveryState::Failed { code: ErrorCode::TooLong, .. }));
    page.post(room(1), "short");
    assert_eq!(posts(page.sent()).len(), 1);
}

#[test]
fn a_thousand_messages_may_wait_and_the_next_text_comes_back() {
    let mut page = Page::in_room();
    page.lose(None);
    for number in 0..1_000 {
        page.post(room(1), &format!("{number}"));
    }
    page.changes();
    page.post(room(1), "one too many");
    let content = "one too many".to_owned();
    let refused = Change::PostRefused { room: room(1), content, code: ErrorCode::Unavailable };
    assert_eq!(page.changes(), [refused]);
    assert_eq!(page.client.rows(room(1)).len(), 1_000);
}

#[test]
fn whoever_is_signed_out_gets_the_text_back() {
    let mut page = Page::new();
    page.post(room(1), "Hello");
    let content = "Hello".to_owned();
    let refused = Change::PostRefused { room: room(1), content, code: ErrorCode::Unauthenticated };
    assert!(page.changes().contains(&refused));
}

#[test]
fn sending_ends_the_typing() {
    let mut page = Page::in_room();
    page.command(Command::Typing(room(1), true));
    page.post(room(1), "Hello");
    let sent = page.sent();
    let typing = |active| ClientFrame::Typing(Typing { room_id: room(1), active });
    assert_eq!(sent[..2], [typing(true), typing(false)]);
    assert_eq!(sent.len(), 3);
}

#[test]
fn a_message_in_a_room_that_was_never_opened_is_sent_and_then_gone_from_here() {
    let mut page = Page::in_room();
    page.post(room(2), "Hello");
    assert_eq!(page.texts(room(2)), ["Hello"]);
    let post = posts(page.sent()).remove(0);
    page.changes();
    page.frame(&ack(&post, 1));
    assert_eq!(page.texts(room(2)), [""; 0]);
    assert!(page.changes().contains(&Change::Rows(room(2))));

    // Whichever comes first, and whether the room is known or not.
    for id in [2, 3] {
        page.post(room(id), "Hello again");
        let post = posts(page.sent()).remove(0);
        page.changes();
        page.frame(&live(&stored(&post, 2)));
        assert_eq!(page.texts(room(id)), [""; 0]);
        assert!(page.changes().contains(&Change::Rows(room(id))));
    }
}
