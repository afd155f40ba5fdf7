//! The connection: when to open a socket, whether it lives, when to come back. It knows no frame but `ping`
//! and nothing of what travels over it.

use shared::{ClientFrame, CloseCode, ComeBack};

use crate::{
    backoff::Backoff,
    call::Call,
    io::{Output, SocketId},
    out::Out,
    rng::Rng,
    view::{LinkReport, LinkState},
};

/// For a token, and again from opening the socket to `connected`: longer than any network that one can chat over.
const CONNECT_TIMEOUT_MS: u64 = 10_000;

/// From a ping to giving up.
const PONG_TIMEOUT_MS: u64 = 10_000;

/// The same when somebody has just come back to the page, or the machine says that the network went: a
/// connection that is dead must not look alive for longer.
const PONG_TIMEOUT_WATCHED_MS: u64 = 2_000;

/// A connection that held so long was a good one: the next loss starts at the beginning of the backoff.
const STABLE_MS: u64 = 30_000;

/// No server makes this client ping more often.
const HEARTBEAT_AT_LEAST_MS: u64 = 1_000;

/// What a page may close a socket with; browsers refuse every other standard code.
const DONE: u16 = CloseCode::Normal.as_u16();

/// The connection and its way back.
#[derive(Debug)]
pub(crate) struct Link {
    phase: Phase,
    backoff: Backoff,
    sockets: u64,
    /// How often a server has greeted.
    greeted: u64,
    /// From the last ping to its answer, in milliseconds.
    round_trip: Option<u64>,
    /// When a server that shut down said to come back.
    told: Option<u64>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// A connection token is on its way.
    Token {
        deadline: u64,
    },
    /// The socket is opening, or open and not yet greeted.
    Opening {
        socket: SocketId,
        deadline: u64,
    },
    Online(Pulse),
    Waiting {
        until: u64,
        /// The server asked for it: only a person may shorten it.
        firm: bool,
    },
    Refused,
}

/// The life signs of an open connection.
#[derive(Debug)]
struct Pulse {
    socket: SocketId,
    since: u64,
    heard: u64,
    heartbeat_ms: u64,
    /// Something must be heard until then.
    pong_by: Option<u64>,
    /// When a ping went that is not answered.
    pinged: Option<u64>,
}

impl Pulse {
    /// When it has been quiet for too long.
    fn quiet_from(&self) -> u64 {
        self.heard.saturating_add(self.heartbeat_ms)
    }
}

impl Link {
    pub(crate) fn new() -> Self {
        let (backoff, phase) = (Backoff::default(), Phase::Idle);
        Self { phase, backoff, sockets: 0, greeted: 0, round_trip: None, told: None }
    }

    pub(crate) fn state(&self) -> LinkState {
        let attempt = self.backoff.failures();
        match self.phase {
            Phase::Idle => LinkState::Idle,
            Phase::Token { .. } | Phase::Opening { .. } => LinkState::Connecting { attempt: attempt + 1 },
            Phase::Online(_) => LinkState::Online,
            Phase::Waiting { until, .. } => LinkState::Waiting { attempt, until_ms: until },
            Phase::Refused => LinkState::Refused,
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online(_))
    }

    /// The socket whose word counts; what comes from any other is stale.
    pub(crate) fn socket(&self) -> Option<SocketId> {
        match &self.phase {
            Phase::Opening { socket, .. } | Phase::Online(Pulse { socket, .. }) => Some(*socket),
            _ => None,
        }
    }

    /// Begins, unless it has begun.
    pub(crate) fn start(&mut self, now: u64, out: &mut Out) {
        if matches!(self.phase, Phase::Idle) {
            self.connect(now, out);
        }
    }

    /// Tries at once, if nothing is under way.
    fn connect(&mut self, now: u64, out: &mut Out) {
        if matches!(self.phase, Phase::Idle | Phase::Waiting { .. } | Phase::Refused) {
            self.phase = Phase::Token { deadline: now + CONNECT_TIMEOUT_MS };
            out.call(Call::ConnectionToken);
        }
    }

    /// Ends it, on purpose.
    pub(crate) fn stop(&mut self, out: &mut Out) {
        self.drop_socket(out);
        self.phase = Phase::Idle;
        self.backoff.reset();
        self.told = None;
    }

    /// The connection token is here.
    pub(crate) fn token(&mut self, now: u64, token: String, out: &mut Out) {
        if matches!(self.phase, Phase::Token { .. }) {
            self.sockets += 1;
            let socket = SocketId(self.sockets);
            self.phase = Phase::Opening { socket, deadline: now + CONNECT_TIMEOUT_MS };
            out.push(Output::Open { socket, token });
        }
    }

    /// There is no connection token to be had now.
    pub(crate) fn no_token(&mut self, now: u64, retry_after_ms: Option<u64>, rng: &mut Rng) {
        if matches!(self.phase, Phase::Token { .. }) {
            self.wait(now, retry_after_ms.unwrap_or(0), rng);
        }
    }

    /// The server greets. False where no greeting was awaited.
    pub(crate) fn connected(&mut self, now: u64, heartbeat_ms: u64, out: &mut Out) -> bool {
        let Phase::Opening { socket, .. } = self.phase else { return false };
        let heartbeat_ms = heartbeat_ms.max(HEARTBEAT_AT_LEAST_MS);
        let (pong_by, pinged) = (None, None);
        self.phase = Phase::Online(Pulse { socket, since: now, heard: now, heartbeat_ms, pong_by, pinged });
        (self.told, self.round_trip) = (None, None);
        self.greeted += 1;
        out.use_socket(Some(socket));
        true
    }

