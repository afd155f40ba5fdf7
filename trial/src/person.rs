//! One person of a trial: does at random what people do, and tells the recorder everything that they ask for, are
//! told and see. It knows no fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use client_core::{Change, Client, Command, LinkState, SessionState};
use oracle::{Fact, Observer, Rule, Screen, Violation};
use shared::{RoomId, TxnId, UserId};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    behaviour::{Behaviour, Urge},
    frame_facts::FrameFacts,
    recorder::{Counts, Recorder},
    scene::{Report, Scene, Stage, Stagecraft, person_name, room_name},
    survey::{Survey, is_in, last_seen, rows, text, waiting},
};
use client_native::driver::{Noted, Person, Wish};

/// Between two looks at all rows of a room: more often would leave no time for anything else.
const LOOK_MS: u64 = 400;

/// One person at one page.
pub(crate) struct TrialPerson {
    screen: Screen,
    name: String,
    recorder: Recorder,
    stagecraft: Arc<Stagecraft>,
    scene: watch::Receiver<Scene>,
    report: watch::Sender<Report>,
    behaviour: Behaviour,
    /// The room that this person makes.
    makes: Option<usize>,
    /// The rooms that this person is in from the beginning.
    begins_in: BTreeSet<usize>,
    /// What was asked for and is not answered: the room to make, and codes.
    asked: BTreeSet<String>,
    next: Instant,
    is_away: bool,
    user: Option<UserId>,
    /// Whether nobody is signed in yet in this browser.
    is_new: bool,
    /// When the client was last told the time.
    at_ms: u64,
    /// Rooms whose rows have changed since they were last told, and when that was.
    changed: BTreeSet<RoomId>,
    looked_ms: u64,
    open: Option<RoomId>,
    /// What was asked for in each room and is not acked.
    requests: BTreeMap<RoomId, Vec<TxnId>>,
    /// Rooms that this person has wanted to be out of: the call may come late, even after they came back.
    parting: BTreeSet<RoomId>,
    said: u64,
    survey: Option<Survey>,
}

impl TrialPerson {
    /// Somebody new.
    pub(crate) fn new(
        screen: u32,
        seed: u64,
        rooms: usize,
        recorder: Recorder,
        stagecraft: Arc<Stagecraft>,
    ) -> (Self, watch::Receiver<Report>) {
        let number = screen as usize;
        let mut behaviour = Behaviour::new(seed, u64::from(screen));
        let mut begins_in: BTreeSet<usize> = (0..rooms).filter(|_| behaviour.tosses()).collect();
        begins_in.insert(number % rooms.max(1));
        let (report, reports) = watch::channel(Report::default());
        let visitor = Self {
            screen: Screen(screen),
            name: person_name(screen),
            recorder,
            scene: stagecraft.watch(),
            stagecraft,
            report,
            behaviour,
            makes: (number < rooms).then_some(number),
            begins_in,
            asked: BTreeSet::new(),
            next: Instant::now(),
            is_away: false,
            user: None,
            is_new: true,
            at_ms: 0,
            changed: BTreeSet::new(),
            looked_ms: 0,
            open: None,
            requests: BTreeMap::new(),
            parting: BTreeSet::new(),
            said: 0,
            survey: None,
        };
        (visitor, reports)
    }

    fn stage(&self) -> Stage {
        self.scene.borrow().stage
    }

    /// The newest row of that room is what was just said.
    fn requested(&mut self, client: &Client, room: RoomId, content: &str) {
        let row = client.rows(room).last().and_then(|key| client.row(room, *key));
        let Some(row) = row.filter(|row| row.seq.is_none() && text(&row.body) == Some(content)) else {
            return self.recorder.remark(format_args!("{:?} could not say {content:?}", self.screen));
        };
        Counts::add(&self.recorder.counts().requested);
        self.requests.entry(room).or_default().push(row.key.txn_id);
        self.recorder.note(Fact::Requested {
            screen: self.screen,
            author: row.key.author,
            txn_id: row.key.txn_id,
            room,
            content: content.to_owned(),
        });
    }

