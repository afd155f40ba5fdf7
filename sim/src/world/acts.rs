//! What people do.

use client_core::{Command, Input, RowKey, SessionState};
use shared::{RoomId, Seq};

use super::{Happening, World};
use crate::plan::{ACTS, Act};
use oracle::{Fact, Violation};

impl World<'_> {
    /// The person at a tab does something, and something else later.
    pub(super) fn act(&mut self, tab: usize) -> Result<(), Violation> {
        if !self.is_hostile {
            return Ok(());
        }
        let pause = self.dice.between(self.plan.act_every / 2, self.plan.act_every * 3 / 2);
        self.at(self.now + pause, Happening::Act { tab });
        if !self.tabs[tab].is_running || self.now < self.tabs[tab].asleep_until {
            return Ok(());
        }
        match self.tabs[tab].client.session() {
            SessionState::Unknown => Ok(()),
            SessionState::SignedOut { .. } => {
                let name = self.people[self.tabs[tab].person].name.clone();
                let is_new = self.people[self.tabs[tab].person].user.is_none();
                if is_new { self.want(tab, Command::SignIn { name }) } else { Ok(()) }
            }
            SessionState::SignedIn(_) => self.act_signed_in(tab),
        }
    }

    fn act_signed_in(&mut self, tab: usize) -> Result<(), Violation> {
        let rooms = self.rooms_of(tab);
        if self.codes.len() < self.plan.rooms && self.making.is_none() && tab == 0 {
            self.making = Some(tab);
            let name = format!("Room {}", self.codes.len());
            return self.want(tab, Command::MakeRoom { name });
        }
        let act = ACTS[self.dice.weighted(&self.plan.acts)];
        let act = if rooms.is_empty() { Act::Join } else { act };
        match act {
            Act::Join => {
                let known: Vec<_> = self.tabs[tab].client.rooms().map(|view| &view.room.code).collect();
                let others: Vec<_> =
                    self.codes.iter().filter(|code| !known.contains(code)).cloned().collect();
                if others.is_empty() {
                    return Ok(());
                }
                let code = others[self.dice.index(others.len())].clone();
                self.want(tab, Command::JoinRoom { code })
            }
            Act::Post => {
                let room = self.dice.one_of(&rooms);
                self.post(tab, room)
            }
            Act::Type => {
                let active = self.dice.chance(3, 4);
                let room = self.tabs[tab].open.unwrap_or(rooms[0]);
                self.want(tab, Command::Typing(room, active))
            }
            Act::Open => {
                let room = self.dice.one_of(&rooms);
                self.open_room(tab, room)
            }
            Act::PageBack => match self.tabs[tab].open {
                Some(room) => self.want(tab, Command::PageBack(room)),
                None => self.open_room(tab, rooms[0]),
            },
            Act::See => self.see(tab),
            Act::Leave => {
                let room = self.dice.one_of(&rooms);
                self.parting.insert((self.tabs[tab].person, room));
                self.want(tab, Command::LeaveRoom(room))
            }
            Act::Hurry => {
                let input = match self.dice.index(3) {
                    0 => Input::Visible(true),
                    1 => Input::NetworkBack,
                    _ => Input::Command(Command::ConnectNow),
                };
                self.handle(tab, input)
            }
            Act::Tend => self.tend(tab, &rooms),
        }
    }

    pub(super) fn want(&mut self, tab: usize, command: Command) -> Result<(), Violation> {
        self.trace.note(self.now, tab, || format!("tab {tab} wants {command:?}"));
        self.handle(tab, Input::Command(command))
    }

    pub(super) fn rooms_of(&self, tab: usize) -> Vec<RoomId> {
        self.tabs[tab].client.rooms().map(|view| view.room.id).collect()
    }

    pub(super) fn open_room(&mut self, tab: usize, room: RoomId) -> Result<(), Violation> {
        self.tabs[tab].open = Some(room);
        self.want(tab, Command::OpenRoom(room))
    }

    /// Says something, each time something else, so that it can be recognised.
    pub(super) fn post(&mut self, tab: usize, room: RoomId) -> Result<(), Violation> {
        if self.said >= self.plan.messages {
            return Ok(());
        }
        self.said += 1;
        let mut content = format!("{} says {}", self.people[self.tabs[tab].person].name, self.said);
        if self.dice.chance(1, 10) {
            content.push_str(&" and more".repeat(self.dice.index(300)));
        }
        self.saying = Some((tab, content.clone()));
        self.want(tab, Command::Post { room, content })?;
        self.saying = None;
        Ok(())
    }

    /// Sees up to some row of the open room.
    fn see(&mut self, tab: usize) -> Result<(), Violation> {
        let Some(room) = self.tabs[tab].open else { return Ok(()) };
        let seqs: Vec<Seq> = self.tabs[tab].rows(room).iter().filter_map(|row| row.seq).collect();
        if seqs.is_empty() {
            return Ok(());
        }
        let last = seqs[seqs.len() - 1];
        let seq = if self.dice.chance(2, 3) { last } else { self.dice.one_of(&seqs) };
        self.want(tab, Command::Seen(room, seq))
    }

    /// Looks after what waits: tries again what has failed, or gives it up.
    fn tend(&mut self, tab: usize, rooms: &[RoomId]) -> Result<(), Violation> {
        let room = self.dice.one_of(rooms);
        let waiting = self.tabs[tab].waiting(room);
        if waiting.is_empty() {
            return self.want(tab, Command::Active);
        }
        let (key, has_failed) = self.dice.one_of(&waiting);
        let is_parked = has_failed || self.tabs[tab].held(room).contains(&key);
        if is_parked && self.dice.chance(2, 3) {
            return self.ask_again(tab, room, key);
        }
        // Said before it is done, because a row that was given up is gone at once; one that a server may have stays.
        if self.dice.chance(1, 4) {
            let (author, txn_id) = (key.author, key.txn_id);
            if self.tabs[tab].is_recallable(room, key) && !self.doubled.contains(&txn_id) {
                self.note(Fact::TakenBack { author, txn_id })?;
            } else if is_parked || self.doubled.contains(&txn_id) {
                self.note(Fact::Withdrawn { author, txn_id })?;
            }
            return self.want(tab, Command::Discard(room, key));
        }
        Ok(())
    }

    /// Has a message tried again that is parked: as the same one, or as a new one where it was refused for good.
    pub(super) fn ask_again(&mut self, tab: usize, room: RoomId, key: RowKey) -> Result<(), Violation> {
        let row = self.tabs[tab].rows(room).into_iter().find(|row| row.txn_id == key.txn_id);
        let Some(content) = row.and_then(|row| row.content) else { return Ok(()) };
        if self.tabs[tab].is_refused_for_ever(room, key) {
            // Its row gives way to that of the new one. Said before it is done, as above.
            self.note(Fact::Withdrawn { author: key.author, txn_id: key.txn_id })?;
        }
        let before = self.tabs[tab].waiting(room);
        self.saying = Some((tab, content.clone()));
        self.want(tab, Command::Retry(room, key))?;
        self.saying = None;
        let after = self.tabs[tab].waiting(room);
        if after.iter().any(|(waiting, _)| *waiting == key) {
            let (screen, author, txn_id) = (self.tabs[tab].screen, key.author, key.txn_id);
            self.note(Fact::Requested { screen, author, txn_id, room, content })?;
        }
        // The new one stands where that was which it replaces: before what was said since.
        let is_new = |new: &RowKey| before.iter().all(|(known, _)| known != new);
        for RowKey { author, txn_id } in after.into_iter().map(|(waiting, _)| waiting).filter(is_new) {
            self.note(Fact::Parked { author, txn_id })?;
        }
        Ok(())
    }
}
