//! The client: one mutation at a time, in by [`Client::handle`], out by [`Client::poll`]. Its parts know
//! nothing of each other; here is what they have to do with one another.

mod answers;
mod commands;
mod frames;
mod keeping;
mod reports;

use shared::{CloseCode, ComeBack, Epoch, EventBody, Limits, RoomId, Seq, UserId, event::Profile};

use crate::{
    activity::Activity,
    call::Call,
    drafts::Drafts,
    errand::Errand,
    io::{Change, Input, Output},
    link::Link,
    out::Out,
    outbox::{Item, Outbox},
    patience::Patience,
    quiet::Quiet,
    rng::Rng,
    rooms::Rooms,
    roster::Roster,
    session::Session,
    snapshots::Snapshots,
    time::{Now, earliest},
    timelines::Timelines,
    view::{Banner, HistoryView, LinkState, MemberView, RoomView, Row, RowKey, SessionState},
};

/// A chat client without IO.
pub struct Client {
    rng: Rng,
    started: bool,
    session: Session,
    /// Whom everything below belongs to; still known when their session has expired.
    owner: Option<UserId>,
    link: Link,
    was_online: bool,
    patience: Patience,
    shown: (LinkState, Option<Banner>),
    limits: Limits,
    epoch: Option<Epoch>,
    rooms: Rooms,
    /// The room on the screen.
    open: Option<RoomId>,
    timelines: Timelines,
    quiet: Quiet,
    outbox: Outbox,
    drafts: Drafts,
    snapshots: Snapshots,
    /// For whom there is a store.
    kept_for: Option<UserId>,
    /// Who has signed out without the server having heard of it, where that is kept.
    leaving: Option<UserId>,
    roster: Roster,
    activity: Activity,
    my_rooms: Errand,
    /// Rooms of which the server has said that this person is not in them.
    doubted: Vec<RoomId>,
    /// Rooms that were left while an answer is under way which may be older and still have them.
    left_lately: Vec<RoomId>,
    /// Rooms that were entered while the answer to leaving one is under way, which may be older.
    entered_lately: Vec<RoomId>,
    /// Of the open room.
    members: Errand,
    out: Out,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("owner", &self.owner).field("link", &self.link).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that knows nobody. `seed` feeds its backoff and its ids: draw it from a good source.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            started: false,
            session: Session::new(),
            owner: None,
            link: Link::new(),
            was_online: false,
            patience: Patience::default(),
            shown: (LinkState::Idle, None),
            limits: Limits::default(),
            epoch: None,
            rooms: Rooms::default(),
            open: None,
            timelines: Timelines::default(),
            quiet: Quiet::default(),
            outbox: Outbox::default(),
            drafts: Drafts::default(),
            snapshots: Snapshots::default(),
            kept_for: None,
            leaving: None,
            roster: Roster::default(),
            activity: Activity::default(),
            my_rooms: Errand::default(),
            doubted: Vec::new(),
            left_lately: Vec::new(),
            entered_lately: Vec::new(),
            members: Errand::default(),
            out: Out::default(),
        }
    }

    /// Takes in what happened at that moment.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        let ms = now.ms;
        match input {
            Input::Started => self.start(ms),
            Input::Stopped => self.stop(now),
            Input::Restored(saved) => self.restored(now, saved),
            Input::Command(command) => self.command(now, command),
            Input::Frame(socket, text) if self.link.socket() == Some(socket) => self.frame(ms, text),
            Input::Closed(socket, code) if self.link.socket() == Some(socket) => self.closed(ms, code),
            Input::Answered(call, answer) => self.answered(ms, call, answer),
            Input::Heard { news, age_ms } => self.heard(ms, &news, age_ms),
            Input::SignedOut(user) => self.signed_out_elsewhere(user),
            Input::Visible(true) | Input::NetworkBack => self.hurry(ms, false),
            Input::NetworkGone => self.link.doubt(ms, &mut self.out),
            Input::Frame(..) | Input::Closed(..) => {} // of an earlier socket
            Input::Opened(_) | Input::Visible(false) | Input::Tick => {}
        }
        self.advance(now);
    }

    /// The next thing to do; call until `None` after every [`Client::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        self.out.poll()
    }

    /// When to call with [`Input::Tick`] at the latest, on [`Now::ms`].
    pub fn timeout(&self) -> Option<u64> {
        if !self.started {
            return None;
        }
        let waits_for_connection = if self.out.online() {
            earliest([
                self.timelines.timeout(),
                self.quiet.timeout(),
                self.rooms.timeout(),
                self.my_rooms.timeout(),
                self.members.timeout(),
            ])
        } else {
            None
        };
        earliest([
            self.session.timeout(),
            self.link.timeout(),
            self.patience.timeout(),
            // Nobody is there to send for: what waits, waits for a sign-in.
            self.session.profile().and_then(|_| self.outbox.timeout()),
            self.snapshots.timeout(),
            self.roster.timeout(),
            self.activity.timeout(),
            waits_for_connection,
        ])
    }

    /// Who is signed in.
    pub fn session(&self) -> &SessionState {
        self.session.state()
    }

    /// The connection.
    pub fn link(&self) -> LinkState {
        self.link.state()
    }

    /// What the page says about the connection.
    pub fn banner(&self) -> Option<Banner> {
        match self.link.state() {
            LinkState::Refused => Some(Banner::Refused),
            _ if !self.patience.is_over() => None,
            LinkState::Waiting { until_ms, .. } => Some(Banner::Waiting { until_ms }),
            LinkState::Online => None,
            LinkState::Idle | LinkState::Connecting { .. } => Some(
                self.session.retry_at().map_or(Banner::Connecting, |until_ms| Banner::Waiting { until_ms }),
            ),
        }
    }

    /// Every room of this person, the one with the newest message first; where no message has come while
    /// this client was there, in the order in which the server lists them.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomView> {
        self.rooms.iter()
    }

    /// One room.
    pub fn room(&self, room: RoomId) -> Option<&RoomView> {
        self.rooms.get(room)
    }

    /// The keys of all rows of a room, in order: what is stored by seq, then what is not, in the order of
    /// sending.
    pub fn rows(&self, room: RoomId) -> Vec<RowKey> {
        let mut keys: Vec<RowKey> = self.timelines.keys(room).collect();
        if let Some(me) = self.session.profile() {
            keys.extend(self.outbox.of_room(room).map(|item| item.key(me.id)));
        }
        keys
    }

    /// One row.
    pub fn row(&self, room: RoomId, key: RowKey) -> Option<Row> {
        let waiting = || {
            let me = self.session.profile()?;
            let item = self.outbox.of_room(room).find(|item| item.key(me.id) == key)?;
            Some(self.waiting_row(item, me))
        };
        self.timelines.row(room, key).or_else(waiting)
    }

    /// What is known of a room's history.
    pub fn history(&self, room: RoomId) -> HistoryView {
        self.timelines.history(room)
    }

    /// Who is in a room, in the order of joining; nobody where that is not known.
    pub fn members(&self, room: RoomId) -> &[MemberView] {
        self.roster.members(room)
    }

    /// Who types in a room, without oneself, longest first.
    pub fn typing(&self, room: RoomId) -> Vec<Profile> {
        let profile = |user| {
            let member = self.roster.members(room).iter().find(|member| member.user.id == user);
            member.map(|member| &member.user).or_else(|| self.timelines.person(user)).cloned()
        };
        self.roster.typing(room).filter(|user| Some(*user) != self.owner).filter_map(profile).collect()
    }

    /// What is written in a room and not posted.
    pub fn draft(&self, room: RoomId) -> &str {
        self.drafts.get(room)
    }

    /// The limits in force; the defaults until a server has said its own.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn start(&mut self, ms: u64) {
        self.started = true;
        self.activity.active(ms, &mut self.out);
        self.session.start(&mut self.out);
        if self.session.profile().is_some() {
            self.link.start(ms, &mut self.out);
        }
    }

    fn stop(&mut self, now: Now) {
        self.started = false;
        self.link.stop(&mut self.out);
        self.session.stop(now.ms);
        self.keep_snapshots(now, true);
        self.my_rooms.drop();
        self.members.drop();
    }

    fn closed(&mut self, ms: u64, code: Option<u16>) {
        let code = code.map_or(CloseCode::Abnormal, CloseCode::from_u16);
        if code.come_back() == ComeBack::NewToken {
            self.session.tokens.forget_on_socket();
        }
        self.link.closed(ms, code, &mut self.rng, &mut self.out);
    }

    fn hurry(&mut self, ms: u64, by_person: bool) {
        if self.started {
            self.session.hurry(&mut self.out);
            self.link.hurry(ms, by_person, &mut self.out);
        }
    }

    /// Does what is due, and whatever has become possible.
    fn advance(&mut self, now: Now) {
        let ms = now.ms;
        let out = &mut self.out;
        if self.started {
            self.session.tick(ms, out);
            self.link.tick(ms, &mut self.rng, out);
        }
        self.notice_loss();
        let out = &mut self.out;
        if let Some(me) = self.session.profile() {
            self.outbox.pump(now, me.id, &self.limits, out);
        }
        self.timelines.pump(ms, |room| self.rooms.get(room).map(|view| view.head), out);
        self.quiet.pump(ms, |room| self.rooms.get(room).is_some(), out);
        self.rooms.pump(ms, out);
        self.roster.tick(ms, out);
        self.activity.tick(ms, out);
        self.run_errands(ms);
        while let Some(call) = self.out.next_call() {
            self.session.ask(ms, call, &mut self.out);
        }
        self.show_link(ms);
        self.keep_outbox();
        self.keep_snapshots(now, false);
        self.keep_leaving();
        self.out.flush();
    }

    /// Tells the parts when the connection has gone.
    fn notice_loss(&mut self) {
        let is_online = self.link.is_online();
        if self.was_online && !is_online {
            if let Some(me) = self.owner {
                self.outbox.lost(me, &mut self.out);
            }
            self.timelines.lost();
            self.quiet.lost();
            self.doubted.clear();
            self.roster.lost(&mut self.out);
            self.activity.lost();
        }
        self.was_online = is_online;
    }

    fn run_errands(&mut self, ms: u64) {
        if !self.out.online() {
            return;
        }
        if self.my_rooms.begin(ms) {
            self.out.call(Call::MyRooms);
        }
        if let Some(room) = self.open
            && self.members.begin(ms)
        {
            self.roster.asked();
            self.out.call(Call::Members(room));
        }
    }

    /// Says so when the connection looks different.
    fn show_link(&mut self, ms: u64) {
        let expected = !matches!(self.session.state(), SessionState::SignedOut { .. });
        self.patience.look(ms, self.started && expected && !self.link.is_online());
        let shown = (self.link.state(), self.banner());
        if self.shown != shown {
            self.shown = shown;
            self.out.changed(Change::Link);
        }
    }

    fn waiting_row(&self, item: &Item, me: &Profile) -> Row {
        Row {
            key: item.key(me.id),
            seq: None,
            msg_no: None,
            author: me.clone(),
            body: EventBody::Message(shared::Message::new(item.content.clone())),
            timestamp: item.made,
            state: self.outbox.delivery(item),
            recallable: item.is_recallable(),
        }
    }

    /// This person is in that room no longer.
    fn left(&mut self, room: RoomId) {
        if self.my_rooms.is_under_way() || self.session.is_joining() {
            self.left_lately.push(room);
        }
        if self.rooms.remove(room) {
            self.forget(room);
        }
    }

    fn forget(&mut self, room: RoomId) {
        self.timelines.forget(room);
        self.quiet.wake(room);
        self.roster.gone_from(room, &mut self.out);
        self.outbox.forget(room);
        self.write_draft(room, String::new());
        if self.open == Some(room) {
            self.open = None;
            self.members.drop();
        }
        self.out.changed(Change::Rooms);
        self.out.changed(Change::Left(room));
    }

    /// Own messages up to there are read, here and on the server.
    fn said(&mut self, room: RoomId, seq: Seq, msg_no: shared::MsgNo) {
        self.rooms.read(room, seq, Some(msg_no), true, &mut self.out);
    }

    /// Nobody's client any more. What is not sent stays if its author may come back.
    fn wipe(&mut self, outbox_too: bool) {
        self.link.stop(&mut self.out);
        self.notice_loss();
        self.keep_no_more();
        if outbox_too {
            self.outbox = Outbox::default();
            self.drafts = Drafts::default();
            self.owner = None;
        }
        self.rooms = Rooms::default();
        self.timelines = Timelines::default();
        self.roster = Roster::default();
        self.my_rooms.drop();
        self.left_lately.clear();
        self.entered_lately.clear();
        self.members.drop();
        (self.epoch, self.open) = (None, None);
        self.limits = Limits::default();
        self.out.changed(Change::Rooms);
    }
}
