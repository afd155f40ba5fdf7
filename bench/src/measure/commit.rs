//! Acked messages a second on disk: 32 clients, each the real client core with two rooms of its own and
//! one message in flight in each, so 64 in flight in all.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use client_core::{Change, Client, Command, DeliveryState, RowKey, SessionState};
use futures_util::future::try_join_all;
use shared::RoomId;

use crate::noise::Spread;
use client_native::{
    driver::{self, Person},
    program::Program,
};

/// Clients.
const CLIENTS: u64 = 32;
/// Rooms of each, with one message in flight in each.
const ROOMS: usize = 2;
/// Until everybody is connected and in their rooms.
const WARM_UP: Duration = Duration::from_secs(3);

/// Prints acked messages per second.
pub(crate) async fn run(binary: &Path, seconds: u64) -> anyhow::Result<()> {
    let server = Program::confab(binary).await?;
    let acked = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let people = (0..CLIENTS).map(|n| {
        let mut writer = Writer {
            name: format!("Writer {n}"),
            settled: Vec::new(),
            acked: Arc::clone(&acked),
            over: Arc::clone(&over),
        };
        let address = server.address();
        tokio::spawn(async move { driver::run(address, n + 1, &mut writer).await })
    });
    let people = try_join_all(people.collect::<Vec<_>>());

    let watch = async {
        tokio::time::sleep(WARM_UP).await;
        let mut rates = Vec::new();
        let mut cpu = Vec::new();
        for _ in 0..seconds.max(1) {
            let (count, started, used) = (acked.load(Ordering::Relaxed), Instant::now(), server.cpu()?);
            tokio::time::sleep(Duration::from_secs(1)).await;
            let stored = (acked.load(Ordering::Relaxed) - count) as f64;
            rates.push(stored / started.elapsed().as_secs_f64());
            cpu.push((server.cpu()? - used).as_secs_f64() * 1e6 / stored.max(1.0));
        }
        over.store(true, Ordering::Relaxed);
        anyhow::Ok((Spread::of(rates), Spread::of(cpu)))
    };
    let (rates, cpu) = tokio::select! {
        result = watch => result?,
        ended = people => {
            for client in ended? {
                client?;
            }
            anyhow::bail!("the clients ended before the measurement did");
        }
    };
    println!("\ncommit, {CLIENTS} clients with {} messages in flight in all:", CLIENTS as usize * ROOMS);
    println!("  {rates} acked messages a second, each second counted (goal 10000)");
    println!("  {cpu} µs of server CPU per message");
    Ok(())
}

/// Somebody who always has one message on its way in each of their rooms.
struct Writer {
    name: String,
    settled: Vec<(RoomId, Option<RowKey>)>,
    acked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Person for Writer {
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>) {
        match change {
            Change::Session if matches!(client.session(), SessionState::SignedOut { .. }) => {
                say.push(Command::SignIn { name: self.name.clone() });
            }
            Change::Session => {
                say.extend((0..ROOMS).map(|n| Command::MakeRoom { name: format!("Room {n}") }));
            }
            Change::Entered(room) => {
                self.settled.push((*room, None));
                say.push(post(*room));
            }
            Change::Row(room, key) => self.row_changed(client, *room, *key, say),
            _ => {}
        }
    }

    fn is_done(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl Writer {
    fn row_changed(&mut self, client: &Client, room: RoomId, key: RowKey, say: &mut Vec<Command>) {
        // A room that is not shown has no rows but those that wait, and nothing is discarded here.
        let stored = client.row(room, key).is_none_or(|row| row.state == DeliveryState::Stored);
        let Some((_, last)) = self.settled.iter_mut().find(|(known, _)| *known == room) else { return };
        if stored && *last != Some(key) {
            *last = Some(key);
            self.acked.fetch_add(1, Ordering::Relaxed);
            say.push(post(room));
        }
    }
}

fn post(room: RoomId) -> Command {
    Command::Post { room, content: "A line of an ordinary length, as people write them.".to_owned() }
}
