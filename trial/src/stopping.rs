//! A server that is told to stop under load: it ends well, tells every client, and loses nothing that it has acked. It
//! knows what to look at, not how the server does it.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, ensure};
use client_core::{Change, Client, Command, LinkState, SessionState};
use shared::{Event, RoomId, Seq, ServerFrame, TxnId};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    database::Database,
    server_process::{self, ServerProcess},
};
use client_native::{
    driver::{self, Noted, Person, Wish},
    program,
};

/// Acks for each client between a start and the next stop.
const LOAD: usize = 20;
/// Stops of one server, before the next begins with an empty database: after each stop all of it is read.
const SERIES: u32 = 10;
/// Nothing here takes so long unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has been acked, by everybody.
type Acked = Arc<Mutex<BTreeMap<TxnId, (RoomId, Seq)>>>;

/// What was seen of all stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stops {
    /// How many exits with 0.
    pub(crate) exits: u32,
    /// Sockets that got the notice and were closed with 1012.
    pub(crate) told: usize,
    /// Messages that were acked, every one of which is stored.
    pub(crate) acked: usize,
    /// Messages stored.
    pub(crate) stored: usize,
}

/// Stops a server so often, with so many clients that post without a pause.
///
/// # Errors
/// At the first stop that was not as it has to be.
pub(crate) async fn run(binary: &Path, folder: &Path, rounds: u32, clients: u32) -> anyhow::Result<Stops> {
    let limits = program::no_limits();
    let mut flags: Vec<&str> = limits.iter().map(String::as_str).collect();
    flags.extend(["--reconnect-spread", "1s"]);
    let mut server = ServerProcess::new(binary, folder, &flags)?;
    server.begin().await?;

    let (code, codes) = watch::channel(None);
    let (lives_begun, begun) = watch::channel(0_u32);
    let (acked, mut talkers, mut tasks) = (Acked::default(), Vec::new(), JoinSet::new());
    let code = Arc::new(code);
    for number in 0..clients {
        let (state, states) = watch::channel(State::default());
        talkers.push(states);
        let mut talker = Talker {
            number,
            said: 0,
            room: None,
            asked: false,
            told: false,
            code: Arc::clone(&code),
            codes: codes.clone(),
            begun: begun.clone(),
            acked: Arc::clone(&acked),
            state,
        };
        let (address, seed) = (server.address(), u64::from(number) + 1);
        tasks.spawn(async move { driver::run(address, seed, &mut talker).await });
    }

    let mut stops = Stops::default();
    for round in 1..=rounds {
        stops.told +=
            stop(&mut server, &mut talkers, round).await.with_context(|| format!("stop {round}"))?;
        stops.exits += 1;
        let events = stored(&server).await?;
        (stops.acked, stops.stored) = compare(&acked, &events).with_context(|| format!("stop {round}"))?;
        server.begin().await?;
        lives_begun.send_replace(round);
    }
    Ok(stops)
}

/// The same for a person, in series, with its figures.
pub(crate) async fn report(binary: &Path, rounds: u32, clients: u32) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut all = Stops::default();
    while all.exits < rounds {
        let folder = server_process::folder("stopping")?;
        let stops = run(binary, &folder, SERIES.min(rounds - all.exits), clients).await;
        let stops = stops.with_context(|| format!("the log and the data are in {}", folder.display()))?;
        all.exits += stops.exits;
        all.told += stops.told;
        all.acked += stops.acked;
        all.stored += stops.stored;
        std::fs::remove_dir_all(&folder)?;
    }
    let Stops { exits, told, acked, stored } = all;
    println!("stopping under load, {clients} clients that post without a pause:");
    println!("  {exits} of {rounds} SIGTERMs ended in an exit with 0");
    println!("  {told} of {} sockets got the notice and were closed with 1012", u64::from(rounds * clients));
    println!("  {acked} acked messages, each of them in the database after each stop; {stored} stored");
    println!("  took {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Waits for load, stops the server in the middle of it, and looks at what everybody was told.
async fn stop(
    server: &mut ServerProcess,
    talkers: &mut [watch::Receiver<State>],
    round: u32,
) -> anyhow::Result<usize> {
    for talker in talkers.iter_mut() {
        let acked = talker.borrow().acked + LOAD;
        let busy = talker.wait_for(|state| state.is_online && state.acked >= acked);
        timeout(PATIENCE, busy).await.context("a client has nothing acked")?.context("a client has gone")?;
    }
    let status = server.stop().await?;
    ensure!(status.success(), "the server ended with {status}");
    let mut told = 0;
    for (number, talker) in talkers.iter_mut().enumerate() {
        let lost = talker.wait_for(|state| state.ends.len() >= round as usize);
        let lost = timeout(PATIENCE, lost).await.context("a client did not lose its socket")?;
        let ends = lost.context("a client has gone")?.ends.clone();
        ensure!(ends.len() == round as usize, "client {number} has lost more sockets than that: {ends:?}");
        let end = ends.last().copied().unwrap_or_default();
        ensure!(end == End { told: true, code: Some(1012) }, "client {number} was left with {end:?}");
        told += 1;
    }
    Ok(told)
}

async fn stored(server: &ServerProcess) -> anyhow::Result<Vec<Event>> {
    let events = Database::open(&server.database())?.events()?;
    Ok(events)
}

/// Every acked message is stored where the ack said, and no message is stored twice.
fn compare(acked: &Acked, events: &[Event]) -> anyhow::Result<(usize, usize)> {
    let messages: Vec<_> = events.iter().filter(|event| event.body.kind() == "message").collect();
    let places: BTreeMap<_, _> =
        messages.iter().map(|event| (event.txn_id, (event.room_id, event.seq))).collect();
    ensure!(places.len() == messages.len(), "{} messages are stored twice", messages.len() - places.len());
    let acked = acked.lock().expect("nothing panics while it notes an ack");
    for (txn_id, place) in acked.iter() {
        let stored = places.get(txn_id);
        ensure!(stored == Some(place), "{txn_id} was acked at {place:?} and is stored at {stored:?}");
    }
    Ok((acked.len(), messages.len()))
}

/// How a socket ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct End {
    told: bool,
    code: Option<u16>,
}

