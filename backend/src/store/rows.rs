//! What rows mean, whichever database they are from.

use shared::{
    MsgNo, Seq, SessionId, UserId,
    api::{Role, Room, RoomState},
    event::Profile,
};

use crate::{commit::ledger::Head, refresh::SessionState};

/// A sign-in as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// How far its refresh tokens are.
    pub state: SessionState,
}

/// Somebody in a room, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The person.
    pub user: Profile,
    /// What they may do.
    pub role: Role,
    /// Up to which event they have read.
    pub read_seq: Seq,
}

/// One room of one person, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The room.
    pub room: Room,
    /// Its newest event.
    pub head: Seq,
    /// How many messages it has.
    pub msg_no: MsgNo,
    /// Up to which event this person has read.
    pub read_seq: Seq,
    /// How many messages the room had at that event.
    pub read_msg_no: MsgNo,
}

impl Membership {
    /// The room's newest event and its counts.
    pub fn at(&self) -> Head {
        Head { seq: self.head, msg_no: self.msg_no, members: self.room.members }
    }

    /// As it is told to the person.
    pub fn into_state(self) -> RoomState {
        RoomState {
            unread: self.msg_no.get().saturating_sub(self.read_msg_no.get()),
            room: self.room,
            head: self.head,
            msg_no: self.msg_no,
            read_seq: self.read_seq,
        }
    }
}

/// Everything that a connection begins with, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    /// The sign-in, where there is one of that id.
    pub session: Option<SessionRow>,
    /// The person, where there is one.
    pub user: Option<Profile>,
    /// Every room of the person, oldest room first.
    pub rooms: Vec<Membership>,
}
