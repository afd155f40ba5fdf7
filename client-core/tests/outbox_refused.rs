//! Messages that the server refuses, for good or for now: parked with the reason, or held and sent again in order.

mod support;

use client_core::{Change, Command, DeliveryState};
use shared::{ErrorFrame, ServerFrame, error::ErrorCode, frame::PostMessage};
use support::{
    Page,
    wire::{ack, error, live, posts, room, said, state},
};

fn refuse(page: &mut Page, post: &PostMessage, error: ErrorFrame) {
    page.frame(&ServerFrame::Error(error.about_txn(Some(post.txn_id)).about_room(post.room_id)));
}

#[test]
fn a_refusal_parks_one_message_and_the_next_goes_on() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, ErrorFrame::new(ErrorCode::NotMember, "you are not in this room"));
    let detail = "you are not in this room".to_owned();
    assert_eq!(page.states()[0], DeliveryState::Failed { code: ErrorCode::NotMember, detail });
    assert_eq!(posts(page.sent())[0].content, "b");
    assert!(page.client.room(room(1)).is_some(), "only the message is refused");
}

#[test]
fn a_rate_limit_holds_the_sends_of_all_rooms() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::RateLimited).retry_after(1_200));
    page.post(room(2), "b");
    page.post(room(1), "c");
    let waits = |until_ms| DeliveryState::Queued { until_ms };
    assert_eq!(page.states(), [waits(Some(page.ms + 1_200)), waits(None)], "the second waits for the first");
    page.advance(1_199);
    assert_eq!(posts(page.sent()), []);
    page.advance(1);
    let sent = posts(page.sent());
    assert_eq!(sent.iter().map(|post| post.content.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(sent[0].txn_id, first.txn_id);
}

#[test]
fn a_rate_limit_outlives_the_connection() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::RateLimited).retry_after(5_000));
    page.lose(None);
    page.input(client_core::Input::NetworkBack);
    page.connect(&[state(1, 0, 0)]);
    assert_eq!(posts(page.sent()), []);
    page.advance(5_000);
    assert_eq!(posts(page.sent()), [first]);
}

#[test]
fn what_waits_for_nobody_wakes_nobody() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::RateLimited).retry_after(5_000));
    page.lose(Some(4001));
    page.advance(1_000);
    page.answer("/session/refresh", 401, &support::wire::problem(401, ErrorCode::Unauthenticated, None));
    page.advance(10_000);
    assert!(page.client.timeout().is_none_or(|at| at > page.ms), "a driver would spin");
}

#[test]
fn trouble_on_the_server_holds_only_that_room() {
    for code in [ErrorCode::Unavailable, ErrorCode::Internal] {
        let mut page = Page::in_room();
        page.post(room(1), "a");
        let first = posts(page.sent()).remove(0);
        refuse(&mut page, &first, error(code).retry_after(3_000));
        page.post(room(1), "b");
        page.post(room(2), "c");
        assert_eq!(posts(page.sent())[0].content, "c", "the head of a room holds its room");
        page.advance(3_000);
        assert_eq!(posts(page.sent()), [first]);
    }
}

#[test]
fn trouble_without_a_time_is_waited_out_longer_and_longer() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let mut waits = Vec::new();
    for _ in 0..40 {
        let post = posts(page.sent()).remove(0);
        refuse(&mut page, &post, error(ErrorCode::Unavailable));
        let DeliveryState::Queued { until_ms: Some(until) } = page.states().remove(0) else {
            panic!("waits")
        };
        waits.push(until - page.ms);
        page.advance(until - page.ms);
        page.frame(&ServerFrame::Pong(shared::frame::Pong { server_time: support::BEGIN }));
    }
    assert!(waits[0] <= 1_000 && waits.iter().all(|wait| *wait <= 30_000));
    assert!(waits.iter().any(|wait| *wait > 8_000), "{waits:?}");
}

#[test]
fn a_message_that_meets_an_ended_token_is_not_to_blame() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::Unauthenticated));
    assert!(matches!(page.states()[0], DeliveryState::Queued { .. }));
}

