//! The table of HTTP calls: method, path, who may make it, what is sent and what comes back. The client's requests, the
//! server's routes and the check of PROTOCOL.md come from it.
//!
//! To add one: a line in `calls!` below, its bodies in [`api`](crate::api), and its handler.

use crate::{
    api::{ConnectionToken, JoinRoom, Members, MyRooms, NewGuest, NewRoom, RoomPreview, RoomState, SignedIn},
    json::{FromJson, Nothing, ToJson},
};

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

impl Method {
    /// The name in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Everybody.
    Nobody,
    /// The holder of the refresh cookie.
    Cookie,
    /// The holder of an access token, as `Authorization: Bearer`.
    Bearer,
}

/// One call.
pub trait Call {
    /// Its method.
    const METHOD: Method;
    /// Its path under [`API`](crate::api::API), with `{name}` for each part that differs.
    const PATH: &'static str;
    /// Who may make it.
    const AUTH: Auth;
    /// What is sent.
    type Body: ToJson + FromJson;
    /// What comes back when it was served.
    type Answer: ToJson + FromJson;

    /// Its path from the root of the origin, with these parts in their places.
    fn path(parts: &[&str]) -> String {
        let mut path = crate::api::API.to_owned();
        let mut parts = parts.iter();
        for piece in Self::PATH.split_inclusive('/') {
            match (piece.starts_with('{'), parts.as_slice()) {
                (true, [part, ..]) => {
                    escape(&mut path, part);
                    path.push_str(if piece.ends_with('/') { "/" } else { "" });
                    parts.next();
                }
                _ => path.push_str(piece),
            }
        }
        path
    }
}

/// Percent-encodes one part of a path.
fn escape(path: &mut String, part: &str) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.push(char::from(byte)),
            _ => path.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
}

macro_rules! calls {
    ($( $(#[doc = $doc:literal])+ $name:ident: $method:ident $path:literal by $auth:ident, $body:ty => $answer:ty; )+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Call for $name {
                const METHOD: Method = Method::$method;
                const PATH: &'static str = $path;
                const AUTH: Auth = Auth::$auth;
                type Body = $body;
                type Answer = $answer;
            }
        )+

        /// Method, path and authentication of every call, in the order of the documentation.
        pub const CALLS: &[(Method, &str, Auth)] = &[$((Method::$method, $path, Auth::$auth)),+];
    };
}

calls! {
    /// Makes a guest. A refresh cookie comes with the answer.
    MakeGuest: Post "/guests" by Nobody, NewGuest => SignedIn;
    /// Renews the access token. Answered with 204 where there is no cookie.
    RefreshSession: Post "/session/refresh" by Cookie, Nothing => SignedIn;
    /// Signs out: the cookie, its tokens and its sockets end.
    EndSession: Delete "/session" by Cookie, Nothing => Nothing;
    /// Makes a token that opens one socket once.
    MakeConnectionToken: Post "/ws-token" by Bearer, Nothing => ConnectionToken;
    /// Makes a room and joins it.
    MakeRoom: Post "/rooms" by Bearer, NewRoom => RoomState;
    /// Lists the caller's rooms.
    ListRooms: Get "/rooms" by Bearer, Nothing => MyRooms;
    /// Tells what somebody may know of a room before joining it.
    LookUpRoom: Get "/rooms/code/{code}" by Nobody, Nothing => RoomPreview;
    /// Joins the room of a code.
    EnterRoom: Post "/rooms/join" by Bearer, JoinRoom => RoomState;
    /// Lists who is in a room.
    ListMembers: Get "/rooms/{id}/members" by Bearer, Nothing => Members;
    /// Leaves a room.
    LeaveRoom: Delete "/rooms/{id}/members/{user}" by Bearer, Nothing => Nothing;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_path_are_put_in_their_places_and_escaped() {
        assert_eq!(ListRooms::path(&[]), "/api/v1/rooms");
        assert_eq!(LookUpRoom::path(&["a/b é?"]), "/api/v1/rooms/code/a%2Fb%20%C3%A9%3F");
        assert_eq!(LeaveRoom::path(&["one", "two"]), "/api/v1/rooms/one/members/two");
        assert_eq!(ListMembers::path(&["../x"]), "/api/v1/rooms/%2E%2E%2Fx/members");
    }
}
