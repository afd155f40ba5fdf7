//! The clients' side of a schedule: what they want is carried out, and what comes for them is brought to them.

use client_core::{Input, Output, SocketId};

use super::{Happening, Wire, World};
use crate::{
    defects::Upward,
    frames::{self, Arrived},
    one_way::Lane,
    pipe::Pipe,
    plan::{MS, SECOND},
};
use oracle::{Rule, Violation};

/// Close codes of which one side is to blame: broken frames, a server that has failed, somebody who may not be here.
const MISTAKES: [u16; 6] = [1002, 1003, 1007, 1009, 1011, 4003];

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
                    if let Some(store) = &mut self.tabs[tab].store
                        && self.defects.keeps(&keep)
                    {
                        store.apply(keep);
                    }
                }
                Output::Restore(user) => wanted = Some(user),
                Output::Open { socket, token } => self.open(tab, socket, token),
                Output::Send(socket, text) => self.send(tab, socket, text)?,
                Output::Close(socket, code) => self.leave(tab, socket, code),
                Output::Call(id, request) => drop(self.begin_call(tab, id, request)),
                Output::GiveUp(id) => self.give_up_call(tab, id),
                // A tab renews for itself here: that it need not is the page's matter.
                Output::PassOn(_) => {}
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

    fn send(&mut self, tab: usize, socket: SocketId, text: String) -> Result<(), Violation> {
        let Some(wire) = self.wire_of(tab, socket) else { return Ok(()) };
        let Upward { texts, forged, statements } = self.defects.up(text, &self.tabs[tab], &self.logged);
        if let Some(frame) = forged {
            self.forged.push((wire, frame));
            let at = self.now + self.travel();
            self.at(at, Happening::Forged { forged: self.forged.len() - 1 });
        }
        if let Some(statements) = statements {
            self.change_rows(statements)?;
        }
        for text in texts {
            self.trace.note(self.now, (tab, text.as_str()), || format!("tab {tab} > {}", short(&text)));
            let at = self.now + self.travel();
            self.wires[wire].up.send(at, frames::text(&text));
            self.await_up(wire);
        }
        Ok(())
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
                    let to = (number, self.wires[number].tab);
                    for text in self.defects.down(to, text) {
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
        if let Some(code) = code.filter(|code| MISTAKES.contains(code)) {
            return Err(Violation::new(Rule::Mistake, format!("tab {tab} was closed with {code}")));
        }
        self.handle(tab, Input::Closed(socket, code))
    }

    pub(super) fn deliver_forged(&mut self, forged: usize) -> Result<(), Violation> {
        let (wire, text) = self.forged[forged].clone();
        if self.wires[wire].is_left { Ok(()) } else { self.deliver(wire, &text) }
    }
}

/// Enough of a frame to recognise it.
pub(super) fn short(text: &str) -> String {
    text.chars().take(2_000).collect()
}