    /// Anything came over the socket.
    pub(crate) fn heard(&mut self, now: u64) {
        if let Phase::Online(pulse) = &mut self.phase {
            pulse.heard = now;
            pulse.pong_by = None;
        }
    }

    /// The answer to a ping came.
    pub(crate) fn pong(&mut self, now: u64) {
        if let Phase::Online(pulse) = &mut self.phase
            && let Some(pinged) = pulse.pinged.take()
        {
            self.round_trip = Some(now.saturating_sub(pinged));
        }
    }

    /// What there is to say about the connection.
    pub(crate) fn report(&self) -> LinkReport {
        let since_ms = match &self.phase {
            Phase::Online(pulse) => Some(pulse.since),
            _ => None,
        };
        LinkReport {
            state: self.state(),
            since_ms,
            round_trip_ms: self.round_trip,
            connections: self.greeted,
        }
    }

    /// The server goes away for that long.
    pub(crate) fn shutting_down(&mut self, now: u64, reconnect_after_ms: u64) {
        self.told = Some(now.saturating_add(reconnect_after_ms));
    }

    /// The socket has closed.
    pub(crate) fn closed(&mut self, now: u64, code: CloseCode, rng: &mut Rng, out: &mut Out) {
        self.forgive(now);
        out.use_socket(None);
        let told = self.told.take();
        match (code.come_back(), told) {
            (ComeBack::No, _) => self.phase = Phase::Refused,
            (ComeBack::AsTold, Some(until)) => {
                self.backoff.fail(rng);
                self.phase = Phase::Waiting { until: until.max(now), firm: false };
            }
            (ComeBack::Backoff { at_least_ms }, told) => {
                let told_ms = told.map_or(0, |until| until.saturating_sub(now));
                let firm = at_least_ms > 0;
                let delay = self.backoff.fail(rng).max(at_least_ms).max(told_ms);
                self.phase = Phase::Waiting { until: now.saturating_add(delay), firm };
            }
            (ComeBack::AsTold | ComeBack::NewToken, _) => self.wait(now, 0, rng),
        }
    }

    /// Somebody looks, or the network is back: a wait ends, and an open connection has to show that it
    /// lives. What the server asked for ends only by the will of a person.
    pub(crate) fn hurry(&mut self, now: u64, by_person: bool, out: &mut Out) {
        match &self.phase {
            Phase::Waiting { firm: false, .. } => self.connect(now, out),
            Phase::Waiting { .. } | Phase::Refused if by_person => self.connect(now, out),
            _ => self.doubt(now, out),
        }
    }

    /// An open connection has to show soon that it lives.
    pub(crate) fn doubt(&mut self, now: u64, out: &mut Out) {
        if let Phase::Online(pulse) = &mut self.phase {
            let soon = now + PONG_TIMEOUT_WATCHED_MS;
            pulse.pong_by = Some(pulse.pong_by.map_or(soon, |by| by.min(soon)));
            // An answer that is still on its way would be taken for this one's, so the older counts.
            pulse.pinged.get_or_insert(now);
            out.send(&ClientFrame::Ping);
        }
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: u64, rng: &mut Rng, out: &mut Out) {
        match &mut self.phase {
            Phase::Token { deadline } if *deadline <= now => self.wait(now, 0, rng),
            Phase::Opening { deadline, .. } if *deadline <= now => self.give_up(now, rng, out),
            Phase::Waiting { until, .. } if *until <= now => self.connect(now, out),
            Phase::Online(Pulse { pong_by: Some(by), .. }) if *by <= now => self.give_up(now, rng, out),
            Phase::Online(pulse) if pulse.pong_by.is_none() && pulse.quiet_from() <= now => {
                pulse.pong_by = Some(now + PONG_TIMEOUT_MS);
                pulse.pinged = Some(now);
                out.send(&ClientFrame::Ping);
            }
            _ => {}
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        match &self.phase {
            Phase::Idle | Phase::Refused => None,
            Phase::Token { deadline } | Phase::Opening { deadline, .. } => Some(*deadline),
            Phase::Waiting { until, .. } => Some(*until),
            Phase::Online(pulse) => Some(pulse.pong_by.unwrap_or(pulse.quiet_from())),
        }
    }

    fn give_up(&mut self, now: u64, rng: &mut Rng, out: &mut Out) {
        self.forgive(now);
        self.drop_socket(out);
        self.wait(now, 0, rng);
    }

    fn drop_socket(&mut self, out: &mut Out) {
        if let Some(socket) = self.socket() {
            out.push(Output::Close(socket, DONE));
        }
        out.use_socket(None);
    }

    /// A connection that held long enough wipes out the failures before it.
    fn forgive(&mut self, now: u64) {
        if let Phase::Online(pulse) = &self.phase
            && now.saturating_sub(pulse.since) >= STABLE_MS
        {
            self.backoff.reset();
        }
    }

    fn wait(&mut self, now: u64, at_least_ms: u64, rng: &mut Rng) {
        let delay = self.backoff.fail(rng).max(at_least_ms);
        self.phase = Phase::Waiting { until: now.saturating_add(delay), firm: at_least_ms > 0 };
    }
}
