//! Each rule is broken once, and each break is seen.

use shared::{
    ErrorCode, Event, EventBody, MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, event::Profile, frame::Ack,
};

use super::*;

mod refused;

const AT: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
const TAB: Screen = Screen(1);

fn room() -> RoomId {
    RoomId::mint(1, [1; 10])
}

fn user(who: u8) -> UserId {
    UserId::mint(1, [who; 10])
}

fn txn(number: u64) -> TxnId {
    TxnId::mint(number, [0; 10])
}

fn seq(seq: u64) -> Seq {
    Seq::new(seq).unwrap()
}

/// Message `number` of user 1 at that place of a room of messages only.
fn message(at: u64, number: u64) -> Event {
    Event {
        room_id: room(),
        seq: seq(at),
        msg_no: MsgNo::new(at).unwrap(),
        timestamp: AT,
        txn_id: txn(number),
        author: Profile { id: user(1), name: "Ada".into(), avatar: None },
        body: EventBody::Message(shared::Message::new(format!("number {number}"))),
    }
}

fn requested(number: u64) -> Fact {
    let content = format!("number {number}");
    Fact::Requested { screen: TAB, author: user(1), txn_id: txn(number), room: room(), content }
}

fn acked(at: u64, number: u64) -> Fact {
    let (seq, msg_no) = (seq(at), MsgNo::new(at).unwrap());
    let ack = Ack { txn_id: txn(number), room_id: room(), seq, msg_no, timestamp: AT, duplicate: false };
    Fact::Acked { author: user(1), ack }
}

fn acked_again(at: u64, number: u64) -> Fact {
    match acked(at, number) {
        Fact::Acked { author, ack } => Fact::Acked { author, ack: Ack { duplicate: true, ..ack } },
        other => other,
    }
}

fn withdrawn(number: u64) -> Fact {
    Fact::Withdrawn { author: user(1), txn_id: txn(number) }
}

fn taken_back(number: u64) -> Fact {
    Fact::TakenBack { author: user(1), txn_id: txn(number) }
}

fn refused(number: u64, definite: bool) -> Fact {
    Fact::Refused { author: user(1), txn_id: txn(number), code: ErrorCode::NotMember, definite }
}

fn row(at: Option<u64>, number: u64) -> ShownRow {
    let content = Some(format!("number {number}"));
    ShownRow { seq: at.map(seq), author: user(1), txn_id: txn(number), content }
}

fn shown(who: u8, rows: &[ShownRow]) -> Fact {
    Fact::Shown { screen: Screen(who.into()), user: user(who), room: room(), rows: rows.to_vec() }
}

fn delivered(event: Event) -> Fact {
    Fact::Delivered { screen: Screen(2), event }
}

/// What comes of these facts, and then of the end.
fn judged(facts: impl IntoIterator<Item = Fact>) -> Result<(), Rule> {
    let mut oracle = Oracle::new();
    let noted = facts.into_iter().try_for_each(|fact| oracle.note(fact));
    noted.and_then(|()| oracle.finish(&[])).map_err(|violation| violation.rule)
}

#[test]
fn a_run_in_which_all_is_well_passes_in_either_order_of_ack_and_event() {
    let said = || [requested(1), requested(2), shown(1, &[row(None, 1), row(None, 2)])];
    let stored = || [Fact::Stored(message(1, 1)), Fact::Stored(message(2, 2))];
    let (first, second) = (|| delivered(message(1, 1)), || delivered(message(2, 2)));
    let told = || [acked_again(1, 1), first(), acked(2, 2), second(), acked(1, 1), acked_again(2, 2)];
    assert_eq!(judged(said().into_iter().chain(stored()).chain(told())), Ok(()));
    assert_eq!(judged(said().into_iter().chain(told()).chain(stored())), Ok(()));
}

#[test]
fn what_was_asked_for_and_is_nowhere_is_lost_unless_it_was_refused_or_withdrawn() {
    assert_eq!(judged([requested(1)]), Err(Rule::Lost));
    assert_eq!(judged([requested(1), refused(1, false)]), Err(Rule::Lost));
    assert_eq!(judged([requested(1), refused(1, true)]), Ok(()));
    assert_eq!(judged([requested(1), withdrawn(1)]), Ok(()));
    assert_eq!(judged([requested(1), withdrawn(1), Fact::Stored(message(1, 1))]), Ok(()));
}