#[test]
fn a_parked_message_is_tried_again_under_the_same_identity() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::Forbidden));
    let key = page.client.rows(room(1))[0];
    page.command(Command::Retry(room(1), key));
    assert_eq!(posts(page.sent()), [first]);
    assert_eq!(page.client.rows(room(1)), [key]);
}

#[test]
fn what_the_server_will_refuse_for_ever_is_tried_again_under_a_new_identity() {
    for code in [ErrorCode::Conflict, ErrorCode::NotMember, ErrorCode::Invalid] {
        let mut page = Page::in_room();
        page.post(room(1), "a");
        let first = posts(page.sent()).remove(0);
        refuse(&mut page, &first, error(code));
        let key = page.client.rows(room(1))[0];
        page.changes();
        page.command(Command::Retry(room(1), key));
        let second = posts(page.sent()).remove(0);
        assert_eq!(second.content, "a");
        assert_ne!(second.txn_id, first.txn_id, "{code:?}");
        assert_eq!(page.client.rows(room(1))[0].txn_id, second.txn_id);
        assert!(page.changes().contains(&Change::Rows(room(1))));
    }
}

#[test]
fn what_is_tried_again_as_a_new_one_stays_before_what_was_written_after_it() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::NotMember));
    let second = posts(page.sent()).remove(0);
    refuse(&mut page, &second, error(ErrorCode::RateLimited).retry_after(600));
    let key = page.client.rows(room(1))[0];
    page.command(Command::Retry(room(1), key));
    assert_eq!(page.texts(room(1)), ["a", "b"]);
    page.advance(600);
    let anew = posts(page.sent()).remove(0);
    assert_eq!(anew.content, "a");
    page.frame(&ack(&anew, 1));
    assert_eq!(posts(page.sent()), [second]);
}

#[test]
fn a_message_that_is_not_on_its_way_can_be_thrown_away() {
    let mut page = Page::in_room();
    page.post(room(1), "on its way");
    page.post(room(1), "waits");
    let keys = page.client.rows(room(1));
    page.command(Command::Discard(room(1), keys[0]));
    page.command(Command::Discard(room(1), keys[1]));
    assert_eq!(page.texts(room(1)), ["on its way"], "what may be stored already can't be taken back");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::Forbidden));
    page.command(Command::Discard(room(1), keys[0]));
    assert_eq!(page.texts(room(1)), [""; 0]);
}

#[test]
fn rows_of_others_can_be_neither_retried_nor_thrown_away() {
    let mut page = Page::in_room();
    page.frame(&live(&said(room(1), 1)));
    let key = page.client.rows(room(1))[0];
    page.command(Command::Discard(room(1), key));
    page.command(Command::Retry(room(1), key));
    assert_eq!(page.texts(room(1)), ["m1"]);
}

#[test]
fn a_failed_row_stays_below_what_is_stored_after_it() {
    let mut page = Page::in_room();
    page.post(room(1), "a");
    page.post(room(1), "b");
    let first = posts(page.sent()).remove(0);
    refuse(&mut page, &first, error(ErrorCode::Forbidden));
    let second = posts(page.sent()).remove(0);
    page.changes();
    page.frame(&ack(&second, 1));
    assert_eq!(page.texts(room(1)), ["b", "a"]);
    assert!(page.changes().contains(&Change::Rows(room(1))), "the order is another one");
}

#[test]
fn a_rate_limited_burst_arrives_complete_and_in_order() {
    let mut page = Page::in_room();
    for number in 0..30 {
        page.post(room(1), &format!("{number}"));
    }
    let (mut tokens, mut log) = (10, Vec::new());
    while log.len() < 30 {
        let sent = posts(page.sent());
        if sent.is_empty() {
            page.advance(100);
        }
        for post in sent {
            if tokens == 0 {
                tokens = 1;
                refuse(&mut page, &post, error(ErrorCode::RateLimited).retry_after(600));
            } else {
                tokens -= 1;
                log.push(post.content.clone());
                page.frame(&ack(&post, log.len() as u64));
            }
        }
    }
    assert_eq!(log, (0..30).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(page.texts(room(1)), log);
}
