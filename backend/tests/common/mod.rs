//! A server in this process, on a free port and a directory of its own, and people who use it over real sockets.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each file of tests is a crate of its own and takes what it needs of these helpers"
)]

mod program;
mod socket;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use backend::{options::ServerOptions, server::Server};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use shared::{
    ErrorCode, RoomId, SessionId, UserId,
    api::{ConnectionToken, Problem, RoomState, SignedIn},
    json::{self, FromJson},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::{program::Program, socket::Socket};

/// How long anything may take before a test gives up: far beyond what a busy machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for the thing, and fails the test when it does not come.
pub async fn soon<T>(what: &str, thing: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, thing).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// A server that runs.
pub struct TestServer {
    pub server: Arc<Server>,
    pub address: SocketAddr,
    dir: TempDir,
    http: reqwest::Client,
    listening: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    /// With the defaults.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other options.
    pub async fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::in_dir(tempfile::tempdir().unwrap(), change).await
    }

    /// On a directory that another server may have left.
    pub async fn in_dir(dir: TempDir, change: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = ServerOptions::new(dir.path());
        change(&mut options);
        let server = Arc::new(Server::new(options).await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = tokio::spawn({
            let server = Arc::clone(&server);
            async move { server.listen(listener).await }
        });
        Self { server, address, dir, http: client(), listening }
    }

    /// Stops it in order, and leaves its directory for the next one.
    pub async fn stop(self) -> TempDir {
        soon("the end of the server", self.server.shutdown()).await;
        soon("the end of listening", self.listening).await.unwrap().unwrap();
        self.dir
    }

    /// Where it keeps its data.
    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// A way of another program to the database.
    pub fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.dir.path().join("confab.db")).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database
    }

    /// As if every sign-in had been renewed so much longer ago.
    pub async fn let_sign_ins_age(&self, ms: u64) {
        let database = self.database();
        database.execute("UPDATE sessions SET rotated_at = rotated_at - ?", [ms.cast_signed()]).unwrap();
    }

    /// As if so much time had passed by the calendar, for this thread: the test and all tasks of its server. The
    /// clock stands from then on.
    pub fn let_time_pass(&self, ms: u64) {
        let now = backend::clock::now().plus_ms(ms);
        backend::clock::simulate(now, now.unix_ms());
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A call under `/api/v1`, or of another path when it begins with two slashes.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let path = path
            .strip_prefix('/')
            .filter(|rest| rest.starts_with('/'))
            .map_or_else(|| format!("{}{path}", shared::api::API), str::to_owned);
        self.http.request(method, self.url(&path))
    }

    /// A new guest.
    pub async fn guest(&self, name: &str) -> Person<'_> {
        let response =
            self.call(Method::POST, "/guests").json(&json!({ "name": name })).send().await.unwrap();
        let cookie = cookie_of(&response).unwrap();
        Person { server: self, cookie, signed_in: read(response, StatusCode::CREATED).await }
    }
}

/// Somebody who is signed in.
pub struct Person<'a> {
    pub server: &'a TestServer,
    /// The refresh cookie, as it goes into `Cookie`.
    pub cookie: String,
    pub signed_in: SignedIn,
}

impl Person<'_> {
    pub fn id(&self) -> UserId {
        self.signed_in.user.id
    }

    pub fn token(&self) -> &str {
        &self.signed_in.access_token
    }

    /// The sign-in that the access token names.
    pub fn session(&self) -> SessionId {
        claims(self.token())["sid"].as_str().unwrap().parse().unwrap()
    }

    /// A call with the access token.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.call(method, path).bearer_auth(self.token())
    }

    /// Makes a room.
    pub async fn make_room(&self, name: &str) -> RoomState {
        let call = self.call(Method::POST, "/rooms").json(&json!({ "name": name }));
        read(call.send().await.unwrap(), StatusCode::CREATED).await
    }

    /// Joins a room by its code.
    pub async fn join(&self, code: &str) -> RoomState {
        let call = self.call(Method::POST, "/rooms/join").json(&json!({ "code": code }));
        read(call.send().await.unwrap(), StatusCode::OK).await
    }

    /// Leaves a room.
    pub async fn leave(&self, room: RoomId) {
        let call = self.call(Method::DELETE, &format!("/rooms/{room}/members/{}", self.id()));
        assert_eq!(call.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    }

    /// A token that opens one socket once.
    pub async fn connection_token(&self) -> String {
        let answer = self.call(Method::POST, "/ws-token").send().await.unwrap();
        read::<ConnectionToken>(answer, StatusCode::OK).await.token.into_string()
    }

    /// A socket, opened as a browser does. Its first frame is still to come.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.server.address, Some(&self.connection_token().await)).await
    }

    /// Presents the refresh cookie; the answer's cookie is not taken over.
    pub async fn refresh(&self) -> Response {
        let call = self.server.call(Method::POST, "/session/refresh").header(header::COOKIE, &self.cookie);
        call.send().await.unwrap()
    }
}

/// A client without a cookie jar, so that a test says what is sent.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap()
}

/// The body of an answer that has this status.
pub async fn read<T: FromJson>(response: Response, status: StatusCode) -> T {
    let text = text(response, status).await;
    json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The same of an answer that is not one of the protocol's.
pub async fn read_value(response: Response, status: StatusCode) -> Value {
    let text = text(response, status).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn text(response: Response, status: StatusCode) -> String {
    let (was, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(was, status, "{text}");
    text
}

/// Checks that an answer is a problem of this code, in every way that it says so.
pub async fn problem(response: Response, status: StatusCode, code: ErrorCode) -> Problem {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
    let problem: Problem = read(response, status).await;
    assert_eq!((problem.status, problem.code), (status.as_u16(), code), "{problem:?}");
    assert_eq!(problem.kind, "about:blank");
    assert!(!problem.detail.is_empty() && !problem.title.is_empty());
    let seconds = problem.retry_after_ms.map(|ms| ms.div_ceil(1000).to_string());
    assert_eq!(retry_after.map(|value| value.to_str().unwrap().to_owned()), seconds);
    problem
}

/// The refresh cookie that an answer sets, as it goes back.
pub fn cookie_of(response: &Response) -> Option<String> {
    let line = response.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(line.split(';').next().unwrap().to_owned())
}

/// What a token says, unchecked.
pub fn claims(token: &str) -> Value {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
