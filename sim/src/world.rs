//! One schedule: clients, network and server on one virtual clock. Whatever happens is a happening with a moment; the
//! earliest is taken, and what follows from it becomes further happenings.

mod acts;
mod calls;
mod clients;
mod end;
mod faults;
mod noted;
mod server;
mod sessions;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    net::IpAddr,
};

use backend::{address::ClientAddress, socket::sim_support::SteppedSocket};
use client_core::SocketId;
use shared::{RoomId, TxnId, UserId};

use crate::{
    defects::Defects,
    one_way::Lane,
    page::Tab,
    pipe::Pipe,
    plan::{Fault, Plan, SECOND},
    rng::Dice,
    server_under_test::{Errand, Host},
    trace::Trace,
};
use oracle::{Fact, Oracle, Rule, Violation};

/// Something that will happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    /// A page is loaded.
    Start { tab: usize, life: u32 },
    /// A client is called because time has passed.
    Tick { tab: usize },
    /// A machine wakes up.
    Wake { tab: usize },
    /// A person does something.
    Act { tab: usize },
    /// A handshake reaches the server.
    Connect { wire: usize },
    /// Its answer reaches the client.
    Opened { wire: usize },
    /// Bytes reach the server.
    Up { wire: usize },
    /// Bytes reach a client.
    Down { wire: usize },
    /// A client hears that its connection is gone.
    ClientTold { wire: usize },
    /// The server hears it.
    ServerTold { wire: usize },
    /// A connection of the server looks.
    Look { wire: usize },
    /// A call leaves a browser.
    CallDeparts { call: usize },
    /// A call reaches the server.
    CallArrives { call: usize },
    /// Its answer reaches the client.
    CallAnswered { call: usize },
    /// The disk takes a batch.
    Commit,
    /// A page is read.
    Page,
    /// A server is there again.
    Boot,
    /// A server that goes down in order is gone.
    Gone,
    /// Something goes wrong.
    Trouble,
    /// Nothing goes wrong any more.
    Heal,
    /// A frame that only a defect has made reaches a client.
    Forged { forged: usize },
}

/// A person and their browser.
struct Person {
    name: String,
    address: ClientAddress,
    /// The refresh cookie.
    cookie: Option<String>,
    /// The call that renews the sign-in now.
    renewing: Option<usize>,
    user: Option<UserId>,
    /// Whether the server was asked to end the session.
    is_ended: bool,
}

/// One connection, from the wish for it to its end on both sides.
struct Wire {
    tab: usize,
    life: u32,
    socket: SocketId,
    token: String,
    pipe: Pipe,
    up: Lane,
    down: Lane,
    /// What has come to the client and is no whole frame yet.
    partial: Vec<u8>,
    /// The client takes nothing more from it.
    is_left: bool,
    server: Option<SteppedSocket>,
    look_at: Option<u64>,
    up_at: Option<u64>,
    down_at: Option<u64>,
}

/// One HTTP call.
struct CallState {
    tab: usize,
    life: u32,
    id: client_core::CallId,
    request: client_core::Request,
    /// The cookie that goes with it.
    with: Option<String>,
    answer: Option<client_core::Answer>,
    /// The cookie that comes back.
    cookie: Option<String>,
    loss: Option<Loss>,
}

/// Where a call gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    OnItsWay,
    OnTheWayBack,
}

/// Counts of a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Happenings.
    pub steps: u64,
    /// Messages that were stored.
    pub messages: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Facts that the oracle looked at.
    pub facts: u64,
    /// Virtual seconds.
    pub seconds: u64,
}

