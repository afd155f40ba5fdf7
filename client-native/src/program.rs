//! A program to measure, as a child process on a free port of loopback; its CPU and memory from /proc.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use shared::Limits;

/// A running program. Ended when dropped.
pub struct Program {
    child: Child,
    address: SocketAddr,
    _data: Option<tempfile::TempDir>,
}

impl Program {
    /// Starts the server with a new database in a temporary folder and every rate limit out of the way:
    /// a load test runs with limits raised by configuration, never with a special build.
    pub async fn confab(binary: &Path) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("confab-bench").tempdir_in("target")?;
        let address = free_address()?;
        let mut command = Command::new(binary);
        command.args(["serve", "--data-dir"]).arg(data.path()).args(["--listen", &address.to_string()]);
        command.args(no_limits());
        let child = command.env("RUST_LOG", "warn").stdin(Stdio::null()).stderr(Stdio::inherit()).spawn();
        let child = child.with_context(|| {
            format!("{} does not start; `cargo xtask bench` builds it first", binary.display())
        })?;
        let program = Self { child, address, _data: Some(data) };
        wait_until_healthy(address).await?;
        Ok(program)
    }

    /// Starts another process of the calling program with that subcommand, which takes `--listen` and answers under
    /// `/health`.
    pub async fn subcommand(name: &str) -> anyhow::Result<Self> {
        let address = free_address()?;
        let myself = std::env::current_exe()?;
        let child = Command::new(myself).args([name, "--listen", &address.to_string()]).spawn()?;
        let program = Self { child, address, _data: None };
        wait_until_healthy(address).await?;
        Ok(program)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU time of all its threads so far.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit_once(')').context("/proc/…/stat has a name in parentheses")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // Fields 14 and 15 of the whole line, which begins two fields earlier.
        let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Flags that take every rate limit out of the way.
pub fn no_limits() -> Vec<String> {
    let limits = Limits::default();
    let names = limits.list().map(|(name, ..)| name).filter(|name| is_in_the_way(name));
    names.flat_map(|name| ["--limit".to_owned(), format!("{name}=1000000")]).collect()
}

/// Waits until a server answers there.
pub async fn wait_until_healthy(address: SocketAddr) -> anyhow::Result<()> {
    let url = format!("http://{address}/health");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the server at {address} did not become healthy within 20 s")
}

/// Limits that a load test would run into; those of sizes and times stay.
fn is_in_the_way(name: &str) -> bool {
    ["_burst", "_per_minute", "_per_second", "sockets_per_", "_per_address"]
        .iter()
        .any(|part| name.contains(part))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The `main` of a program that opens many sockets: does the work on a runtime with a thread per core, and prints why
/// where it fails.
pub fn main(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let done = raise_file_limit().and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(work)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Lets this process and the servers that it starts hold as many sockets as the system allows.
fn raise_file_limit() -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    ensure!(limit.maximum.is_none_or(|most| most >= 1_024), "too few open files are allowed");
    Ok(())
}