    /// The page is loaded anew; what waits is kept and comes back.
    fn reloading(&mut self) {
        Counts::add(&self.recorder.counts().reloads);
        self.recorder.note(Fact::Restarted(self.screen));
        (self.open, self.survey) = (None, None);
        self.changed.clear();
    }

    fn entered(&self, client: &Client, room: RoomId) {
        let Some(view) = client.room(room) else { return };
        if let Some(number) = self.makes.filter(|number| view.room.name == room_name(*number)) {
            self.stagecraft.opened(number, &view.room);
        }
    }

    /// What was not acked yet in a room that one has left is sent no more.
    fn left(&mut self, room: RoomId) {
        if !self.parting.contains(&room) {
            let detail = format!("{} is in {room} no longer, and has not left it", self.name);
            return self.recorder.break_rule(Violation::new(Rule::Resumed, detail));
        }
        if let Some(author) = self.user {
            for txn_id in self.requests.remove(&room).unwrap_or_default() {
                self.recorder.note(Fact::Withdrawn { author, txn_id });
            }
        }
        self.open = self.open.filter(|open| *open != room);
        self.changed.remove(&room);
        self.recorder.note(Fact::Closed { screen: self.screen, room });
    }

    fn show(&mut self, client: &Client) {
        let is_time = self.at_ms >= self.looked_ms + LOOK_MS || self.stage() > Stage::Storm;
        let Some(user) = self.user.filter(|_| is_time && !self.changed.is_empty()) else { return };
        self.looked_ms = self.at_ms;
        for room in std::mem::take(&mut self.changed) {
            // Of a room that was never opened only what waits is known.
            if client.history(room).loaded {
                let rows = rows(client, room);
                self.recorder.note(Fact::Shown { screen: self.screen, user, room, rows });
            }
        }
    }

    fn session_changed(&mut self, client: &Client, say: &mut Vec<Command>) {
        match client.session() {
            SessionState::SignedOut { .. } if self.is_new => {
                say.push(Command::SignIn { name: self.name.clone() });
            }
            SessionState::SignedOut { expired } => {
                let detail = format!("{} was signed out (expired: {expired})", self.name);
                self.recorder.break_rule(Violation::new(Rule::Resumed, detail));
            }
            SessionState::SignedIn(profile) => (self.user, self.is_new) = (Some(profile.id), false),
            SessionState::Unknown => {}
        }
    }

    /// Makes and joins what there is to be in from the beginning.
    fn gather(&mut self, client: &Client, say: &mut Vec<Command>) {
        if client.link() != LinkState::Online {
            return;
        }
        if let Some(room) = self.makes
            && self.asked.insert(String::new())
        {
            say.push(Command::MakeRoom { name: room_name(room) });
        }
        let codes = self.scene.borrow().codes.clone();
        for (_, code) in codes.into_iter().filter(|(room, _)| self.begins_in.contains(room)) {
            if !is_in(client, &code) && self.asked.insert(code.clone()) {
                say.push(Command::JoinRoom { code });
            }
        }
    }

    fn has_gathered(&self, client: &Client) -> bool {
        let scene = self.scene.borrow();
        let is_there = |room: &usize| scene.codes.get(room).is_some_and(|code| is_in(client, code));
        client.link() == LinkState::Online && self.begins_in.iter().all(is_there)
    }

    /// Goes on through the rooms; once through, says what was seen.
    fn walk(&mut self, client: &Client, calls: usize, say: &mut Vec<Command>) {
        if client.link() != LinkState::Online || calls > 0 {
            return;
        }
        let survey = self.survey.get_or_insert_with(|| Survey::new(client));
        let Some(screen_state) = survey.walk(client, say) else { return };
        self.report.send_if_modified(|report| {
            let is_new = report.screen_state.as_ref() != Some(&screen_state);
            report.screen_state = Some(screen_state);
            is_new
        });
    }