#[test]
fn an_ack_without_a_stored_event_is_seen_at_the_end_and_at_once_by_who_watches_the_store() {
    assert_eq!(judged([requested(1), acked(1, 1)]), Err(Rule::ShownMissing));
    let mut oracle = Oracle::watching_the_store();
    oracle.note(requested(1)).unwrap();
    assert_eq!(oracle.note(acked(1, 1)).unwrap_err().rule, Rule::Stored);
    assert_eq!(oracle.note(delivered(message(1, 1))).unwrap_err().rule, Rule::Stored);
}

#[test]
fn a_request_that_is_stored_twice_is_seen() {
    let facts = [requested(1), Fact::Stored(message(1, 1)), Fact::Stored(message(2, 1))];
    assert_eq!(judged(facts), Err(Rule::Once));
    assert_eq!(judged([requested(1), Fact::Stored(message(1, 1)), acked(2, 1)]), Err(Rule::Once));
    assert_eq!(judged([requested(1), acked(1, 1), acked(2, 1)]), Err(Rule::Once));
    assert_eq!(judged([requested(1), acked(1, 1), acked(1, 1)]), Err(Rule::Once), "as new, twice");
}

#[test]
fn what_was_taken_back_before_it_was_sent_and_is_stored_is_seen() {
    assert_eq!(judged([requested(1), taken_back(1)]), Ok(()));
    let stored = || Fact::Stored(message(1, 1));
    assert_eq!(judged([requested(1), taken_back(1), stored()]), Err(Rule::TakenBack));
    assert_eq!(judged([requested(1), stored(), taken_back(1)]), Err(Rule::TakenBack));
    assert_eq!(judged([requested(1), taken_back(1), acked(1, 1)]), Err(Rule::TakenBack));
}

#[test]
fn an_ack_that_differs_from_the_event_is_seen_in_either_order() {
    let mut other = message(1, 1);
    other.timestamp = AT.plus_ms(1);
    let stored = || Fact::Stored(other.clone());
    assert_eq!(judged([requested(1), acked(1, 1), stored()]), Err(Rule::Body));
    assert_eq!(judged([requested(1), stored(), acked(1, 1)]), Err(Rule::Body));
}

#[test]
fn two_screens_that_have_other_events_at_a_place_are_seen() {
    let facts = [requested(1), requested(2), delivered(message(1, 1)), delivered(message(1, 2))];
    assert_eq!(judged(facts), Err(Rule::OneOrder));
    let facts = [requested(1), requested(2), acked(1, 1), Fact::Stored(message(1, 2))];
    assert_eq!(judged(facts), Err(Rule::OneOrder));
}

#[test]
fn a_place_that_is_given_a_second_time_is_told_from_one_that_is_told_wrongly() {
    let begin = || vec![requested(1), requested(2), Fact::Stored(message(1, 1))];
    let then = |facts: &[Fact]| judged(begin().into_iter().chain(facts.iter().cloned()));
    assert_eq!(then(&[acked(1, 2)]), Err(Rule::SeqTwice));
    assert_eq!(then(&[delivered(message(1, 2))]), Err(Rule::SeqTwice));
    assert_eq!(then(&[Fact::Stored(message(2, 2)), acked(1, 2)]), Err(Rule::OneOrder), "it has its own");
}

#[test]
fn what_the_database_holds_no_more_or_otherwise_is_seen() {
    let stored = || [1, 2].map(|at| Fact::Stored(message(at, at)));
    let kept = |events: Vec<Event>| {
        let facts = [requested(1), requested(2)].into_iter().chain(stored());
        judged(facts.chain([Fact::Kept { room: room(), events }]))
    };
    assert_eq!(kept(vec![message(1, 1), message(2, 2)]), Ok(()));
    assert_eq!(kept(vec![message(1, 1)]), Err(Rule::Stored));
    assert_eq!(kept(vec![message(2, 2)]), Err(Rule::Stored));
    assert_eq!(kept(vec![message(1, 1), message(2, 3)]), Err(Rule::SeqTwice));
    assert_eq!(
        kept(vec![message(1, 1), Event { msg_no: MsgNo::new(3).unwrap(), ..message(2, 2) }]),
        Err(Rule::Body)
    );
}

#[test]
fn another_text_than_was_asked_for_is_seen() {
    let mut other = message(1, 1);
    other.body = EventBody::Message(shared::Message::new("something else"));
    assert_eq!(judged([requested(1), Fact::Stored(other.clone())]), Err(Rule::Body));
    assert_eq!(judged([requested(1), Fact::Stored(message(1, 1)), delivered(other)]), Err(Rule::Body));
    let row = ShownRow { content: Some("something else".into()), ..row(None, 1) };
    assert_eq!(judged([requested(1), shown(1, &[row])]), Err(Rule::Body));
}

