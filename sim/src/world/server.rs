//! The server's side of a schedule: connections that look, batches that are stored, pages that are read.

use std::collections::BTreeMap;

use backend::socket::sim_support::{Next, SteppedSocket};

use super::{Happening, World};
use crate::{
    defects::Moment,
    pipe::Ending,
    plan::{MS, SECOND},
    server_under_test::{Disk, Done, What},
};
use oracle::{Fact, Observer, Rule, Violation};

/// Batches between two looks at the read markers of the database: each look costs as much as a batch.
const MARKERS_EVERY: u64 = 5;

impl World<'_> {
    pub(super) fn connect(&mut self, number: usize) -> Result<(), Violation> {
        let wire = &self.wires[number];
        if wire.is_left {
            return Ok(());
        }
        let from = self.people[self.tabs[wire.tab].person].address;
        let (pipe, token) = (wire.pipe.clone(), wire.token.clone());
        self.host.turn_to(self.now);
        let socket = if self.now < self.refused_until { None } else { self.host.open(&pipe, from, token) };
        let at = self.now + self.travel();
        if socket.is_none() {
            self.at(at, Happening::ClientTold { wire: number });
            return Ok(());
        }
        self.wires[number].server = socket;
        self.at(at, Happening::Opened { wire: number });
        self.look_at(number, self.now);
        Ok(())
    }

    /// Has a connection look at that moment at the latest.
    pub(super) fn look_at(&mut self, number: usize, at: u64) {
        let wire = &mut self.wires[number];
        if wire.server.is_some() && wire.look_at.is_none_or(|earlier| at < earlier) {
            wire.look_at = Some(at);
            self.at(at, Happening::Look { wire: number });
        }
    }

    pub(super) fn up(&mut self, number: usize) -> Result<(), Violation> {
        let wire = &mut self.wires[number];
        if wire.up_at != Some(self.now) {
            return Ok(());
        }
        wire.up_at = None;
        let bytes = wire.up.take(self.now);
        let has_ended = wire.up.has_ended(self.now);
        let mut buffers = wire.pipe.buffers();
        buffers.arrived.extend(bytes);
        if has_ended && buffers.ended.is_none() {
            buffers.ended = Some(Ending::Eof);
        }
        drop(buffers);
        if !has_ended {
            self.await_up(number);
        }
        self.look_at(number, self.now);
        Ok(())
    }

    pub(super) fn server_told(&mut self, number: usize) -> Result<(), Violation> {
        self.wires[number].pipe.buffers().ended.get_or_insert(Ending::Reset);
        self.look_at(number, self.now);
        Ok(())
    }

    pub(super) fn look(&mut self, number: usize) -> Result<(), Violation> {
        let wire = &mut self.wires[number];
        if wire.look_at != Some(self.now) {
            return Ok(());
        }
        wire.look_at = None;
        let Some(mut socket) = wire.server.take() else { return Ok(()) };
        self.host.turn_to(self.now);
        let next = self.host.step(&mut socket);
        for page in self.host.pages(&mut socket) {
            self.pages.push(page);
            let at = self.now + self.dice.mostly_small(MS / 10, 300 * MS);
            self.at(at, Happening::Page);
        }
        let written = std::mem::take(&mut self.wires[number].pipe.buffers().written);
        let arrives = self.now + self.travel();
        self.wires[number].down.send(arrives, written);
        if next == Next::Over {
            self.host.drop_socket(socket);
            self.wires[number].down.end(arrives);
        } else {
            self.wires[number].server = Some(socket);
            let at = match next {
                Next::At(moment) => self.host.moment(moment).max(self.now + MS),
                Next::Now | Next::Over => self.now + 1,
            };
            self.look_at(number, at);
        }
        self.await_down(number);
        self.after_server();
        Ok(())
    }

    /// The server has done something: whoever was woken by that looks soon, and the disk takes what waits.
    pub(super) fn after_server(&mut self) {
        if self.host.waiting() > 0 && self.commit_at.is_none() {
            let mut takes = self.dice.between(self.plan.disk / 2, self.plan.disk * 2);
            if self.now < self.slow_disk_until {
                takes += self.dice.between(0, 3 * SECOND);
            }
            self.commit_at = Some(self.now + takes);
            self.at(self.now + takes, Happening::Commit);
        }
        for number in 0..self.wires.len() {
            if self.wires[number].server.as_ref().is_some_and(SteppedSocket::take_woken) {
                let at = self.now + self.dice.between(0, MS);
                self.look_at(number, at);
            }
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), Violation> {
        if self.commit_at != Some(self.now) || !self.host.is_up() {
            return Ok(());
        }
        self.store_batch(true)?;
        self.after_server();
        Ok(())
    }

    /// Stores what waits. Nobody hears of it where the server is about to be killed.
    pub(super) fn store_batch(&mut self, is_heard: bool) -> Result<(), Violation> {
        self.commit_at = None;
        self.host.turn_to(self.now);
        let disk = match self.now < self.broken_disk_until {
            true if self.defects.pretends() => Disk::Pretends,
            true => Disk::Refuses,
            false => Disk::Takes,
        };
        self.host.store_batch(disk);
        for mut errand in std::mem::take(&mut self.parked) {
            match (self.host.drive(&mut errand), errand.what) {
                (Some(Done::Call(answer)), What::Call(call)) => self.call_done(call, answer, is_heard),
                (None, _) => self.parked.push(errand),
                _ => {}
            }
        }
        self.tamper(Moment::Stored)?;
        self.note_stored()?;
        self.batches += 1;
        if self.batches.is_multiple_of(MARKERS_EVERY) {
            self.note_markers()?;
            self.tamper(Moment::Seen)?;
        }
        Ok(())
    }

    /// A planted defect changes rows.
    fn tamper(&mut self, moment: Moment) -> Result<(), Violation> {
        let statements = self.defects.behind_the_back(moment, &self.logged);
        statements.map_or(Ok(()), |statements| self.change_rows(statements))
    }

    pub(super) fn change_rows(&mut self, statements: String) -> Result<(), Violation> {
        self.trace.note(self.now, "rows", || format!("PLANTED {statements}"));
        let changed = self.host.tamper(statements);
        changed.map_err(|error| Violation::new(Rule::NoRest, format!("nothing was planted: {error}")))
    }

    /// Tells the oracle what the database holds that it has not heard of.
    pub(super) fn note_stored(&mut self) -> Result<(), Violation> {
        let events = self.host.stored_after(&self.logged);
        for event in events.map_err(|error| Violation::new(Rule::Holes, error.to_string()))? {
            *self.logged.entry(event.room_id).or_default() += 1;
            self.trace.note(self.now, (event.seq.get(), event.txn_id), || {
                format!("stored  {} {:?} by {}", event.seq, crate::page::text(&event), event.author.name)
            });
            self.note(Fact::Stored(event))?;
        }
        Ok(())
    }

    /// Tells the oracle what the database still holds of what it ever held.
    pub(super) fn note_kept(&mut self) -> Result<(), Violation> {
        for room in self.logged.keys().copied().collect::<Vec<_>>() {
            let events = self.host.stored_after(&BTreeMap::from([(room, 0)])).map_err(|error| {
                Violation::new(Rule::Stored, format!("{room} can't be read any more: {error}"))
            })?;
            self.note(Fact::Kept { room, events })?;
        }
        Ok(())
    }

    /// Tells the oracle where the database has the read markers.
    pub(super) fn note_markers(&mut self) -> Result<(), Violation> {
        for room in self.logged.keys().copied().collect::<Vec<_>>() {
            let markers = self.host.markers(room);
            let markers = markers.map_err(|error| Violation::new(Rule::Unread, error.to_string()))?;
            for (user, seq) in markers {
                self.note(Fact::Marker { observer: Observer::Store, room, user, seq })?;
            }
        }
        Ok(())
    }

    pub(super) fn read_page(&mut self) -> Result<(), Violation> {
        if !self.pages.is_empty() {
            let index = self.dice.index(self.pages.len());
            let mut page = self.pages.swap_remove(index);
            self.host.turn_to(self.now);
            self.host.drive(&mut page);
            self.after_server();
        }
        Ok(())
    }

    pub(super) fn boot(&mut self) -> Result<(), Violation> {
        self.trace.note(self.now, "boot", || "the server is there again".into());
        self.host.boot(self.now);
        Ok(())
    }

    pub(super) fn gone(&mut self) -> Result<(), Violation> {
        self.kill(false)
    }

    /// The server is gone, and with it all but the database.
    pub(super) fn kill(&mut self, stores: bool) -> Result<(), Violation> {
        if stores {
            self.store_batch(false)?;
        } else if self.defects.answers_first() {
            self.answer_first()?;
        }
        self.commit_at = None;
        self.pages.clear();
        self.shutdown = None;
        for errand in std::mem::take(&mut self.parked) {
            if let What::Call(call) = errand.what {
                let at = self.now + self.travel();
                self.at(at, Happening::CallAnswered { call });
            }
        }
        let is_power_lost = self.dice.chance(1, 4);
        for number in 0..self.wires.len() {
            let Some(socket) = self.wires[number].server.take() else { continue };
            self.host.drop_socket(socket);
            if is_power_lost {
                self.wires[number].down.darken();
            } else {
                let at = self.now + self.travel();
                self.wires[number].down.end(at);
                self.await_down(number);
            }
        }
        self.host.kill();
        self.tamper(Moment::Killed)?;
        let at = self.now + self.dice.between(SECOND / 10, 8 * SECOND);
        self.at(at, Happening::Boot);
        Ok(())
    }
    /// Everybody is told what has come of what waits, as if it were stored.
    fn answer_first(&mut self) -> Result<(), Violation> {
        self.host.turn_to(self.now);
        self.host.store_batch(Disk::Pretends);
        for number in 0..self.wires.len() {
            if self.wires[number].server.as_ref().is_some_and(SteppedSocket::take_woken) {
                self.wires[number].look_at = Some(self.now);
                self.look(number)?;
            }
        }
        Ok(())
    }
}