    fn tell(&self, client: &Client, calls: usize) {
        let mut missing = Vec::new();
        if client.link() != LinkState::Online {
            missing.push(format!("{:?}", client.link()));
        }
        if calls > 0 {
            missing.push(format!("{calls} calls"));
        }
        if waiting(client) > 0 {
            missing.push(format!("{} messages wait", waiting(client)));
        }
        for view in client.rooms() {
            let (room, history) = (view.room.id, client.history(view.room.id));
            if history.catching_up || history.paging || !client.typing(room).is_empty() {
                missing.push(format!("{room} {history:?} {:?}", client.typing(room)));
            }
        }
        let places: BTreeMap<_, _> =
            client.rooms().map(|view| (view.room.id, (view.head, view.read_seq))).collect();
        let (user, has_gathered) = (self.user, self.has_gathered(client));
        self.report.send_modify(|report| {
            let screen_state = report.screen_state.take();
            let is_settled = missing.is_empty();
            *report =
                Report { user, has_gathered, is_settled, places, screen_state, state: missing.join(", ") };
        });
    }

    /// Does what this person feels like.
    fn follow(&mut self, client: &Client, urge: Urge) -> Wish {
        let known: Vec<RoomId> =
            client.rooms().map(|view| view.room.id).filter(|room| client.history(*room).loaded).collect();
        let command = match urge {
            Urge::Say => match self.behaviour.one_of(&known) {
                Some(room) => {
                    self.said += 1;
                    let content = self.behaviour.text(self.screen.0, self.said);
                    Some(Command::Post { room, content })
                }
                None => self.open_some_room(client),
            },
            Urge::Open => self.open_some_room(client),
            Urge::Close => {
                self.open = None;
                Some(Command::CloseRoom)
            }
            Urge::Read => self.open.and_then(|room| Some(Command::Seen(room, last_seen(client, room)?))),
            Urge::Type => self.open.map(|room| Command::Typing(room, true)),
            Urge::StopTyping => self.open.map(|room| Command::Typing(room, false)),
            Urge::PageBack => self.open.map(Command::PageBack),
            Urge::Join => {
                let codes: Vec<_> = self.scene.borrow().codes.values().cloned().collect();
                let others: Vec<_> = codes.into_iter().filter(|code| !is_in(client, code)).collect();
                self.behaviour.one_of(&others).map(|code| Command::JoinRoom { code })
            }
            Urge::Part => {
                let rooms: Vec<_> = client.rooms().map(|view| view.room.id).collect();
                // Somebody has to stay somewhere.
                let room = self.behaviour.one_of(&rooms).filter(|_| rooms.len() > 1);
                room.map(|room| {
                    self.parting.insert(room);
                    Command::LeaveRoom(room)
                })
            }
            Urge::Recall => self.recall(client, &known),
            Urge::Look => return Wish::Look,
            Urge::NetworkBack => return Wish::NetworkBack,
            Urge::Leave(length) => {
                self.is_away = true;
                self.next = Instant::now() + length;
                return Wish::Leave;
            }
            Urge::Reload(seed) => return Wish::Reload(seed),
        };
        command.map_or(Wish::Nothing, Wish::Command)
    }

    /// Takes back what no server can have.
    fn recall(&mut self, client: &Client, known: &[RoomId]) -> Option<Command> {
        let room = self.behaviour.one_of(known)?;
        let last = client.rows(room).last().and_then(|key| client.row(room, *key));
        let key = last.filter(|row| row.recallable)?.key;
        self.recorder.note(Fact::Withdrawn { author: key.author, txn_id: key.txn_id });
        Some(Command::Recall(room, key))
    }

    fn open_some_room(&mut self, client: &Client) -> Option<Command> {
        let rooms: Vec<_> = client.rooms().map(|view| view.room.id).collect();
        let room = self.behaviour.one_of(&rooms)?;
        self.open = Some(room);
        Some(Command::OpenRoom(room))
    }
}