#[test]
fn a_hole_in_the_log_or_on_a_screen_is_seen_and_an_own_row_ahead_is_none() {
    let facts = [requested(1), requested(2), Fact::Stored(message(1, 1)), Fact::Stored(message(3, 2))];
    assert_eq!(judged(facts), Err(Rule::Holes));
    let all = || (1..=3).flat_map(|at| [requested(at), Fact::Stored(message(at, at))]);
    let rows = [row(Some(1), 1), row(Some(3), 3)];
    assert_eq!(judged(all().chain([shown(2, &rows)])), Err(Rule::Holes));
    assert_eq!(judged(all().chain([shown(1, &rows)])), Ok(()));
}

#[test]
fn a_message_count_that_does_not_count_is_seen() {
    let wrong = Event { msg_no: MsgNo::new(2).unwrap(), ..message(1, 1) };
    assert_eq!(judged([requested(1), Fact::Stored(wrong)]), Err(Rule::MessageCount));
}

#[test]
fn what_was_said_later_and_is_stored_first_is_seen_but_for_what_was_refused_in_between() {
    let swapped = || [Fact::Stored(message(1, 2)), Fact::Stored(message(2, 1))];
    assert_eq!(judged([requested(1), requested(2)].into_iter().chain(swapped())), Err(Rule::OwnOrder));
    let again = [requested(1), requested(2), refused(1, true), requested(1)];
    assert_eq!(judged(again.into_iter().chain(swapped())), Ok(()));
    let parked = |number| Fact::Parked { author: user(1), txn_id: txn(number) };
    assert_eq!(judged([requested(1), requested(2), parked(1)].into_iter().chain(swapped())), Ok(()));
    let anew = || [requested(1), requested(2), refused(1, true), withdrawn(1), requested(3)];
    let in_its_place = || [Fact::Stored(message(1, 3)), Fact::Stored(message(2, 2))];
    assert_eq!(judged(anew().into_iter().chain(in_its_place())), Err(Rule::OwnOrder));
    assert_eq!(judged(anew().into_iter().chain([parked(3)]).chain(in_its_place())), Ok(()));
}

#[test]
fn a_message_that_nobody_asked_for_is_seen() {
    assert_eq!(judged([Fact::Stored(message(1, 1))]), Err(Rule::Unasked));
    assert_eq!(judged([shown(2, &[row(Some(1), 1)])]), Err(Rule::Unasked));
    assert_eq!(judged([acked(1, 1)]), Err(Rule::Unasked));
    assert_eq!(judged([refused(1, false)]), Err(Rule::Unasked));
}

#[test]
fn a_row_that_was_shown_and_is_gone_is_seen() {
    let said = || [requested(1), requested(2), shown(1, &[row(None, 1), row(None, 2)])];
    assert_eq!(judged(said().into_iter().chain([shown(1, &[row(None, 1)])])), Err(Rule::ShownMissing));
    let log = || [Fact::Stored(message(1, 1)), Fact::Stored(message(2, 2))];
    let both = || said().into_iter().chain(log()).chain([shown(2, &[row(Some(1), 1), row(Some(2), 2)])]);
    assert_eq!(judged(both().chain([shown(2, &[row(Some(1), 1)])])), Err(Rule::ShownMissing));
    assert_eq!(judged(both().chain([shown(2, &[])])), Err(Rule::ShownMissing), "all of it");
    assert_eq!(judged(both().chain([shown(2, &[row(Some(2), 2)])])), Ok(()), "the others can be paged to");
    let far = (3..=2_100).flat_map(|at| [requested(at), Fact::Stored(message(at, at))]);
    assert_eq!(judged(both().chain(far).chain([shown(2, &[])])), Ok(()), "so far behind that it starts over");
    let reloaded = [Fact::Restarted(Screen(2)), shown(2, &[row(Some(1), 1)])];
    assert_eq!(judged(both().chain(reloaded)), Ok(()));
    assert_eq!(judged([requested(1), delivered(message(1, 1))]), Err(Rule::ShownMissing));
}

#[test]
fn a_row_shown_twice_or_out_of_order_is_seen() {
    let log = || (1..=2).flat_map(|at| [requested(at), Fact::Stored(message(at, at))]);
    let screen = |rows: &[ShownRow]| judged(log().chain([shown(2, rows)]));
    assert_eq!(screen(&[row(Some(1), 1), row(Some(2), 2), row(None, 1)]), Err(Rule::Once));
    assert_eq!(screen(&[row(Some(2), 2), row(Some(1), 1)]), Err(Rule::OneOrder));
    assert_eq!(screen(&[row(None, 2), row(Some(1), 1)]), Err(Rule::OneOrder));
    assert_eq!(screen(&[row(Some(1), 1), row(None, 2)]), Err(Rule::Unasked), "it is not their own");
}

