//! What a seed decides before a schedule begins: who takes part, how good the network is, which faults there are and
//! how often, how the server is set. Knows no client and no server.

use std::time::Duration;

use backend::options::ServerOptions;

use crate::rng::Dice;

/// A second on the virtual clock, which counts microseconds.
pub(crate) const SECOND: u64 = 1_000_000;
/// A millisecond on it.
pub(crate) const MS: u64 = 1_000;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A connection is gone, in the middle of whatever was on its way; both sides hear of it.
    Cut,
    /// The same, and the client does not hear of it.
    CutClientDeaf,
    /// The same, and the server does not hear of it.
    CutServerDeaf,
    /// What a client sends vanishes from now on, and what the server sends arrives.
    DarkUp,
    /// The other way round.
    DarkDown,
    /// Nothing arrives for a while, and then all of it.
    Stall,
    /// Nothing of what the server sends is taken for so long that its buffers are full.
    SlowReader,
    /// No new connection and no call gets through for a while.
    Refusal,
    /// The answer to a call is lost, and sometimes the call itself.
    CallLost,
    /// The server is killed, and what waited is not stored.
    KillLosing,
    /// The server is killed right after it has stored what waited, and nobody is answered.
    KillStored,
    /// The server goes down in order and comes back.
    Restart,
    /// The disk takes seconds.
    SlowDisk,
    /// A page is loaded anew.
    Reload,
    /// A machine sleeps, its connections too, and wakes up.
    Sleep,
    /// A client's calendar jumps.
    ClockJump,
    /// A person types faster than they may.
    Flood,
    /// The disk takes nothing for a while.
    BrokenDisk,
    /// A person signs out in the middle of everything, and comes back as somebody else.
    SignOut,
    /// A page of somebody with two is closed; the other one takes over what it had not sent.
    TakeOver,
    /// The server ends a session, and the person comes back as somebody else.
    SessionEnd,
}

/// All of them. New ones come last: a seed that was kept with the number of those before them, its
/// [`kinds`](crate::schedule::Manner::kinds), still means the same.
pub const FAULTS: [Fault; 21] = [
    Fault::Cut,
    Fault::CutClientDeaf,
    Fault::CutServerDeaf,
    Fault::DarkUp,
    Fault::DarkDown,
    Fault::Stall,
    Fault::SlowReader,
    Fault::Refusal,
    Fault::CallLost,
    Fault::KillLosing,
    Fault::KillStored,
    Fault::Restart,
    Fault::SlowDisk,
    Fault::Reload,
    Fault::Sleep,
    Fault::ClockJump,
    Fault::Flood,
    Fault::BrokenDisk,
    Fault::SignOut,
    Fault::TakeOver,
    Fault::SessionEnd,
];

/// Those that the first simulator had, whose weights are drawn among everything else.
const FIRST: usize = 17;

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Post,
    Type,
    Open,
    PageBack,
    See,
    Leave,
    Join,
    Hurry,
    Tend,
}

pub(crate) const ACTS: [Act; 9] =
    [Act::Post, Act::Type, Act::Open, Act::PageBack, Act::See, Act::Leave, Act::Join, Act::Hurry, Act::Tend];

/// How long a schedule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Length {
    /// Up to a minute of weather, and a minute in which everything comes to rest.
    #[default]
    Full,
    /// Some seconds of dense weather: fewer people, messages and steps, the same faults. Many fit into a test.
    Short,
}

/// A schedule as its seed has it.
#[derive(Debug)]
pub(crate) struct Plan {
    /// How many tabs each person has.
    pub(crate) tabs: Vec<usize>,
    pub(crate) rooms: usize,
    /// How long things go wrong.
    pub(crate) hostile: u64,
    /// How long it is quiet afterwards: longer than a connection that is dead on one side only lives unnoticed.
    pub(crate) quiet: u64,
    /// Whether the first seconds are good, so that everybody is there when it begins.
    pub(crate) calm_start: bool,
    /// How often a tab does something, on average.
    pub(crate) act_every: u64,
    pub(crate) acts: [u64; ACTS.len()],
    /// How long between two faults, on average; nothing when there are none.
    pub(crate) fault_every: Option<u64>,
    pub(crate) faults: [u64; FAULTS.len()],
    /// The least that a byte is on its way, and by how much that varies.
    pub(crate) latency: u64,
    pub(crate) jitter: u64,
    /// How long the disk takes.
    pub(crate) disk: u64,
    /// Bytes that the system takes ahead of a client.
    pub(crate) send_buffer: usize,
    /// Messages in all: a schedule is short.
    pub(crate) messages: usize,
    /// Whether browsers keep what a page wants kept.
    pub(crate) keeps: bool,
    pub(crate) options: ServerOptions,
}

