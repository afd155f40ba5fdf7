//! Whose it is that outlives the page: everything comes back to whoever wrote it, and to nobody else.

mod support;

use client_core::{Answer, Command, Input, Keep, Key, Record, Saved, SessionState, Slot, keep::Memory};
use shared::{ServerFrame, error::ErrorCode};
use support::{
    Page,
    keeping::{arrive, contents, expire, has, in_room, kept, refuse, sign_in, take_all, two_rooms},
    wire::{ada, bob, error, posts, room, signed_in, state, txn},
};

#[test]
fn signing_out_wipes_everything() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "mine");
    page.command(Command::Draft { room: room(1), text: "draft".into() });
    assert_eq!(page.store.keys().count(), 3, "the person, the message, the draft");
    page.command(Command::SignOut);
    let left: Vec<_> = page.store.keys().map(|key| key.slot).collect();
    assert_eq!(left, [Slot::Leaving], "but that the server has yet to hear of it");
    page.answer("/session", 204, "");
    assert_eq!(page.store, Memory::default());
    page.advance(60_000);
    page.input(Input::Stopped);
    assert_eq!(page.store, Memory::default(), "and nothing comes after it");
}

#[test]
fn a_sign_out_that_the_server_has_not_heard_goes_on_with_the_next_page() {
    let mut page = in_room();
    page.command(Command::SignOut);
    page.no_answer("/session");
    let mut page = page.crash();
    assert_eq!(
        page.client.session(),
        &SessionState::SignedOut { expired: false },
        "nobody is taken for signed in"
    );
    page.answer("/session", 204, "");
    assert_eq!(page.store, Memory::default());
    sign_in(&mut page, &bob());
}

#[test]
fn an_answer_that_signs_in_before_the_store_has_spoken_does_not_undo_a_sign_out() {
    let mut page = in_room();
    page.command(Command::SignOut);
    let saved = page.store.last().unwrap();
    let mut page = Page::new();
    page.input(Input::Started);
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.input(Input::Restored(saved));
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    page.answer("/session", 204, "");
}

#[test]
fn whoever_signs_in_next_is_not_signed_out_for_the_one_before() {
    let mut page = in_room();
    page.command(Command::SignOut);
    page.no_answer("/session");
    let saved = page.store.last().unwrap();
    sign_in(&mut page, &bob());
    assert!(!page.store.keys().any(|key| key.slot == Slot::Leaving));
    page.input(Input::Restored(saved));
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
}

#[test]
fn a_page_whose_person_signs_out_on_another_one_shows_and_keeps_nothing_of_them() {
    let mut page = in_room();
    page.post(room(1), "mine");
    page.input(Input::SignedOut(bob().id));
    assert_eq!(page.client.session(), &SessionState::SignedIn(ada()), "somebody else");
    page.forget();
    page.input(Input::SignedOut(ada().id));
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: false });
    assert_eq!((page.client.rooms().count(), page.calls().len()), (0, 0), "the other page tells the server");
}

#[test]
fn after_an_expired_session_the_same_person_gets_everything_back() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "mine");
    page.command(Command::Draft { room: room(1), text: "draft".into() });
    let mut page = page.crash();
    expire(&mut page);
    assert_eq!(page.client.session(), &SessionState::SignedOut { expired: true });
    assert_eq!(
        (page.client.rows(room(1)).len(), page.client.rooms().count()),
        (0, 0),
        "nobody sees it meanwhile"
    );
    let mut page = page.crash();
    assert_eq!(page.client.session(), &SessionState::Unknown, "nor the next time");
    expire(&mut page);
    sign_in(&mut page, &ada());
    assert_eq!(page.client.draft(room(1)), "draft");
    page.connect(&two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["mine"]);
}

#[test]
fn nobody_else_gets_anything_of_it() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "mine");
    page.command(Command::Draft { room: room(1), text: "draft".into() });
    let mut page = page.crash();
    expire(&mut page);
    sign_in(&mut page, &bob());
    page.connect(&two_rooms());
    page.command(Command::OpenRoom(room(1)));
    assert_eq!((page.texts(room(1)).len(), page.client.draft(room(1))), (0, ""));
    assert_eq!(posts(page.sent()), []);
    assert_eq!(kept(&page).len(), 1, "it waits for its author");
    assert!(has(&page, Slot::Draft(room(1))));
    page.advance(10_000);
    let mut page = page.crash();
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &signed_in(&bob()));
    page.connect(&two_rooms());
    assert_eq!(posts(page.sent()), []);
}

