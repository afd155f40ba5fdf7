//! What goes into the client and what comes out.

use shared::{Event, RoomId, Seq, UserId, error::ErrorCode};

use crate::{
    call::{Answer, Call, CallId, Request},
    keep::{Keep, Saved},
    view::RowKey,
};

/// One try to have a socket. What comes from an earlier one is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

/// What the driver tells the client.
#[derive(Debug)]
pub enum Input<'a> {
    /// The page is there. The first time, the client looks whether somebody is still signed in.
    Started,
    /// The page goes away for a while: the client closes its socket and waits for nothing. It keeps what
    /// it knows and what is not yet sent.
    Stopped,
    /// What was kept for a person: unasked, before or after [`Input::Started`], for whoever was here last, who is
    /// then shown what they knew before the server has said anything; for [`Output::Restore`]; and for whatever
    /// another page of this person has left behind. Anybody else's is passed over.
    Restored(Saved),
    /// A person wants something.
    Command(Command),
    /// The socket is open.
    Opened(SocketId),
    /// A text frame came.
    Frame(SocketId, &'a str),
    /// The socket has closed, or never opened. `None` where no close frame came.
    Closed(SocketId, Option<u16>),
    /// A call was answered, or failed.
    Answered(CallId, Answer),
    /// The page can be seen, or no longer.
    Visible(bool),
    /// The machine says that the network is gone. It may be wrong: an open connection is asked, and given up
    /// when it does not answer.
    NetworkGone,
    /// The machine says that the network is back.
    NetworkBack,
    /// Another page of this browser was signed in, or has renewed it: what [`Output::PassOn`] said there.
    Heard {
        /// What was said.
        news: News,
        /// Milliseconds since then, sleep included.
        age_ms: u64,
    },
    /// That person has signed out on another page of this browser, which tells the server and wipes what was kept.
    SignedOut(UserId),
    /// Nothing happened, but [`Client::timeout`](crate::Client::timeout) has come.
    Tick,
}

/// What a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be a guest of that name.
    SignIn {
        /// The name on the screen.
        name: String,
    },
    /// Be nobody again. What is not yet sent, and whatever is kept, is thrown away.
    SignOut,
    /// Make a room and be in it.
    MakeRoom {
        /// Its name.
        name: String,
    },
    /// See what room a code leads to.
    LookUp {
        /// As typed.
        code: String,
    },
    /// Be in the room of that code.
    JoinRoom {
        /// As typed.
        code: String,
    },
    /// Be in that room no longer.
    LeaveRoom(RoomId),
    /// Show that room: its newest page and its members are fetched when they are not known.
    OpenRoom(RoomId),
    /// Show no room.
    CloseRoom,
    /// Say something in a room.
    Post {
        /// Where.
        room: RoomId,
        /// The text, as typed.
        content: String,
    },
    /// This is written in the composer of that room now. A post empties it.
    Draft {
        /// Where.
        room: RoomId,
        /// The text, as typed.
        text: String,
    },
    /// Try a failed message again, or send a held one.
    Retry(RoomId, RowKey),
    /// Forget a message that no server can have, a failed one, or a held one. Where a held one was tried, the
    /// server may have it all the same.
    Discard(RoomId, RowKey),
    /// Take the text of a message that no server can have ([`Row::recallable`](crate::Row::recallable)) back into
    /// the draft of its room, before what is there.
    Recall(RoomId, RowKey),
    /// Fetch an older page.
    PageBack(RoomId),
    /// A key was pressed in the composer of that room (`true`), or it was emptied or left (`false`).
    Typing(RoomId, bool),
    /// Everything up to this event was on the screen of a visible page.
    Seen(RoomId, Seq),
    /// Try the connection at once.
    ConnectNow,
    /// See how long the way to the server and back is ([`Client::connection_report`](crate::Client::connection_report)).
    Measure,
    /// Whoever sits there has touched the machine; without it for five minutes they are away.
    Active,
}

