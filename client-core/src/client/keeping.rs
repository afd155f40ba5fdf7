//! What outlives the page: what is written for the next time, and what becomes of what comes back.

use shared::{RoomId, UserId, api::RoomState};

use super::Client;
use crate::{
    drafts,
    io::Change,
    keep::{Key, Record, Saved, Slot},
    records::{self, Message, Page, Person},
    snapshots::{Extent, ROOMS_MOST},
    time::Now,
    timelines,
    view::SessionState,
};

impl Client {
    /// What was kept for a person came back.
    pub(super) fn restored(&mut self, now: Now, saved: Saved) {
        let user = saved.user;
        let (mut pages, mut messages, mut drafts) = (Vec::<(RoomId, Page)>::new(), vec![], vec![]);
        let (mut here, mut leaving) = (None, false);
        for (key, found) in self.read_all(saved) {
            match found {
                Found::Person(person) => here = Some(person),
                Found::Page(room, page) => {
                    // Few, and so without the code of a sort.
                    let place = pages.partition_point(|(_, (at, ..))| *at <= page.0);
                    pages.insert(place, (room, page));
                }
                Found::Message(message) => messages.push((key, message)),
                Found::Draft(room, text) => drafts.push((room, text)),
                Found::Leaving => leaving = true,
            }
        }
        if leaving && self.goes_on_leaving(user) {
            return;
        }
        if let Some(person) = &here
            && person.0.id == user
            && self.session.presume(person.0.clone(), &mut self.out)
        {
            self.owner = Some(user);
            if self.started {
                self.link.start(now.ms, &mut self.out);
            }
        }
        if self.session.profile().is_none_or(|me| me.id != user) {
            // Nobody's for now. It is asked for when its owner signs in.
            return;
        }
        let begins = self.kept_for.replace(user) != Some(user);
        if begins {
            self.begin_to_keep(user);
        }
        if let Some(person) = here {
            self.restore_rooms(person);
        }
        self.restore_pages(pages);
        for (key, message) in messages {
            self.restore_message(user, key, message);
        }
        for (room, text) in drafts {
            let evicted = &mut None;
            if self.drafts.get(room).is_empty() && self.drafts.set(room, text, evicted) {
                self.out.changed(Change::Draft(room));
            }
            self.remove_draft(user, *evicted);
        }
        if begins {
            // The next page has to know whom to look for.
            self.keep_snapshots(now, true);
        }
    }

    /// Reads what can be read. The rest is removed.
    fn read_all(&mut self, saved: Saved) -> Vec<(Key, Found)> {
        let mut all = Vec::with_capacity(saved.records.len());
        for Record { key, text } in saved.records {
            let found = match key.slot {
                _ if key.user != saved.user => continue,
                Slot::Person => records::read(&text).map(Found::Person),
                Slot::Message(_) => records::read(&text).map(Found::Message),
                Slot::Draft(room) => records::read(&text).map(|text| Found::Draft(room, text)),
                Slot::Page(room) => records::read(&text).map(|page| Found::Page(room, page)),
                Slot::Leaving => Some(Found::Leaving),
            };
            match found {
                Some(found) => all.push((key, found)),
                None => self.out.remove(key),
            }
        }
        all
    }

    /// From now on there is a store for this person; what is here already goes there.
    fn begin_to_keep(&mut self, user: UserId) {
        self.outbox.write_all();
        self.snapshots.list_changed();
        for (room, text) in self.drafts.iter().filter(|(_, text)| drafts::is_kept(text)) {
            self.out.write(Key { user, slot: Slot::Draft(room) }, text);
        }
    }

    /// The rooms as they were, unless the server has said more.
    fn restore_rooms(&mut self, (_, epoch, rooms): Person) {
        if self.link.is_online() || self.rooms.iter().next().is_some() {
            return;
        }
        self.epoch = self.epoch.or(epoch);
        for state in rooms.into_iter().rev() {
            self.rooms.put(state, false, &mut self.out);
        }
    }

    /// Histories as they were, of the rooms and the log that are still the same; those written last come last.
    fn restore_pages(&mut self, pages: Vec<(RoomId, Page)>) {
        let spare = pages.len().saturating_sub(timelines::ROOMS_MOST);
        for (at, (room, (_, epoch, mut events))) in pages.into_iter().enumerate() {
            events.retain(|event| event.room_id == room);
            let (Some(first), Some(last)) = (events.first(), events.last().cloned()) else {
                continue;
            };
            self.snapshots.found(Extent { room, first: first.seq, last: last.seq });
            if at < spare || self.rooms.get(room).is_none() || self.epoch != Some(epoch) {
                continue;
            }
            if self.link.is_online() && self.rooms.get(room).is_some_and(|view| view.head < last.seq) {
                // More than the server has: of a log that is no more, or so new that it comes by itself.
                continue;
            }
            // What was stored although nobody was there any more to hear of it.
            for event in &events {
                self.settle(event);
            }
            if !self.timelines.restore(room, events) {
                continue;
            }
            let is_message = last.body.counts();
            self.rooms.stored(room, last.seq, last.msg_no, is_message, &mut self.out);
            if self.link.is_online()
                && let Some(view) = self.rooms.get(room)
            {
                self.timelines.reach_for(room, view.head);
            }
            self.out.changed(Change::Rows(room));
        }
    }