#[test]
fn a_read_marker_that_moves_back_is_seen_for_each_who_looks() {
    let marker = |observer, at| Fact::Marker { observer, room: room(), user: user(1), seq: seq(at) };
    let screen = Observer::Screen(TAB);
    assert_eq!(judged([marker(screen, 5), marker(Observer::Store, 3), marker(screen, 5)]), Ok(()));
    assert_eq!(judged([marker(screen, 5), marker(screen, 4)]), Err(Rule::MarkerBack));
    assert_eq!(judged([marker(screen, 5), Fact::Restarted(TAB), marker(screen, 4)]), Ok(()));
}

#[test]
fn a_count_is_checked_as_soon_as_the_log_reaches_it() {
    let count = |unread| {
        let count = Count { head: seq(3), msg_no: MsgNo::new(3).unwrap(), read_seq: seq(1), unread };
        Fact::Counted { user: user(2), room: room(), count }
    };
    let log = || (1..=3).flat_map(|at| [requested(at), Fact::Stored(message(at, at))]);
    assert_eq!(judged(log().chain([count(2)])), Ok(()));
    assert_eq!(judged(log().chain([count(1)])), Err(Rule::Unread));
    assert_eq!(judged([count(2)].into_iter().chain(log())), Ok(()));
    assert_eq!(judged([count(3)].into_iter().chain(log())), Err(Rule::Unread));
}

#[test]
fn what_is_asked_for_by_somebody_who_is_heard_late_is_judged_when_it_is_heard() {
    let late = |facts: Vec<Fact>| {
        let mut oracle = Oracle::new();
        oracle.hears_late_of(user(1));
        let noted = facts.into_iter().try_for_each(|fact| oracle.note(fact));
        noted.and_then(|()| oracle.finish(&[])).map_err(|violation| violation.rule)
    };
    let others = || vec![shown(2, &[row(Some(1), 1)]), shown(3, &[row(Some(1), 1)]), acked(1, 1)];
    let then = |facts: &[Fact]| late(others().into_iter().chain(facts.iter().cloned()).collect());
    assert_eq!(then(&[requested(1), Fact::Stored(message(1, 1))]), Ok(()));
    assert_eq!(then(&[]), Err(Rule::ShownMissing), "and it is not in the log");
    assert_eq!(late(vec![shown(2, &[row(None, 1)])]), Err(Rule::Unasked), "it is not their own");
    assert_eq!(late(vec![shown(1, &[row(None, 1)])]), Err(Rule::Unasked), "it was never heard of");
    let Fact::Requested { screen, author, txn_id, room, .. } = requested(1) else { unreachable!() };
    let other = Fact::Requested { screen, author, txn_id, room, content: "another text".into() };
    assert_eq!(then(&[other]), Err(Rule::Body), "it was shown with another text");
    assert_eq!(then(&[requested(1), acked(2, 1)]), Err(Rule::Once), "it was acked elsewhere before");
    assert_eq!(
        late(vec![acked(1, 1), acked(1, 1), requested(1)]),
        Err(Rule::Once),
        "it was acked twice as new"
    );
    assert_eq!(late(vec![refused(1, true), requested(1)]), Ok(()), "it was refused before");
    assert_eq!(late(vec![refused(1, false)]), Err(Rule::Unasked), "nobody asked for what was refused");
}

#[test]
fn somebody_shown_as_typing_without_having_typed_lately_is_seen() {
    let typed = |active, at_ms| Fact::Typed { screen: TAB, room: room(), user: user(2), active, at_ms };
    let shows = |at_ms| Fact::ShowsTyping { screen: TAB, room: room(), users: vec![user(2)], at_ms };
    assert_eq!(judged([typed(true, 1_000), shows(9_000)]), Ok(()));
    assert_eq!(judged([typed(true, 1_000), shows(9_001)]), Err(Rule::Typing));
    assert_eq!(judged([typed(true, 1_000), typed(false, 2_000), shows(2_000)]), Err(Rule::Typing));
    assert_eq!(judged([shows(1)]), Err(Rule::Typing));
}

#[test]
fn history_says_nothing_about_who_types() {
    let (screen, by_ada) = (TAB, message(1, 1));
    let typed = Fact::Typed { screen, room: room(), user: user(1), active: true, at_ms: 1 };
    let shows = Fact::ShowsTyping { screen, room: room(), users: vec![user(1)], at_ms: 2 };
    let noted = |came| {
        let mut oracle = Oracle::new();
        [typed.clone(), came, shows.clone()].into_iter().try_for_each(|fact| oracle.note(fact))
    };
    let live = noted(Fact::Delivered { screen, event: by_ada.clone() });
    assert_eq!(live.map_err(|violation| violation.rule), Err(Rule::Typing));
    assert_eq!(noted(Fact::Paged { screen, event: by_ada }), Ok(()));
}

