//! How long somebody who comes back takes to have what was said meanwhile: the real client core, which fetches what
//! was missed page by page, or the newest page where that was very much; and beside it every missed event, one page
//! after the other.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use client_core::{Change, Client, Command, LinkState, SessionState};
use shared::{
    ClientFrame, RoomId, Seq, ServerFrame, TxnId,
    api::RoomState,
    frame::{PostMessage, Sync, SyncFrom},
};
use tokio::sync::{mpsc, watch};

use crate::noise::Spread;
use client_native::{
    driver::{self, Browser, Person, Wish},
    people::{People, next},
    program::Program,
    raw::RawSocket,
};

/// Missed events: all that a client fetches page by page, and the goal's number.
const MISSED: [u64; 2] = [2_000, 10_000];
/// How often each is measured.
const TIMES: usize = 5;
/// Messages in flight while somebody is away.
const IN_FLIGHT: u64 = 64;
/// How long coming back may take at most: some forty times what it takes, so that no noise misses it.
const GOAL_MS: f64 = 3_000.0;
/// Longest of anything awaited here.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of the largest frame that is read.
const BUFFER: usize = 256 * 1024;

/// Prints milliseconds.
///
/// # Errors
/// When any of them is beyond the goal.
pub(crate) async fn run(binary: &Path) -> anyhow::Result<()> {
    let server = Program::confab(binary).await?;
    let people = People::at(server.address());
    let writer = people.guest("Writer").await?;
    let room = people.make_room(&writer, "Room").await?;
    let (mut writer, _) = people.connect(&writer, BUFFER).await?;

    let (say, wishes) = mpsc::unbounded_channel();
    let (tell, mut seen) = watch::channel(None);
    let mut sleeper = Sleeper { code: room.room.code.clone(), room: room.room.id, wishes, next: None, tell };
    let (browser, address) = (Browser::new()?, server.address());
    let page = tokio::spawn(async move { driver::run_in(browser, address, 1, &mut sleeper).await });
    // The room, and whoever made it and came in: two events.
    let mut head = until(&mut seen, |seen| seen >= 2).await?;
    let mut written = 0;

    println!("\ncoming back to a room in which somebody has missed:");
    for missed in MISSED {
        let (mut newest, mut all) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            say.send(Wish::Leave)?;
            let from = head;
            post(&mut writer, &room, missed, &mut written).await?;
            head += missed;
            let began = Instant::now();
            say.send(Wish::Return)?;
            until(&mut seen, |seen| seen == head).await?;
            newest.push(began.elapsed().as_secs_f64() * 1e3);

            let began = Instant::now();
            fetch(&mut writer, &room, from, head).await?;
            all.push(began.elapsed().as_secs_f64() * 1e3);
        }
        for (what, figures) in [("the page is up to date", newest), ("every one fetched in pages", all)] {
            let spread = Spread::of(figures);
            println!("  {missed} events: {what} after {spread} ms (goal {GOAL_MS})");
            let longest = spread.max;
            ensure!(
                longest <= GOAL_MS,
                "{missed} events: {what} after {longest:.0} ms, and {GOAL_MS} is the goal"
            );
        }
    }
    page.abort();
    Ok(())
}

async fn until(seen: &mut watch::Receiver<Option<u64>>, is: impl Fn(u64) -> bool) -> anyhow::Result<u64> {
    let found = tokio::time::timeout(PATIENCE, seen.wait_for(|seen| seen.is_some_and(&is))).await;
    let found = *found.context("nobody came back in time")??;
    found.context("waited for")
}

/// Posts so many messages and waits until they are stored.
async fn post(socket: &mut RawSocket, room: &RoomState, count: u64, written: &mut u64) -> anyhow::Result<()> {
    let (mut sent, mut stored) = (0, 0);
    while stored < count {
        if sent < count && sent - stored < IN_FLIGHT {
            *written += 1;
            let txn_id = TxnId::mint(*written, [7; 10]);
            let content = "A line of an ordinary length, as people write them.".to_owned();
            let message = PostMessage { txn_id, room_id: room.room.id, content, reply_to: None };
            socket.send(&ClientFrame::Message(message).encode()).await?;
            sent += 1;
            continue;
        }
        match ServerFrame::decode(&next(socket).await?)? {
            ServerFrame::Ack(_) => stored += 1,
            ServerFrame::Error(error) => bail!("a message was refused: {}", error.message),
            _ => {}
        }
    }
    Ok(())
}

/// Fetches everything after an event.
async fn fetch(socket: &mut RawSocket, room: &RoomState, after: u64, head: u64) -> anyhow::Result<()> {
    let mut last = after;
    while last < head {
        let from = SyncFrom::After(Seq::new(last).context("a place")?);
        let sync = Sync { room_id: room.room.id, from, limit: None };
        socket.send(&ClientFrame::Sync(sync).encode()).await?;
        last = loop {
            if let ServerFrame::Events(page) = ServerFrame::decode(&next(socket).await?)? {
                break page.events.last().context("a page of nothing")?.seq.get();
            }
        };
    }
    Ok(())
}

/// Somebody who has one room open, goes and comes back.
struct Sleeper {
    code: String,
    room: RoomId,
    wishes: mpsc::UnboundedReceiver<Wish>,
    next: Option<Wish>,
    /// The room's head, whenever everything up to it is on the page.
    tell: watch::Sender<Option<u64>>,
}

impl Person for Sleeper {
    fn see(&mut self, client: &Client, change: &Change, say: &mut Vec<Command>) {
        match change {
            Change::Session if matches!(client.session(), SessionState::SignedOut { .. }) => {
                say.push(Command::SignIn { name: "Sleeper".to_owned() });
            }
            Change::Session if matches!(client.session(), SessionState::SignedIn(_)) => {
                say.push(Command::JoinRoom { code: self.code.clone() });
            }
            Change::Entered(room) => say.push(Command::OpenRoom(*room)),
            _ => {}
        }
    }

    fn rest(&mut self, client: &Client, _calls: usize, _say: &mut Vec<Command>) {
        let history = client.history(self.room);
        let is_whole = client.link() == LinkState::Online && history.loaded && !history.catching_up;
        let last = client.rows(self.room).last().and_then(|key| client.row(self.room, *key)?.seq);
        let head =
            client.room(self.room).map(|room| room.head).filter(|head| is_whole && last == Some(*head));
        self.tell.send_replace(head.map(Seq::get));
    }

    fn is_done(&self) -> bool {
        false
    }

    async fn moved(&mut self) {
        if self.next.is_none() {
            self.next = self.wishes.recv().await;
        }
        if self.next.is_none() {
            std::future::pending::<()>().await;
        }
    }

    fn act(&mut self, _client: &Client) -> Wish {
        self.next.take().unwrap_or(Wish::Nothing)
    }
}