impl Person for TrialPerson {
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>) {
        let screen = self.screen;
        match change {
            Change::Session => self.session_changed(client, say),
            Change::Rows(room) | Change::Row(room, _) => {
                self.changed.insert(*room);
            }
            Change::Rooms => {
                let Some(user) = self.user else { return };
                for view in client.rooms() {
                    let observer = Observer::Screen(screen);
                    let (room, seq) = (view.room.id, view.read_seq);
                    self.recorder.note(Fact::Marker { observer, room, user, seq });
                }
            }
            Change::Typing(room) => {
                let users = client.typing(*room).into_iter().map(|profile| profile.id).collect();
                self.recorder.note(Fact::ShowsTyping { screen, room: *room, users, at_ms: self.at_ms });
            }
            Change::Left(room) => self.left(*room),
            Change::Entered(room) => self.entered(client, *room),
            Change::Failed { call, code, detail, .. } => {
                self.asked.clear();
                self.recorder.remark(format_args!("{screen:?}: {call:?} failed: {code} {detail}"));
            }
            _ => {}
        }
    }

    fn is_done(&self) -> bool {
        self.stage() == Stage::Over
    }

    fn note(&mut self, client: &Client, noted: Noted<'_>) {
        match noted {
            Noted::At(ms) => self.at_ms = ms,
            Noted::Heard(text) => {
                let heard = FrameFacts { screen: self.screen, at_ms: self.at_ms, text };
                if let Some(ack) = heard.tell(&self.recorder, &mut self.user)
                    && let Some(unacked) = self.requests.get_mut(&ack.room_id)
                {
                    unacked.retain(|txn_id| *txn_id != ack.txn_id);
                }
            }
            Noted::Said(Command::Post { room, content }) => self.requested(client, *room, content),
            Noted::Said(_) => {}
            Noted::Closed(code) => {
                self.recorder.remark(format_args!("{:?} has lost its socket: {code:?}", self.screen));
            }
            Noted::Reloading => self.reloading(),
        }
    }

    fn rest(&mut self, client: &Client, calls: usize, say: &mut Vec<Command>) {
        self.show(client);
        match self.stage() {
            Stage::Storm | Stage::Over => return,
            Stage::Gather => self.gather(client, say),
            Stage::Quiet => {}
            Stage::ScreenState => self.walk(client, calls, say),
        }
        self.tell(client, calls);
    }

    async fn moved(&mut self) {
        let next = self.next;
        let restless = self.stage() == Stage::Storm || self.is_away;
        tokio::select! {
            // The stage is there as long as anybody is on it.
            _ = self.scene.changed() => {}
            () = sleep_until(next), if restless => {}
        }
    }

    fn act(&mut self, client: &Client) -> Wish {
        let stage = self.stage();
        if self.is_away && (Instant::now() >= self.next || stage > Stage::Storm) {
            self.is_away = false;
            self.next = Instant::now();
            return Wish::Return;
        }
        if stage != Stage::Storm || self.is_away || Instant::now() < self.next {
            return Wish::Nothing;
        }
        self.next = Instant::now() + Duration::from_millis(self.behaviour.pause_ms());
        let urge = self.behaviour.urge();
        self.follow(client, urge)
    }
}

/// Somebody who signs in anew where that visitor is signed in: sees everything and does nothing.
pub(crate) fn fresh(
    screen: u32,
    recorder: Recorder,
) -> (TrialPerson, watch::Receiver<Report>, Arc<Stagecraft>) {
    let stagecraft = Arc::new(Stagecraft::new(Stage::ScreenState));
    let (mut visitor, reports) = TrialPerson::new(screen, 0, 0, recorder, Arc::clone(&stagecraft));
    visitor.is_new = false;
    (visitor, reports, stagecraft)
}
