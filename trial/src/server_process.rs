//! The real server over several server: started, killed, told to stop, started again on the same data and port.

use std::{
    fs::OpenOptions,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use client_native::program;

/// Below the ports that the system gives to outgoing connections, so that a restart finds its own free.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Nothing takes so long to end, whatever grace it was given.
const END: Duration = Duration::from_secs(20);

/// One server, over all its server. The last one is killed when dropped.
pub(crate) struct ServerProcess {
    binary: PathBuf,
    folder: PathBuf,
    flags: Vec<String>,
    address: SocketAddr,
    child: Option<Child>,
}

impl ServerProcess {
    /// A server that has not begun, with its data and its log below that folder.
    pub(crate) fn new(binary: &Path, folder: &Path, flags: &[&str]) -> anyhow::Result<Self> {
        ensure!(
            binary.is_file(),
            "{} is not there; `cargo build -p backend` makes it, or --server names another",
            binary.display()
        );
        Ok(Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            address: free_address()?,
            child: None,
        })
    }

    /// Where it listens, in all its server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("data/confab.db")
    }

    /// Where all its server wrote what they had to say.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Starts it, with a command in front where there is one, and waits until it answers.
    pub(crate) async fn begin_under(&mut self, front: &[&str]) -> anyhow::Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut line: Vec<&std::ffi::OsStr> = front.iter().map(|word| (*word).as_ref()).collect();
        line.push(self.binary.as_os_str());
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).args(["serve", "--data-dir"]).arg(self.folder.join("data"));
        command.args(["--listen", &self.address.to_string()]).args(&self.flags);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let mut child =
            command.spawn().with_context(|| format!("{} does not start", self.binary.display()))?;
        let healthy = tokio::select! {
            healthy = program::wait_until_healthy(self.address) => healthy,
            ended = child.wait() => bail!("the server ended ({}) before it answered; see {}", ended?, self.log().display()),
        };
        self.child = Some(child);
        healthy
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn begin(&mut self) -> anyhow::Result<()> {
        self.begin_under(&[]).await
    }

    /// SIGKILL: no goodbye, nothing written any more. Returns when it is gone.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("no server runs")?;
        if let Some(status) = child.try_wait()? {
            bail!("the server had ended by itself ({status}); see {}", self.log().display());
        }
        child.kill().await.context("the server can't be killed")
    }

    /// The process that is the server, which is not the one that was started when there was a command in front.
    pub(crate) fn pid(&self) -> anyhow::Result<Pid> {
        let id = self.child.as_ref().and_then(Child::id).context("no server runs")?;
        Pid::from_raw(id.cast_signed()).context("a process has a number")
    }

    /// SIGTERM to that process, which is the server or the command in front of it.
    pub(crate) fn terminate(&self, pid: Pid) -> anyhow::Result<()> {
        kill_process(pid, Signal::TERM).context("the server can't be told to stop")
    }

    /// Waits for its end, which somebody has told it to.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let mut child = self.child.take().context("no server runs")?;
        let ended = timeout(END, child.wait()).await;
        Ok(ended.with_context(|| format!("the server did not end within {END:?}"))??)
    }

    /// Tells it to stop and waits for its end.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        self.terminate(self.pid()?)?;
        self.ended().await
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port);
    let first = rand::random_range(PORTS);
    let port = (first..PORTS.end).chain(PORTS.start..first).find_map(free).context("no port is free")?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// The server that was built as this program was: beside it, or above it where this is a test.
pub(crate) fn beside_this() -> anyhow::Result<PathBuf> {
    let mut folder = std::env::current_exe()?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder.join(format!("confab{}", std::env::consts::EXE_SUFFIX)))
}

/// An empty folder of that name in `trials` beside the program, for what a run writes.
pub(crate) fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = beside_this()?.with_file_name("trials").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