impl Plan {
    /// What that seed decides for a schedule of that length, with so many of the first kinds of faults.
    pub(crate) fn draw(dice: &mut Dice, length: Length, kinds: usize) -> Self {
        let mut later = Dice::new(!dice.clone().draw());
        let mut plan = Self::draw_full(dice);
        plan.faults[FIRST..].iter_mut().for_each(|weight| *weight = draw_weight(&mut later));
        plan.faults[kinds.min(FAULTS.len())..].fill(0);
        if plan.faults.iter().all(|weight| *weight == 0) {
            plan.fault_every = None;
        }
        if length == Length::Short {
            plan.shorten(dice);
        }
        plan
    }

    fn draw_full(dice: &mut Dice) -> Self {
        let people = dice.index(3) + 2;
        let mut tabs = vec![1; people];
        if dice.chance(1, 3) {
            tabs[dice.index(people)] = 2;
        }
        let mut acts = [0; ACTS.len()];
        for (weight, act) in acts.iter_mut().zip(ACTS) {
            *weight = match act {
                Act::Post => dice.between(5, 20),
                Act::Leave => dice.one_of(&[0, 0, 1, 3]),
                Act::Join => dice.between(2, 5),
                _ => dice.one_of(&[0, 1, 2, 4, 8]),
            };
        }
        let mut faults = [0; FAULTS.len()];
        faults[..FIRST].iter_mut().for_each(|weight| *weight = draw_weight(dice));
        let every = dice.one_of(&[None, Some(1), Some(2), Some(3), Some(5), Some(10)]);
        Self {
            tabs,
            rooms: dice.index(3) + 1,
            hostile: dice.between(10, 60) * SECOND,
            quiet: 60 * SECOND,
            calm_start: dice.chance(2, 3),
            act_every: dice.between(300, 3_000) * MS,
            acts,
            fault_every: every.map(|seconds| seconds * SECOND),
            faults,
            latency: dice.mostly_small(MS, 200 * MS),
            jitter: dice.mostly_small(0, 300 * MS),
            disk: dice.mostly_small(MS / 10, 50 * MS),
            send_buffer: dice.one_of(&[512, 2_048, 16_384, 131_072]),
            messages: dice.index(70) + 10,
            keeps: dice.chance(3, 4),
            options: options(dice),
        }
    }

    /// Leaves the weights as they are and has everything happen within seconds.
    fn shorten(&mut self, dice: &mut Dice) {
        self.tabs.truncate(3);
        self.rooms = self.rooms.min(2);
        self.hostile = dice.between(3, 8) * SECOND;
        self.act_every = dice.between(100, 600) * MS;
        self.fault_every = self.fault_every.map(|_| dice.between(300, 1_500) * MS);
        self.messages = dice.index(10) + 3;
        let options = &mut self.options;
        options.heartbeat = Duration::from_secs(dice.between(2, 4));
        options.silence = options.heartbeat + Duration::from_secs(dice.between(3, 6));
        options.write_stall = Duration::from_secs(dice.between(3, 6));
        options.presence_offline = Duration::from_secs(dice.between(1, 3));
        options.reconnect_spread = Duration::from_secs(dice.between(1, 2));
        self.quiet = 20 * SECOND;
    }
}

fn draw_weight(dice: &mut Dice) -> u64 {
    dice.one_of(&[0, 0, 1, 1, 4])
}

fn options(dice: &mut Dice) -> ServerOptions {
    let mut options = ServerOptions::new("nowhere");
    let seconds = |least, most, dice: &mut Dice| Duration::from_secs(dice.between(least, most));
    options.room_ring_events = dice.one_of(&[1, 4, 16, 4_096]);
    options.room_ring_bytes = dice.one_of(&[1_024, 16_384, 1024 * 1024]);
    options.posts_in_flight = dice.one_of(&[1, 4, 64]);
    options.commit_queue = dice.one_of(&[4, 16, 4_096]);
    options.commit_batch = dice.one_of(&[1, 3, 512]);
    options.access_token_ttl = Duration::from_secs(dice.one_of(&[20, 45, 90, 900]));
    if dice.chance(1, 2) {
        options.heartbeat = seconds(3, 25, dice);
        options.silence = options.heartbeat + seconds(5, 20, dice);
        options.write_stall = seconds(5, 30, dice);
        options.presence_offline = seconds(1, 10, dice);
        options.reconnect_spread = seconds(1, 5, dice);
    }
    let limits = &mut options.limits;
    limits.page_events = dice.one_of(&[5, 10, 100]);
    limits.messages_burst = dice.one_of(&[2, 5, 10, 100]);
    limits.messages_per_minute = dice.one_of(&[30, 100, 1_000]);
    limits.frames_burst = dice.one_of(&[20, 60]);
    limits.signal_members = dice.one_of(&[1, 100]);
    limits.rooms_joined_per_minute = 60;
    options
}
