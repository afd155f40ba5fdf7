//! The trial itself: real clients, a real server that is killed again and again, faults between them, and the oracle
//! beside it. It knows the order of things, not what must be true.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use futures_util::future::try_join_all;
use oracle::{End, Fact, Observer, Rule, Screen, ScreenState, Violation};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use super::{
    database::Database,
    pages::{self, Pages},
    person::{self, TrialPerson},
    proxy::Proxy,
    recorder::Recorder,
    scene::{Report, Stage, Stagecraft},
    server_process::{self, ServerProcess},
};
use client_native::driver::{self, Browser};

/// The number of the first screen of those that sign in anew.
const FRESH: u32 = 1_000_000;
/// Rooms.
const ROOMS: usize = 6;
/// Until everybody is there.
const GATHER: Duration = Duration::from_secs(60);
/// From the end of all faults to rest: the longest backoff, what a call or an old socket may take after it, and what
/// somebody has typed meanwhile, at the rate that one person may send.
const REST: Duration = Duration::from_secs(240);
/// To go through all rooms.
const TOUR: Duration = Duration::from_secs(120);
/// Between two looks at a database that is not what everybody sees yet.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What a server of a trial is told: everybody comes from one address, tokens end soon, and silence is noticed soon.
/// The limits of a person and of a socket are those of everybody.
const FLAGS: &[&str] = &[
    "--limit",
    "sockets_per_address=1000",
    "--limit",
    "unauthenticated_per_address=1000",
    "--limit",
    "guests_made_per_minute=1000",
    "--limit",
    "codes_tried_per_minute=10000",
    "--access-token-ttl",
    "2m",
    "--heartbeat",
    "2s",
];

/// What a trial is.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    /// The server.
    pub(crate) binary: PathBuf,
    /// Decides faults, kills and people; threads and sockets decide the rest.
    pub(crate) seed: u64,
    /// How many clients.
    pub(crate) clients: u32,
    /// Whether some of them are tabs of Chromium.
    pub(crate) pages: bool,
    /// How long the storm lasts.
    pub(crate) length: Duration,
}

