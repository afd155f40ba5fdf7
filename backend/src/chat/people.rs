//! The people who are connected: their sockets, their rooms, where they are. Part of the hub.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use shared::{
    CloseCode, ServerFrame, SessionId, Timestamp, UserId,
    api::{Presence, RoomState},
    event::Profile,
    frame::{Connected, PresenceSignal},
};

use super::{
    hub::{Hub, encoded},
    mailbox::Order,
    person::{Person, Socket},
    place::Place,
    presence::Departure,
    rate::Gcra,
    signal::About,
    slot::{Mailbox, RoomSlot},
};
use crate::{
    commit::ledger::Move,
    store::{Greeting, Membership, StoreError},
    tokens::Claims,
};

/// What a connection gets when its client is known.
#[derive(Debug)]
pub struct Welcome {
    /// The first frame.
    pub connected: Connected,
    /// Where it reads on.
    pub places: Vec<Place<Arc<RoomSlot>>>,
    /// The message limiter of the person.
    pub messages: Arc<Mutex<Gcra>>,
    /// Whether it is not known yet that the browser has kept the cookie of this generation of the session.
    pub is_unconfirmed: bool,
    /// Counts the socket among the person's; dropping it counts it out.
    pub attendance: Attendance,
}

/// Why a client with a good token is sent away.
#[derive(Debug)]
pub enum Unwelcome {
    /// With this close code and reason.
    Close(CloseCode, &'static str),
    /// The database could not be asked.
    Store(StoreError),
}

impl From<StoreError> for Unwelcome {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One socket of a person. Dropping it takes the socket out of all rooms, and the person offline in time.
#[derive(Debug)]
pub struct Attendance {
    hub: Arc<Hub>,
    user: UserId,
    mailbox: Arc<Mailbox>,
    slots: Vec<Arc<RoomSlot>>,
    is_open: bool,
}

impl Hub {
    /// Takes in a socket whose token is good.
    ///
    /// # Errors
    /// When the sign-in is over, the person is gone or has too many sockets, or the database can't be asked.
    pub async fn welcome(
        self: &Arc<Self>,
        claims: Claims,
        mailbox: &Arc<Mailbox>,
    ) -> Result<Welcome, Unwelcome> {
        // Attends first: a sign-out that comes after the question below finds this socket and closes it.
        let (mut attendance, messages) = self.attend(&claims, mailbox)?;
        let Greeting { session, user, rooms } = self.read_greeting(&claims, &mut attendance).await?;
        let Some(user) = user else {
            return Err(Unwelcome::Close(CloseCode::Forbidden, "there is no such person"));
        };
        let session = session.filter(|row| !row.state.revoked && row.user_id == claims.user_id);
        let Some(session) = session else {
            return Err(Unwelcome::Close(CloseCode::Unauthenticated, "the session is over"));
        };
        let (mut states, mut places) = (Vec::new(), Vec::new());
        for (membership, slot) in rooms.into_iter().zip(&attendance.slots) {
            let (place, state) = take_place(membership, slot);
            places.push(place);
            states.push(state);
        }
        attendance.appear();
        let connected = self.connected(user, &claims, states, &attendance);
        let is_unconfirmed = session.state.confirmed < claims.generation;
        Ok(Welcome { connected, places, messages, is_unconfirmed, attendance })
    }

    fn attend(
        self: &Arc<Self>,
        claims: &Claims,
        mailbox: &Arc<Mailbox>,
    ) -> Result<(Attendance, Arc<Mutex<Gcra>>), Unwelcome> {
        let mut people = self.people();
        let person = people.entry(claims.user_id).or_default();
        if person.sockets.len() as u64 >= self.rules.limits.sockets_per_user {
            let reason = "this person has as many sockets open as `sockets_per_user` allows";
            return Err(Unwelcome::Close(CloseCode::TryAgainLater, reason));
        }
        mailbox.belongs_to(claims.user_id);
        let socket = Socket { mailbox: mailbox.clone(), session: claims.session_id, is_away: false };
        person.sockets.push(socket);
        let attendance = Attendance {
            hub: self.clone(),
            user: claims.user_id,
            mailbox: mailbox.clone(),
            slots: Vec::new(),
            is_open: false,
        };
        Ok((attendance, person.messages.clone()))
    }

