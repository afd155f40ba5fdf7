//! A TCP proxy that does to each connection what its plan says, and to none when the weather is calm. It knows
//! bytes, not frames.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

use super::faults::{Fate, Plan, Way};

/// Bytes of one read.
const CHUNK: usize = 16 * 1024;
/// Chunks on their way in one direction: a long thin link.
const ON_THE_WAY: usize = 64;
/// After the system had no file for one more connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// How long one direction outlives the other.
const LINGER: Duration = Duration::from_secs(5);

/// Whether faults happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Calm,
    Storm,
}

/// What the proxy has done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Connections taken.
    pub(crate) connections: AtomicU64,
    /// Ended before any byte.
    pub(crate) refused: AtomicU64,
    /// Ended somewhere in the middle.
    pub(crate) cut: AtomicU64,
    /// Left half-open.
    pub(crate) half_open: AtomicU64,
    /// Held up and let go again.
    pub(crate) stalled: AtomicU64,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [connections, refused, cut, half_open, stalled] =
            [&self.connections, &self.refused, &self.cut, &self.half_open, &self.stalled]
                .map(|count| count.load(Ordering::Relaxed));
        write!(
            f,
            "{connections} connections: {refused} refused, {cut} cut, {half_open} half-open, {stalled} stalled"
        )
    }
}

/// A running proxy. Ended when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    done: Arc<Done>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts one before a server, on a free port of loopback, in calm weather.
    pub(crate) async fn start(server: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (weather, _) = watch::channel(Weather::Calm);
        let done = Arc::new(Done::default());
        let accepting = tokio::spawn(accept(listener, server, seed, weather.clone(), Arc::clone(&done)));
        Ok(Self { address, weather, done, accepting })
    }

    /// Where clients find it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on plans are followed.
    pub(crate) fn storm(&self) {
        self.weather.send_replace(Weather::Storm);
    }

    /// From now on nothing goes wrong: what is stalled goes on, and what has lost bytes ends.
    pub(crate) fn calm(&self) {
        self.weather.send_replace(Weather::Calm);
    }

    /// What it has done so far.
    pub(crate) fn done(&self) -> &Done {
        &self.done
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    seed: u64,
    weather: watch::Sender<Weather>,
    done: Arc<Done>,
) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // No file for one more: some will be given back.
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let number = done.connections.fetch_add(1, Ordering::Relaxed);
        let (stall, _) = watch::channel(false);
        let plan = Plan::of(seed, number);
        let line = Line { plan, weather: weather.subscribe(), stall, done: Arc::clone(&done) };
        tokio::spawn(line.carry(client, server));
    }
}

/// One connection.
struct Line {
    plan: Plan,
    weather: watch::Receiver<Weather>,
    stall: watch::Sender<bool>,
    done: Arc<Done>,
}

/// How one direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// In order: the other direction may go on for a moment.
    Closed,
    /// At once, for both.
    Reset,
}

