//! A batch of any size is stored whole and read back.

use std::sync::Arc;

use shared::{
    EventBody, Message,
    api::{Role, Visibility},
    frame::SyncFrom,
};

use super::*;
use crate::{
    commit::ledger::{Append, Ledger},
    store::Store,
};

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

fn ada() -> Profile {
    Profile { id: UserId::mint(1, [1; 10]), name: "Ada".into(), avatar: None }
}

fn tea() -> Room {
    Room {
        id: RoomId::mint(1, [2; 10]),
        name: "Tea".into(),
        visibility: Visibility::Private,
        code: "TEA".into(),
        members: 0,
    }
}

fn person(number: u8) -> Profile {
    Profile { id: UserId::mint(2, [number; 10]), ..ada() }
}

#[tokio::test]
async fn a_batch_of_any_size_is_stored_whole_and_read_back() {
    let (store, mut writer) = Store::in_memory().await.unwrap();
    let room = tea();
    let (mut ledger, mut changes) = (Ledger::default(), Changes::default());
    ledger.learn_room(room.id, Some(Head::default()));
    for number in 0..100 {
        let txn = TxnId::mint(2, [number; 10]);
        ledger.join(room.id, &person(number), Role::Member, (txn, NOW), &mut changes).unwrap();
    }
    for number in 0..150 {
        let author = Arc::new(person(number % 100));
        let (txn_id, content) = (TxnId::mint(3, [number; 10]), format!("number {number}"));
        let body = EventBody::Message(Message::new(content));
        ledger.append(&Append { author, txn_id, room_id: room.id, body }, NOW, &mut changes).unwrap();
    }
    let mut batch = writer.begin().await.unwrap();
    for number in 0..100 {
        batch.add_user(&person(number), NOW).await.unwrap();
    }
    assert!(batch.add_room(&room, NOW).await.unwrap());
    batch.add(&changes, NOW).await.unwrap();
    batch.commit().await.unwrap();

    assert_eq!(store.head(room.id).await.unwrap(), ledger.head(room.id));
    let head = changes.heads[&room.id].seq;
    let page = store.page(room.id, SyncFrom::After(Seq::ZERO), 1_000, head).await.unwrap();
    assert_eq!(page.events, changes.events);
    let mut batch = writer.begin().await.unwrap();
    let keys: Vec<_> = page.events.iter().map(|event| (event.author.id, event.txn_id)).collect();
    let known = batch.requests(&keys).await.unwrap();
    assert_eq!(known.len(), page.events.len());
    for ((.., known), event) in known.into_iter().zip(page.events) {
        let Known::Stored(stored) = known else { panic!("it is stored") };
        assert_eq!((stored.seq, stored.body), (event.seq, event.body));
    }
    let members: Vec<_> = changes.reads.keys().copied().collect();
    let found = batch.members(&members).await.unwrap();
    assert_eq!(found.len(), members.len());
    for (room, user, read) in found {
        assert_eq!(changes.reads[&(room, user)], read);
    }
}

#[tokio::test]
async fn a_refusal_is_kept_for_two_days() {
    let (_store, mut writer) = Store::in_memory().await.unwrap();
    let refusal = |number: u8| (ada().id, TxnId::mint(1, [number; 10]), CommitError::NoSuchReply);
    let mut batch = writer.begin().await.unwrap();
    batch.add_user(&ada(), NOW).await.unwrap();
    let changes = Changes { refusals: vec![refusal(1)], ..Changes::default() };
    batch.add(&changes, NOW).await.unwrap();
    batch.commit().await.unwrap();
    let key = |number| (refusal(number).0, refusal(number).1);
    for (later, known) in [(REFUSALS_MS, 2), (REFUSALS_MS + 1, 1)] {
        let mut batch = writer.begin().await.unwrap();
        let changes = Changes { refusals: vec![refusal(2)], ..Changes::default() };
        batch.add(&changes, NOW.plus_ms(later)).await.unwrap();
        let found = batch.requests(&[key(1), key(2), key(3)]).await.unwrap();
        assert_eq!(found.len(), known);
        assert!(found.iter().all(|(.., known)| *known == Known::Refused(CommitError::NoSuchReply)));
    }
}

#[tokio::test]
async fn what_was_not_committed_is_nowhere_and_its_numbers_are_forgotten() {
    let (store, mut writer) = Store::in_memory().await.unwrap();
    let mut batch = writer.begin().await.unwrap();
    batch.add_user(&person(1), NOW).await.unwrap();
    assert_eq!(batch.rooms_of(person(1).id).await.unwrap(), 0);
    drop(batch);
    writer.reset();
    let mut batch = writer.begin().await.unwrap();
    assert!(batch.rooms_of(person(1).id).await.is_err(), "there is no such person");
    batch.add_user(&ada(), NOW).await.unwrap();
    batch.commit().await.unwrap();
    assert_eq!(store.user(ada().id).await.unwrap(), Some(ada()));
    assert_eq!(store.user(person(1).id).await.unwrap(), None);
}
