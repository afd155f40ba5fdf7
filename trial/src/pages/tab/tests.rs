//! What is told of a tab, line by line, and what the oracle makes of it.

use oracle::{End, Observer};
use serde_json::{Value, json};
use shared::{MsgNo, Timestamp, api::Room, event::Profile};

use super::*;
use crate::scene::{Stage, Stagecraft};

/// The tab of TrialPerson 1, who is in Room 0 with TrialPerson 0, and the recorder.
struct Scenery {
    tab: Tab,
    reports: watch::Receiver<Report>,
    recorder: Recorder,
    _folder: tempfile::TempDir,
    /// A tab looks at them as long as it server.
    _others: watch::Sender<Report>,
    _stagecraft: Stagecraft,
}

fn user(number: u8) -> UserId {
    UserId::mint(1, [number; 10])
}

fn room() -> RoomId {
    RoomId::mint(1, [9; 10])
}

fn txn(number: u64) -> TxnId {
    TxnId::mint(number, [7; 10])
}

fn text(number: u64) -> String {
    format!("TrialPerson 1 {number}")
}

impl Scenery {
    fn new() -> Self {
        Self::at_a_tab(false)
    }

    fn at_a_tab(is_shared: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(folder.path()).unwrap();
        let stagecraft = Stagecraft::new(Stage::Storm);
        let visibility = shared::api::Visibility::Private;
        let (name, code) = ("Room 0".into(), "AAAA-BBBB-CC".into());
        stagecraft.opened(0, &Room { id: room(), name, visibility, code, members: 2 });
        let (others, other) = watch::channel(Report { user: Some(user(0)), ..Report::default() });
        let (mut tab, reports) = Tab::new(Screen(1), is_shared, recorder.clone(), Arc::default());
        tab.knows(&[other, reports.clone()], &stagecraft.watch());
        tab.is(user(1));
        Self { tab, reports, recorder, _folder: folder, _others: others, _stagecraft: stagecraft }
    }

    /// What the program tells, as it stands on its line.
    fn tells(&mut self, tells: Value) -> &mut Self {
        self.tab.told(serde_json::from_value(tells).unwrap()).unwrap();
        self
    }

    fn types(&mut self, number: u64) -> &mut Self {
        self.tells(json!({ "typed": { "room": "Room 0", "txn": txn(number), "text": text(number) } }))
    }

    fn shows(&mut self, rows: &[Value]) -> &mut Self {
        self.tells(json!({ "shows": { "room": "Room 0", "rows": rows } }))
    }

    /// Tells what is in the log after the two have come, and what the tab shows at the end, scrolled up window by
    /// window; the last of them has the lines of those who came.
    fn ends(&mut self, log: &[u64], windows: &[&[Value]]) -> Option<Rule> {
        let mut windows: Vec<Vec<Value>> = windows.iter().map(|rows| rows.to_vec()).collect();
        windows.last_mut().unwrap().splice(0..0, [line(0), line(1)]);
        let seen = json!({
            "room": "Room 0", "windows": windows, "unread": "", "typing": "", "members": ["TrialPerson 0", "TrialPerson 1"],
        });
        let head = place(log.len() as u64);
        let read = json!({ "type": "read", "room_id": room(), "seq": head }).to_string();
        self.tells(json!({ "sent": read }));
        self.tells(json!({ "screen_state": { "rooms": [seen], "cookies": [] } }));
        let said = log.iter().zip(1..).map(|(number, at)| event(*number, at));
        let stored: Vec<Event> = [join(0), join(1)].into_iter().chain(said).collect();
        for event in &stored {
            self.recorder.note(Fact::Stored(event.clone()));
        }
        let markers = [(user(0), Seq::ZERO), (user(1), head)];
        for (user, seq) in markers {
            self.recorder.note(Fact::Marker { observer: Observer::Store, room: room(), user, seq });
        }
        let screen_state = self.reports.borrow().screen_state.clone().unwrap_or_default();
        let mut fresh = screen_state.clone();
        for room in fresh.rooms.values_mut() {
            room.rows = stored.iter().map(shown).collect();
            (room.head, room.members) = (head, markers.to_vec());
        }
        self.recorder.finish(&[End { screen: Screen(1), user: user(1), shown: screen_state, fresh }]);
        self.rule()
    }

    fn rule(&self) -> Option<Rule> {
        self.recorder.verdict().map(|violation| violation.rule)
    }
}

/// Where the first, second, third message is: two people have come before.
fn place(at: u64) -> Seq {
    Seq::new(at + 2).unwrap()
}