impl Line {
    async fn carry(self, mut client: TcpStream, server: SocketAddr) {
        let upstream = if self.is_stormy() && self.plan.fate == Fate::Refused {
            self.count(&self.done.refused);
            None
        } else {
            TcpStream::connect(server).await.ok()
        };
        let Some(mut server) = upstream else {
            // Fails where the client has gone already.
            let _ = client.set_zero_linger();
            return;
        };
        let set = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
        let end = if set.is_err() { End::Reset } else { self.both(&mut client, &mut server).await };
        if end == End::Reset {
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    }

    async fn both(&self, client: &mut TcpStream, server: &mut TcpStream) -> End {
        let ((client_read, client_write), (server_read, server_write)) = (client.split(), server.split());
        let up = std::pin::pin!(self.pump(Way::Up, client_read, server_write));
        let down = std::pin::pin!(self.pump(Way::Down, server_read, client_write));
        match futures_util::future::select(up, down).await.factor_first() {
            (End::Reset, _) => End::Reset,
            (End::Closed, other) => timeout(LINGER, other).await.unwrap_or(End::Reset),
        }
    }

    async fn pump(&self, way: Way, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> End {
        let (mut passed, mut has_ended, mut stalled) = (0_u64, false, false);
        let mut chunks: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        let mut buffer = vec![0; CHUNK];
        while !has_ended || !chunks.is_empty() {
            let due = chunks.front().map_or_else(Instant::now, |(due, _)| *due);
            let is_waiting = !chunks.is_empty();
            let chunk = tokio::select! {
                read = from.read(&mut buffer), if !has_ended && chunks.len() < ON_THE_WAY => {
                    match read {
                        Ok(0) => has_ended = true,
                        Ok(count) => chunks.push_back((self.due(way), buffer[..count].to_vec())),
                        Err(_) => return End::Reset,
                    }
                    continue;
                }
                () = sleep_until(due), if is_waiting => chunks.pop_front().map(|(_, chunk)| chunk),
            };
            let chunk = chunk.unwrap_or_default();
            let before = passed;
            passed += chunk.len() as u64;
            let reaches = |at: u64| before <= at && at < passed && self.is_stormy();
            match self.plan.fate {
                Fate::Cut(there, at) if there == way && reaches(at) => {
                    self.count(&self.done.cut);
                    let part = usize::try_from(at - before).unwrap_or(0);
                    let _ = to.write_all(&chunk[..part]).await;
                    return End::Reset;
                }
                Fate::HalfOpen(there, at) if there == way && reaches(at) => {
                    self.count(&self.done.half_open);
                    self.swallow(from, buffer).await;
                    return End::Reset;
                }
                Fate::Stalled(there, at, ms) if there == way && reaches(at) && !stalled => {
                    stalled = true;
                    self.count(&self.done.stalled);
                    self.stall_for(Duration::from_millis(ms)).await;
                }
                _ => {}
            }
            self.unstalled().await;
            if to.write_all(&chunk).await.is_err() {
                return End::Reset;
            }
        }
        self.unstalled().await;
        if to.shutdown().await.is_ok() { End::Closed } else { End::Reset }
    }

    /// Reads and loses what comes, until the weather is calm. That the end has come is lost, too.
    async fn swallow(&self, mut from: ReadHalf<'_>, mut buffer: Vec<u8>) {
        let lose = async {
            while from.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = lose => {}
            () = self.calm() => {}
        }
    }

    /// Holds up both directions.
    async fn stall_for(&self, length: Duration) {
        self.stall.send_replace(true);
        // Over when the time is, or the storm.
        let _ = timeout(length, self.calm()).await;
        self.stall.send_replace(false);
    }

    async fn unstalled(&self) {
        // The sender is ours, so that this ends for one reason only.
        let _ = self.stall.subscribe().wait_for(|is| !is).await;
    }

    async fn calm(&self) {
        // Without a proxy there is no storm.
        let _ = self.weather.clone().wait_for(|is| *is == Weather::Calm).await;
    }

    fn is_stormy(&self) -> bool {
        *self.weather.borrow() == Weather::Storm
    }

    fn due(&self, way: Way) -> Instant {
        let late = if self.is_stormy() { self.plan.late(way) } else { 0 };
        Instant::now() + Duration::from_millis(late)
    }

    fn count(&self, what: &AtomicU64) {
        what.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy before an echo, and the first connection whose plan is of that kind.
    async fn line(is: impl Fn(&Plan) -> bool) -> (Proxy, TcpStream, Plan) {
        let echo = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = echo.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let seed = (0..).find(|seed| is(&Plan::of(*seed, 0))).unwrap();
        let proxy = Proxy::start(server, seed).await.unwrap();
        proxy.storm();
        let stream = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, stream, Plan::of(seed, 0))
    }

    /// Everything that comes until the connection ends.
    async fn rest(stream: &mut TcpStream) -> usize {
        let (mut all, mut buffer) = (0, [0; 1_024]);
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return all,
                Ok(count) => all += count,
            }
        }
    }

    #[tokio::test]
    async fn a_cut_comes_after_exactly_so_many_bytes() {
        let (proxy, mut stream, plan) =
            line(|plan| matches!(plan.fate, Fate::Cut(Way::Down, at) if at > 100)).await;
        let Fate::Cut(_, at) = plan.fate else { panic!("{plan:?}") };
        stream.write_all(&vec![7; usize::try_from(at).unwrap() + 500]).await.unwrap();
        // The end may overtake the last bytes, as it does in any network.
        assert!(rest(&mut stream).await <= usize::try_from(at).unwrap());
        assert_eq!(proxy.done().cut.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_refused_connection_brings_nothing() {
        let (proxy, mut stream, _) = line(|plan| plan.fate == Fate::Refused).await;
        assert_eq!(rest(&mut stream).await, 0);
        assert_eq!(proxy.done().refused.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_half_open_connection_is_silent_until_the_storm_is_over_and_then_ends() {
        let is = |plan: &Plan| matches!(plan.fate, Fate::HalfOpen(Way::Up, at) if at < 100);
        let (proxy, mut stream, _) = line(is).await;
        stream.write_all(&[1; 100]).await.unwrap();
        while proxy.done().half_open.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        proxy.calm();
        assert_eq!(rest(&mut stream).await, 0);
    }

    #[tokio::test]
    async fn what_was_stalled_arrives_whole_and_late() {
        let is = |plan: &Plan| matches!(plan.fate, Fate::Stalled(_, at, ms) if at < 50 && ms < 600);
        let (proxy, mut stream, _) = line(is).await;
        stream.write_all(&[1; 100]).await.unwrap();
        let mut all = [0; 100];
        stream.read_exact(&mut all).await.unwrap();
        assert_eq!((all, proxy.done().stalled.load(Ordering::Relaxed)), ([1; 100], 1));
    }

    #[tokio::test]
    async fn in_calm_weather_nothing_happens_to_anybody() {
        let (proxy, _, plan) = line(|plan| matches!(plan.fate, Fate::Cut(Way::Up, at) if at < 50)).await;
        proxy.calm();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(&[1; 5_000]).await.unwrap();
        let mut all = [0; 5_000];
        stream.read_exact(&mut all).await.unwrap();
        assert_eq!(proxy.done().cut.load(Ordering::Relaxed), 0, "{plan:?}");
    }
}
