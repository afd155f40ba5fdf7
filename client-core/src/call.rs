//! The HTTP calls that the client makes, as plain data.

pub use shared::calls::Method;
use shared::{
    RoomId, UserId,
    api::{JoinRoom, NewGuest, NewRoom, Visibility},
    calls, json,
};

/// One HTTP call on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `POST /guests`
    SignIn {
        /// The name on the screen.
        name: String,
    },
    /// `POST /session/refresh`
    Refresh,
    /// `DELETE /session`
    SignOut,
    /// `POST /ws-token`
    ConnectionToken,
    /// `POST /rooms`
    MakeRoom {
        /// Its name.
        name: String,
    },
    /// `GET /rooms`
    MyRooms,
    /// `GET /rooms/code/{code}`
    LookUp {
        /// As typed.
        code: String,
    },
    /// `POST /rooms/join`
    JoinRoom {
        /// As typed.
        code: String,
    },
    /// `GET /rooms/{id}/members`
    Members(RoomId),
    /// `DELETE /rooms/{id}/members/{user}`
    Leave(RoomId, UserId),
}

/// An HTTP call as the driver makes it. Cookies of the same origin go with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, from the root of the origin.
    pub path: String,
    /// JSON, with `content-type: application/json`.
    pub body: Option<String>,
    /// For `authorization: Bearer`.
    pub bearer: Option<String>,
    /// Whether it waits for the calls of other pages.
    pub turn: Turn,
}

/// Whether a call waits for those of the other pages of its browser. Those that do change the cookie that all of them
/// share; who waits may hear what came of another's, by [`Input::Heard`](crate::Input::Heard).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It goes at once.
    AtOnce,
    /// One page at a time makes such a call; where its turn does not come for some seconds, it goes all the same.
    Waits,
    /// One page at a time makes such a call; where its turn does not come for some seconds, it fails.
    Needs,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.method, self.path)
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP answer.
    Http {
        /// Its status.
        status: u16,
        /// Its body, as text.
        body: String,
    },
    /// No answer: the network failed, or it took too long.
    None,
}

impl Call {
    /// The call as it goes over HTTP. `bearer` is the access token; calls that need none don't carry it.
    pub fn request(&self, bearer: Option<&str>) -> Request {
        let mut request = match self {
            Self::SignIn { name } => with_body::<calls::MakeGuest>(&[], &NewGuest { name: name.clone() }),
            Self::Refresh => plain::<calls::RefreshSession>(&[]),
            Self::SignOut => plain::<calls::EndSession>(&[]),
            Self::ConnectionToken => plain::<calls::MakeConnectionToken>(&[]),
            Self::MakeRoom { name } => {
                let room = NewRoom { name: name.clone(), visibility: Visibility::Private };
                with_body::<calls::MakeRoom>(&[], &room)
            }
            Self::MyRooms => plain::<calls::ListRooms>(&[]),
            Self::LookUp { code } => plain::<calls::LookUpRoom>(&[code]),
            Self::JoinRoom { code } => with_body::<calls::EnterRoom>(&[], &JoinRoom { code: code.clone() }),
            Self::Members(room) => plain::<calls::ListMembers>(&[&room.to_string()]),
            Self::Leave(room, user) => plain::<calls::LeaveRoom>(&[&room.to_string(), &user.to_string()]),
        };
        request.turn = match self {
            // Nobody's cookie may be replaced by it unseen.
            Self::SignIn { .. } => Turn::Needs,
            Self::Refresh | Self::SignOut => Turn::Waits,
            _ => Turn::AtOnce,
        };
        // A cookie says who signs out; the token only helps where it is known.
        let anonymous = matches!(self, Self::SignIn { .. } | Self::Refresh);
        request.bearer = bearer.filter(|_| !anonymous).map(str::to_owned);
        request
    }
}

/// A call that sends nothing.
fn plain<C: calls::Call>(parts: &[&str]) -> Request {
    Request { method: C::METHOD, path: C::path(parts), body: None, bearer: None, turn: Turn::AtOnce }
}

/// A call that sends a body.
fn with_body<C: calls::Call>(parts: &[&str], body: &C::Body) -> Request {
    Request { body: Some(json::to_string(body)), ..plain::<C>(parts) }
}
