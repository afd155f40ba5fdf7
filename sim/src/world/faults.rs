//! What goes wrong.

use super::{Happening, World};
use crate::{
    page::Tab,
    plan::{FAULTS, Fault, MS, SECOND},
};
use oracle::{Fact, Violation};

impl World<'_> {
    /// Something goes wrong, and something else later.
    pub(super) fn trouble(&mut self) -> Result<(), Violation> {
        let Some(every) = self.plan.fault_every.filter(|_| self.is_hostile) else { return Ok(()) };
        let pause = self.dice.between(every / 2, every * 3 / 2);
        self.at(self.now + pause, Happening::Trouble);
        let fault = FAULTS[self.dice.weighted(&self.plan.faults)];
        if self.strike(fault)? {
            *self.counts.faults.entry(fault).or_default() += 1;
            self.trace.note(self.now, format!("{fault:?}"), || format!("FAULT   {fault:?}"));
        }
        Ok(())
    }

    /// Has that go wrong. False where there is nothing that it could happen to.
    fn strike(&mut self, fault: Fault) -> Result<bool, Violation> {
        match fault {
            Fault::Cut
            | Fault::CutClientDeaf
            | Fault::CutServerDeaf
            | Fault::DarkUp
            | Fault::DarkDown
            | Fault::Stall
            | Fault::SlowReader => Ok(self.strike_wire(fault)),
            Fault::Refusal => {
                self.refused_until = self.now + self.dice.between(SECOND, 10 * SECOND);
                Ok(true)
            }
            Fault::CallLost => {
                self.calls_to_lose += self.dice.between(1, 3);
                Ok(true)
            }
            Fault::KillLosing | Fault::KillStored if self.host.is_up() => {
                self.kill(fault == Fault::KillStored)?;
                Ok(true)
            }
            Fault::Restart if self.host.is_up() && self.shutdown.is_none() => {
                self.shutdown = self.host.begin_shutdown();
                if let Some(mut errand) = self.shutdown.take() {
                    self.host.turn_to(self.now);
                    self.host.drive(&mut errand);
                    self.shutdown = Some(errand);
                }
                self.after_server();
                let at = self.now + self.dice.between(SECOND, 8 * SECOND);
                self.at(at, Happening::Gone);
                Ok(true)
            }
            Fault::SlowDisk => {
                self.slow_disk_until = self.now + self.dice.between(SECOND, 10 * SECOND);
                Ok(true)
            }
            Fault::BrokenDisk => {
                self.broken_disk_until = self.now + self.dice.between(SECOND, 10 * SECOND);
                Ok(true)
            }
            Fault::Reload
            | Fault::Sleep
            | Fault::ClockJump
            | Fault::Flood
            | Fault::SignOut
            | Fault::TakeOver
            | Fault::SessionEnd => self.strike_tab(fault),
            _ => Ok(false),
        }
    }

    fn strike_wire(&mut self, fault: Fault) -> bool {
        let live: Vec<usize> = self.tabs.iter().filter_map(|tab| tab.wire).collect();
        if live.is_empty() {
            return false;
        }
        let number = self.dice.one_of(&live);
        let (short, long) = (self.dice.between(0, SECOND), self.dice.between(SECOND, 20 * SECOND));
        let (keep_up, keep_down) = {
            let wire = &self.wires[number];
            (self.dice.index(wire.up.bytes() + 1), self.dice.index(wire.down.bytes() + 1))
        };
        let wire = &mut self.wires[number];
        match fault {
            Fault::DarkUp => wire.up.darken(),
            Fault::DarkDown => wire.down.darken(),
            Fault::Stall => {
                wire.up.hold(self.now + long);
                wire.down.hold(self.now + long);
            }
            Fault::SlowReader => wire.down.hold(self.now + 2 * long),
            _ => {
                wire.up.cut(keep_up);
                wire.down.cut(keep_down);
                if fault != Fault::CutClientDeaf {
                    self.at(self.now + short, Happening::ClientTold { wire: number });
                }
                if fault != Fault::CutServerDeaf {
                    self.at(self.now + short, Happening::ServerTold { wire: number });
                }
            }
        }
        true
    }

    fn strike_tab(&mut self, fault: Fault) -> Result<bool, Violation> {
        let number = self.dice.index(self.tabs.len());
        if !self.tabs[number].is_running || self.now < self.tabs[number].asleep_until {
            return Ok(false);
        }
        match fault {
            Fault::Reload => self.reload(number)?,
            Fault::SignOut => return self.sign_out(number),
            Fault::TakeOver => return self.take_over(number),
            Fault::SessionEnd => return Ok(self.end_session(number)),
            Fault::Sleep => {
                // All tabs of a machine sleep and wake up together.
                let until = self.now + self.dice.between(SECOND, 60 * SECOND);
                let person = self.tabs[number].person;
                for tab in
                    (0..self.tabs.len()).filter(|tab| self.tabs[*tab].person == person).collect::<Vec<_>>()
                {
                    self.tabs[tab].asleep_until = until;
                    if let Some(wire) = self.tabs[tab].wire {
                        self.wires[wire].down.hold(until);
                    }
                    self.at(until, Happening::Wake { tab });
                }
            }
            Fault::ClockJump => {
                let day_ms = 24 * 60 * 60 * 1_000_i64;
                self.tabs[number].wall_off =
                    self.dice.one_of(&[-400 * day_ms, -3_600_000, 60_000, 400 * day_ms]);
            }
            _ => {
                let rooms = self.rooms_of(number);
                if rooms.is_empty() {
                    return Ok(false);
                }
                for _ in 0..self.dice.between(5, 15) {
                    let room = self.dice.one_of(&rooms);
                    self.post(number, room)?;
                }
            }
        }
        Ok(true)
    }

    /// A page is loaded anew: what its client knew is gone.
    pub(super) fn reload(&mut self, number: usize) -> Result<(), Violation> {
        let (person, screen, life) = {
            let tab = &self.tabs[number];
            (tab.person, tab.screen, tab.life + 1)
        };
        if let Some(wire) = self.tabs[number].wire {
            let code = self.dice.chance(1, 2).then_some(1001);
            self.let_go(wire, code);
        }
        let (store, mut unsent) = {
            let tab = &mut self.tabs[number];
            (tab.store.take(), std::mem::take(&mut tab.unsent))
        };
        if let Some(author) = self.people[person].user
            && store.is_none()
        {
            for txn_id in std::mem::take(&mut unsent).into_keys() {
                self.note(Fact::Withdrawn { author, txn_id })?;
            }
        }
        self.note(Fact::Restarted(screen))?;
        let wall_off = self.tabs[number].wall_off;
        self.tabs[number] =
            Tab { life, wall_off, store, unsent, ..Tab::new(person, screen, self.dice.draw()) };
        if self.making == Some(number) {
            self.making = None;
        }
        let at = self.now + self.dice.between(50 * MS, 2 * SECOND);
        self.at(at, Happening::Start { tab: number, life });
        Ok(())
    }

    /// Nothing goes wrong any more.
    pub(super) fn heal(&mut self) -> Result<(), Violation> {
        self.is_hostile = false;
        self.trace.note(self.now, "heal", || "all is well again".into());
        (self.refused_until, self.calls_to_lose) = (0, 0);
        (self.slow_disk_until, self.broken_disk_until) = (0, 0);
        for number in 0..self.wires.len() {
            self.wires[number].up.release();
            self.wires[number].down.release();
            self.await_up(number);
            self.await_down(number);
        }
        for tab in 0..self.tabs.len() {
            if self.now < self.tabs[tab].asleep_until {
                self.tabs[tab].asleep_until = 0;
                self.at(self.now, Happening::Wake { tab });
            }
        }
        if !self.host.is_up() {
            self.host.boot(self.now);
        }
        Ok(())
    }
}
