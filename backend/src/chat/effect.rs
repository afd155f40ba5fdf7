//! What a session goes by, what it asks, and what it wants done. Words only: nothing here decides or does anything.

use std::time::Duration;

use shared::{
    CloseCode, Limits, RoomId, Seq, ServerFrame,
    frame::{Activity, Read, SyncFrom},
    json::Secret,
};

use super::rate::Rate;
use crate::commit::ledger::Append;

/// What holds for every session of a server.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The limits that clients are told.
    pub limits: Limits,
    /// Frames of one socket.
    pub frames: Rate,
    /// Messages of one person.
    pub messages: Rate,
    /// Between two pings of the server.
    pub heartbeat: Duration,
    /// A client that was silent for so long is gone.
    pub silence: Duration,
    /// Posts of one socket that may wait for the disk.
    pub posts_in_flight: usize,
}

/// What a session asks of its surroundings while it looks at a frame.
pub trait Around<R> {
    /// The newest event of a room.
    fn head(&self, room: &R) -> Seq;
    /// Takes one message of this person, over all their sockets.
    ///
    /// # Errors
    /// How long to wait.
    fn take_message(&mut self, rate: Rate, now: Duration) -> Result<(), Duration>;
}

/// What is to be done about a frame.
#[derive(Debug, PartialEq)]
pub enum Effect<R> {
    /// Nothing.
    Nothing,
    /// Answer with this.
    Reply(ServerFrame),
    /// Check this token, then call `Session::known` or `Session::renew`.
    Authenticate(Secret),
    /// Store this, and call `Session::answered` when that is answered.
    Append(Append),
    /// Read this, answer with it, and call `Session::paged`.
    Page(PageRequest),
    /// Pass on that somebody types.
    Typing(R, bool),
    /// Store that somebody has read so far.
    Read(Read),
    /// Somebody is at the keyboard or not.
    Presence(Activity),
    /// Close the socket.
    Close(CloseCode, &'static str),
}

/// A page that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The room.
    pub room_id: RoomId,
    /// From where.
    pub from: SyncFrom,
    /// At most so many events.
    pub limit: u64,
    /// Up to this event.
    pub head: Seq,
}

/// What is to be done because time has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Send this.
    Send(ServerFrame),
    /// Send a WebSocket ping.
    Ping,
    /// Close the socket.
    Close(CloseCode, &'static str),
    /// Drop the connection: nobody is there.
    Drop(&'static str),
}
