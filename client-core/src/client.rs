//! The client: one mutation at a time, in by [`Client::handle`], out by [`Client::poll`].

use shared::{Limits, RoomId, event::Profile};

use crate::{
    io::{Input, Output},
    time::Now,
    view::{Banner, HistoryView, LinkState, MemberView, RoomView, Row, RowKey, SessionState},
};

/// A chat client without IO.
#[derive(Debug)]
pub struct Client {
    session: SessionState,
    limits: Limits,
}

impl Client {
    /// A client that knows nobody. `seed` feeds its backoff and its ids: draw it from a good source.
    pub fn new(_seed: u64) -> Self {
        Self { session: SessionState::Unknown, limits: Limits::default() }
    }

    /// Takes in what happened at that moment.
    pub fn handle(&mut self, _now: Now, _input: Input<'_>) {}

    /// The next thing to do; call until `None` after every [`Client::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// When to call with [`Input::Tick`] at the latest, on [`Now::ms`].
    pub fn timeout(&self) -> Option<u64> {
        None
    }

    /// Who is signed in.
    pub fn session(&self) -> &SessionState {
        &self.session
    }

    /// The connection.
    pub fn link(&self) -> LinkState {
        LinkState::Idle
    }

    /// What the page says about the connection.
    pub fn banner(&self) -> Option<Banner> {
        None
    }

    /// Every room of this person, newest activity first.
    pub fn rooms(&self) -> impl Iterator<Item = &RoomView> {
        [].into_iter()
    }

    /// One room.
    pub fn room(&self, _room: RoomId) -> Option<&RoomView> {
        None
    }

    /// The keys of all rows of a room, in order: what is stored by seq, then what is not, in the order of
    /// sending.
    pub fn rows(&self, _room: RoomId) -> Vec<RowKey> {
        Vec::new()
    }

    /// One row.
    pub fn row(&self, _room: RoomId, _key: RowKey) -> Option<Row> {
        None
    }

    /// What is known of a room's history.
    pub fn history(&self, _room: RoomId) -> HistoryView {
        HistoryView::default()
    }

    /// Who is in a room, in the order of joining.
    pub fn members(&self, _room: RoomId) -> &[MemberView] {
        &[]
    }

    /// Who types in a room, without oneself, longest first.
    pub fn typing(&self, _room: RoomId) -> Vec<Profile> {
        Vec::new()
    }

    /// The limits in force; the defaults until a server has said its own.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}