/// What the client wants done. Written for a log, it shows neither tokens nor what people say.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Open a socket at `/ws/chat?token=…`.
    Open {
        /// What to call it.
        socket: SocketId,
        /// A connection token; it goes into the address and nowhere else.
        token: String,
    },
    /// Send a text frame.
    Send(SocketId, String),
    /// Close the socket with this code and forget it; nothing of it is wanted any more.
    Close(SocketId, u16),
    /// Make an HTTP call and bring back its answer.
    Call(CallId, Request),
    /// Nobody waits for the answer of that call any more.
    GiveUp(CallId),
    /// Tell the other pages of this browser, by [`Input::Heard`]. A driver of a single page may pass it over. It holds
    /// an access token, and is for memory only.
    PassOn(News),
    /// Keep something, or keep it no longer. Comes before anything else, so that a message is kept before it is
    /// sent; see [`keep`](crate::keep).
    Keep(Keep),
    /// This person is here: bring what is kept for them, by [`Input::Restored`]. A driver that keeps nothing may pass
    /// it over.
    Restore(UserId),
    /// Something that can be seen is different; read it from the client.
    Changed(Change),
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open { socket, .. } => write!(f, "Open({socket:?})"),
            Self::Send(socket, text) => write!(f, "Send({socket:?}, {} bytes)", text.len()),
            Self::Close(socket, code) => write!(f, "Close({socket:?}, {code})"),
            Self::Call(call, request) => write!(f, "Call({call:?}, {request:?})"),
            Self::GiveUp(call) => write!(f, "GiveUp({call:?})"),
            Self::PassOn(news) => write!(f, "PassOn({news:?})"),
            Self::Keep(keep) => write!(f, "Keep({keep:?})"),
            Self::Restore(user) => write!(f, "Restore({user:?})"),
            Self::Changed(change) => write!(f, "Changed({change:?})"),
        }
    }
}

/// What the pages of a browser, which share a cookie, tell each other about it.
#[derive(Clone, PartialEq, Eq)]
pub struct News {
    /// Whether somebody has come, whose cookie is in the place of any before it. Otherwise it was renewed, for whoever
    /// was there.
    pub signs_in: bool,
    /// What the server answered.
    pub answer: String,
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", if self.signs_in { "signed in" } else { "renewed" })
    }
}

/// What is different. After [`Client::handle`](crate::Client::handle) each of these comes at most once, behind
/// whatever goes over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Who is signed in ([`Client::session`](crate::Client::session)).
    Session,
    /// The connection ([`Client::link`](crate::Client::link), [`Client::banner`](crate::Client::banner)).
    Link,
    /// The list of rooms, their heads or unread counts ([`Client::rooms`](crate::Client::rooms)).
    Rooms,
    /// Which rows a room has, or their order ([`Client::rows`](crate::Client::rows)), or what is known of its
    /// history ([`Client::history`](crate::Client::history)).
    Rows(RoomId),
    /// One row, in place ([`Client::row`](crate::Client::row)).
    Row(RoomId, RowKey),
    /// The draft of a room, other than by [`Command::Draft`] and [`Command::Post`]
    /// ([`Client::draft`](crate::Client::draft)).
    Draft(RoomId),
    /// Members, presence or read markers ([`Client::members`](crate::Client::members)).
    Members(RoomId),
    /// Who types ([`Client::typing`](crate::Client::typing)).
    Typing(RoomId),
    /// This person is now in that room, made or joined by a command of this client.
    Entered(RoomId),
    /// This person is in that room no longer.
    Left(RoomId),
    /// The room behind a code, or `None` where there is none.
    Found {
        /// As it was asked for.
        code: String,
        /// What may be known of it.
        preview: Option<shared::api::RoomPreview>,
    },
    /// A command could not be done.
    Failed {
        /// The call that failed.
        call: Call,
        /// Why, for programs; `unavailable` where no answer came.
        code: ErrorCode,
        /// Why, for people, in the server's words; empty where no answer came.
        detail: String,
        /// The field that is wrong.
        field: Option<String>,
        /// Milliseconds to wait before the next try.
        retry_after_ms: Option<u64>,
    },
    /// A message was not taken at all, because too many wait already or nobody is signed in; it has no
    /// row. The text comes back, so that nothing typed is lost.
    PostRefused {
        /// Where it was to go.
        room: RoomId,
        /// The text, as typed.
        content: String,
        /// Why, for programs.
        code: ErrorCode,
    },
    /// A message of somebody else came while the page was live, to be announced. Never for history.
    Arrived(RoomId, Box<Event>),
}
