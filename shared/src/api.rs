//! The bodies of the HTTP calls under `/api/v1`, both ways.

use serde::{Deserialize, Serialize};

use crate::{
    error::ErrorCode,
    event::Profile,
    ids::{MsgNo, RoomId, Seq},
    time::Timestamp,
};

/// Where all calls begin.
pub const API: &str = "/api/v1";

/// `POST /guests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGuest {
    /// The name on the screen.
    pub name: String,
}

/// The answer to `POST /guests` and `POST /session/refresh`; a refresh cookie comes with it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Who.
    pub user: Profile,
    /// For the `Authorization: Bearer` of every other call, and for `auth` frames.
    pub access_token: String,
    /// Seconds until it ends.
    pub expires_in: u64,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The answer to `POST /ws-token`: opens one socket once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionToken {
    /// For `?token=` of the socket's address.
    pub token: String,
    /// Seconds until it ends.
    pub expires_in: u64,
}

impl std::fmt::Debug for ConnectionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectionToken { token: … }")
    }
}

/// `POST /rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// Who finds it; private where nothing is said.
    #[serde(default)]
    pub visibility: Visibility,
}

/// Who finds a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever has the code.
    #[default]
    Private,
    /// Everybody.
    Public,
}

/// A room as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// Which.
    pub id: RoomId,
    /// Its name.
    pub name: String,
    /// Who finds it.
    pub visibility: Visibility,
    /// What others join by, also as the link `/r/CODE`.
    pub code: String,
    /// How many are in it.
    pub members: u64,
}

/// A room and where its newest event and this person's read marker are. The answer to `POST /rooms` and
/// `POST /rooms/join`, and a line of `connected.rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// The room.
    pub room: Room,
    /// Its newest event.
    pub head: Seq,
    /// How many messages it has.
    pub msg_no: MsgNo,
    /// Up to which event this person has read.
    pub read_seq: Seq,
    /// How many messages came after that.
    pub unread: u64,
}

/// `POST /rooms/join`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinRoom {
    /// The room's code; case and dashes don't matter.
    pub code: String,
}

/// The answer to `GET /rooms/code/{code}`: what somebody may know before joining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPreview {
    /// The code as it is written.
    pub code: String,
    /// The room's name.
    pub name: String,
    /// How many are in it.
    pub members: u64,
}

/// The answer to `GET /rooms`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MyRooms {
    /// Every room of this person.
    pub rooms: Vec<RoomState>,
}

/// The answer to `GET /rooms/{id}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// In the order of joining.
    pub members: Vec<Member>,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: Profile,
    /// What they may do here.
    pub role: Role,
    /// Where they are.
    pub presence: Presence,
    /// When their last connection went, for somebody offline who has been here since the server started.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// Up to which event they have read.
    pub read_seq: Seq,
}

/// What somebody may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Made the room.
    Owner,
    /// Joined it.
    Member,
}

/// Where a person is, over all their connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// At the keyboard of at least one device.
    Online,
    /// Connected, but at no keyboard.
    Away,
    /// Not connected.
    Offline,
}

/// What went wrong with a call: RFC 9457 problem details with the same `code` as on the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem; `about:blank`, because `code` says it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The words of the HTTP status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, for people, in English.
    pub detail: String,
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// The field that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Milliseconds to wait before the next try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