    /// Reads what a connection begins with, in one question, and has it read its rooms. What moves meanwhile either is
    /// in the list of rooms or comes as an order.
    async fn read_greeting(
        &self,
        claims: &Claims,
        attendance: &mut Attendance,
    ) -> Result<Greeting, StoreError> {
        let user = claims.user_id;
        let moves = || self.people().get(&user).map_or(0, |person| person.moves);
        loop {
            let (before, arrival) = (moves(), self.arrive());
            let greeting = self.store.greeting(user, claims.session_id).await?;
            if let Some(person) = self.people().get_mut(&user) {
                if person.moves != before {
                    continue;
                }
                person.rooms = greeting.rooms.iter().map(|membership| membership.room.id).collect();
            }
            let enter = |membership: &Membership| {
                arrival.enter(membership.room.id, membership.at(), &attendance.mailbox)
            };
            // Entered again where somebody came in between: reading a room twice is reading it once.
            if let Some(slots) = greeting.rooms.iter().map(enter).collect::<Option<Vec<_>>>() {
                attendance.slots = slots;
                return Ok(greeting);
            }
        }
    }

    fn connected(
        &self,
        user: Profile,
        claims: &Claims,
        rooms: Vec<RoomState>,
        attendance: &Attendance,
    ) -> Connected {
        let mut online_users = Vec::new();
        for (user, presence) in self.who_is_in(&attendance.slots) {
            match presence {
                Presence::Online => online_users.push(user),
                Presence::Away => {
                    attendance.mailbox.signal(About::Presence(user), presence_frame(user, presence, None));
                }
                Presence::Offline => {}
            }
        }
        Connected {
            epoch: self.store.epoch(),
            user,
            session_id: claims.session_id,
            server_time: self.now().wall,
            token_expires_at: claims.expires_at,
            heartbeat_ms: u64::try_from(self.rules.heartbeat.as_millis()).unwrap_or(u64::MAX),
            limits: self.rules.limits.clone(),
            rooms,
            online_users,
        }
    }

    /// Who is connected in those of these rooms that are small enough to be told of changes.
    fn who_is_in(&self, slots: &[Arc<RoomSlot>]) -> BTreeMap<UserId, Presence> {
        let small = slots.iter().filter(|slot| slot.with(|room| room.passes_signals(&self.rules.limits)));
        let users: BTreeSet<_> = small.flat_map(|slot| slot.users()).collect();
        let people = self.people();
        let shown = |user| people.get(&user).map_or(Presence::Offline, |person| person.whereabouts.shown());
        users.into_iter().map(|user| (user, shown(user))).collect()
    }

    /// Where somebody is, and when their last socket went if it has since the server started.
    pub fn presence_of(&self, user: UserId) -> (Presence, Option<Timestamp>) {
        let shown = self.people().get(&user).map(|person| person.whereabouts.shown());
        match shown.unwrap_or(Presence::Offline) {
            Presence::Offline => (Presence::Offline, self.seen.get(user)),
            presence => (presence, None),
        }
    }

    /// Closes the sockets of a sign-in that is over.
    pub fn end_session(&self, user: UserId, session: SessionId) {
        let people = self.people();
        let sockets = people.get(&user).into_iter().flat_map(|person| &person.sockets);
        for socket in sockets.filter(|socket| socket.session == session) {
            let (code, reason) = (CloseCode::Unauthenticated, "the session is over");
            socket.mailbox.order(Order::Close { code, reason });
        }
    }

    /// A person's open sockets read a room too, or no more.
    pub(super) fn apply_move(&self, change: &Move) {
        let mut people = self.people();
        let Some(person) = people.get_mut(&change.user_id) else { return };
        person.moves += 1;
        let room_id = change.room_id;
        if change.role.is_some() {
            person.rooms.insert(room_id);
        } else {
            person.rooms.remove(&room_id);
        }
        for socket in &person.sockets {
            socket.mailbox.order(match change.role {
                Some(_) => Order::Join {
                    slot: self.enter(room_id, &socket.mailbox),
                    from: shared::Seq::new(change.seq.get() - 1).unwrap_or_default(),
                },
                None => Order::Leave { room_id, seq: change.seq },
            });
        }
    }

    /// Tells a small room that its new member is there, and the new member who else is.
    pub(super) fn introduce(&self, change: &Move) {
        let Some(slot) = self.slot(change.room_id) else { return };
        let people = self.who_is_in(std::slice::from_ref(&slot));
        let Some(own) = people.get(&change.user_id) else { return };
        slot.signal(About::Presence(change.user_id), &presence_frame(change.user_id, *own, None), None);
        let mailboxes = self.mailboxes_of(change.user_id);
        for (user, presence) in people.into_iter().filter(|(_, presence)| *presence != Presence::Offline) {
            let frame = presence_frame(user, presence, None);
            mailboxes.iter().for_each(|mailbox| mailbox.signal(About::Presence(user), frame.clone()));
        }
    }

