//! One Chromium tab of a trial: turns what is told of it into facts for the oracle and a report. It judges nothing
//! but what can't be told as a fact.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, bail};
use oracle::{Fact, Rule, Screen, ScreenRoom, ScreenState, ShownRow, Violation};
use reqwest::{Url, cookie::Jar};
use serde::Deserialize;
use shared::{ClientFrame, Event, RoomId, Seq, ServerFrame, TxnId, UserId};
use tokio::sync::watch;

use crate::{
    frame_facts::FrameFacts,
    recorder::{self, Recorder},
    scene::{Report, Scene, person_name, room_name},
};
use client_native::driver;

/// What is told of a tab.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tells {
    /// A frame came.
    Heard(String),
    /// A frame went.
    Sent(String),
    /// Its person is in all rooms, and the page shows one of them.
    Gathered,
    /// Something was sent from the composer, and its row is there.
    Typed { room: String, txn: TxnId, text: String },
    /// Something was sent from the composer, and no row came of it.
    Lost(String),
    /// What waits is about to be discarded.
    Withdrawn(TxnId),
    /// The page is about to be loaded anew, or the tab closed for another.
    Reloaded,
    /// All rows of a room up to the newest, as they stand on the page.
    Shows { room: String, rows: Vec<Row> },
    /// What is not at rest, in words.
    Rest { missing: Vec<String> },
    /// All that the page shows of all rooms, and what the browser has kept of who this is; the tab is closed.
    ScreenState { rooms: Vec<Seen>, cookies: Vec<Cookie> },
    /// Something that is wrong by itself.
    Failed(String),
    /// For whoever reads the log.
    Remark(String),
}

/// A row as the page has it.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    txn: TxnId,
    seq: Option<Seq>,
    state: String,
    who: String,
    text: Option<String>,
}

/// A room as the page has it.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    room: String,
    /// What was on the page while it was scrolled from the newest row to the first.
    windows: Vec<Vec<Row>>,
    /// The figure beside the room's name, if any.
    unread: String,
    /// The line that says who types.
    typing: String,
    members: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cookie {
    name: String,
    value: String,
    path: String,
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) typed: AtomicU64,
    pub(crate) reloads: AtomicU64,
    pub(crate) heard: AtomicU64,
    pub(crate) looks: AtomicU64,
    pub(crate) rows: AtomicU64,
}

/// A tab.
pub(super) struct Tab {
    screen: Screen,
    recorder: Recorder,
    counts: Arc<Counts>,
    jar: Arc<Jar>,
    report: watch::Sender<Report>,
    /// By their numbers, which their names have.
    people: Vec<watch::Receiver<Report>>,
    scene: Option<watch::Receiver<Scene>>,
    user: Option<UserId>,
    /// Whether it shows the room where it begins.
    is_there: bool,
    /// Whether its person has another tab in the same browser.
    is_shared: bool,
    /// What was typed here, and what was acked here; an ack may be told of first.
    typed: BTreeSet<TxnId>,
    acked: BTreeSet<TxnId>,
    /// The newest row that was shown of each room.
    heads: BTreeMap<RoomId, Seq>,
    /// Up to where this person has read, as the page and the server said it to each other.
    read: BTreeMap<RoomId, Seq>,
}

impl Tab {
    pub(super) fn new(
        screen: Screen,
        is_shared: bool,
        recorder: Recorder,
        jar: Arc<Jar>,
    ) -> (Self, watch::Receiver<Report>) {
        let (report, reports) = watch::channel(Report::default());
        let tab = Self {
            screen,
            recorder,
            counts: Arc::default(),
            jar,
            report,
            people: Vec::new(),
            scene: None,
            user: None,
            is_there: false,
            is_shared,
            typed: BTreeSet::new(),
            acked: BTreeSet::new(),
            heads: BTreeMap::new(),
            read: BTreeMap::new(),
        };
        (tab, reports)
    }

    /// Whose names it will show, and which rooms.
    pub(super) fn knows(&mut self, people: &[watch::Receiver<Report>], scene: &watch::Receiver<Scene>) {
        (self.people, self.scene) = (people.to_vec(), Some(scene.clone()));
    }

