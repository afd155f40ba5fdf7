//! What can become true in a run.

use shared::{ErrorCode, Event, MsgNo, RoomId, Seq, TxnId, UserId, frame::Ack};

/// One tab, bot or device of one person. A reload keeps the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Screen(pub u32);

/// Who has seen a read marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Observer {
    /// The database.
    Store,
    /// A screen.
    Screen(Screen),
}

/// One row of a room on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// Its place; nothing while it is not stored.
    pub seq: Option<Seq>,
    /// Who.
    pub author: UserId,
    /// Which of theirs.
    pub txn_id: TxnId,
    /// The text of a message; nothing for a join or a leave.
    pub content: Option<String>,
}

/// Where a person is in a room, as the server says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The newest event.
    pub head: Seq,
    /// How many messages there are.
    pub msg_no: MsgNo,
    /// Up to where the person has read.
    pub read_seq: Seq,
    /// How many messages came after that.
    pub unread: u64,
}

/// Something that is true now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Somebody wants a message stored: its row has appeared. Said again when a refused one is tried again.
    Requested {
        /// Where it was typed.
        screen: Screen,
        /// Who.
        author: UserId,
        /// The identity of the request.
        txn_id: TxnId,
        /// Where to.
        room: RoomId,
        /// The text.
        content: String,
    },
    /// The author no longer wants it, or a page without storage was reloaded before it was sent: it may be stored
    /// or not.
    Withdrawn {
        /// Who.
        author: UserId,
        /// Which.
        txn_id: TxnId,
    },
    /// Its author has taken it back while no server could have it: it is never stored.
    TakenBack {
        /// Who.
        author: UserId,
        /// Which.
        txn_id: TxnId,
    },
    /// It is so old, by the calendar of its machine, that its author is asked first; or it is asked for in the place of
    /// one that was refused for good, which stands where it was. Others may overtake it, and it them.
    Parked {
        /// Who.
        author: UserId,
        /// Which.
        txn_id: TxnId,
    },
    /// An `error` with that `txn_id` came.
    Refused {
        /// Who had asked.
        author: UserId,
        /// For what.
        txn_id: TxnId,
        /// Why.
        code: ErrorCode,
        /// Whether that is for good: not `retryable`, and not `unauthenticated`, which blames the token.
        definite: bool,
    },
    /// An `ack` came.
    Acked {
        /// Who had asked.
        author: UserId,
        /// The answer.
        ack: Ack,
    },
    /// An event is in the database. Said in the order of each room.
    Stored(Event),
    /// Everything that the database still holds of a room, in order.
    Kept {
        /// The room.
        room: RoomId,
        /// The events.
        events: Vec<Event>,
    },
    /// An event came to a screen, live or in a page.
    Delivered {
        /// Where.
        screen: Screen,
        /// The event.
        event: Event,
    },
    /// The same in a page, where that is known: history says nothing about who types now.
    Paged {
        /// Where.
        screen: Screen,
        /// The event.
        event: Event,
    },
    /// All rows that a screen has of a room.
    Shown {
        /// Where.
        screen: Screen,
        /// Whose screen it is.
        user: UserId,
        /// The room.
        room: RoomId,
        /// The rows, in the order of the screen.
        rows: Vec<ShownRow>,
    },
    /// A page was loaded anew: it may show less than before.
    Restarted(Screen),
    /// A screen has nothing of that room any more, because the person has left it, or it was forgotten for others.
    Closed {
        /// Where.
        screen: Screen,
        /// The room.
        room: RoomId,
    },
    /// The server has said where a person is in a room.
    Counted {
        /// Who.
        user: UserId,
        /// Where.
        room: RoomId,
        /// What it said.
        count: Count,
    },
    /// Up to where somebody has read, as the database has it or a screen shows it.
    Marker {
        /// Who sees it.
        observer: Observer,
        /// The room.
        room: RoomId,
        /// Whose marker.
        user: UserId,
        /// Where it is.
        seq: Seq,
    },
    /// A `typing` of somebody else came to a screen.
    Typed {
        /// Where.
        screen: Screen,
        /// The room.
        room: RoomId,
        /// Who types.
        user: UserId,
        /// Or has stopped.
        active: bool,
        /// By the clock of that screen.
        at_ms: u64,
    },
    /// Who types, as a screen shows it.
    ShowsTyping {
        /// Where.
        screen: Screen,
        /// The room.
        room: RoomId,
        /// Who.
        users: Vec<UserId>,
        /// By the clock of that screen.
        at_ms: u64,
    },
}