fn join(number: u8) -> Event {
    let author = Profile { id: user(number), name: format!("TrialPerson {number}"), avatar: None };
    let seq = Seq::new(u64::from(number) + 1).unwrap();
    let txn_id = TxnId::mint(1, [number; 10]);
    let timestamp = Timestamp::from_unix_ms(1);
    Event {
        room_id: room(),
        seq,
        msg_no: MsgNo::ZERO,
        timestamp,
        txn_id,
        author,
        body: shared::EventBody::Join,
    }
}

fn event(number: u64, at: u64) -> Event {
    let body = shared::EventBody::Message(shared::Message::new(text(number)));
    Event { seq: place(at), msg_no: MsgNo::new(at).unwrap(), txn_id: txn(number), body, ..join(1) }
}

fn shown(event: &Event) -> ShownRow {
    let content = event.body.content().map(str::to_owned);
    ShownRow { seq: Some(event.seq), author: event.author.id, txn_id: event.txn_id, content }
}

/// A row as the page has it.
fn row(number: u64, at: Option<u64>) -> Value {
    let state = if at.is_some() { "stored" } else { "sending" };
    json!({ "txn": txn(number), "seq": at.map(place), "state": state, "who": "TrialPerson 1", "text": text(number) })
}

/// Somebody's coming, as the page has it.
fn line(number: u8) -> Value {
    let Event { txn_id, seq, author, .. } = join(number);
    json!({ "txn": txn_id, "seq": seq, "state": "stored", "who": author.name, "text": null })
}

fn rows(numbers: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    numbers.map(|number| row(number, Some(number))).collect()
}

/// Three messages, typed, shown as waiting and then as stored.
fn three() -> Scenery {
    let mut scenery = Scenery::new();
    for number in 1..=3 {
        scenery.types(number);
    }
    scenery.shows(&[row(1, None), row(2, None), row(3, None)]).shows(&rows(1..=3));
    assert_eq!(scenery.rule(), None);
    scenery
}

#[test]
fn a_tab_on_which_all_is_well_passes_whichever_way_it_is_scrolled() {
    assert_eq!(three().ends(&[1, 2, 3], &[&rows(1..=3)]), None);
    assert_eq!(three().ends(&[1, 2, 3], &[&rows(3..=3), &rows(2..=3), &rows(1..=2)]), None);
}

#[test]
fn a_message_that_is_doubled_missing_or_swapped_on_a_tab_is_seen_while_it_is_looked_at() {
    let shows = |rows: &[Value]| three().shows(rows).rule();
    let [first, second, third] = [1, 2, 3].map(|number| row(number, Some(number)));
    assert_eq!(shows(&[first.clone(), second.clone(), second.clone(), third.clone()]), Some(Rule::Once));
    assert_eq!(shows(&[first.clone(), second.clone(), third.clone(), row(3, None)]), Some(Rule::Once));
    assert_eq!(shows(&[first.clone(), third.clone()]), Some(Rule::ShownMissing));
    assert_eq!(shows(&[first.clone(), second.clone()]), Some(Rule::ShownMissing), "the last first");
    assert_eq!(shows(&[first.clone(), third, second]), Some(Rule::OneOrder));
    assert_eq!(shows(&[first, row(3, Some(2)), row(2, Some(3))]), Some(Rule::OneOrder));
    assert_eq!(shows(&[row(2, Some(1))]), Some(Rule::OneOrder), "it is somewhere else");
}

#[test]
fn a_message_that_is_doubled_missing_or_swapped_on_a_tab_is_seen_at_the_end() {
    let ends = |windows: &[&[Value]]| three().ends(&[1, 2, 3], windows);
    assert_eq!(ends(&[&rows(2..=3)]), Some(Rule::ShownMissing), "the first one");
    assert_eq!(ends(&[&[row(1, Some(1)), row(3, Some(3))]]), Some(Rule::ShownMissing));
    assert_eq!(ends(&[&rows(1..=2)]), Some(Rule::Resumed), "the last one");
    let swapped = [row(2, Some(2)), row(1, Some(1)), row(3, Some(3))];
    assert_eq!(ends(&[&swapped]), Some(Rule::ShownMissing));
    let doubled = [row(1, Some(1)), row(2, Some(2)), row(2, Some(2)), row(3, Some(3))];
    assert_eq!(ends(&[&doubled]), Some(Rule::ShownMissing));
    assert_eq!(ends(&[&rows(2..=3), &swapped]), Some(Rule::ShownMissing), "the second time");
    let waits = [row(1, Some(1)), row(2, Some(2)), row(3, Some(3)), row(4, None)];
    assert_eq!(three().types(4).ends(&[1, 2, 3, 4], &[&waits]), Some(Rule::OutboxLeft));
}