    pub(super) fn screen(&self) -> Screen {
        self.screen
    }

    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Takes in what is told of it.
    ///
    /// # Errors
    /// When that makes no sense.
    pub(super) fn told(&mut self, tells: Tells) -> anyhow::Result<()> {
        let screen = self.screen;
        match tells {
            Tells::Heard(text) => self.heard(&text),
            Tells::Sent(text) => {
                if let Ok(ClientFrame::Read(read)) = ClientFrame::decode(&text) {
                    self.has_read(read.room_id, read.seq);
                }
            }
            Tells::Gathered => {
                self.is_there = true;
                self.tell_who();
            }
            Tells::Typed { room, txn, text } => {
                recorder::Counts::add(&self.recorder.counts().requested);
                recorder::Counts::add(&self.counts.typed);
                let (author, room) = (self.user()?, self.room(&room)?);
                self.typed.insert(txn);
                self.recorder.note(Fact::Requested { screen, author, txn_id: txn, room, content: text });
            }
            Tells::Lost(text) => self.broken(Rule::Lost, &format!("showed nothing of {text:?}")),
            Tells::Withdrawn(txn_id) => {
                let author = self.user()?;
                self.recorder.note(Fact::Withdrawn { author, txn_id });
            }
            Tells::Reloaded => {
                recorder::Counts::add(&self.recorder.counts().reloads);
                recorder::Counts::add(&self.counts.reloads);
                self.leaves_to_others()?;
                self.recorder.note(Fact::Restarted(screen));
            }
            Tells::Shows { room, rows } => {
                let (user, room) = (self.user()?, self.room(&room)?);
                recorder::Counts::add(&self.counts.looks);
                self.counts.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
                let rows = self.rows(rows)?;
                self.heads.extend(head(&rows).map(|head| (room, head)));
                self.recorder.note(Fact::Shown { screen, user, room, rows });
            }
            Tells::Rest { missing } => self.rests(&missing),
            Tells::ScreenState { rooms, cookies } => self.sits(rooms, &cookies)?,
            Tells::Failed(what) => self.broken(Rule::Resumed, &what),
            Tells::Remark(text) => self.recorder.remark(format_args!("{screen:?}: {text}")),
        }
        Ok(())
    }

    fn heard(&mut self, text: &str) {
        recorder::Counts::add(&self.counts.heard);
        let was = self.user;
        FrameFacts { screen: self.screen, at_ms: driver::now().ms, text }
            .tell(&self.recorder, &mut self.user);
        if let Some(user) = self.user.filter(|_| was != self.user) {
            self.is(user);
        }
        match ServerFrame::decode(text) {
            // What went with a socket that was dead is not read: the page says it again.
            Ok(ServerFrame::Connected(connected)) => {
                self.read = connected.rooms.iter().map(|state| (state.room.id, state.read_seq)).collect();
            }
            Ok(ServerFrame::Ack(ack)) => {
                self.acked.insert(ack.txn_id);
                self.has_read(ack.room_id, ack.seq);
            }
            Ok(ServerFrame::Read(read)) if Some(read.user_id) == self.user => {
                self.has_read(read.room_id, read.seq);
            }
            Ok(ServerFrame::Event(event)) => self.has_said(&event),
            Ok(ServerFrame::Events(page)) => page.events.iter().for_each(|event| self.has_said(event)),
            _ => {}
        }
    }

    /// What waits on a page that goes is sent by the other page of that browser, while this one goes on: each has its
    /// own order.
    fn leaves_to_others(&self) -> anyhow::Result<()> {
        let author = self.user()?;
        for txn_id in self.typed.difference(&self.acked).filter(|_| self.is_shared) {
            self.recorder.note(Fact::Parked { author, txn_id: *txn_id });
        }
        Ok(())
    }

    /// Somebody sits at it.
    fn is(&mut self, user: UserId) {
        self.user = Some(user);
        self.recorder.hears_late_of(user);
        self.tell_who();
    }

    /// A page that shows what it has kept may not have heard yet whose it is.
    fn tell_who(&self) {
        self.report.send_modify(|report| {
            report.user = self.user;
            report.has_gathered = self.is_there && self.user.is_some();
        });
    }

    /// Who says something has read what was there, at whichever tab.
    fn has_said(&mut self, event: &Event) {
        if Some(event.author.id) == self.user && event.body.counts() {
            self.has_read(event.room_id, event.seq);
        }
    }

    fn has_read(&mut self, room: RoomId, seq: Seq) {
        let read = self.read.entry(room).or_default();
        *read = seq.max(*read);
    }