    /// The mailboxes of all of a person's sockets.
    pub(super) fn mailboxes_of(&self, user: UserId) -> Vec<Arc<Mailbox>> {
        let people = self.people();
        let sockets = people.get(&user).into_iter().flat_map(|person| &person.sockets);
        sockets.map(|socket| socket.mailbox.clone()).collect()
    }

    /// Tells the small rooms of a person where that person is now. Called while the people are held, so that
    /// of two changes the later is told later.
    fn tell_presence(&self, user: UserId, person: &Person, presence: Presence, last_seen: Option<Timestamp>) {
        let frame = presence_frame(user, presence, last_seen);
        // Their first socket knows; others of theirs are to be told.
        let except = (person.sockets.len() == 1 && presence == Presence::Online).then_some(user);
        for slot in person.rooms.iter().filter_map(|room| self.slot(*room)) {
            if slot.with(|room| room.passes_signals(&self.rules.limits)) {
                slot.signal(About::Presence(user), &frame, except);
            }
        }
    }

    fn depart(&self, user: UserId, departure: Departure, last_seen: Timestamp) {
        let mut people = self.people();
        let Some(person) = people.get_mut(&user) else { return };
        if person.whereabouts.depart(departure) {
            self.seen.put(user, last_seen);
            self.tell_presence(user, person, Presence::Offline, Some(last_seen));
            if person.sockets.is_empty() {
                people.remove(&user);
            }
        }
    }
}

fn take_place(membership: Membership, slot: &Arc<RoomSlot>) -> (Place<Arc<RoomSlot>>, RoomState) {
    // What memory says, and not what the database said a moment ago: live events begin after this head.
    let (head, msg_no) = slot.with(|room| (room.head(), room.msg_no()));
    let state = Membership { head, msg_no, ..membership }.into_state();
    (Place::new(slot.id, slot.clone(), head), state)
}

fn presence_frame(user_id: UserId, status: Presence, last_seen: Option<Timestamp>) -> bytes::Bytes {
    encoded(&ServerFrame::Presence(PresenceSignal { user_id, status, last_seen }))
}

impl Attendance {
    /// The person is seen in their rooms.
    fn appear(&mut self) {
        let mut people = self.hub.people();
        if let Some(person) = people.get_mut(&self.user) {
            self.is_open = true;
            if let Some(presence) = person.whereabouts.open() {
                self.hub.tell_presence(self.user, person, presence, None);
            }
            self.hub.metrics.sockets_known.inc();
        }
    }

    /// This socket is at the keyboard or not.
    pub fn tell(&self, is_away: bool) {
        let mut people = self.hub.people();
        let Some(person) = people.get_mut(&self.user) else { return };
        let Some(socket) = person.sockets.iter_mut().find(|is| Arc::ptr_eq(&is.mailbox, &self.mailbox))
        else {
            return;
        };
        let was_away = std::mem::replace(&mut socket.is_away, is_away);
        if let Some(presence) = person.whereabouts.tell(was_away, is_away) {
            self.hub.tell_presence(self.user, person, presence, None);
        }
    }

    /// This socket reads one room more, which it has entered.
    pub fn enter(&mut self, slot: Arc<RoomSlot>) {
        self.slots.push(slot);
    }

    /// This socket reads a room no more.
    pub fn exit(&mut self, slot: &Arc<RoomSlot>) {
        self.slots.retain(|is| !Arc::ptr_eq(is, slot));
        self.hub.exit(slot, &self.mailbox);
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.slots.iter().for_each(|slot| self.hub.exit(slot, &self.mailbox));
        let mut people = self.hub.people();
        let Some(person) = people.get_mut(&self.user) else { return };
        let mine = person.sockets.iter().position(|is| Arc::ptr_eq(&is.mailbox, &self.mailbox));
        let Some(socket) = mine.map(|index| person.sockets.swap_remove(index)) else { return };
        if self.is_open {
            self.hub.metrics.sockets_known.dec();
            let (change, departure) = person.whereabouts.close(socket.is_away);
            if let Some(presence) = change {
                self.hub.tell_presence(self.user, person, presence, None);
            }
            if let Some(departure) = departure {
                self.hub.clone().depart_later(self.user, departure);
            }
        } else if person.sockets.is_empty() && person.whereabouts.shown() == Presence::Offline {
            people.remove(&self.user);
        }
    }
}

impl Hub {
    /// Takes somebody offline unless they come back in time.
    fn depart_later(self: Arc<Self>, user: UserId, departure: Departure) {
        let last_seen = self.now().wall;
        // When the runtime is going down there is nobody left to tell.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(self.presence_offline).await;
                self.depart(user, departure, last_seen);
            });
        }
    }
}
