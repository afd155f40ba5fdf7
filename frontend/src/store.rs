//! What the page shows, as signals. The driver writes them, at most once per frame; views read them and
//! decide nothing.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use client_core::{
    Banner, Call, LinkState, MemberView, RoomView, Row, RowKey, SessionState, view::HistoryView,
};
use leptos::prelude::*;
use shared::{RoomId, UserId, api::RoomPreview, error::ErrorCode, event::Profile};

/// A command that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call that failed.
    pub call: Call,
    /// Why, for programs.
    pub code: ErrorCode,
    /// Why, in the server's words.
    pub detail: String,
    /// What was wrong of what was asked, or the limit that was reached.
    pub field: Option<String>,
    /// Milliseconds to wait before the next try.
    pub retry_after_ms: Option<u64>,
}

/// A message that was not even taken; its text comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it was to go.
    pub room: RoomId,
    /// The text, as typed.
    pub content: String,
    /// Why.
    pub code: ErrorCode,
}

/// A room that was looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The code as it was asked for.
    pub code: String,
    /// What may be known of it; `None` where there is no such room.
    pub preview: Option<RoomPreview>,
}

/// A message that came while the page was live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Whose.
    pub name: String,
    /// What.
    pub text: String,
}

/// A row that is on the page.
#[derive(Clone)]
pub struct LiveRow {
    /// What the client says of it.
    pub row: ArcRwSignal<Row>,
    /// Whether it is drawn as part of the one before.
    pub continues: ArcRwSignal<bool>,
}

/// The rows that are on the page, each with its own signals.
pub type LiveRows = Rc<RefCell<HashMap<RowKey, LiveRow>>>;

/// Own messages that wait, and when the first of them is tried again, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// How many.
    pub waiting: u64,
    /// When, on the monotonic clock.
    pub until_ms: Option<u64>,
}

/// What somebody wants to know more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspected {
    /// The connection.
    Connection,
    /// A message, and with it the connection.
    Message(RoomId, RowKey),
}

/// Whether this browser keeps what is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// As far as is known.
    Fine,
    /// It does not, and that has to be said.
    Lost,
    /// It does not, and that was said.
    Known,
}

/// All signals. They live as long as the mounted page.
#[derive(Clone, Copy)]
pub struct Store {
    /// Who is signed in.
    pub session: RwSignal<SessionState>,
    /// The connection.
    pub link: RwSignal<LinkState>,
    /// What is said about it.
    pub banner: RwSignal<Option<Banner>>,
    /// The rooms.
    pub rooms: RwSignal<Vec<RoomView>>,
    /// The room that is shown.
    pub open: RwSignal<Option<RoomId>>,
    /// Its members.
    pub members: RwSignal<Vec<MemberView>>,
    /// Who types in it.
    pub typing: RwSignal<Vec<Profile>>,
    /// What is known of its history.
    pub history: RwSignal<HistoryView>,
    /// Fires when rows of it came, went or moved.
    pub rows: Trigger,
    /// Whether its reader is at the bottom of it.
    pub at_bottom: RwSignal<bool>,
    /// Own messages that wait in it.
    pub queue: RwSignal<Queue>,
    /// Fires when what is written in its composer is another text.
    pub draft: Trigger,
    /// Whether what is not sent outlives the page.
    pub keeping: RwSignal<Keeping>,
    /// Messages of others that came into it since the last frame.
    pub arrived: RwSignal<Vec<Arrived>>,
    /// The room that was looked up last.
    pub found: RwSignal<Option<Found>>,
    /// The command that failed last.
    pub failed: RwSignal<Option<Failure>>,
    /// The message that was not taken last.
    pub refused: RwSignal<Option<Refused>>,
    /// The room that was made or joined last.
    pub entered: RwSignal<Option<RoomId>>,
    /// The room that was left last while it was shown.
    pub left: RwSignal<Option<RoomId>>,
    /// Fires when the page has begun again: what was on its way before is not any more.
    pub begun: Trigger,
    /// What is looked into.
    pub inspected: RwSignal<Option<Inspected>>,
    /// The monotonic clock, once a second while something counts down.
    pub now_ms: RwSignal<u64>,
    /// Today, on the reader's calendar.
    pub today: RwSignal<i64>,
    live: StoredValue<LiveRows, LocalStorage>,
}

impl Store {
    /// A store that shows nothing yet, on that day.
    pub fn new(today: i64) -> Self {
        Self {
            session: RwSignal::new(SessionState::Unknown),
            link: RwSignal::new(LinkState::Idle),
            banner: RwSignal::new(None),
            rooms: RwSignal::new(Vec::new()),
            open: RwSignal::new(None),
            members: RwSignal::new(Vec::new()),
            typing: RwSignal::new(Vec::new()),
            history: RwSignal::new(HistoryView::default()),
            rows: Trigger::new(),
            at_bottom: RwSignal::new(true),
            queue: RwSignal::new(Queue::default()),
            draft: Trigger::new(),
            keeping: RwSignal::new(Keeping::Fine),
            arrived: RwSignal::new(Vec::new()),
            found: RwSignal::new(None),
            failed: RwSignal::new(None),
            refused: RwSignal::new(None),
            entered: RwSignal::new(None),
            left: RwSignal::new(None),
            begun: Trigger::new(),
            inspected: RwSignal::new(None),
            now_ms: RwSignal::new(0),
            today: RwSignal::new(today),
            live: StoredValue::new_local(LiveRows::default()),
        }
    }

    /// The rows on the page.
    pub fn live(&self) -> LiveRows {
        self.live.get_value()
    }

    /// Whoever is signed in.
    pub fn me(&self) -> Option<Profile> {
        self.session.with(|session| match session {
            SessionState::SignedIn(me) => Some(me.clone()),
            SessionState::Unknown | SessionState::SignedOut { .. } => None,
        })
    }

    /// The id of whoever is signed in, for what does not outlive them.
    pub fn me_untracked(&self) -> Option<UserId> {
        self.session.with_untracked(|session| match session {
            SessionState::SignedIn(me) => Some(me.id),
            SessionState::Unknown | SessionState::SignedOut { .. } => None,
        })
    }

    /// The room that is shown, as far as it is known.
    pub fn open_room(&self) -> Option<RoomView> {
        let open = self.open.get()?;
        self.rooms.with(|rooms| rooms.iter().find(|room| room.room.id == open).cloned())
    }
}

/// Writes a signal only where the value is another one, so that nothing is drawn twice.
pub fn put<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
