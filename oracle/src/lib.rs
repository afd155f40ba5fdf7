//! The judge: takes note of what was requested, answered, stored and shown, and says at once what must not be. Knows
//! no client, no server and no clock.
//!
//! Whoever drives clients against a server [notes](Oracle::note) a [`Fact`] whenever one becomes true, and
//! [finishes](Oracle::finish) when everything is quiet. Most rules are checked with every fact; what can only be said
//! at the end (nothing lost, outboxes empty, everybody sees the same) is checked there.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod fact;
mod log;
mod requests;
mod screen_state;
mod screens;
mod violation;

use std::collections::BTreeMap;

use shared::{RoomId, Seq, UserId};

pub use fact::{Count, Fact, Observer, Screen, ShownRow};
pub use screen_state::{End, ScreenRoom, ScreenState};
pub use violation::{Rule, Violation};

use log::Logs;
use requests::Requests;
use screens::Screens;

/// What is known of a run.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Whether everything stored is noted before anybody is told of it.
    watches_store: bool,
    logs: Logs,
    requests: Requests,
    screens: Screens,
    /// How far each observer has seen each person's read marker.
    markers: BTreeMap<(Observer, RoomId, UserId), Seq>,
    /// Counts that reach beyond what is known of the log yet.
    counts: Vec<(UserId, RoomId, Count)>,
    facts: u64,
}

impl Oracle {
    /// For a run where [`Fact::Stored`] comes last, read from the log when everything is quiet.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a run where every event is noted as [`Fact::Stored`] before anybody can have heard of it: what is acked or
    /// delivered and not stored is seen at once.
    pub fn watching_the_store() -> Self {
        Self { watches_store: true, ..Self::default() }
    }

    /// What this person asks for may be noted after somebody was shown it: whoever tells of it sits in another
    /// process. It is judged as soon as it is noted, and at the end where it never is.
    pub fn hears_late_of(&mut self, user: UserId) {
        self.requests.hears_late_of(user);
    }

    /// How many facts were noted.
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// How many messages are known to be stored.
    pub fn stored_messages(&self) -> u64 {
        self.logs.messages()
    }

    /// Takes note of a fact.
    ///
    /// # Errors
    /// When it breaks a rule. What is noted afterwards may break others for the same cause: stop there.
    pub fn note(&mut self, fact: Fact) -> Result<(), Violation> {
        self.facts += 1;
        match fact {
            Fact::Requested { screen, author, txn_id, room, content } => {
                self.requests.requested(screen, (author, txn_id), room, content)
            }
            Fact::Withdrawn { author, txn_id } => {
                self.requests.withdrawn((author, txn_id));
                Ok(())
            }
            Fact::TakenBack { author, txn_id } => self.requests.taken_back((author, txn_id)),
            Fact::Parked { author, txn_id } => {
                self.requests.parked((author, txn_id));
                Ok(())
            }
            Fact::Refused { author, txn_id, code, definite } => {
                self.requests.refused((author, txn_id), code, definite)
            }
            Fact::Acked { author, ack } => {
                if self.watches_store {
                    self.logs.must_hold(ack.room_id, ack.seq, "acked")?;
                }
                self.logs.acked(author, &ack)?;
                self.requests.acked(author, &ack)
            }
            Fact::Stored(event) => {
                self.logs.stored(&event)?;
                self.requests.stored(&event)?;
                self.count_again(event.room_id)
            }
            Fact::Kept { room, events } => self.logs.kept(room, &events),
            Fact::Delivered { screen, event } => {
                if self.watches_store {
                    self.logs.must_hold(event.room_id, event.seq, "delivered")?;
                }
                self.logs.heard(&event)?;
                self.screens.delivered(screen, &event);
                Ok(())
            }
            Fact::Paged { event, .. } => {
                if self.watches_store {
                    self.logs.must_hold(event.room_id, event.seq, "delivered")?;
                }
                self.logs.heard(&event)
            }
            Fact::Shown { screen, user, room, rows } => {
                for row in &rows {
                    self.logs.shown(room, row)?;
                    self.requests.shown(room, row)?;
                }
                self.screens.shown((screen, user, room), &rows, self.logs.known(room), &self.requests)
            }
            Fact::Restarted(screen) => {
                self.screens.restarted(screen);
                self.markers.retain(|(observer, ..), _| *observer != Observer::Screen(screen));
                Ok(())
            }
            Fact::Closed { screen, room } => {
                self.screens.closed(screen, room);
                let here = Observer::Screen(screen);
                self.markers.retain(|(observer, at, _), _| (*observer, *at) != (here, room));
                Ok(())
            }
            Fact::Counted { user, room, count } => self.counted(user, room, count),
            Fact::Marker { observer, room, user, seq } => self.marker(observer, room, user, seq),
            Fact::Typed { screen, room, user, active, at_ms } => {
                self.screens.typed((screen, room, user), active, at_ms);
                Ok(())
            }
            Fact::ShowsTyping { screen, room, users, at_ms } => {
                self.screens.shows_typing(screen, room, &users, at_ms)
            }
        }
    }

    /// Says whether all is well when everything is quiet: the network is good, all clients have had time, and every
    /// event of the log was noted as [`Fact::Stored`].
    ///
    /// # Errors
    /// When it is not.
    pub fn finish(&self, ends: &[End]) -> Result<(), Violation> {
        self.logs.finish()?;
        self.requests.finish(&self.logs)?;
        for (user, room, count) in &self.counts {
            self.logs.check_count(*user, *room, count)?;
        }
        ends.iter().try_for_each(|end| screen_state::check(end, &self.logs, &self.markers))
    }

    fn counted(&mut self, user: UserId, room: RoomId, count: Count) -> Result<(), Violation> {
        if self.logs.reaches(room, count.head) {
            return self.logs.check_count(user, room, &count);
        }
        if self.watches_store {
            self.logs.must_hold(room, count.head, "counted")?;
        }
        self.counts.push((user, room, count));
        Ok(())
    }

    /// Checks the counts that the log has just reached.
    fn count_again(&mut self, room: RoomId) -> Result<(), Violation> {
        let logs = &self.logs;
        let ready = |entry: &mut (UserId, RoomId, Count)| entry.1 == room && logs.reaches(room, entry.2.head);
        let reached: Vec<_> = self.counts.extract_if(.., ready).collect();
        reached.iter().try_for_each(|(user, room, count)| self.logs.check_count(*user, *room, count))
    }

    fn marker(&mut self, observer: Observer, room: RoomId, user: UserId, seq: Seq) -> Result<(), Violation> {
        let known = self.markers.entry((observer, room, user)).or_insert(seq);
        if seq < *known {
            let detail = format!("{observer:?} saw {user} at {known} of {room}, and now at {seq}");
            return Err(Violation::new(Rule::MarkerBack, detail));
        }
        *known = seq;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