/// Everything of one schedule.
pub(crate) struct World<'a> {
    plan: Plan,
    dice: Dice,
    now: u64,
    numbers: u64,
    agenda: BinaryHeap<Reverse<(u64, u64, usize)>>,
    happenings: Vec<Happening>,
    free: Vec<usize>,
    host: Host<'a>,
    people: Vec<Person>,
    tabs: Vec<Tab>,
    wires: Vec<Wire>,
    calls: Vec<CallState>,
    /// Calls that wait for the disk.
    parked: Vec<Errand>,
    /// Pages that wait to be read.
    pages: Vec<Errand>,
    shutdown: Option<Errand>,
    commit_at: Option<u64>,
    /// How many batches were stored.
    batches: u64,
    /// Up to which event the oracle knows what is stored.
    logged: BTreeMap<RoomId, u64>,
    /// The rooms that are made, by the code that leads there.
    codes: Vec<String>,
    making: Option<usize>,
    /// Who has wanted to leave which room.
    parting: BTreeSet<(usize, RoomId)>,
    said: usize,
    /// What is being posted, and where.
    saying: Option<(usize, String)>,
    /// What two tabs may send.
    doubled: BTreeSet<TxnId>,
    /// How many pages were opened in the place of others.
    others: u32,
    refused_until: u64,
    slow_disk_until: u64,
    broken_disk_until: u64,
    /// How many of the next calls get lost.
    calls_to_lose: u64,
    is_hostile: bool,
    oracle: Oracle,
    pub(crate) trace: Trace,
    pub(crate) counts: Counts,
    defects: Defects,
    forged: Vec<(usize, String)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: Plan, dice: Dice, host: Host<'a>, defects: Defects, readable: bool) -> Self {
        let mut world = Self {
            plan,
            dice,
            now: 0,
            numbers: 0,
            agenda: BinaryHeap::new(),
            happenings: Vec::new(),
            free: Vec::new(),
            host,
            people: Vec::new(),
            tabs: Vec::new(),
            wires: Vec::new(),
            calls: Vec::new(),
            parked: Vec::new(),
            pages: Vec::new(),
            shutdown: None,
            commit_at: None,
            batches: 0,
            logged: BTreeMap::new(),
            codes: Vec::new(),
            making: None,
            parting: BTreeSet::new(),
            said: 0,
            saying: None,
            doubled: BTreeSet::new(),
            others: 0,
            refused_until: 0,
            slow_disk_until: 0,
            broken_disk_until: 0,
            calls_to_lose: 0,
            is_hostile: false,
            oracle: Oracle::watching_the_store(),
            trace: Trace::new(readable),
            counts: Counts::default(),
            defects,
            forged: Vec::new(),
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        for person in 0..self.plan.tabs.len() {
            let last = u8::try_from(person + 1).unwrap_or(u8::MAX);
            let address = ClientAddress(IpAddr::from([10, 0, 0, last]));
            let name = format!("P{person}");
            self.people.push(Person {
                name,
                address,
                cookie: None,
                renewing: None,
                user: None,
                is_ended: false,
            });
            for _ in 0..self.plan.tabs[person] {
                let tab = self.add_tab(person);
                self.tabs[tab].store = self.plan.keeps.then(Default::default);
                let at = self.dice.between(0, SECOND);
                self.at(at, Happening::Start { tab, life: 0 });
            }
        }
        let begin = if self.plan.calm_start { 5 * SECOND } else { 0 };
        self.is_hostile = true;
        if let Some(every) = self.plan.fault_every {
            let at = begin + self.dice.between(0, every);
            self.at(at, Happening::Trouble);
        }
        self.at(begin + self.plan.hostile, Happening::Heal);
    }

    fn add_tab(&mut self, person: usize) -> usize {
        let number = u32::try_from(self.tabs.len()).unwrap_or(u32::MAX);
        self.tabs.push(Tab::new(person, oracle::Screen(number), self.dice.draw()));
        self.tabs.len() - 1
    }

    /// Plays the schedule to its end.
    pub(crate) fn play(&mut self) -> Result<(), Violation> {
        self.run_while(|world| world.is_hostile)?;
        self.come_to_rest()?;
        self.judge()?;
        self.counts.messages = self.oracle.stored_messages();
        self.counts.facts = self.oracle.facts();
        self.counts.seconds = self.now / SECOND;
        Ok(())
    }

    fn at(&mut self, at: u64, happening: Happening) {
        self.numbers += 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.happenings[slot] = happening;
                slot
            }
            None => {
                self.happenings.push(happening);
                self.happenings.len() - 1
            }
        };
        self.agenda.push(Reverse((at.max(self.now), self.numbers, slot)));
    }

    fn run_while(&mut self, goes_on: impl Fn(&Self) -> bool) -> Result<(), Violation> {
        while goes_on(self) && self.step(u64::MAX)? {}
        Ok(())
    }

    /// Lets time pass.
    fn run_for(&mut self, passes: u64) -> Result<(), Violation> {
        let until = self.now + passes;
        while self.step(until)? {}
        self.now = until;
        Ok(())
    }

    /// Takes the earliest happening. False when there is none until then.
    fn step(&mut self, until: u64) -> Result<bool, Violation> {
        match self.agenda.peek() {
            Some(Reverse((at, ..))) if *at <= until => {}
            _ => return Ok(false),
        }
        let Some(Reverse((at, _, slot))) = self.agenda.pop() else { return Ok(false) };
        let happening = self.happenings[slot];
        self.free.push(slot);
        self.now = at;
        self.counts.steps += 1;
        if self.counts.steps > MOST_STEPS {
            return Err(Violation::new(Rule::NoRest, "it goes on and on"));
        }
        self.happen(happening)?;
        Ok(true)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Start { tab, life } => self.start(tab, life),
            Happening::Tick { tab } => self.tick(tab),
            Happening::Wake { tab } => self.wake(tab),
            Happening::Act { tab } => self.act(tab),
            Happening::Connect { wire } => self.connect(wire),
            Happening::Opened { wire } => self.opened(wire),
            Happening::Up { wire } => self.up(wire),
            Happening::Down { wire } => self.down(wire),
            Happening::ClientTold { wire } => self.client_told(wire, None),
            Happening::ServerTold { wire } => self.server_told(wire),
            Happening::Look { wire } => self.look(wire),
            Happening::CallDeparts { call } => self.call_departs(call),
            Happening::CallArrives { call } => self.call_arrives(call),
            Happening::CallAnswered { call } => self.call_answered(call),
            Happening::Commit => self.commit(),
            Happening::Page => self.read_page(),
            Happening::Boot => self.boot(),
            Happening::Gone => self.gone(),
            Happening::Trouble => self.trouble(),
            Happening::Heal => self.heal(),
            Happening::Forged { forged } => self.deliver_forged(forged),
        }
    }

    fn note(&mut self, fact: Fact) -> Result<(), Violation> {
        self.oracle.note(fact)
    }

    /// How long a piece is on its way now.
    fn travel(&mut self) -> u64 {
        self.plan.latency + self.dice.between(0, self.plan.jitter)
    }
}

/// A schedule has some thousands of steps; one with so many runs in a circle.
const MOST_STEPS: u64 = 400_000;
