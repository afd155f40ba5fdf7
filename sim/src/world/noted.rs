//! What the oracle learns of the clients: what they are told, and what they show.

use client_core::{Call, Change, Input, SessionState};
use shared::{ErrorCode, RoomId, ServerFrame, UserId};

use super::{Wire, World, clients::short};
use crate::plan::MS;
use oracle::{Count, Fact, Observer, Rule, Violation};

impl World<'_> {
    /// A text frame has come to a client.
    pub(super) fn deliver(&mut self, number: usize, text: &str) -> Result<(), Violation> {
        let Wire { tab, socket, .. } = self.wires[number];
        self.trace.note(self.now, (tab, text), || format!("tab {tab} < {}", short(text)));
        let frame = ServerFrame::decode(text)
            .map_err(|error| Violation::new(Rule::Mistake, format!("{error}: {}", short(text))))?;
        if let ServerFrame::Error(error) = &frame
            && is_mistake(error.code)
        {
            return Err(Violation::new(Rule::Mistake, format!("tab {tab} is told {error:?}")));
        }
        if let Some(user) = self.tabs[tab].user() {
            self.told(number, user, frame)?;
        }
        self.handle(tab, Input::Frame(socket, text))
    }

    /// What a frame says, for the oracle.
    fn told(&mut self, number: usize, user: UserId, frame: ServerFrame) -> Result<(), Violation> {
        let tab = self.wires[number].tab;
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
                    let code = error.code;
                    let definite = !error.retryable && code != ErrorCode::Unauthenticated;
                    self.note(Fact::Refused { author: user, txn_id, code, definite })?;
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
    pub(super) fn changed(&mut self, tab: usize, change: &Change) -> Result<(), Violation> {
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
                let is_out = matches!(self.tabs[tab].client.session(), SessionState::SignedOut { .. });
                if is_out && self.people[person].is_ended {
                    return self.session_is_over(tab);
                }
                self.people[person].user = user.or(self.people[person].user);
            }
            Change::Left(room) => {
                if !self.parting.contains(&(self.tabs[tab].person, *room)) {
                    let detail = format!("{screen:?} is in {room} no longer, and nobody there has left it");
                    return Err(Violation::new(Rule::Resumed, detail));
                }
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
                    if self.saying.as_ref().is_none_or(|saying| *saying != (tab, content.clone())) {
                        let detail =
                            format!("{screen:?} shows as waiting what nobody has said there: {content:?}");
                        return Err(Violation::new(Rule::Unasked, detail));
                    }
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

/// Whether a client that does all right is never told that by a server that does all right.
fn is_mistake(code: ErrorCode) -> bool {
    match code {
        ErrorCode::Parse
        | ErrorCode::UnknownType
        | ErrorCode::Invalid
        | ErrorCode::Conflict
        | ErrorCode::TooLong
        | ErrorCode::Empty
        | ErrorCode::Unsupported
        | ErrorCode::Internal
        | ErrorCode::Unknown => true,
        ErrorCode::Unauthenticated
        | ErrorCode::Forbidden
        | ErrorCode::NotFound
        | ErrorCode::NotMember
        | ErrorCode::RateLimited
        | ErrorCode::Unavailable => false,
    }
}
