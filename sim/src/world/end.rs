//! The quiet end: everything comes to rest, and everybody shows what they have.

use client_core::{Client, Command, LinkState};
use shared::RoomId;

use super::{Happening, World};
use crate::{page::Tab, plan::SECOND};
use oracle::{End, Rule, Screen, ScreenRoom, ScreenState, Violation};

/// By then everything that waited is sent, at the slowest rate that a server allows here.
const REST: u64 = 900 * SECOND;

/// Longer than the slowest network here takes, there and back.
const SETTLE: u64 = 2 * SECOND;

/// Pages of the longest room, and more.
const LOOKS: usize = 200;

impl World<'_> {
    pub(super) fn come_to_rest(&mut self) -> Result<(), Violation> {
        self.run_for(self.plan.quiet)?;
        let by = self.now + REST;
        while !self.is_at_rest() {
            if self.now >= by {
                return Err(Violation::new(Rule::NoRest, self.unrest()));
            }
            self.send_held()?;
            self.run_for(5 * SECOND)?;
        }
        // What was stored last is still on its way to the others.
        self.run_for(SETTLE)
    }

    /// Somebody is asked whether what is old is still to be sent, and says yes.
    fn send_held(&mut self) -> Result<(), Violation> {
        for tab in 0..self.tabs.len() {
            for room in self.rooms_of(tab) {
                for key in self.tabs[tab].held(room) {
                    self.ask_again(tab, room, key)?;
                }
            }
        }
        Ok(())
    }

    fn signed_in(&self) -> impl Iterator<Item = &Tab> {
        self.tabs.iter().filter(|tab| tab.is_running && self.people[tab.person].user.is_some())
    }

    fn is_at_rest(&self) -> bool {
        self.host.waiting() == 0
            && self.parked.is_empty()
            && self.pages.is_empty()
            && self.signed_in().all(|tab| tab.client.link() == LinkState::Online && tab.waiting_count() == 0)
    }

    fn unrest(&self) -> String {
        let tabs = self.signed_in().map(|tab| {
            let client: &Client = &tab.client;
            format!(
                "{:?}: {:?}, {:?}, {} wait",
                tab.screen,
                client.link(),
                client.session(),
                tab.waiting_count()
            )
        });
        format!("it does not come to rest: {}", tabs.collect::<Vec<_>>().join("; "))
    }

    /// Has the oracle look at the end.
    pub(super) fn judge(&mut self) -> Result<(), Violation> {
        self.note_kept()?;
        let tabs: Vec<usize> = (0..self.tabs.len()).filter(|tab| self.tabs[*tab].user().is_some()).collect();
        let mut shown = Vec::new();
        for tab in &tabs {
            shown.push(self.screen_state(*tab)?);
        }
        let mut ends: Vec<End> = Vec::new();
        for (tab, shown) in tabs.into_iter().zip(shown) {
            let Some(user) = self.tabs[tab].user() else { continue };
            let same = ends.iter().find(|end| end.user == user).map(|end| end.fresh.clone());
            let fresh = match same {
                Some(fresh) => fresh,
                None => self.fresh_screen_state(self.tabs[tab].person)?,
            };
            ends.push(End { screen: self.tabs[tab].screen, user, shown, fresh });
        }
        self.note_stored()?;
        self.note_markers()?;
        self.oracle.finish(&ends)
    }

    /// What somebody sees who signs in there anew.
    fn fresh_screen_state(&mut self, person: usize) -> Result<ScreenState, Violation> {
        let number = u32::try_from(1_000 + self.tabs.len()).unwrap_or(u32::MAX);
        self.tabs.push(Tab::new(person, Screen(number), self.dice.draw()));
        let tab = self.tabs.len() - 1;
        self.at(self.now, Happening::Start { tab, life: 0 });
        for _ in 0..LOOKS {
            self.run_for(SECOND)?;
            if self.tabs[tab].client.link() == LinkState::Online {
                return self.screen_state(tab);
            }
        }
        Err(Violation::new(Rule::NoRest, "a fresh client does not get in"))
    }

    /// Everything that a tab shows, the room that is open first and as it is.
    fn screen_state(&mut self, tab: usize) -> Result<ScreenState, Violation> {
        let mut rooms = self.rooms_of(tab);
        let open = self.tabs[tab].open;
        rooms.sort_by_key(|room| (Some(*room) != open, *room));
        let mut screen_state = self.tabs[tab].screen_state();
        for room in rooms {
            let is_opened_now = self.tabs[tab].open != Some(room);
            if is_opened_now {
                self.open_room(tab, room)?;
                // The members that were known are shown until the new list is there.
                self.run_for(3 * SECOND)?;
            }
            self.page_to_the_start(tab, room)?;
            let seen = ScreenRoom { has_new_list: is_opened_now, ..self.tabs[tab].screen_room(room) };
            screen_state.rooms.insert(room, seen);
        }
        Ok(screen_state)
    }

    fn page_to_the_start(&mut self, tab: usize, room: RoomId) -> Result<(), Violation> {
        for _ in 0..LOOKS {
            let history = self.tabs[tab].client.history(room);
            let is_settled = history.loaded && !history.paging && !history.catching_up;
            let has_members = !self.tabs[tab].client.members(room).is_empty();
            if is_settled && history.at_start && has_members {
                return Ok(());
            }
            if is_settled && !history.at_start {
                self.want(tab, Command::PageBack(room))?;
            }
            self.run_for(SECOND)?;
        }
        let history = self.tabs[tab].client.history(room);
        Err(Violation::new(
            Rule::NoRest,
            format!("tab {tab} does not get to the start of {room}: {history:?}"),
        ))
    }
}
