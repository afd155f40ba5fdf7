//! A room's history: in the server's order, without holes and without doubles.

mod support;

use client_core::{Change, Command, HistoryView};
use shared::{EventBody, ServerFrame};
use support::{
    Page,
    wire::{
        ack, after, before, bob, event, live, numbers, page as events, posts, room, said, state, stored, txn,
    },
};

#[test]
fn a_first_visit_asks_for_the_newest_page() {
    let mut page = Page::online(&[state(1, 250, 0)]);
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.syncs(), [before(room(1), 251)]);
    assert_eq!(page.client.history(room(1)), HistoryView::default());
    page.frame(&events(room(1), 151..=250, 250, true));
    assert_eq!(page.texts(room(1)), numbers(151..=250));
    let history = HistoryView { loaded: true, ..HistoryView::default() };
    assert_eq!(page.client.history(room(1)), history);
    assert_eq!(page.syncs(), []);
}

#[test]
fn an_empty_room_is_loaded_and_at_its_start() {
    let page = Page::showing(0);
    let history = page.client.history(room(1));
    assert!(history.loaded && history.at_start);
}

#[test]
fn what_nobody_could_see_is_no_row_and_is_not_sent() {
    let mut page = Page::showing(0);
    for nothing in ["", " \n", "\u{200b}", "\u{feff} \u{3164}"] {
        page.post(room(1), nothing);
        assert!(page.texts(room(1)).is_empty() && posts(page.sent()).is_empty(), "{nothing:?}");
    }
}

#[test]
fn a_room_opened_without_a_connection_is_asked_for_when_there_is_one() {
    let mut page = Page::online(&[state(1, 3, 3)]);
    page.lose(None);
    page.command(Command::OpenRoom(room(1)));
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 5, 3)]);
    assert_eq!(page.syncs(), [before(room(1), 6)]);
}

#[test]
fn the_next_event_is_appended_and_an_old_one_dropped() {
    let mut page = Page::showing(2);
    page.frame(&live(&said(room(1), 3)));
    page.frame(&live(&said(room(1), 3)));
    page.frame(&live(&said(room(1), 1)));
    assert_eq!(page.texts(room(1)), numbers(1..=3));
}

#[test]
fn paging_back_asks_for_what_came_before_until_the_first_event() {
    let mut page = Page::online(&[state(1, 250, 250)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 151..=250, 250, true));
    page.forget();
    page.command(Command::PageBack(room(1)));
    page.command(Command::PageBack(room(1)));
    assert_eq!(page.syncs(), [before(room(1), 151)], "one at a time");
    assert!(page.client.history(room(1)).paging);
    page.frame(&live(&said(room(1), 251)));
    page.frame(&events(room(1), 51..=150, 251, true));
    assert!(!page.client.history(room(1)).paging);
    page.command(Command::PageBack(room(1)));
    page.frame(&events(room(1), 1..=50, 251, false));
    assert_eq!(page.texts(room(1)), numbers(1..=251));
    assert!(page.client.history(room(1)).at_start);
    page.forget();
    page.command(Command::PageBack(room(1)));
    assert_eq!((page.syncs(), page.client.history(room(1)).paging), (vec![], false));
}

#[test]
fn paging_back_survives_a_loss() {
    let mut page = Page::online(&[state(1, 250, 250)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 151..=250, 250, true));
    page.command(Command::PageBack(room(1)));
    page.lose(None);
    page.forget();
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 251, 250)]);
    assert_eq!(page.syncs(), [after(room(1), 250)], "what is new goes first");
    page.frame(&events(room(1), 251..=251, 251, false));
    assert_eq!(page.syncs(), [before(room(1), 151)]);
}

#[test]
fn events_that_come_while_the_first_page_is_on_its_way_are_not_lost() {
    let mut page = Page::online(&[state(1, 5, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&live(&said(room(1), 6)));
    page.frame(&live(&said(room(1), 7)));
    page.frame(&events(room(1), 1..=5, 7, false));
    assert_eq!(page.texts(room(1)), numbers(1..=7));
    assert_eq!(page.syncs(), [before(room(1), 6)]);
}

#[test]
fn a_page_that_holds_an_own_message_settles_it() {
    let mut page = Page::showing(2);
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.lose(None);
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 3, 2)]);
    let answer = shared::frame::Events {
        room_id: room(1),
        events: vec![stored(&post, 3)],
        head: support::wire::seq(3),
        has_more: false,
    };
    page.frame(&ServerFrame::Events(answer));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "mine"]);
    page.forget();
    page.frame(&ack(&post, 3));
    page.advance(20_000);
    assert_eq!((page.texts(room(1)).len(), posts(page.sent())), (3, vec![]));
}

