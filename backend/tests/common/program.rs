//! The real program, as a person starts it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;
use shared::{
    ClientFrame,
    api::{ConnectionToken, RoomState, SignedIn},
    frame::Auth,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
};

use super::{Socket, soon};

/// A server in a process of its own.
pub struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    /// Where it is, as it said itself.
    pub url: String,
}

/// `confab` with these arguments, and nothing of this environment that could change it.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confab"));
    command.args(args).env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

/// What starts it on a directory and a free port.
fn serve(data_dir: &Path) -> [&str; 7] {
    let dir = data_dir.to_str().unwrap();
    ["serve", "--data-dir", dir, "--listen", "127.0.0.1:0", "--log", "json"]
}

impl Program {
    /// Starts it on a directory and a free port, and waits until it is ready.
    pub async fn start(data_dir: &Path, more: &[&str]) -> Self {
        Self::start_in(data_dir, more, &[]).await
    }

    /// The same with an environment.
    pub async fn start_in(data_dir: &Path, more: &[&str], env: &[(&str, &str)]) -> Self {
        let args = [&serve(data_dir), more].concat();
        let mut command = command(&args);
        command.envs(env.iter().copied());
        Self::started(command).await
    }

    /// Starts it on a disk of so many bytes, which it alone sees there: a file system in memory, in a namespace of its
    /// own. `None` where the system does not allow that.
    pub async fn start_on_small_disk(data_dir: &Path, bytes: u64) -> Option<Self> {
        let mount = format!("mount -t tmpfs -o size={bytes},mode=0700 tmpfs \"$0\" && exec \"$@\"");
        let in_namespace = |program: &[&str]| {
            let mut command = Command::new("unshare");
            command.args(["--map-root-user", "--mount", "sh", "-c", &mount]).arg(data_dir).args(program);
            command.kill_on_drop(true).stdin(Stdio::null());
            command
        };
        let mut probe = in_namespace(&["true"]);
        let allowed = probe.stderr(Stdio::null()).status().await.is_ok_and(|status| status.success());
        if !allowed {
            return None;
        }
        let program = [&[env!("CARGO_BIN_EXE_confab")], &serve(data_dir)[..]].concat();
        Some(Self::started(in_namespace(&program)).await)
    }

    /// Waits until it is ready.
    async fn started(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = soon("the line that says where it is", async {
            loop {
                let line = log.next_line().await.unwrap().expect("the program ended before it was ready");
                let line: serde_json::Value = serde_json::from_str(&line).unwrap();
                if let Some(url) = line["fields"]["url"].as_str() {
                    return url.to_owned();
                }
            }
        });
        let url = url.await;
        Self { child, log, url }
    }

    /// Runs it to its end.
    pub async fn run(args: &[&str], env: &[(&str, &str)]) -> Output {
        soon("the end of the program", command(args).envs(env.iter().copied()).output()).await.unwrap()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// A new guest and their refresh cookie.
    pub async fn guest(&self, name: &str) -> (SignedIn, String) {
        let call = super::client().post(format!("{}{}/guests", self.url, shared::api::API));
        let answer = call.json(&json!({ "name": name })).send().await.unwrap();
        let cookie = super::cookie_of(&answer).unwrap();
        (super::read(answer, StatusCode::CREATED).await, cookie)
    }

    /// A call of somebody under `/api/v1`.
    pub fn call(&self, method: Method, path: &str, by: &SignedIn) -> RequestBuilder {
        let url = format!("{}{}{path}", self.url, shared::api::API);
        super::client().request(method, url).bearer_auth(&*by.access_token)
    }

    /// Makes a room.
    pub async fn make_room(&self, by: &SignedIn, name: &str) -> RoomState {
        let call = self.call(Method::POST, "/rooms", by).json(&json!({ "name": name }));
        super::read(call.send().await.unwrap(), StatusCode::CREATED).await
    }

    /// A token that opens one socket once.
    pub async fn connection_token(&self, of: &SignedIn) -> String {
        let answer = self.call(Method::POST, "/ws-token", of).send().await.unwrap();
        super::read::<ConnectionToken>(answer, StatusCode::OK).await.token.into_string()
    }

    /// A socket that has said who it is, as programs do.
    pub async fn socket(&self, of: &SignedIn) -> Socket {
        let mut socket = Socket::open(self.address(), None).await;
        let auth = Auth { token: of.access_token.clone() };
        socket.send(&ClientFrame::Auth(auth)).await;
        socket.connected().await;
        socket
    }

    /// Where its files are as it sees them.
    pub fn sees(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.pid()));
        root.join(path.strip_prefix("/").unwrap())
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends it a signal, by name.
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; the rest of its log comes along.
    pub async fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut lines = Vec::new();
        soon("the end of the log", async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                lines.push(line);
            }
        })
        .await;
        (soon("the end of the program", self.child.wait()).await.unwrap(), lines)
    }
}
