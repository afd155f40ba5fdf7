//! What happens to who is signed in, and to what a browser keeps for them: signing out, a session that is ended, and a
//! page that is taken over by another.

use client_core::{
    Call, CallId, Command, Input, RowKey,
    keep::{Keep, Saved, Slot},
};

use shared::RoomId;

use super::{World, calls::NO_LIFE};
use crate::page::Tab;
use oracle::{Fact, Rule, Screen, Violation};

impl World<'_> {
    fn is_alone(&self, number: usize) -> bool {
        let person = self.tabs[number].person;
        self.tabs.iter().filter(|tab| tab.person == person).count() == 1
    }

    /// Somebody who has one tab signs out: nobody wants what they have not sent, and nothing of them stays.
    pub(super) fn sign_out(&mut self, number: usize) -> Result<bool, Violation> {
        let Some(author) = self.tabs[number].user().filter(|_| self.is_alone(number)) else {
            return Ok(false);
        };
        for (txn_id, room) in std::mem::take(&mut self.tabs[number].unsent) {
            let is_only_here = self.tabs[number].is_recallable(room, RowKey { author, txn_id });
            self.note(if is_only_here {
                Fact::TakenBack { author, txn_id }
            } else {
                Fact::Withdrawn { author, txn_id }
            })?;
        }
        self.want(number, Command::SignOut)?;
        if self.tabs[number]
            .store
            .as_ref()
            .is_some_and(|store| store.keys().any(|key| key.slot != Slot::Leaving))
        {
            let detail = format!("tab {number} keeps {:?}", self.tabs[number].store);
            return Err(Violation::new(Rule::Wiped, detail));
        }
        self.is_nobody(number)?;
        Ok(true)
    }

    /// The server ends the session of somebody who has one tab, as from another device; the tab finds that out.
    pub(super) fn end_session(&mut self, number: usize) -> bool {
        if self.tabs[number].user().is_none() || !self.is_alone(number) {
            return false;
        }
        self.people[self.tabs[number].person].is_ended = true;
        let call = self.begin_call(number, CallId(0), Call::SignOut.request(None));
        (self.calls[call].life, self.calls[call].loss) = (NO_LIFE, None);
        true
    }

    /// A tab has found out that its session is over. Nobody who comes back is the same person: guests have no password.
    pub(super) fn session_is_over(&mut self, number: usize) -> Result<(), Violation> {
        let author = self.people[self.tabs[number].person].user;
        for txn_id in std::mem::take(&mut self.tabs[number].unsent).into_keys() {
            if let Some(author) = author {
                self.note(Fact::Withdrawn { author, txn_id })?;
            }
        }
        self.is_nobody(number)
    }

    /// Nobody is signed in at a tab any more.
    fn is_nobody(&mut self, number: usize) -> Result<(), Violation> {
        let Tab { person, screen, .. } = self.tabs[number];
        self.note(Fact::Restarted(screen))?;
        let tab = &mut self.tabs[number];
        tab.open = None;
        tab.dirty.clear();
        tab.dirty_members.clear();
        tab.typing.clear();
        (self.people[person].user, self.people[person].is_ended) = (None, false);
        self.making.take_if(|making| *making == number);
        Ok(())
    }

    /// One of two pages of a person is gone for a moment, and the other one takes over what it had not sent. Where the
    /// browser has no locks, both do it then.
    pub(super) fn take_over(&mut self, number: usize) -> Result<bool, Violation> {
        let Some(user) = self.tabs[number].user() else { return Ok(false) };
        let is_other = |tab: &Tab| {
            tab.person == self.tabs[number].person
                && tab.is_running
                && tab.asleep_until <= self.now
                && tab.store.is_some()
                && tab.user() == Some(user)
        };
        let other = (0..self.tabs.len()).find(|tab| *tab != number && is_other(&self.tabs[*tab]));
        let tab = &mut self.tabs[number];
        let (Some(other), Some(store)) = (other, &mut tab.store) else { return Ok(false) };
        let mut records = store.saved(user).records;
        records.retain(|record| matches!(record.key.slot, Slot::Message(_)));
        let mut unsent = tab.unsent.clone();
        if self.dice.chance(2, 3) {
            records.iter().for_each(|record| store.apply(Keep::Remove(record.key)));
            tab.unsent.clear();
        } else {
            self.doubled.extend(unsent.keys());
        }
        self.reload(number)?;
        if self.tabs[number].unsent.is_empty() {
            // Another page from now on: what it says has no order with what was taken over.
            self.others += 1;
            self.tabs[number].screen = Screen(2_000 + self.others);
        }
        // The heir may have left a room already where the other page, cut off, went on.
        let has_left = |room: &RoomId| {
            self.tabs[other].client.room(*room).is_none()
                && self.parting.contains(&(self.tabs[other].person, *room))
        };
        let given_up = unsent.iter().filter(|(_, room)| has_left(room)).map(|(txn_id, _)| *txn_id);
        for txn_id in given_up.collect::<Vec<_>>() {
            self.note(Fact::Withdrawn { author: user, txn_id })?;
        }
        let heir = &mut self.tabs[other];
        heir.unsent.append(&mut unsent);
        if let Some(store) = &mut heir.store {
            records.iter().for_each(|record| store.apply(Keep::Write(record.clone())));
        }
        self.handle(other, Input::Restored(Saved { user, records }))?;
        Ok(true)
    }
}