#[test]
fn the_answer_to_a_very_old_try_shows_no_row_twice() {
    let mut page = Page::online(&[state(1, 250, 250)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 151..=250, 250, true));
    page.post(room(1), "mine");
    let post = posts(page.sent()).remove(0);
    page.changes();
    page.frame(&ack(&post, 7));
    assert_eq!(page.texts(room(1)), numbers(151..=250), "it comes with its page");
    assert!(page.changes().contains(&Change::Rows(room(1))));
}

#[test]
fn a_closed_room_keeps_its_last_two_pages_and_follows_the_room() {
    let mut page = Page::showing(2);
    for at in 3..=700 {
        page.frame(&live(&said(room(1), at)));
    }
    assert_eq!(page.client.rows(room(1)).len(), 700);
    page.command(Command::CloseRoom);
    assert_eq!(page.texts(room(1)), numbers(501..=700));
    assert!(!page.client.history(room(1)).at_start);
    for at in 701..=1_000 {
        page.frame(&live(&said(room(1), at)));
    }
    assert!(page.client.rows(room(1)).len() <= 300);
    assert_eq!(page.texts(room(1)).last().unwrap(), "m1000");
    page.forget();
    page.command(Command::OpenRoom(room(1)));
    assert_eq!(page.syncs(), [], "it is there at once");
}

#[test]
fn an_open_room_is_bounded_too() {
    let mut page = Page::showing(0);
    for at in 1..=10_200 {
        page.frame(&live(&said(room(1), at)));
    }
    let rows = page.client.rows(room(1)).len();
    assert!((10_000..=10_100).contains(&rows), "{rows}");
    page.forget();
    page.command(Command::PageBack(room(1)));
    let first = 10_200 - rows as u64 + 1;
    assert_eq!(page.syncs(), [before(room(1), first)]);
}

#[test]
fn the_ten_rooms_shown_last_are_kept() {
    let rooms: Vec<_> = (1..=12).map(|id| state(id, 1, 1)).collect();
    let mut page = Page::online(&rooms);
    for id in 1..=12 {
        page.command(Command::OpenRoom(room(id)));
        page.frame(&events(room(id), 1..=1, 1, false));
    }
    let kept = |id: &u128| page.client.history(room(*id)).loaded;
    assert_eq!((1..=12).filter(kept).collect::<Vec<_>>(), (3..=12).collect::<Vec<_>>());
}

#[test]
fn an_event_of_a_newer_server_keeps_its_place() {
    let mut page = Page::showing(2);
    let poll = event(room(1), 3, bob(), txn(3), EventBody::Other { kind: "poll".into(), target: None });
    page.frame(&live(&poll));
    page.frame(&live(&said(room(1), 4)));
    assert_eq!(page.texts(room(1)), ["m1", "m2", "poll", "m4"]);
}

#[test]
fn the_same_txn_id_of_two_people_is_two_rows() {
    let mut page = Page::showing(0);
    page.frame(&live(&event(room(1), 1, bob(), txn(1), support::wire::message("bob"))));
    let carl = support::wire::user(3, "Carl");
    page.frame(&live(&event(room(1), 2, carl, txn(1), support::wire::message("carl"))));
    assert_eq!(page.texts(room(1)), ["bob", "carl"]);
}

#[test]
fn an_older_page_is_no_longer_wanted_when_the_room_is_closed() {
    let mut page = Page::online(&[state(1, 250, 250)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&events(room(1), 151..=250, 250, true));
    page.lose(None);
    page.command(Command::PageBack(room(1)));
    page.command(Command::CloseRoom);
    page.forget();
    page.advance_to_call("/ws-token");
    page.connect(&[state(1, 250, 250)]);
    assert_eq!(page.syncs(), []);
}
