//! No ack leaves before the disk has it: the server runs under `strace`, and the list of its system calls is read. It
//! shows what no kill can, because a kill leaves to the system what was written and not synchronised.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use shared::{
    ClientFrame, RoomId, ServerFrame, TxnId,
    api::{RoomState, SignedIn},
    frame::PostMessage,
};
use tokio::time::{Instant, timeout};

use super::{
    server_process::{self, ServerProcess},
    trace::{Found, Sought, Trace},
};
use client_native::{people::People, program, raw::RawSocket};

/// Messages that are sent one by one, each after the ack of the one before.
const SINGLE: u64 = 20;
/// Sockets that send at the same time, and how many each has on its way.
const SOCKETS: u64 = 4;
const EACH: u64 = 25;
/// Bytes to read into.
const BUFFER: usize = 256 * 1024;
/// A traced server is slow, but not so slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// Until the children of the tracing program are there.
const SOON: Duration = Duration::from_secs(10);

/// What the list has to contain.
const CALLS: &str = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg";

/// Whether system calls can be traced here.
pub(crate) async fn is_possible() -> bool {
    let mut strace = tokio::process::Command::new("strace");
    strace.args(["-f", "-e", "trace=none", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    strace.status().await.is_ok_and(|status| status.success())
}

/// Runs the server under `strace` and checks every message; the list is left in the folder.
///
/// # Errors
/// When an ack or an event left too early.
pub(crate) async fn run(binary: &Path, folder: &Path) -> anyhow::Result<Found> {
    let limits = program::no_limits();
    let flags: Vec<&str> = limits.iter().map(String::as_str).collect();
    let mut server = ServerProcess::new(binary, folder, &flags)?;
    let list = folder.join("calls.txt");
    let list_name = list.to_str().context("a path in UTF-8")?;
    server.begin_under(&["strace", "-f", "-y", "-s", "1000000", "-e", CALLS, "-o", list_name]).await?;

    let mut poster = Poster::begin(&server).await?;
    timeout(PATIENCE, poster.post_singly()).await.context("single posts were not acked")??;
    timeout(PATIENCE, poster.post_in_groups()).await.context("groups of posts were not acked")??;
    let sought = poster.sought;

    let traced = child_of(server.pid()?).await?;
    server.terminate(traced)?;
    let status = server.ended().await?;
    ensure!(status.success(), "the traced server ended with {status}");
    let text = String::from_utf8_lossy(&tokio::fs::read(&list).await?).into_owned();
    let found = Trace::read(&text, "confab.db-wal")?.check(&sought).map_err(anyhow::Error::msg)?;
    ensure!(found.largest_group > 1, "no two posts were stored together: {found:?}");
    Ok(found)
}

/// The same for a person, with its figures.
pub(crate) async fn report(binary: &Path) -> anyhow::Result<()> {
    if !is_possible().await {
        println!("durability: passed over, because strace is not there or may not trace");
        return Ok(());
    }
    let folder = server_process::folder("durability")?;
    let begun = Instant::now();
    let Found { in_order, syncs, largest_group } = run(binary, &folder)
        .await
        .with_context(|| format!("the list of calls is in {}", folder.display()))?;
    println!("durability, by {} of system calls:", folder.join("calls.txt").display());
    println!("  {in_order} messages: every ack and every event left after the fdatasync that covers its row");
    println!("  {syncs} syncs of the write-ahead log; up to {largest_group} messages in one transaction");
    println!("  took {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The program that the tracing one runs.
async fn child_of(tracer: rustix::process::Pid) -> anyhow::Result<rustix::process::Pid> {
    let children = format!("/proc/{0}/task/{0}/children", tracer.as_raw_nonzero());
    let until = Instant::now() + SOON;
    while Instant::now() < until {
        let text = tokio::fs::read_to_string(&children).await?;
        if let Some(pid) = text.split_whitespace().next().and_then(|pid| pid.parse().ok()) {
            return rustix::process::Pid::from_raw(pid).context("a process has a number");
        }
        tokio::task::yield_now().await;
    }
    anyhow::bail!("the tracing program runs nothing")
}

/// Somebody with several sockets in one room.
struct Poster {
    people: People,
    who: SignedIn,
    room: RoomId,
    sought: Vec<Sought>,
}

impl Poster {
    async fn begin(server: &ServerProcess) -> anyhow::Result<Self> {
        let people = People::at(server.address());
        let who = people.guest("Ada").await?;
        let RoomState { room, .. } = people.make_room(&who, "Room").await?;
        Ok(Self { people, who, room: room.id, sought: Vec::new() })
    }

    fn post(&mut self) -> String {
        let number = self.sought.len() as u64;
        let txn_id = TxnId::mint(number, [7; 10]);
        let content = format!("durable message <{number}>");
        self.sought.push(Sought { content: content.clone(), txn_id: txn_id.to_string() });
        ClientFrame::Message(PostMessage { txn_id, room_id: self.room, content, reply_to: None }).encode()
    }

    async fn post_singly(&mut self) -> anyhow::Result<()> {
        let (mut socket, _) = self.people.connect(&self.who, BUFFER).await?;
        for _ in 0..SINGLE {
            let post = self.post();
            socket.send(&post).await?;
            acks(&mut socket, 1).await?;
        }
        Ok(())
    }

    async fn post_in_groups(&mut self) -> anyhow::Result<()> {
        let mut sockets = Vec::new();
        for _ in 0..SOCKETS {
            sockets.push(self.people.connect(&self.who, BUFFER).await?.0);
        }
        for _ in 0..EACH {
            for socket in &mut sockets {
                let post = self.post();
                socket.send(&post).await?;
            }
        }
        for socket in &mut sockets {
            acks(socket, EACH).await?;
        }
        Ok(())
    }
}

/// Waits for that many acks.
async fn acks(socket: &mut RawSocket, count: u64) -> anyhow::Result<()> {
    let mut acked = 0;
    while acked < count {
        let frame = socket.next(|frame| String::from_utf8_lossy(frame).into_owned()).await?;
        match ServerFrame::decode(&frame)? {
            ServerFrame::Ack(_) => acked += 1,
            ServerFrame::Error(error) => anyhow::bail!("a post was refused: {error:?}"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn no_ack_and_no_event_leaves_before_the_disk_has_it() {
        if !is_possible().await {
            // Straight to the terminal: what a test prints is not shown where it passes.
            let said =
                "no ack leaves before the disk has it: passed over, strace is not there or may not trace\n";
            std::io::stderr().write_all(said.as_bytes()).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let found = run(&server_process::beside_this().unwrap(), folder.path()).await.unwrap();
        assert_eq!(found.in_order as u64, SINGLE + SOCKETS * EACH);
        assert!(found.syncs as u64 > SINGLE, "{found:?}");
    }
}
