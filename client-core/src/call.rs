//! The HTTP calls that the client makes, as plain data.

use serde::Serialize;
use shared::{
    RoomId, UserId,
    api::{API, JoinRoom, NewGuest, NewRoom, Visibility},
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

/// The method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
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
        let (method, path, body) = match self {
            Self::SignIn { name } => {
                (Method::Post, "/guests".to_owned(), json(&NewGuest { name: name.clone() }))
            }
            Self::Refresh => (Method::Post, "/session/refresh".to_owned(), None),
            Self::SignOut => (Method::Delete, "/session".to_owned(), None),
            Self::ConnectionToken => (Method::Post, "/ws-token".to_owned(), None),
            Self::MakeRoom { name } => {
                let room = NewRoom { name: name.clone(), visibility: Visibility::Private };
                (Method::Post, "/rooms".to_owned(), json(&room))
            }
            Self::MyRooms => (Method::Get, "/rooms".to_owned(), None),
            Self::LookUp { code } => (Method::Get, format!("/rooms/code/{}", escape(code)), None),
            Self::JoinRoom { code } => {
                (Method::Post, "/rooms/join".to_owned(), json(&JoinRoom { code: code.clone() }))
            }
            Self::Members(room) => (Method::Get, format!("/rooms/{room}/members"), None),
            Self::Leave(room, user) => (Method::Delete, format!("/rooms/{room}/members/{user}"), None),
        };
        let anonymous = matches!(self, Self::SignIn { .. } | Self::Refresh);
        let bearer = bearer.filter(|_| !anonymous).map(str::to_owned);
        let turn = match self {
            // Nobody's cookie may be replaced by it unseen.
            Self::SignIn { .. } => Turn::Needs,
            Self::Refresh | Self::SignOut => Turn::Waits,
            _ => Turn::AtOnce,
        };
        Request { method, path: format!("{API}{path}"), body, bearer, turn }
    }
}

fn json(body: &impl Serialize) -> Option<String> {
    Some(serde_json::to_string(body).expect("a body is plain data"))
}

/// Percent-encodes one segment of a path.
fn escape(segment: &str) -> String {
    let mut path = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}