    fn rests(&self, missing: &[String]) {
        let place = |(room, head): (&RoomId, &Seq)| {
            let read = self.read.get(room).copied().unwrap_or_default();
            (*room, (*head, read))
        };
        let places = self.heads.iter().map(place).collect();
        self.report.send_modify(|report| {
            report.is_settled = missing.is_empty();
            report.state = missing.join(", ");
            report.places = places;
        });
    }

    fn sits(&self, rooms: Vec<Seen>, cookies: &[Cookie]) -> anyhow::Result<()> {
        let mut screen_state = ScreenState::default();
        for seen in rooms {
            let (room, seen) = self.screen_state(seen)?;
            screen_state.waiting += seen.rows.iter().filter(|row| row.seq.is_none()).count();
            screen_state.rooms.insert(room, seen);
        }
        let url: Url = "http://127.0.0.1/".parse()?;
        for Cookie { name, value, path } in cookies {
            self.jar.add_cookie_str(&format!("{name}={value}; Path={path}"), &url);
        }
        self.report.send_modify(|report| report.screen_state = Some(screen_state));
        Ok(())
    }

    fn screen_state(&self, seen: Seen) -> anyhow::Result<(RoomId, ScreenRoom)> {
        let Seen { room: name, windows, unread, typing, members } = seen;
        let room = self.room(&name)?;
        if !typing.is_empty() {
            self.broken(Rule::Typing, &format!("says at the end: {typing}"));
        }
        let windows = windows.into_iter().map(|rows| self.rows(rows)).collect::<Result<Vec<_>, _>>()?;
        let rows = merged(windows).unwrap_or_else(|| {
            self.broken(Rule::ShownMissing, &format!("shows other rows of {name} the second time"));
            Vec::new()
        });
        let unread = match unread.as_str() {
            "" => 0,
            count => count.trim_end_matches('+').parse().with_context(|| format!("{count} unread"))?,
        };
        // What others have read stands in the inspector alone.
        let member = |name: &String| Ok((self.person(name)?, Seq::ZERO));
        let screen_state = ScreenRoom {
            head: head(&rows).unwrap_or_default(),
            read_seq: self.read.get(&room).copied().unwrap_or_default(),
            unread,
            rows,
            members: members.iter().map(member).collect::<anyhow::Result<_>>()?,
            // It names no markers.
            has_new_list: false,
            typing: Vec::new(),
        };
        Ok((room, screen_state))
    }

    fn rows(&self, rows: Vec<Row>) -> anyhow::Result<Vec<ShownRow>> {
        let row = |row: Row| {
            if row.seq.is_some() != (row.state == "stored") {
                self.broken(Rule::Stored, &format!("shows a row that is {:?} at {:?}", row.state, row.seq));
            }
            let author = self.person(&row.who)?;
            Ok(ShownRow { seq: row.seq, author, txn_id: row.txn, content: row.text })
        };
        rows.into_iter().map(row).collect()
    }

    fn broken(&self, rule: Rule, what: &str) {
        self.recorder.break_rule(Violation::new(rule, format!("the tab {:?} {what}", self.screen)));
    }

    fn user(&self) -> anyhow::Result<UserId> {
        self.user.context("nobody sits at the tab yet")
    }

    fn room(&self, name: &str) -> anyhow::Result<RoomId> {
        let scene = self.scene.as_ref().context("the tab knows no rooms")?.borrow();
        let room = scene.ids.iter().find(|(number, _)| room_name(**number) == name);
        room.map(|(_, room)| *room).with_context(|| format!("there is no room {name:?}"))
    }

    fn person(&self, called: &str) -> anyhow::Result<UserId> {
        let number = (0..).zip(&self.people).find(|(number, _)| person_name(*number) == called);
        let Some((_, report)) = number else { bail!("nobody is called {called:?}") };
        report.borrow().user.with_context(|| format!("{called} is nobody yet"))
    }
}

/// The newest stored row.
fn head(rows: &[ShownRow]) -> Option<Seq> {
    rows.iter().rev().find_map(|row| row.seq)
}

/// One list of what was seen of it while it was scrolled up; nothing where the parts are not of one list.
fn merged(windows: Vec<Vec<ShownRow>>) -> Option<Vec<ShownRow>> {
    let mut all: Vec<ShownRow> = Vec::new();
    for window in windows {
        let new = match all.first() {
            Some(first) => window.iter().position(|row| row == first)?,
            None => window.len(),
        };
        if window[new..].iter().zip(&all).any(|(again, row)| again != row) {
            return None;
        }
        all.splice(0..0, window.into_iter().take(new));
    }
    Some(all)
}

#[cfg(test)]
mod tests;
