//! The clients' side of a schedule: what they want is carried out, and what they are told and show is noted.

use client_core::{Call, Change, Input, Output, SocketId};
use shared::{ErrorCode, RoomId, ServerFrame, UserId};

use super::{Happening, Wire, World};
use crate::{
    frames::{self, Arrived},
    lane::Lane,
    oracle::{Count, Fact, Observer, Violation},
    pipe::Pipe,
    plan::{MS, SECOND},
};

impl World<'_> {
    pub(super) fn start(&mut self, tab: usize, life: u32) -> Result<(), Violation> {
        let person = &self.people[self.tabs[tab].person];
        if self.tabs[tab].life != life {
            return Ok(());
        }
        // A second tab is opened once somebody is signed in.
        let is_first = self.tabs[..tab].iter().all(|other| other.person != self.tabs[tab].person);
        if !is_first && person.cookie.is_none() {
            if self.is_hostile {
                self.at(self.now + 500 * MS, Happening::Start { tab, life });
            }
            return Ok(());
        }
        let is_new = !std::mem::replace(&mut self.tabs[tab].is_running, true);
        if let Some(saved) = self.tabs[tab].store.as_ref().and_then(|store| store.last()) {
            self.handle(tab, Input::Restored(saved))?;
        }
        self.handle(tab, Input::Started)?;
        if is_new && life == 0 {
            self.at(self.now + 100 * MS, Happening::Act { tab });
        }
        Ok(())
    }

    pub(super) fn tick(&mut self, tab: usize) -> Result<(), Violation> {
        if self.tabs[tab].tick_at != Some(self.now) {
            return Ok(());
        }
        self.tabs[tab].tick_at = None;
        let until = self.tabs[tab].asleep_until;
        if self.now < until {
            self.tabs[tab].tick_at = Some(until);
            self.at(until, Happening::Tick { tab });
            return Ok(());
        }
        self.handle(tab, Input::Tick)
    }

    pub(super) fn wake(&mut self, tab: usize) -> Result<(), Violation> {
        if self.tabs[tab].is_running && self.now >= self.tabs[tab].asleep_until {
            return self.handle(tab, Input::Visible(true));
        }
        Ok(())
    }

    /// Tells a client something, and does what it wants.
    pub(super) fn handle(&mut self, tab: usize, input: Input<'_>) -> Result<(), Violation> {
        if !self.tabs[tab].is_running {
            return Ok(());
        }
        let now = self.tabs[tab].now(self.now);
        self.tabs[tab].client.handle(now, input);
        let mut wanted = None;
        while let Some(output) = self.tabs[tab].client.poll() {
            match output {
                Output::Keep(keep) => {
                    if let Some(store) = &mut self.tabs[tab].store {
                        store.apply(keep);
                    }
                }
                Output::Restore(user) => wanted = Some(user),
                Output::Open { socket, token } => self.open(tab, socket, token),
                Output::Send(socket, text) => self.send(tab, socket, text),
                Output::Close(socket, code) => self.leave(tab, socket, code),
                Output::Call(id, request) => self.begin_call(tab, id, request),
                // A tab renews for itself here: that it need not is the page's matter.
                Output::Renewed(_) | Output::GiveUp(_) => {}
                Output::Changed(change) => self.changed(tab, &change)?,
            }
        }
        self.show(tab)?;
        self.await_tick(tab);
        let saved = wanted.and_then(|user| Some(self.tabs[tab].store.as_ref()?.saved(user)));
        saved.map_or(Ok(()), |saved| self.handle(tab, Input::Restored(saved)))
    }

    fn await_tick(&mut self, tab: usize) {
        let at = self.tabs[tab].client.timeout().map(|ms| (ms * MS).max(self.now + MS));
        if let Some(at) = at
            && self.tabs[tab].tick_at != Some(at)
        {
            self.at(at, Happening::Tick { tab });
        }
        self.tabs[tab].tick_at = at;
    }

    fn open(&mut self, tab: usize, socket: SocketId, token: String) {
        let wire = self.wires.len();
        self.wires.push(Wire {
            tab,
            life: self.tabs[tab].life,
            socket,
            token,
            pipe: Pipe::new(self.plan.send_buffer),
            up: Lane::default(),
            down: Lane::default(),
            partial: Vec::new(),
            is_left: false,
            server: None,
            look_at: None,
            up_at: None,
            down_at: None,
        });
        self.tabs[tab].wire = Some(wire);
        let at = self.now + 2 * self.travel();
        self.at(at, Happening::Connect { wire });
    }

    /// The connection of that name, if it is the one that counts.
    fn wire_of(&self, tab: usize, socket: SocketId) -> Option<usize> {
        self.tabs[tab].wire.filter(|wire| self.wires[*wire].socket == socket)
    }

    fn send(&mut self, tab: usize, socket: SocketId, text: String) {
        let Some(wire) = self.wire_of(tab, socket) else { return };
        let user = self.tabs[tab].user();
        let (text, forged) = self.defects.up(text, user);
        for frame in forged {
            self.forged.push((wire, frame));
            let at = self.now + self.travel();
            self.at(at, Happening::Forged { forged: self.forged.len() - 1 });
        }
        let Some(text) = text else { return };
        self.trace.note(self.now, (tab, text.as_str()), || format!("tab {tab} > {}", short(&text)));
        let at = self.now + self.travel();
        self.wires[wire].up.send(at, frames::text(&text));
        self.await_up(wire);
    }

    /// A client lets go of a connection.
    fn leave(&mut self, tab: usize, socket: SocketId, code: u16) {
        if let Some(wire) = self.wire_of(tab, socket) {
            self.tabs[tab].wire = None;
            self.let_go(wire, Some(code));
        }
    }

    /// Nobody is at the client's end any more; the server hears of it in time, if it can.
    pub(super) fn let_go(&mut self, number: usize, code: Option<u16>) {
        let at = self.now + self.travel();
        let wire = &mut self.wires[number];
        wire.is_left = true;
        if let Some(code) = code {
            wire.up.send(at, frames::close(code));
        }
        wire.up.end(at);
        self.await_up(number);
    }

    pub(super) fn await_up(&mut self, number: usize) {
        let wire = &mut self.wires[number];
        if let Some(at) = wire.up.next()
            && wire.up_at.is_none_or(|earlier| at < earlier)
        {
            let at = at.max(self.now);
            wire.up_at = Some(at);
            self.at(at, Happening::Up { wire: number });
        }
    }

    pub(super) fn await_down(&mut self, number: usize) {
        let wire = &mut self.wires[number];
        if let Some(at) = wire.down.next()
            && wire.down_at.is_none_or(|earlier| at < earlier)
        {
            let at = at.max(self.now);
            wire.down_at = Some(at);
            self.at(at, Happening::Down { wire: number });
        }
    }

    pub(super) fn opened(&mut self, number: usize) -> Result<(), Violation> {
        let Wire { tab, life, socket, is_left, .. } = self.wires[number];
        if is_left || self.tabs[tab].life != life {
            return Ok(());
        }
        self.handle(tab, Input::Opened(socket))
    }

    pub(super) fn down(&mut self, number: usize) -> Result<(), Violation> {
        let wire = &mut self.wires[number];
        if wire.down_at != Some(self.now) {
            return Ok(());
        }
        wire.down_at = None;
        let bytes = wire.down.take(self.now);
        let has_ended = wire.down.has_ended(self.now);
        wire.pipe.buffers().room += bytes.len();
        if !wire.is_left {
            wire.partial.extend_from_slice(&bytes);
        }
        while !self.wires[number].is_left
            && let Some(arrived) = frames::take(&mut self.wires[number].partial)
        {
            match arrived {
                Arrived::Text(text) => {
                    for text in self.defects.down(text) {
                        self.deliver(number, &text)?;
                    }
                }
                Arrived::Ping(payload) => {
                    let at = self.now + self.travel();
                    self.wires[number].up.send(at, frames::pong(&payload));
                    self.await_up(number);
                }
                Arrived::Close(code) => self.client_told(number, code)?,
            }
        }
        if has_ended {
            return self.client_told(number, None);
        }
        self.await_down(number);
        if self.wires[number].server.as_ref().is_some_and(|server| server.waiting_bytes() > 0) {
            self.look_at(number, self.now);
        }
        Ok(())
    }

    pub(super) fn client_told(&mut self, number: usize, code: Option<u16>) -> Result<(), Violation> {
        let Wire { tab, life, socket, is_left, .. } = self.wires[number];
        if is_left || self.tabs[tab].life != life {
            return Ok(());
        }
        if self.now < self.tabs[tab].asleep_until {
            self.at(self.now + SECOND, Happening::ClientTold { wire: number });
            return Ok(());
        }
        self.let_go(number, code);
        if self.tabs[tab].wire == Some(number) {
            self.tabs[tab].wire = None;
        }
        self.trace.note(self.now, (tab, code), || format!("tab {tab} lost its connection: {code:?}"));
        self.handle(tab, Input::Closed(socket, code))
    }

    pub(super) fn deliver_forged(&mut self, forged: usize) -> Result<(), Violation> {
        let (wire, text) = self.forged[forged].clone();
        if self.wires[wire].is_left { Ok(()) } else { self.deliver(wire, &text) }
    }

    /// A text frame has come to a client.
    fn deliver(&mut self, number: usize, text: &str) -> Result<(), Violation> {
        let Wire { tab, socket, .. } = self.wires[number];
        self.trace.note(self.now, (tab, text), || format!("tab {tab} < {}", short(text)));
        if let (Ok(frame), Some(user)) = (ServerFrame::decode(text), self.tabs[tab].user()) {
            self.told(tab, user, frame)?;
        }
        self.handle(tab, Input::Frame(socket, text))
    }

    /// What a frame says, for the oracle.
    fn told(&mut self, tab: usize, user: UserId, frame: ServerFrame) -> Result<(), Violation> {
        let screen = self.tabs[tab].screen;
        match frame {
            ServerFrame::Event(event) => {
                // What is known to be there already is history, although it comes live.
                let head = self.tabs[tab].client.room(event.room_id).map(|view| view.head);
                let is_history = head.is_some_and(|head| event.seq <= head);
                let event = *event;
                self.note(if is_history {
                    Fact::Paged { screen, event }
                } else {
                    Fact::Delivered { screen, event }
                })
            }
            ServerFrame::Events(page) => {
                page.events.into_iter().try_for_each(|event| self.note(Fact::Paged { screen, event }))
            }
            ServerFrame::Ack(ack) => self.note(Fact::Acked { author: user, ack }),
            ServerFrame::Error(error) => match error.txn_id {
                Some(txn_id) => {
                    let definite = !error.retryable && error.code != ErrorCode::Unauthenticated;
                    self.note(Fact::Refused { author: user, txn_id, code: error.code, definite })?;
                    // What was kept for a room that its author has left is not wanted any more.
                    match error.room_id.filter(|room| self.tabs[tab].client.room(*room).is_none()) {
                        Some(room) if error.code == ErrorCode::NotMember => self.withdraw(tab, user, room),
                        _ => Ok(()),
                    }
                }
                None => Ok(()),
            },
            ServerFrame::Connected(connected) => connected.rooms.into_iter().try_for_each(|state| {
                let (room, head, msg_no) = (state.room.id, state.head, state.msg_no);
                let count = Count { head, msg_no, read_seq: state.read_seq, unread: state.unread };
                self.note(Fact::Counted { user, room, count })
            }),
            ServerFrame::Typing(typing) => self.note(Fact::Typed {
                screen,
                room: typing.room_id,
                user: typing.user_id,
                active: typing.active,
                at_ms: self.now / MS,
            }),
            _ => Ok(()),
        }
    }

    /// Nothing that waits for a room is wanted any more.
    fn withdraw(&mut self, tab: usize, author: UserId, room: RoomId) -> Result<(), Violation> {
        let gone: Vec<_> = self.tabs[tab].unsent.extract_if(.., |_, at| *at == room).collect();
        gone.into_iter().try_for_each(|(txn_id, _)| self.note(Fact::Withdrawn { author, txn_id }))
    }

    /// What a client says is different.
    fn changed(&mut self, tab: usize, change: &Change) -> Result<(), Violation> {
        let screen = self.tabs[tab].screen;
        match change {
            Change::Rows(room) | Change::Row(room, _) => drop(self.tabs[tab].dirty.insert(*room)),
            Change::Members(room) => drop(self.tabs[tab].dirty_members.insert(*room)),
            Change::Rooms => self.tabs[tab].dirty_rooms = true,
            Change::Typing(room) if self.tabs[tab].client.room(*room).is_some() => {
                self.tabs[tab].typing.insert(*room);
            }
            Change::Session => {
                let (person, user) = (self.tabs[tab].person, self.tabs[tab].user());
                self.people[person].user = user.or(self.people[person].user);
            }
            Change::Left(room) => {
                // What was not sent there is not wanted any more.
                if let Some(author) = self.people[self.tabs[tab].person].user {
                    self.withdraw(tab, author, *room)?;
                }
                if self.tabs[tab].open == Some(*room) {
                    self.tabs[tab].open = None;
                }
                self.tabs[tab].typing.remove(room);
                self.note(Fact::Closed { screen, room: *room })?;
            }
            Change::Failed { call: Call::MakeRoom { .. }, .. } => self.making = None,
            _ => {}
        }
        Ok(())
    }

    /// Tells the oracle what a client shows, as far as that is different.
    pub(super) fn show(&mut self, tab: usize) -> Result<(), Violation> {
        let screen = self.tabs[tab].screen;
        let Some(user) = self.tabs[tab].user() else { return Ok(()) };
        for room in std::mem::take(&mut self.tabs[tab].dirty) {
            let rows = self.tabs[tab].rows(room);
            for row in rows.iter().filter(|row| row.seq.is_none()) {
                if let Some(content) = &row.content
                    && self.tabs[tab].unsent.insert(row.txn_id, room).is_none()
                {
                    let (txn_id, content) = (row.txn_id, content.clone());
                    self.note(Fact::Requested { screen, author: user, txn_id, room, content })?;
                }
            }
            let waits = |txn_id| rows.iter().any(|row| row.seq.is_none() && row.txn_id == txn_id);
            self.tabs[tab].unsent.retain(|txn_id, at| *at != room || waits(*txn_id));
            self.note(Fact::Shown { screen, user, room, rows })?;
            for key in self.tabs[tab].held(room) {
                self.note(Fact::Parked { author: key.author, txn_id: key.txn_id })?;
            }
        }
        if std::mem::take(&mut self.tabs[tab].dirty_rooms) {
            let views = self.tabs[tab]
                .client
                .rooms()
                .map(|view| (view.room.id, view.read_seq, view.room.code.clone()));
            for (room, seq, code) in views.collect::<Vec<_>>() {
                if !self.codes.contains(&code) {
                    self.codes.push(code);
                    self.making = None;
                }
                self.note(Fact::Marker { observer: Observer::Screen(screen), room, user, seq })?;
            }
        }
        for room in std::mem::take(&mut self.tabs[tab].dirty_members) {
            let members = self.tabs[tab].client.members(room).iter();
            let members: Vec<_> = members.map(|member| (member.user.id, member.read_seq)).collect();
            for (member, seq) in members.into_iter().filter(|(member, _)| *member != user) {
                let observer = Observer::Screen(screen);
                self.note(Fact::Marker { observer, room, user: member, seq })?;
            }
        }
        for room in self.tabs[tab].typing.clone() {
            let users: Vec<_> = self.tabs[tab].client.typing(room).iter().map(|profile| profile.id).collect();
            if users.is_empty() {
                self.tabs[tab].typing.remove(&room);
            }
            self.note(Fact::ShowsTyping { screen, room, users, at_ms: self.now / MS })?;
        }
        Ok(())
    }
}

/// Enough of a frame to recognise it.
fn short(text: &str) -> String {
    text.chars().take(2_000).collect()
}