/// User 2 comes after the two messages.
fn join() -> Event {
    let author = Profile { id: user(2), name: "Bo".into(), avatar: None };
    let msg_no = MsgNo::new(2).unwrap();
    Event { seq: seq(3), msg_no, txn_id: txn(3), author, body: EventBody::Join, ..message(3, 3) }
}

fn joined() -> ShownRow {
    ShownRow { seq: Some(seq(3)), author: user(2), txn_id: txn(3), content: None }
}

fn screen_state(rows: &[ShownRow], head: u64, read: u64, unread: u64) -> ScreenState {
    let screen_room = ScreenRoom {
        head: seq(head),
        read_seq: seq(read),
        unread,
        rows: rows.to_vec(),
        members: vec![(user(2), seq(read))],
        ..ScreenRoom::default()
    };
    ScreenState { rooms: [(room(), screen_room)].into(), waiting: 0 }
}

/// What comes of that log at the end, where a screen shows one thing and a fresh login another.
fn ended(shown: ScreenState, fresh: ScreenState) -> Result<(), Rule> {
    let mut oracle = Oracle::new();
    for at in 1..=2 {
        oracle.note(requested(at)).unwrap();
        oracle.note(Fact::Stored(message(at, at))).unwrap();
    }
    oracle.note(Fact::Stored(join())).unwrap();
    let marker = Fact::Marker { observer: Observer::Store, room: room(), user: user(2), seq: seq(1) };
    oracle.note(marker).unwrap();
    let end = End { screen: Screen(2), user: user(2), shown, fresh };
    oracle.finish(&[end]).map_err(|violation| violation.rule)
}

#[test]
fn at_the_end_every_screen_shows_the_log_and_what_a_fresh_login_shows() {
    let all = [row(Some(1), 1), row(Some(2), 2), joined()];
    let good = || screen_state(&all, 3, 1, 1);
    assert_eq!(ended(good(), good()), Ok(()));
    assert_eq!(ended(screen_state(&all[..2], 3, 1, 1), good()), Err(Rule::ShownMissing));
    assert_eq!(ended(screen_state(&all, 2, 1, 1), good()), Err(Rule::Resumed), "the last event got lost");
    assert_eq!(ended(screen_state(&all, 3, 1, 2), good()), Err(Rule::Unread));
    assert_eq!(ended(screen_state(&all, 3, 2, 0), good()), Err(Rule::Resumed), "another read marker");
    assert_eq!(
        ended(screen_state(&all, 3, 2, 0), screen_state(&all, 3, 2, 0)),
        Err(Rule::Unread),
        "than is stored"
    );
    assert_eq!(
        ended(ScreenState::default(), ScreenState::default()),
        Err(Rule::Resumed),
        "no room on either side"
    );
    assert_eq!(ended(ScreenState { waiting: 1, ..good() }, good()), Err(Rule::OutboxLeft));
    assert_eq!(ended(ScreenState::default(), good()), Err(Rule::Resumed), "no such room");
    let mut typing = good();
    typing.rooms.values_mut().for_each(|room| room.typing.push(user(1)));
    assert_eq!(ended(typing, good()), Err(Rule::Typing));
}

#[test]
fn at_the_end_the_members_are_those_of_the_log_and_what_they_have_read_may_lag_until_it_is_asked_for() {
    let good = || screen_state(&[row(Some(1), 1), row(Some(2), 2), joined()], 3, 1, 1);
    let with = |members: &[(UserId, Seq)], has_new_list| {
        let mut other = good();
        for room in other.rooms.values_mut() {
            (room.members, room.has_new_list) = (members.to_vec(), has_new_list);
        }
        other
    };
    let more = || with(&[(user(2), seq(1)), (user(1), seq(1))], false);
    assert_eq!(ended(more(), good()), Err(Rule::Resumed));
    assert_eq!(ended(more(), more()), Err(Rule::Resumed), "nobody else has come");
    assert_eq!(ended(with(&[(user(2), seq(0))], false), good()), Ok(()));
    assert_eq!(ended(with(&[(user(2), seq(0))], true), good()), Err(Rule::Resumed));
    assert_eq!(ended(with(&[(user(2), seq(2))], false), good()), Err(Rule::Resumed), "ahead of what is so");
}