#[test]
fn somebody_else_behind_the_cookie_sees_nothing_of_whoever_was_here() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "mine");
    let mut page = page.crash();
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &signed_in(&bob()));
    assert_eq!(page.client.session(), &SessionState::SignedIn(bob()));
    assert_eq!((page.client.rooms().count(), page.client.rows(room(1)).len()), (0, 0));
    page.take_call("/ws-token"); // asked for in the name of whoever was here
    page.connect(&two_rooms());
    assert_eq!(posts(page.sent()), []);
}

#[test]
fn what_does_not_belong_to_whoever_is_here_is_passed_over() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "mine");
    let records = page.store.saved(ada().id).records;
    let mut page = Page::online(&two_rooms());
    page.input(Input::Restored(Saved { user: bob().id, records: records.clone() }));
    assert_eq!((page.client.rows(room(1)).len(), posts(page.sent()).len()), (0, 0));
    let mut foreign = records;
    foreign.iter_mut().for_each(|record| record.key.user = bob().id);
    page.input(Input::Restored(Saved { user: bob().id, records: foreign.clone() }));
    assert_eq!((page.client.rows(room(1)).len(), posts(page.sent()).len()), (0, 0));
    page.input(Input::Restored(Saved { user: ada().id, records: foreign }));
    assert_eq!((page.client.rows(room(1)).len(), posts(page.sent()).len()), (0, 0));
}

#[test]
fn what_another_page_has_left_behind_is_sent_at_its_place() {
    let mut other = in_room();
    other.lose(None);
    other.post(room(1), "first");
    other.ms += 10;
    let mut page = in_room();
    page.lose(None);
    page.ms = other.ms - 5;
    page.post(room(1), "second");
    page.ms = other.ms;
    other.post(room(1), "third");
    page.input(Input::Restored(other.store.saved(ada().id)));
    assert_eq!(page.texts(room(1)), ["first", "second", "third"]);
    page.input(Input::Restored(other.store.saved(ada().id)));
    assert_eq!(page.texts(room(1)).len(), 3, "told twice, there once");
    page.input(Input::NetworkBack);
    page.connect(&two_rooms());
    assert_eq!(contents(&take_all(&mut page)), ["first", "second", "third"]);
}

#[test]
fn what_comes_back_while_another_is_on_its_way_waits_for_it() {
    let mut other = in_room();
    other.lose(None);
    other.post(room(1), "left behind");
    let mut page = in_room();
    page.ms += 1_000;
    page.post(room(1), "on its way");
    page.sent();
    page.input(Input::Restored(other.store.saved(ada().id)));
    assert_eq!(posts(page.sent()), [], "one at a time");
}

#[test]
fn a_record_that_can_not_be_read_is_dropped() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "fine");
    let store = page.store.clone();
    let user = ada().id;
    for (number, text) in ["", "{", "null", "[2,{}]", r#"[1,{"room":"x"}]"#].iter().enumerate() {
        for slot in
            [Slot::Message(txn(number as u128)), Slot::Draft(room(9 + number as u128)), Slot::Page(room(1))]
        {
            let mut page = Page::new();
            page.store = store.clone();
            let key = Key { user, slot };
            page.store.apply(Keep::Write(Record { key, text: (*text).into() }));
            let mut page = page.crash();
            assert_eq!(page.texts(room(1)), ["fine"]);
            assert!(!has(&page, slot), "{slot:?} {text}");
            arrive(&mut page, &two_rooms());
            assert_eq!(contents(&take_all(&mut page)), ["fine"]);
        }
    }
}

#[test]
fn a_message_in_a_room_that_its_author_has_left_is_not_kept_for_ever() {
    let mut page = in_room();
    page.lose(None);
    page.post(room(1), "too late");
    let store = page.store;
    let mut page = Page::new();
    page.store = store;
    page.store.apply(Keep::Remove(Key { user: ada().id, slot: Slot::Person }));
    let mut page = page.crash();
    arrive(&mut page, &[state(2, 0, 0)]);
    let post = posts(page.sent()).remove(0);
    refuse(&mut page, &post, error(ErrorCode::NotMember));
    assert_eq!(kept(&page), []);
}

#[test]
fn what_is_answered_to_somebody_whose_session_has_ended_is_nobody_elses() {
    let mut page = in_room();
    page.command(Command::JoinRoom { code: "CODE7".into() });
    let (late, _) = page.take_call("/rooms/join");
    page.frame(&ServerFrame::AuthExpiring(shared::frame::AuthExpiring { expires_in_ms: 60_000 }));
    expire(&mut page);
    sign_in(&mut page, &bob());
    let body = shared::json::to_string(&state(7, 1, 1));
    page.input(Input::Answered(late, Answer::Http { status: 200, body }));
    assert_eq!(page.client.rooms().count(), 0);
}