#[derive(Debug, Clone, Default)]
struct State {
    is_online: bool,
    acked: usize,
    ends: Vec<End>,
}

/// Somebody who always has a message on its way.
struct Talker {
    number: u32,
    said: u64,
    room: Option<RoomId>,
    /// Whether a room is being made or joined.
    asked: bool,
    /// Whether this socket's end was announced.
    told: bool,
    code: Arc<watch::Sender<Option<String>>>,
    codes: watch::Receiver<Option<String>>,
    /// How often the server has begun anew: nobody here waits for as long as they would after so many losses.
    begun: watch::Receiver<u32>,
    acked: Acked,
    state: watch::Sender<State>,
}

impl Talker {
    /// The first makes a room, the others join it.
    fn enter(&mut self, say: &mut Vec<Command>) {
        let command = if self.number == 0 {
            Some(Command::MakeRoom { name: "Room".to_owned() })
        } else {
            self.codes.borrow().clone().map(|code| Command::JoinRoom { code })
        };
        if let Some(command) = command.filter(|_| !self.asked) {
            self.asked = true;
            say.push(command);
        }
    }
}

impl Person for Talker {
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>) {
        match change {
            Change::Session if matches!(client.session(), SessionState::SignedOut { .. }) => {
                say.push(Command::SignIn { name: format!("Talker {}", self.number) });
            }
            Change::Entered(room) => {
                self.room = Some(*room);
                if self.number == 0 {
                    self.code.send_replace(client.room(*room).map(|view| view.room.code.clone()));
                }
            }
            Change::Failed { .. } => self.asked = false,
            Change::Link => {
                let is_online = client.link() == LinkState::Online;
                self.state.send_modify(|state| state.is_online = is_online);
            }
            _ => {}
        }
    }

    fn is_done(&self) -> bool {
        false
    }

    fn note(&mut self, _client: &Client, noted: Noted<'_>) {
        match noted {
            Noted::Heard(text) => match ServerFrame::decode(text) {
                Ok(ServerFrame::Ack(ack)) => {
                    let mut acked = self.acked.lock().expect("nothing panics while it notes an ack");
                    acked.insert(ack.txn_id, (ack.room_id, ack.seq));
                    self.state.send_modify(|state| state.acked += 1);
                }
                Ok(ServerFrame::ServerShutdown(_)) => self.told = true,
                _ => {}
            },
            Noted::Closed(code) => {
                let told = std::mem::take(&mut self.told);
                self.state.send_modify(|state| state.ends.push(End { told, code }));
            }
            _ => {}
        }
    }

    fn rest(&mut self, client: &Client, _calls: usize, say: &mut Vec<Command>) {
        if client.link() != LinkState::Online {
            return;
        }
        match self.room {
            None => self.enter(say),
            // The room is not open: its rows are those that wait.
            Some(room) if client.rows(room).is_empty() => {
                self.said += 1;
                say.push(Command::Post { room, content: format!("{}:{}", self.number, self.said) });
            }
            Some(_) => {}
        }
    }

    async fn moved(&mut self) {
        let waits_for_room = self.room.is_none();
        let changed = tokio::select! {
            changed = self.begun.changed() => changed,
            changed = self.codes.changed(), if waits_for_room => changed,
        };
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn act(&mut self, _client: &Client) -> Wish {
        Wish::NetworkBack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn told_to_stop_under_load_it_ends_well_tells_everybody_and_keeps_what_it_acked() {
        let folder = tempfile::tempdir().unwrap();
        let stops = run(&server_process::beside_this().unwrap(), folder.path(), 3, 6).await.unwrap();
        assert_eq!((stops.exits, stops.told), (3, 18));
        assert!(stops.acked >= 3 * 6 * LOAD, "{stops:?}");
        assert!(stops.stored >= stops.acked, "{stops:?}");
    }

    #[test]
    fn an_acked_message_that_is_missing_or_elsewhere_is_seen() {
        let acked = Acked::default();
        let at = |seq| (RoomId::mint(1, [1; 10]), Seq::new(seq).unwrap());
        acked.lock().unwrap().insert(TxnId::mint(1, [2; 10]), at(7));
        assert!(compare(&acked, &[]).is_err());
        let (room_id, seq) = at(8);
        let event = Event {
            room_id,
            seq,
            msg_no: shared::MsgNo::ZERO,
            timestamp: shared::Timestamp::from_unix_ms(1),
            txn_id: TxnId::mint(1, [2; 10]),
            author: shared::event::Profile {
                id: shared::UserId::mint(1, [3; 10]),
                name: "Ada".into(),
                avatar: None,
            },
            body: shared::EventBody::Message(shared::Message::new("hello")),
        };
        assert!(compare(&acked, std::slice::from_ref(&event)).is_err());
        let there = Event { seq: at(7).1, ..event };
        assert_eq!(compare(&acked, std::slice::from_ref(&there)).unwrap(), (1, 1));
        assert!(compare(&acked, &[there.clone(), there]).is_err(), "twice");
    }
}
