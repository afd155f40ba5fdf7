//! CPU of the server per delivery when messages queue up: a few people post as fast as they are let, the
//! whole room reads. Beside it, in the same run, an axum example as it is usually written.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures_util::future::try_join_all;
use shared::{ClientFrame, RoomId, TxnId, frame::PostMessage};
use tokio::sync::Notify;

use crate::noise::Spread;
use client_native::{people::People, program::Program, raw::RawSocket};

/// Repetitions of each measurement.
const RUNS: usize = 3;
/// Who posts.
const POSTERS: u64 = 8;
/// Messages that wait for the slowest reader: they queue up, and nobody falls off the server's ring.
const QUEUE: u64 = 512;
/// Deliveries of one run.
const DELIVERIES: u64 = 4_000_000;
/// The text of every message.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.";
/// A reader's buffer: what one read of a busy socket brings.
const BUFFER: usize = 256 * 1024;
/// Nothing takes that long unless something is lost.
const GIVE_UP: Duration = Duration::from_secs(120);

/// Prints µs of server CPU per delivery.
pub(crate) async fn run(binary: &Path, sizes: &[usize]) -> anyhow::Result<()> {
    for &members in sizes {
        let mut confab = Vec::new();
        let mut example = Vec::new();
        for _ in 0..RUNS {
            confab.push(measure_confab(binary, members).await?);
            example.push(measure_example(members).await?);
        }
        let ratio = confab.iter().zip(&example).map(|(ours, theirs)| theirs / ours).collect();
        println!("\nfan-out in a room of {members}, messages queue up ({RUNS} runs, side by side):");
        println!(
            "  confab        {} µs of server CPU per delivery, all of it counted: parsing, checking,",
            Spread::of(confab)
        );
        println!("                storing with fsync and acking too (goal 0.3)");
        println!("  axum example  {} µs, nothing stored", Spread::of(example));
        println!("  ratio         {}", Spread::of(ratio));
    }
    Ok(())
}

async fn measure_confab(binary: &Path, members: usize) -> anyhow::Result<f64> {
    let server = Program::confab(binary).await?;
    let people = People::at(server.address());
    let owner = people.guest("Owner").await?;
    let room = people.make_room(&owner, "Room").await?;
    let mut sockets = Vec::new();
    for n in 0..members {
        let guest = people.guest(&format!("Guest {n}")).await?;
        people.join(&guest, &room).await?;
        sockets.push(people.connect(&guest, BUFFER).await?.0);
    }
    let room = room.room.id;
    let mut posters = Vec::new();
    for n in 0..POSTERS {
        let (socket, _) = people.connect(&owner, BUFFER).await?;
        posters.push((socket, n));
    }
    per_delivery(&server, sockets, posters, move |poster, count| {
        let random = [poster as u8; 10];
        let txn_id = TxnId::mint(count, random);
        ClientFrame::Message(post(room, txn_id)).encode()
    })
    .await
}

fn post(room_id: RoomId, txn_id: TxnId) -> PostMessage {
    PostMessage { txn_id, room_id, content: TEXT.to_owned(), reply_to: None }
}

async fn measure_example(members: usize) -> anyhow::Result<f64> {
    let server = Program::subcommand("example").await?;
    let open = || RawSocket::open(server.address(), shared::SOCKET_PATH, BUFFER);
    let mut sockets = Vec::new();
    for _ in 0..members {
        sockets.push(open().await?);
    }
    let mut posters = Vec::new();
    for n in 0..POSTERS {
        posters.push((open().await?, n));
    }
    // As long as what the product sends for the same text, so that both carry the same bytes.
    let padding = "x".repeat(220);
    per_delivery(&server, sockets, posters, move |_, _| {
        format!(r#"{{"type":"message","content":"{TEXT}","padding":"{padding}"}}"#)
    })
    .await
}

/// Microseconds of the program's CPU per frame of type `message` that a reader got.
async fn per_delivery(
    program: &Program,
    readers: Vec<RawSocket>,
    posters: Vec<(RawSocket, u64)>,
    frame: impl Fn(u64, u64) -> String + Clone + Send + 'static,
) -> anyhow::Result<f64> {
    let each = DELIVERIES / readers.len() as u64 / POSTERS;
    let messages = each * POSTERS;
    let deliveries = messages * (readers.len() + posters.len()) as u64;
    let slowest = Arc::new(Slowest::new(readers.len() + posters.len()));
    let cpu = program.cpu()?;
    let started = Instant::now();

    let mut tasks = Vec::new();
    let readers = readers.into_iter().enumerate();
    for (n, mut socket) in readers {
        let slowest = Arc::clone(&slowest);
        tasks.push(tokio::spawn(async move {
            for count in 1..=messages {
                next_message(&mut socket).await?;
                slowest.reached(n, count);
            }
            anyhow::Ok(())
        }));
    }
    let first_poster = slowest.positions.len() - posters.len();
    for (mut socket, poster) in posters {
        let slowest = Arc::clone(&slowest);
        let frame = frame.clone();
        tasks.push(tokio::spawn(async move {
            let mut seen = 0;
            for count in 0..each {
                let ahead = (count + 1) * POSTERS;
                while ahead > slowest.position() + QUEUE {
                    tokio::select! {
                        message = next_message(&mut socket), if seen < messages => {
                            message?;
                            seen += 1;
                            slowest.reached(first_poster + poster as usize, seen);
                        }
                        () = slowest.moved.notified() => {}
                    }
                }
                socket.send(&frame(poster, count)).await?;
            }
            while seen < messages {
                next_message(&mut socket).await?;
                seen += 1;
                slowest.reached(first_poster + poster as usize, seen);
            }
            anyhow::Ok(())
        }));
    }
    let all = try_join_all(tasks);
    for result in tokio::time::timeout(GIVE_UP, all).await.context("not everything arrived")?? {
        result?;
    }
    let cpu = program.cpu()?.saturating_sub(cpu);
    let wall = started.elapsed();
    println!(
        "  {deliveries} deliveries in {:.1} s ({:.0} messages/s), {:.2} s of server CPU",
        wall.as_secs_f64(),
        messages as f64 / wall.as_secs_f64(),
        cpu.as_secs_f64()
    );
    Ok(cpu.as_secs_f64() * 1e6 / deliveries as f64)
}

/// Waits for the next frame of type `message`; an `error` or `behind` ends the measurement.
async fn next_message(socket: &mut RawSocket) -> anyhow::Result<()> {
    loop {
        let found = socket
            .next(|frame| {
                if frame.starts_with(br#"{"type":"message""#) {
                    return Ok(true);
                }
                let refused = [&br#"{"type":"error""#[..], br#"{"type":"behind""#];
                if refused.iter().any(|start| frame.starts_with(start)) {
                    bail!("the server said {}", String::from_utf8_lossy(frame));
                }
                Ok(false)
            })
            .await??;
        if found {
            return Ok(());
        }
    }
}

/// How far the slowest reader is. Looked at now and then: exactness is not needed, cheapness is.
struct Slowest {
    positions: Vec<AtomicU64>,
    moved: Notify,
}

impl Slowest {
    fn new(readers: usize) -> Self {
        Self { positions: (0..readers).map(|_| AtomicU64::new(0)).collect(), moved: Notify::new() }
    }

    fn reached(&self, reader: usize, count: u64) {
        self.positions[reader].store(count, Ordering::Relaxed);
        if count.is_multiple_of(64) {
            self.moved.notify_waiters();
        }
    }

    fn position(&self) -> u64 {
        self.positions.iter().map(|position| position.load(Ordering::Relaxed)).min().unwrap_or(0)
    }
}
