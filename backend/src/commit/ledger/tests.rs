//! What gets stored, request by request.

use shared::Message;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn txn(number: u8) -> TxnId {
    TxnId::mint(1, [number; 10])
}

fn room() -> RoomId {
    RoomId::mint(1, [9; 10])
}

fn person(number: u8) -> Profile {
    Profile { id: UserId::mint(1, [number; 10]), name: format!("Person {number}"), avatar: None }
}

fn post(author: u8, number: u8, content: &str) -> Append {
    let (author, body) = (Arc::new(person(author)), EventBody::Message(Message::new(content)));
    Append { author, txn_id: txn(number), room_id: room(), body }
}

fn answering(reply_to: Seq, ask: Append) -> Append {
    let content = ask.body.content().unwrap().to_owned();
    let message = Message { reply_to: Some(reply_to), ..Message::new(content) };
    Append { body: EventBody::Message(message), ..ask }
}

/// A room that person 1 has made, and what that changed.
fn ledger() -> (Ledger, Changes) {
    let (mut ledger, mut changes) = (Ledger::default(), Changes::default());
    ledger.learn_room(room(), Some(Head::default()));
    ledger.join(room(), &person(1), Role::Owner, (txn(200), NOW), &mut changes).unwrap();
    (ledger, changes)
}

#[test]
fn events_are_numbered_without_holes_and_messages_by_themselves() {
    let (mut ledger, mut changes) = ledger();
    ledger.append(&post(1, 1, "one"), NOW, &mut changes).unwrap();
    ledger.join(room(), &person(2), Role::Member, (txn(201), NOW), &mut changes).unwrap();
    ledger.append(&post(2, 2, "two"), NOW, &mut changes).unwrap();
    ledger.leave(room(), &person(2), (txn(202), NOW), &mut changes).unwrap();
    let numbers: Vec<_> = changes.events.iter().map(|e| (e.seq.get(), e.msg_no.get())).collect();
    assert_eq!(numbers, [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)]);
    let head = Head { seq: seq(5), msg_no: changes.events[4].msg_no, members: 1 };
    assert_eq!(ledger.head(room()), Some(head));
    assert_eq!(changes.heads[&room()], head);
}

#[test]
fn asking_again_changes_nothing_and_has_the_first_answer() {
    let (mut ledger, mut changes) = ledger();
    let first = ledger.append(&post(1, 1, "once"), NOW, &mut changes).unwrap();
    let before = changes.clone();
    let again = ledger.append(&post(1, 1, "once"), NOW.plus_ms(5_000), &mut changes).unwrap();
    assert_eq!(again, Ack { duplicate: true, ..first });
    assert_eq!(changes, before);
}

#[test]
fn asking_again_is_answered_even_after_leaving() {
    let (mut ledger, mut changes) = ledger();
    let first = ledger.append(&post(1, 1, "once"), NOW, &mut changes).unwrap();
    ledger.leave(room(), &person(1), (txn(202), NOW), &mut changes).unwrap();
    assert_eq!(ledger.append(&post(1, 1, "once"), NOW, &mut changes).unwrap().seq, first.seq);
    assert_eq!(ledger.append(&post(1, 2, "more"), NOW, &mut changes), Err(CommitError::NotMember));
}

#[test]
fn a_txn_id_is_good_for_one_body_and_one_person() {
    let (mut ledger, mut changes) = ledger();
    ledger.join(room(), &person(2), Role::Member, (txn(201), NOW), &mut changes).unwrap();
    ledger.append(&post(1, 1, "mine"), NOW, &mut changes).unwrap();
    let before = changes.clone();
    assert_eq!(ledger.append(&post(1, 1, "other"), NOW, &mut changes), Err(CommitError::Conflict));
    let answer = answering(seq(1), post(1, 1, "mine"));
    assert_eq!(ledger.append(&answer, NOW, &mut changes), Err(CommitError::Conflict));
    let elsewhere = Append { room_id: RoomId::mint(1, [8; 10]), ..post(1, 1, "mine") };
    assert_eq!(ledger.append(&elsewhere, NOW, &mut changes), Err(CommitError::Conflict));
    assert_eq!(changes, before);
    assert!(!ledger.append(&post(2, 1, "mine"), NOW, &mut changes).unwrap().duplicate);
}

