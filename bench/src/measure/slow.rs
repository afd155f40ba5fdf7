//! What readers cost that stop reading: memory of the server for each, and how much later the others have a message.
//! Afterwards one of them reads again, and has to have everything.

use std::{net::SocketAddr, path::Path, time::Instant};

use anyhow::{Context, ensure};
use shared::{
    ClientFrame, Event, Seq, ServerFrame, TxnId,
    api::RoomState,
    frame::{PostMessage, Sync, SyncFrom},
};

use crate::noise::Spread;
use client_native::{
    people::{People, next},
    program::Program,
    raw::RawSocket,
};

/// Readers of each kind.
const READERS: usize = 100;
/// Messages of a round: with 1 KB of text in each, ten times what a socket's buffers take.
const MESSAGES: u64 = 2_000;
/// Rounds, by turns in the room of those who read and in that of those who don't: short enough that nobody is dropped
/// for having taken nothing for half a minute.
const ROUNDS: u64 = 3;
/// KiB that such a reader may cost, in the server and in the kernel together: three times what it does.
const GOAL_KIB: f64 = 1024.0;
/// What a message may take among those who don't read, as a multiple of what it takes among as many who do: 1 would
/// delay nobody, and the rest is for the noise of the machine.
const GOAL_RATIO: f64 = 1.5;
/// Bytes of the largest frame that is read.
const BUFFER: usize = 256 * 1024;

/// A room with somebody who posts, somebody who sees it, and readers.
struct Place {
    state: RoomState,
    writer: RawSocket,
    witness: RawSocket,
    posted: u64,
}

/// Prints KiB for each slow reader, and the ratio of the delays.
///
/// # Errors
/// When one of them is beyond its goal, or somebody who reads again misses something.
pub(crate) async fn run(binary: &Path) -> anyhow::Result<()> {
    let server = Program::confab(binary).await?;
    let people = People::at(server.address());
    let (mut busy, readers) = place(&people, "Readers").await?;
    let (mut stuck, mut deaf) = place(&people, "Deaf").await?;
    let reading: Vec<_> = readers
        .into_iter()
        .map(|mut socket| tokio::spawn(async move { while socket.next(<[u8]>::len).await.is_ok() {} }))
        .collect();

    // What a busy room needs by itself is there before the deaf are counted.
    busy.round().await?;
    let before = server.memory()?;
    let (mut with_readers, mut with_deaf, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let theirs = stuck.round().await?;
        let ours = busy.round().await?;
        with_deaf.push(theirs);
        with_readers.push(ours);
        ratios.push(theirs / ours);
    }
    let each = server.memory()?.saturating_sub(before) as f64 / READERS as f64 / 1024.0;
    let queued = queued(server.address())? as f64 / 1024.0;

    let mut socket = deaf.pop().context("a deaf reader")?;
    let (live, missed) = read_again(&mut socket, &stuck.state).await?;
    reading.iter().for_each(tokio::task::JoinHandle::abort);

    println!("\n{READERS} readers that stop reading, while {} messages of 1 KB go on:", ROUNDS * MESSAGES);
    println!("  {each:.1} KiB of resident memory each, the room's own 1 MiB included");
    println!("  {queued:.1} KiB each at most that the kernel holds for it (goal for both {GOAL_KIB})");
    println!("  a message is at another member after {} µs; with {READERS} that read", Spread::of(with_deaf));
    let ratio = Spread::of(ratios);
    println!("  after {} µs; ratio {ratio} (goal {GOAL_RATIO})", Spread::of(with_readers));
    println!(
        "  one that reads again: {live} events that were under way, `behind`, {missed} by `sync`, no hole"
    );
    let cost = each + queued;
    ensure!(cost <= GOAL_KIB, "a reader that stops reading costs {cost:.0} KiB, and {GOAL_KIB} is the goal");
    let ratio = ratio.median;
    ensure!(
        ratio <= GOAL_RATIO,
        "readers that stop reading delay the others {ratio:.2} times, goal {GOAL_RATIO}"
    );
    Ok(())
}

async fn place(people: &People, name: &str) -> anyhow::Result<(Place, Vec<RawSocket>)> {
    let writer = people.guest("Writer").await?;
    let state = people.make_room(&writer, name).await?;
    let mut readers = Vec::new();
    for number in 0..=READERS {
        let guest = people.guest(&format!("Reader {number}")).await?;
        people.join(&guest, &state).await?;
        readers.push(people.connect(&guest, BUFFER).await?.0);
    }
    let witness = readers.pop().context("a witness")?;
    let (writer, _) = people.connect(&writer, BUFFER).await?;
    Ok((Place { state, writer, witness, posted: 0 }, readers))
}

impl Place {
    /// Posts one message after the other; the median µs until another member has it.
    async fn round(&mut self) -> anyhow::Result<f64> {
        let text = "x".repeat(1_000);
        let mut delays = Vec::new();
        for _ in 0..MESSAGES {
            self.posted += 1;
            let message = PostMessage {
                txn_id: TxnId::mint(self.posted, [3; 10]),
                room_id: self.state.room.id,
                content: format!("{} {text}", self.posted),
                reply_to: None,
            };
            let began = Instant::now();
            self.writer.send(&ClientFrame::Message(message).encode()).await?;
            let start = format!(r#""content":"{} "#, self.posted);
            while !next(&mut self.witness).await?.contains(&start) {}
            delays.push(began.elapsed().as_secs_f64() * 1e6);
            // The ack and the own event, so that the writer is no slow reader.
            while !next(&mut self.writer).await?.contains(&start) {}
        }
        Ok(Spread::of(delays).median)
    }
}

/// Reads what is left, is told `behind`, asks for the rest. How many events came live, and how many were asked for.
async fn read_again(socket: &mut RawSocket, state: &RoomState) -> anyhow::Result<(usize, usize)> {
    let mut seen: Vec<Event> = Vec::new();
    let head = loop {
        match ServerFrame::decode(&next(socket).await?)? {
            ServerFrame::Event(event) if event.room_id == state.room.id => seen.push(*event),
            ServerFrame::Behind(behind) => break behind.head,
            _ => {}
        }
    };
    let live = seen.len();
    while seen.last().is_some_and(|last| last.seq < head) {
        let after = seen.last().map_or(Seq::ZERO, |last| last.seq);
        let sync = Sync { room_id: state.room.id, from: SyncFrom::After(after), limit: None };
        socket.send(&ClientFrame::Sync(sync).encode()).await?;
        loop {
            if let ServerFrame::Events(page) = ServerFrame::decode(&next(socket).await?)? {
                seen.extend(page.events);
                break;
            }
        }
    }
    let has_hole = |pair: &[Event]| pair[0].seq.next() != pair[1].seq;
    ensure!(!seen.windows(2).any(has_hole), "somebody who read again has a hole");
    Ok((live, seen.len() - live))
}

/// Bytes in the fullest queue that the kernel sends from at that address.
fn queued(address: SocketAddr) -> anyhow::Result<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let port = format!(":{:04X}", address.port());
    let queues = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let local = columns.next()?;
        let queue = columns.nth(2)?.split(':').next()?;
        local.ends_with(&port).then(|| u64::from_str_radix(queue, 16).ok())?
    });
    queues.max().context("the server's sockets in /proc/net/tcp")
}
