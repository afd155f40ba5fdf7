//! The bodies of the HTTP calls under `/api/v1`, both ways.

use crate::{
    error::ErrorCode,
    event::Profile,
    ids::{MsgNo, RoomId, Seq},
    json::{Secret, objects, words},
    time::Timestamp,
};

/// Where all calls begin.
pub const API: &str = "/api/v1";

objects! {
    /// `POST /guests`.
    pub struct NewGuest {
        /// The name on the screen.
        pub name: String,
    }

    /// The answer to `POST /guests` and `POST /session/refresh`; a refresh cookie comes with it.
    pub struct SignedIn {
        /// The person.
        pub user: Profile,
        /// For the `Authorization: Bearer` of every other call, and for `auth` frames.
        pub access_token: Secret,
        /// Seconds until it ends.
        pub expires_in: u64,
    }

    /// The answer to `POST /ws-token`: opens one socket once.
    pub struct ConnectionToken {
        /// For `?token=` of the socket's address.
        pub token: Secret,
        /// Seconds until it ends.
        pub expires_in: u64,
    }

    /// `POST /rooms`.
    pub struct NewRoom {
        /// Its name.
        pub name: String,
        /// Who finds it; private where nothing is said.
        pub visibility: Visibility = default,
    }

    /// A room as its members see it.
    pub struct Room {
        /// Its id.
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
    pub struct JoinRoom {
        /// The room's code; case and dashes don't matter.
        pub code: String,
    }

    /// The answer to `GET /rooms/code/{code}`: what somebody may know before joining.
    pub struct RoomPreview {
        /// The code as it is written.
        pub code: String,
        /// The room's name.
        pub name: String,
        /// How many are in it.
        pub members: u64,
    }

    /// The answer to `GET /rooms`.
    pub struct MyRooms {
        /// Every room of this person.
        pub rooms: Vec<RoomState>,
    }

    /// The answer to `GET /rooms/{id}/members`.
    pub struct Members {
        /// In the order of joining.
        pub members: Vec<Member>,
    }

    /// Somebody in a room.
    pub struct Member {
        /// The person.
        pub user: Profile,
        /// What they may do here.
        pub role: Role,
        /// Where they are.
        pub presence: Presence,
        /// When their last connection went, for somebody offline who has been here since the server started.
        pub last_seen: Option<Timestamp>,
        /// Up to which event they have read.
        pub read_seq: Seq,
    }

    /// What went wrong with a call: RFC 9457 problem details with the same `code` as on the socket.
    pub struct Problem {
        /// The kind of problem; `about:blank`, because `code` says it.
        pub kind as "type": String,
        /// The words of the HTTP status.
        pub title: String,
        /// The HTTP status.
        pub status: u16,
        /// What went wrong, for people, in English.
        pub detail: String,
        /// What went wrong, for programs.
        pub code: ErrorCode,
        /// The field that is wrong.
        pub field: Option<String> = omit,
        /// Milliseconds to wait before the next try.
        pub retry_after_ms: Option<u64> = omit,
    }
}

words! {
    /// Who finds a room.
    #[derive(Default)]
    pub enum Visibility {
        /// Whoever has the code.
        #[default]
        Private = "private",
        /// Everybody.
        Public = "public",
    }

    /// What somebody may do in a room.
    pub enum Role {
        /// Made the room.
        Owner = "owner",
        /// Joined it.
        Member = "member",
    }

    /// Where a person is, over all their connections.
    pub enum Presence {
        /// At the keyboard of at least one device.
        Online = "online",
        /// Connected, but at no keyboard.
        Away = "away",
        /// Not connected.
        Offline = "offline",
    }
}