#[test]
fn what_was_typed_at_a_tab_is_stored_once_in_its_order_with_its_text() {
    assert_eq!(three().ends(&[1, 3, 2], &[&rows(1..=3)]), Some(Rule::OneOrder), "they were shown elsewhere");
    let typed = || {
        let mut scenery = Scenery::new();
        scenery.types(1).types(2);
        scenery
    };
    assert_eq!(typed().ends(&[2, 1], &[&[]]), Some(Rule::OwnOrder));
    assert_eq!(typed().ends(&[1, 2, 1], &[&[]]), Some(Rule::Once));
    assert_eq!(typed().ends(&[1], &[&rows(1..=1)]), Some(Rule::Lost));
    assert_eq!(Scenery::new().ends(&[1], &[&rows(1..=1)]), Some(Rule::Unasked), "nobody has typed it");
    let other =
        json!({ "txn": txn(1), "seq": place(1), "state": "stored", "who": "TrialPerson 1", "text": "else" });
    assert_eq!(typed().shows(&[other]).rule(), Some(Rule::Body));
}

#[test]
fn what_others_show_before_the_typing_is_told_of_waits_for_it() {
    let mut scenery = Scenery::new();
    let rows = vec![shown(&event(1, 1))];
    scenery.recorder.note(Fact::Shown { screen: Screen(0), user: user(0), room: room(), rows });
    assert_eq!(scenery.rule(), None);
    assert_eq!(scenery.types(1).ends(&[1], &[&[row(1, Some(1))]]), None);
}

#[test]
fn what_is_wrong_by_itself_is_seen_at_once() {
    let told = |tells: Value| Scenery::new().tells(tells).rule();
    assert_eq!(told(json!({ "lost": "a text" })), Some(Rule::Lost));
    assert_eq!(told(json!({ "failed": "the page complains" })), Some(Rule::Resumed));
    assert_eq!(told(json!({ "remark": "a word" })), None);
    let mut placeless = row(1, None);
    placeless["state"] = "stored".into();
    assert_eq!(Scenery::new().types(1).shows(&[placeless]).rule(), Some(Rule::Stored));
}

#[test]
fn a_discarded_message_may_be_gone() {
    let mut scenery = three();
    scenery.types(4).shows(&[row(3, Some(3)), row(4, None)]);
    scenery.tells(json!({ "withdrawn": txn(4) })).shows(&rows(3..=3));
    assert_eq!(scenery.ends(&[1, 2, 3], &[&rows(1..=3)]), None);
}

#[test]
fn what_waits_on_a_tab_that_is_loaded_anew_is_overtaken_only_where_another_tab_of_the_browser_sends_it() {
    let overtaken = |is_shared| {
        let mut scenery = Scenery::at_a_tab(is_shared);
        scenery
            .types(1)
            .tells(json!("reloaded"))
            .types(2)
            .ends(&[2, 1], &[&[row(2, Some(1)), row(1, Some(2))]])
    };
    assert_eq!(overtaken(false), Some(Rule::OwnOrder));
    assert_eq!(overtaken(true), None);
}

#[test]
fn a_tab_is_there_once_it_shows_a_room_and_was_told_whose_it_is() {
    let (mut tab, reports) = Tab::new(Screen(2), false, Scenery::new().recorder, Arc::default());
    tab.told(Tells::Gathered).unwrap();
    assert!(!reports.borrow().has_gathered);
    tab.is(user(1));
    assert!(reports.borrow().has_gathered);
    assert_eq!(reports.borrow().user, Some(user(1)));
}

#[test]
fn a_tab_is_at_rest_where_it_says_so_at_the_newest_row_and_where_it_has_read() {
    let mut scenery = three();
    let read = json!({ "type": "read", "room_id": room(), "seq": place(2) }).to_string();
    scenery.tells(json!({ "sent": read })).tells(json!({ "rest": { "missing": ["2 unread"] } }));
    assert!(!scenery.reports.borrow().is_settled);
    assert_eq!(scenery.reports.borrow().state, "2 unread");
    let said = ServerFrame::Event(Box::new(event(3, 3))).encode();
    scenery.tells(json!({ "heard": said })).tells(json!({ "rest": { "missing": [] } }));
    let places = [(room(), (place(3), place(3)))];
    assert!(scenery.reports.borrow().is_settled);
    assert_eq!(scenery.reports.borrow().places, places.into());
}