/// Runs a trial and prints what happened in it.
///
/// # Errors
/// When a rule was broken; the log is left where the error says.
pub(crate) async fn run(trial: &Trial) -> anyhow::Result<()> {
    let folder = server_process::folder(&format!("seed-{}", trial.seed))?;
    let tabs =
        if trial.pages { format!(", {} of them tabs of Chromium,", pages::TABS) } else { String::new() };
    println!(
        "trial: seed {}, {} clients{tabs} in {ROOMS} rooms, {:?}",
        trial.seed, trial.clients, trial.length
    );
    let recorder = Recorder::new(&folder)?;
    let ended = Running::begin(trial, &folder, recorder.clone()).await?.through(trial).await;
    if let Some(violation) = recorder.verdict() {
        bail!("seed {}: {violation}\n{}", trial.seed, where_to_look(trial, &folder));
    }
    ended.with_context(|| format!("seed {}\n{}", trial.seed, where_to_look(trial, &folder)))?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn where_to_look(trial: &Trial, folder: &Path) -> String {
    format!(
        "  facts.log, server.log and the data are in {}\n  again: cargo xtask trial --seed {} --minutes {} --clients {}{}",
        folder.display(),
        trial.seed,
        trial.length.as_secs_f64() / 60.0,
        trial.clients,
        if trial.pages { " --pages" } else { "" }
    )
}

/// A trial under way.
struct Running {
    server: ServerProcess,
    proxy: Proxy,
    recorder: Recorder,
    stagecraft: Arc<Stagecraft>,
    people: Vec<(Browser, watch::Receiver<Report>)>,
    tasks: JoinSet<()>,
    /// What the tabs of Chromium have done, which come last among the people.
    tabs: Vec<Arc<pages::Counts>>,
    kills: u64,
}

impl Running {
    async fn begin(trial: &Trial, folder: &Path, recorder: Recorder) -> anyhow::Result<Self> {
        let in_tabs = if trial.pages { pages::TABS } else { 0 };
        let least = ROOMS as u32 + in_tabs;
        ensure!(trial.clients >= least, "at least {least} clients: each room is made by one");
        let mut server = ServerProcess::new(&trial.binary, folder, FLAGS)?;
        server.begin().await?;
        let proxy = Proxy::start(server.address(), trial.seed).await?;
        let stagecraft = Arc::new(Stagecraft::new(Stage::Gather));
        let (mut tasks, mut people) = (JoinSet::new(), Vec::new());
        for screen in 0..trial.clients - in_tabs {
            let (mut visitor, reports) =
                TrialPerson::new(screen, trial.seed, ROOMS, recorder.clone(), Arc::clone(&stagecraft));
            let browser = Browser::new()?.with_store();
            people.push((browser.clone(), reports));
            let (address, seed) = (proxy.address(), trial.seed.wrapping_add(u64::from(screen) << 32));
            tasks.spawn(async move { driver::run_in(browser, address, seed, &mut visitor).await });
        }
        let mut tabs = Vec::new();
        if trial.pages {
            let others = people.iter().map(|(_, reports)| reports.clone()).collect();
            let (address, seed, recorder) = (proxy.address(), trial.seed, recorder.clone());
            let among =
                pages::Among { seed, address, recorder, stagecraft: &stagecraft, others, rooms: ROOMS };
            let (pages, sitters) = Pages::start(among)?;
            tabs = pages.counts();
            people.extend(sitters);
            tasks.spawn(pages.run());
        }
        Ok(Self { server, proxy, recorder, stagecraft, people, tasks, tabs, kills: 0 })
    }

    async fn through(mut self, trial: &Trial) -> anyhow::Result<()> {
        self.until("everybody to be there", GATHER, |report| report.has_gathered).await?;
        self.proxy.storm();
        self.stagecraft.go_on(Stage::Storm);
        self.storm(trial).await?;
        let calm_since = Instant::now();
        self.proxy.calm();
        self.stagecraft.go_on(Stage::Quiet);
        self.rest().await?;
        let rested = calm_since.elapsed();
        self.stagecraft.go_on(Stage::ScreenState);
        self.until("everybody to go through their rooms", TOUR, |report| report.screen_state.is_some())
            .await?;
        let ends = self.ends().await?;
        self.stagecraft.go_on(Stage::Over);
        while self.tasks.join_next().await.is_some() {}
        self.judge(&ends).await?;
        if self.recorder.verdict().is_none() {
            self.print(trial, rested);
        }
        Ok(())
    }

    /// Kills and starts the server until the storm is over.
    async fn storm(&mut self, trial: &Trial) -> anyhow::Result<()> {
        let mut dice = StdRng::seed_from_u64(trial.seed);
        let over = Instant::now() + trial.length;
        loop {
            let life = Duration::from_millis(dice.random_range(1_500..7_000));
            let next = Instant::now() + life;
            tokio::select! {
                () = tokio::time::sleep_until(next.min(over)) => {}
                () = self.recorder.broken() => return Ok(()),
            }
            if next >= over {
                return Ok(());
            }
            self.recorder.remark(format_args!("SIGKILL"));
            self.server.kill().await?;
            self.kills += 1;
            sleep(Duration::from_millis(dice.random_range(0..1_500))).await;
            self.server.begin().await?;
            self.recorder.remark(format_args!("the server is there again"));
        }
    }

    /// Waits until a report of everybody says so.
    async fn until(
        &mut self,
        what: &str,
        patience: Duration,
        is: impl Fn(&Report) -> bool,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        for (number, (_, reports)) in self.people.iter_mut().enumerate() {
            let told = tokio::select! {
                told = timeout_at(deadline, reports.wait_for(&is)) => told.map(|told| told.map(drop)),
                () = self.recorder.broken() => bail!("a rule was broken"),
            };
            match told {
                Ok(told) => told.context("a client has gone")?,
                Err(_) => {
                    let state = reports.borrow().state.clone();
                    let detail = format!("waited {patience:?} for {what}; client {number}: {state}");
                    self.recorder.break_rule(Violation::new(Rule::NoRest, detail));
                    bail!("no rest");
                }
            }
        }
        Ok(())
    }

    /// Waits until everybody has all that the database has, and nothing is on its way.
    async fn rest(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + REST;
        let database = Database::open(&self.server.database())?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            self.until("everybody to have all and to have sent all", left, |report| report.is_settled)
                .await?;
            let Some(difference) = self.difference(&database).await? else { return Ok(()) };
            if Instant::now() >= deadline {
                let detail = format!("{REST:?} after the last fault {difference}");
                self.recorder.break_rule(Violation::new(Rule::NoRest, detail));
                bail!("no rest");
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What somebody has not, or has not sent.
    async fn difference(&self, database: &Database) -> anyhow::Result<Option<String>> {
        let (heads, markers) = (database.heads()?, database.markers()?);
        for (number, (_, reports)) in self.people.iter().enumerate() {
            let report = reports.borrow();
            let Some(user) = report.user else { return Ok(Some(format!("client {number} is nobody"))) };
            let member_of = markers.keys().filter(|(_, is)| *is == user).count();
            if !report.is_settled || member_of != report.places.len() {
                let (has, state) = (report.places.len(), &report.state);
                return Ok(Some(format!("client {number} has {has} of {member_of} rooms; {state}")));
            }
            for (room, (head, read)) in &report.places {
                let (stored_head, stored_read) = (heads.get(room), markers.get(&(*room, user)));
                if (stored_head, stored_read) != (Some(head), Some(read)) {
                    return Ok(Some(format!(
                        "client {number} is at {head} of {room} and has read {read}; \
                         the database says {stored_head:?} and {stored_read:?}"
                    )));
                }
            }
        }
        Ok(None)
    }

    /// What everybody sees, and what they see who sign in anew.
    async fn ends(&mut self) -> anyhow::Result<Vec<End>> {
        let mut ends = Vec::new();
        let pages = self.people.iter().zip(FRESH..);
        let fresh = pages.map(|((browser, _), screen)| self.fresh(browser.clone().without_store(), screen));
        let fresh = try_join_all(fresh).await?;
        for ((number, (_, reports)), fresh) in self.people.iter().enumerate().zip(fresh) {
            let screen = Screen(u32::try_from(number)?);
            let report = reports.borrow();
            let user = report.user.context("everybody is somebody")?;
            let mut shown = report.screen_state.clone().unwrap_or_default();
            if number + self.tabs.len() >= self.people.len() {
                pages::list_members_like(&fresh, &mut shown);
            }
            ends.push(End { screen, user, shown, fresh });
        }
        Ok(ends)
    }

    async fn fresh(&self, browser: Browser, screen: u32) -> anyhow::Result<ScreenState> {
        let (mut visitor, mut reports, stagecraft) = person::fresh(screen, self.recorder.clone());
        let screen_state = async {
            let told = reports.wait_for(|report| report.screen_state.is_some()).await;
            let screen_state = told.map(|report| report.screen_state.clone().unwrap_or_default());
            stagecraft.go_on(Stage::Over);
            screen_state
        };
        let page = driver::run_in(browser, self.proxy.address(), u64::from(screen), &mut visitor);
        let seen = async { tokio::join!(screen_state, page).0 };
        tokio::select! {
            seen = timeout_at(Instant::now() + TOUR, seen) => {
                Ok(seen.with_context(|| format!("a fresh page {screen} did not go through its rooms"))??)
            }
            () = self.recorder.broken() => bail!("a rule was broken"),
        }
    }

    /// Stops the server and tells the oracle what is in the database.
    async fn judge(&mut self, ends: &[End]) -> anyhow::Result<()> {
        let status = self.server.stop().await?;
        if !status.success() {
            bail!("the server was told to stop and ended with {status}");
        }
        let database = Database::open(&self.server.database())?;
        if let Some(damage) = database.damage()? {
            bail!("the database is damaged: {damage}");
        }
        for event in database.events()? {
            self.recorder.note(Fact::Stored(event));
        }
        for ((room, user), seq) in database.markers()? {
            self.recorder.note(Fact::Marker { observer: Observer::Store, room, user, seq });
        }
        self.recorder.finish(ends);
        let log = std::fs::read_to_string(self.server.log())?;
        if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
            bail!("the server has panicked: {line}");
        }
        Ok(())
    }

    fn print(&self, trial: &Trial, rested: Duration) {
        let counts = self.recorder.counts();
        let [requested, acks, duplicates, refusals, deliveries, connected, reloads] = [
            &counts.requested,
            &counts.acks,
            &counts.duplicates,
            &counts.refusals,
            &counts.deliveries,
            &counts.connected,
            &counts.reloads,
        ]
        .map(|count| count.load(Ordering::Relaxed));
        println!("  {} kills; {}", self.kills, self.proxy.done());
        println!("  {connected} greetings, {reloads} reloads, {refusals} errors");
        println!("  {requested} messages typed, {acks} acks, {duplicates} of them duplicates");
        println!("  {} stored, {deliveries} deliveries", self.recorder.stored_messages());
        if !self.tabs.is_empty() {
            println!("  {}", pages::summary(&self.tabs));
        }
        println!("  at rest {:.1} s after the last fault", rested.as_secs_f64());
        println!("  {} facts checked, 0 violations (seed {})", self.recorder.facts(), trial.seed);
    }
}