    fn restore_message(&mut self, user: UserId, key: Key, message: Message) {
        let Slot::Message(txn_id) = key.slot else { return };
        let room = message.room;
        if self.timelines.row(room, crate::view::RowKey { author: user, txn_id }).is_some() {
            self.out.remove(key);
        } else if self.outbox.restore(txn_id, message) {
            self.out.changed(Change::Rows(room));
        }
    }

    /// That is the draft of a room now.
    pub(super) fn write_draft(&mut self, room: RoomId, text: String) {
        let evicted = &mut None;
        if self.session.profile().is_none() || !self.drafts.set(room, text, evicted) {
            return;
        }
        let Some(user) = self.kept_for else { return };
        let (key, text) = (Key { user, slot: Slot::Draft(room) }, self.drafts.get(room));
        if drafts::is_kept(text) {
            self.out.write(key, text);
        } else {
            self.out.remove(key);
        }
        self.remove_draft(user, *evicted);
    }

    fn remove_draft(&mut self, user: UserId, room: Option<RoomId>) {
        if let Some(room) = room {
            self.out.remove(Key { user, slot: Slot::Draft(room) });
        }
    }

    /// Writes what has happened to the messages.
    pub(super) fn keep_outbox(&mut self) {
        if let Some(user) = self.kept_for {
            self.outbox.write(user, &mut self.out);
        }
    }

    /// Writes the newest events and the list of rooms, when that is due.
    pub(super) fn keep_snapshots(&mut self, now: Now, at_once: bool) {
        let (Some(user), Some(profile)) = (self.kept_for, self.session.profile()) else { return };
        if self.out.has_changed(&Change::Rooms) || self.out.has_changed(&Change::Session) {
            self.snapshots.list_changed();
        }
        if self.snapshots.waits(now.ms) && !at_once {
            return;
        }
        let Some(work) = self.snapshots.look(now.ms, &self.timelines.extents(), at_once) else { return };
        for room in work.remove {
            self.out.remove(Key { user, slot: Slot::Page(room) });
        }
        if let Some(epoch) = self.epoch {
            for room in work.write {
                let page = (now.wall.unix_ms(), epoch, self.timelines.tail(room));
                self.out.write(Key { user, slot: Slot::Page(room) }, &page);
            }
        }
        if work.list {
            let rooms: Vec<RoomState> = self.rooms.states().take(ROOMS_MOST).collect();
            let person = (profile.clone(), self.epoch, rooms);
            self.out.write(Key { user, slot: Slot::Person }, &person);
        }
    }

    /// Ends the session, here at once and on the server as soon as it can be reached; a later page goes on with that
    /// where a store keeps for somebody.
    pub(super) fn sign_out(&mut self, kept_for: Option<UserId>) {
        self.wipe(true);
        self.out.wipe();
        self.session.sign_out(&mut self.out);
        self.leaving = kept_for;
        if let Some(user) = kept_for {
            self.out.write(Key { user, slot: Slot::Leaving }, true);
        }
    }

    /// An earlier page has signed that person out, and the server may not have heard of it. False where it is of no
    /// importance any more.
    fn goes_on_leaving(&mut self, user: UserId) -> bool {
        let goes_on = match self.session.state() {
            SessionState::Unknown => true,
            SessionState::SignedIn(profile) => profile.id == user,
            SessionState::SignedOut { .. } => false,
        };
        if goes_on {
            self.sign_out(Some(user));
        } else if self.leaving != Some(user) {
            self.out.remove(Key { user, slot: Slot::Leaving });
        }
        goes_on
    }

    /// Another page has signed that person out: it tells the server, and nothing of them stays here.
    pub(super) fn signed_out_elsewhere(&mut self, user: UserId) {
        if self.session.profile().is_some_and(|me| me.id == user) {
            self.wipe(true);
            self.session.end(&mut self.out);
        }
    }

    /// Keeps in mind that somebody leaves for no longer than it takes.
    pub(super) fn keep_leaving(&mut self) {
        if let Some(user) = self.leaving.take_if(|_| !self.session.is_leaving()) {
            self.out.remove(Key { user, slot: Slot::Leaving });
        }
    }

    /// Whoever was here is not any more: nobody is shown what they knew without signing in.
    pub(super) fn keep_no_more(&mut self) {
        self.keep_outbox();
        if let Some(user) = self.kept_for.take() {
            self.out.remove(Key { user, slot: Slot::Person });
        }
        self.snapshots = Default::default();
    }
}

/// A record that could be read.
enum Found {
    Person(Person),
    Page(RoomId, Page),
    Message(Message),
    Draft(RoomId, String),
    Leaving,
}
