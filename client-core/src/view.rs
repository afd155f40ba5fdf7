//! What can be seen of the client: plain values that a view shows as they are.

use shared::{
    MsgNo, Seq, Timestamp, TxnId, UserId,
    api::{Presence, Role, Room},
    error::ErrorCode,
    event::{EventBody, Profile},
};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// Not known yet: the page has just begun, or the server does not answer.
    Unknown,
    /// Nobody. `expired` when somebody was, and the server no longer knows them.
    SignedOut {
        /// Whether it was the server's wish.
        expired: bool,
    },
    /// Somebody.
    SignedIn(Profile),
}

/// The connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Nobody is signed in, or the page is stopped.
    Idle,
    /// On the way, for the n-th time since it last held.
    Connecting {
        /// From 1.
        attempt: u32,
    },
    /// Open and known to the server.
    Online,
    /// Waiting to try again.
    Waiting {
        /// How many tries have failed.
        attempt: u32,
        /// When the next one is, on [`Now::ms`](crate::Now::ms).
        until_ms: u64,
    },
    /// The server has ended it for good, politely or not. Nothing is tried until a person asks for it.
    Refused,
}

/// What the page says about the connection; nothing for the first two seconds without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Banner {
    /// Trying right now.
    Connecting,
    /// Trying again at that moment, on [`Now::ms`](crate::Now::ms).
    Waiting {
        /// When.
        until_ms: u64,
    },
    /// Will not try again until a person asks for it.
    Refused,
}

/// The identity of a row from the keystroke to the database: its author and the author's `txn_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// Who.
    pub author: UserId,
    /// Which of theirs.
    pub txn_id: TxnId,
}

/// One row of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its identity; the same before and after it is stored.
    pub key: RowKey,
    /// Its place, once it is known.
    pub seq: Option<Seq>,
    /// Its number among messages, once it is known.
    pub msg_no: Option<MsgNo>,
    /// Who.
    pub author: Profile,
    /// What.
    pub body: EventBody,
    /// When: the server's time, the page's until that is known.
    pub timestamp: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// Whether no server can have it, so that its author may take it back.
    pub recallable: bool,
}

/// How far a row has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Not on its way: the connection is away, or an earlier message goes first, or the server asked to wait.
    Queued {
        /// When it is tried again, on [`Now::ms`](crate::Now::ms), where the server said so.
        until_ms: Option<u64>,
    },
    /// On its way since that moment, on [`Now::ms`](crate::Now::ms).
    Sending {
        /// Since when.
        since_ms: u64,
    },
    /// On the server's disk.
    Stored,
    /// So old that somebody has to say whether it is sent.
    Held {
        /// Whether it was tried, so that the server may have it already.
        tried: bool,
    },
    /// Refused; it will not be tried again by itself.
    Failed {
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people, in the server's words.
        detail: String,
    },
}

/// A room in the list of rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// Its newest event that this client has heard of.
    pub head: Seq,
    /// Up to which event this person has read.
    pub read_seq: Seq,
    /// How many messages came after that.
    pub unread: u64,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub user: Profile,
    /// What they may do here.
    pub role: Role,
    /// Where they are.
    pub presence: Presence,
    /// Up to which event they have read.
    pub read_seq: Seq,
}

/// What is known of a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryView {
    /// Whether a page has come yet; before, the view shows a skeleton.
    pub loaded: bool,
    /// Whether the oldest row is the room's first event.
    pub at_start: bool,
    /// Whether an older page is on its way.
    pub paging: bool,
    /// Whether missed events are on their way.
    pub catching_up: bool,
}

/// Where a message is on its way, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageReport {
    /// The message.
    pub row: Row,
    /// How often this page has sent it; 0 for what somebody else has said, or another page.
    pub tries: u32,
    /// Whether only another page has sent it, or this one before it was loaded anew, and nobody knows how often.
    pub sent_before: bool,
    /// What it waits for, where it waits.
    pub waits_for: Option<WaitsFor>,
    /// Who has read it, of the members that are known, without its author. Nobody before it is stored.
    pub read_by: Vec<Profile>,
}

/// What a message waits for before it is sent, or sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// The connection.
    Connection(LinkState),
    /// So many messages of the same room that go first.
    Earlier(usize),
    /// The answer of the server; without one it is sent again then, on [`Now::ms`](crate::Now::ms).
    Answer {
        /// When.
        until_ms: u64,
    },
    /// The server takes no more of this person before then, on [`Now::ms`](crate::Now::ms).
    RateLimit {
        /// When.
        until_ms: u64,
    },
    /// The server could not take it and is asked again then, on [`Now::ms`](crate::Now::ms).
    Server {
        /// When.
        until_ms: u64,
    },
}

/// The connection, for somebody who wants to know more than whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkReport {
    /// Whether it is there.
    pub state: LinkState,
    /// Since when, on [`Now::ms`](crate::Now::ms), while it is.
    pub since_ms: Option<u64>,
    /// Milliseconds from the last ping to its answer over this connection.
    pub round_trip_ms: Option<u64>,
    /// How many connections there were, this one included.
    pub connections: u64,
}

/// The connection and what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionReport {
    /// The connection.
    pub link: LinkReport,
    /// Of the room that is open: the last event that is here without a hole before it, and the newest that the
    /// server has told of.
    pub room: Option<(Seq, Seq)>,
    /// How often events that had been missed were all fetched, in whatever room.
    pub gaps_repaired: u64,
    /// Own messages that are not confirmed, in all rooms.
    pub unconfirmed: usize,
}
