//! The handshake: who may open a socket, and what an answer to that looks like.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Extension, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use shared::{ErrorCode, SUBPROTOCOL};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::connection::{Connection, Start};
use crate::{
    address::ClientAddress, app::App, chat::addresses::Admission, http::Problem, origin, server::Place,
};

/// What the address of a socket may carry. Anything else in it is passed over.
#[derive(Deserialize)]
struct Address {
    token: Option<String>,
}

/// `GET /ws/chat`.
///
/// A foreign origin is refused with 403, a request that is no handshake with 400 or 426, an address with too
/// many sockets with 429, and everybody with 503 while the server goes down. Whether the token is any good is
/// said on the socket, because a page can't read the status of a failed handshake.
pub async fn chat(
    State(app): State<App>,
    address: ClientAddress,
    place: Option<Extension<Place>>,
    mut request: Request,
) -> Response {
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return no_handshake(request.headers(), &error.to_string()),
    };
    if !origin::allowed(request.headers(), app.options.origins()) {
        return Problem::new(ErrorCode::Forbidden, "pages of this origin may not connect").into_response();
    }
    if app.hub.is_closing() {
        let problem = Problem::new(ErrorCode::Unavailable, "the server is about to restart");
        return problem.retry_after(RESTART).into_response();
    }
    let admission = match app.hub.addresses().admit(address.for_limits(), &app.options.limits) {
        Ok(admission) => admission,
        Err(limit) => {
            let detail = format!("this address has as many sockets open as `{limit}` allows");
            let problem = Problem::new(ErrorCode::RateLimited, detail).at_field(limit);
            return problem.retry_after(FULL).into_response();
        }
    };
    if offers_subprotocol(request.headers()) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    let start = start(request.uri());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(open(app, upgrade, start, admission, place));
    response
}

/// When somebody may try again: a restart takes less; sockets of an address come and go.
const RESTART: Duration = Duration::from_secs(5);
const FULL: Duration = Duration::from_secs(10);

fn no_handshake(headers: &HeaderMap, detail: &str) -> Response {
    let problem = Problem::new(ErrorCode::Invalid, detail.to_owned());
    if headers.contains_key(header::UPGRADE) {
        return problem.with_status(StatusCode::BAD_REQUEST).into_response();
    }
    let mut response = problem.with_status(StatusCode::UPGRADE_REQUIRED).into_response();
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

fn offers_subprotocol(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offers = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    offers.any(|offer| offer.trim() == SUBPROTOCOL)
}

/// How the client says who it is. Two tokens, or one that can't be read, are a bad token.
fn start(uri: &Uri) -> Start {
    match Query::<Address>::try_from_uri(uri) {
        Ok(Query(Address { token: None })) => Start::FirstFrame,
        Ok(Query(Address { token: Some(token) })) => Start::Token(token),
        Err(_) => Start::Token(String::new()),
    }
}

/// Waits until the connection is ours, and serves it.
async fn open(
    app: App,
    upgrade: OnUpgrade,
    start: Start,
    admission: Admission,
    place: Option<Extension<Place>>,
) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "a handshake was not finished"),
    };
    let Some((tcp, read_ahead)) = take_tcp(upgraded) else { return };
    Box::new(Connection::new(app, Box::new(tcp), read_ahead, admission)).run(start).await;
    drop(place);
}

/// The TCP connection itself, and what was read of it beyond the handshake.
fn take_tcp(upgraded: Upgraded) -> Option<(TcpStream, Vec<u8>)> {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Some((parts.io.into_inner(), parts.read_buf.into())),
        Err(_) => {
            tracing::error!("sockets are served over TCP, and this connection is something else");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(offers: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, offer.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_subprotocol_is_named_when_it_is_among_those_offered() {
        assert!(offers_subprotocol(&headers(&["confab.v1"])));
        assert!(offers_subprotocol(&headers(&["confab.v2, confab.v1"])));
        assert!(offers_subprotocol(&headers(&["graphql-ws", "confab.v1"])));
        assert!(!offers_subprotocol(&headers(&["confab.v10", "xconfab.v1"])));
        assert!(!offers_subprotocol(&headers(&[])));
    }

    #[test]
    fn only_the_token_of_the_address_counts() {
        let is = |path: &str| start(&path.parse().unwrap());
        assert_eq!(is("/ws/chat"), Start::FirstFrame);
        assert_eq!(is("/ws/chat?page=1"), Start::FirstFrame);
        assert_eq!(is("/ws/chat?token=a.b-c_d"), Start::Token("a.b-c_d".into()));
        assert_eq!(is("/ws/chat?token="), Start::Token(String::new()));
        assert_eq!(is("/ws/chat?token=a&token=b"), Start::Token(String::new()));
    }
}