#[test]
fn nobody_posts_where_they_are_not_or_where_nothing_is() {
    let (mut ledger, mut changes) = ledger();
    let before = changes.clone();
    assert_eq!(ledger.append(&post(2, 1, "hello"), NOW, &mut changes), Err(CommitError::NotMember));
    let nowhere = Append { room_id: RoomId::mint(1, [8; 10]), ..post(1, 1, "hello") };
    assert_eq!(ledger.append(&nowhere, NOW, &mut changes), Err(CommitError::NotMember));
    for reply_to in [Seq::ZERO, seq(2)] {
        let answer = answering(reply_to, post(1, 10 + u8::try_from(reply_to.get()).unwrap(), "hello"));
        assert_eq!(ledger.append(&answer, NOW, &mut changes), Err(CommitError::NoSuchReply));
    }
    let refusals = std::mem::take(&mut changes.refusals);
    assert_eq!(changes, before);
    assert_eq!(refusals.len(), 4);
}

#[test]
fn a_request_that_was_refused_for_good_stays_refused_whatever_has_changed() {
    let (mut ledger, mut changes) = ledger();
    assert_eq!(ledger.append(&post(2, 1, "hello"), NOW, &mut changes), Err(CommitError::NotMember));
    let kept = changes.refusals.clone();
    assert_eq!(kept, [(person(2).id, txn(1), CommitError::NotMember)]);
    ledger.join(room(), &person(2), Role::Member, (txn(201), NOW), &mut changes).unwrap();
    assert_eq!(ledger.append(&post(2, 1, "hello"), NOW, &mut changes), Err(CommitError::NotMember));
    assert_eq!(changes.refusals, kept, "once is enough");

    // In a later batch, and after a restart, it is the database that says so.
    ledger.forget_requests();
    let [(user, txn_id, why)] = kept[..] else { panic!("one") };
    ledger.learn_request(user, txn_id, Known::Refused(why));
    assert_eq!(ledger.append(&post(2, 1, "hello"), NOW, &mut changes), Err(CommitError::NotMember));
    assert!(ledger.append(&post(2, 2, "hello"), NOW, &mut changes).is_ok(), "a new request is another one");
}

#[test]
fn what_was_stored_in_an_earlier_batch_is_answered_with_its_place() {
    let (mut ledger, mut changes) = ledger();
    let ask = post(1, 1, "once");
    let first = ledger.append(&ask, NOW, &mut changes).unwrap();
    ledger.forget_requests();
    let Ack { room_id, seq, msg_no, timestamp, .. } = first;
    let stored = Stored { room_id, seq, msg_no, timestamp, body: ask.body.clone() };
    ledger.learn_request(person(1).id, txn(1), Known::Stored(stored));
    assert_eq!(ledger.append(&ask, NOW.plus_ms(1), &mut changes), Ok(Ack { duplicate: true, ..first }));
    let other = post(1, 1, "twice");
    assert_eq!(ledger.append(&other, NOW, &mut changes), Err(CommitError::Conflict));
}

#[test]
fn joining_twice_is_joining_once() {
    let (mut ledger, mut changes) = ledger();
    let again = ledger.join(room(), &person(1), Role::Member, (txn(201), NOW), &mut changes);
    assert_eq!(again, Ok(None));
    assert_eq!(changes.events.len(), 1);
    let gone = ledger.leave(room(), &person(2), (txn(202), NOW), &mut changes);
    assert_eq!(gone, Err(CommitError::NotMember));
}

#[test]
fn a_read_marker_never_moves_back_nor_beyond_the_newest_event() {
    let (mut ledger, mut changes) = ledger();
    let who = (room(), person(1).id);
    ledger.append(&post(1, 1, "sending marks read"), NOW, &mut changes).unwrap();
    assert_eq!(changes.reads[&who], seq(2));
    assert!(changes.told.is_empty(), "the message says it already");
    ledger.join(room(), &person(2), Role::Member, (txn(201), NOW), &mut changes).unwrap();
    ledger.read(room(), who.1, seq(1), &mut changes);
    assert_eq!((changes.reads[&who], changes.told.len()), (seq(2), 0));
    ledger.read(room(), who.1, seq(99), &mut changes);
    assert_eq!((changes.reads[&who], changes.told[&who]), (seq(3), seq(3)));
    ledger.read(room(), person(7).id, seq(1), &mut changes);
    assert_eq!(changes.told.len(), 1, "only of members");
}
