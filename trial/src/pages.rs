//! Chromium tabs among the clients of a trial: starts the program that drives them and hands on what it tells. It
//! knows no page, and what it tells means something only to the tab.

mod tab;

use std::{
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, atomic::Ordering},
};

use anyhow::{Context, ensure};
use oracle::{Rule, Screen, ScreenState, Violation};
use rand::{SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::cookie::Jar;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::watch,
};

use super::{
    recorder::Recorder,
    scene::{Report, Scene, Stage, Stagecraft, person_name, room_name},
};
use client_native::driver::Browser;
pub(crate) use tab::Counts;
use tab::{Tab, Tells};

/// Drives the tabs; from the top of the repository.
const PROGRAM: &str = "end2end/trial.mjs";

/// Who sits at each tab, by the first tab of theirs: two tabs are of one person, in one browser.
const SITTERS: [u32; 3] = [0, 1, 0];

/// How many tabs.
pub(crate) const TABS: u32 = SITTERS.len() as u32;

/// The rooms that the people at the tabs are in, all of them.
const ROOMS: usize = 2;

/// What the tabs have in common with everybody else.
pub(crate) struct Among<'a> {
    /// Decides what the people at the tabs do, and where.
    pub(crate) seed: u64,
    /// Where the page is.
    pub(crate) address: SocketAddr,
    pub(crate) recorder: Recorder,
    pub(crate) stagecraft: &'a Stagecraft,
    /// The reports of everybody else; a tab's screen has the number that follows.
    pub(crate) others: Vec<watch::Receiver<Report>>,
    /// How many rooms there are.
    pub(crate) rooms: usize,
}

/// The program under way.
pub(crate) struct Pages {
    child: Child,
    input: ChildStdin,
    seed: u64,
    address: SocketAddr,
    recorder: Recorder,
    scene: watch::Receiver<Scene>,
    /// Which rooms.
    rooms: Vec<usize>,
    tabs: Vec<Tab>,
}

/// A tab, for whoever waits for it: the browser is that of its person once the tab is closed.
pub(crate) type Sitter = (Browser, watch::Receiver<Report>);

/// What the program is told.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Order<'a> {
    Begin { url: String, seed: u64, rooms: Vec<Room<'a>>, people: Vec<Sitting> },
    Stage(&'static str),
}

#[derive(Serialize)]
struct Room<'a> {
    name: String,
    code: &'a str,
}

#[derive(Serialize)]
struct Sitting {
    screen: u32,
    name: String,
    /// The screen of the tab whose person this one is.
    beside: Option<u32>,
}

/// One line of what it tells.
#[derive(Deserialize)]
struct Line {
    screen: u32,
    tells: Tells,
}

impl Pages {
    /// Starts the program; the tabs begin when the rooms are there.
    ///
    /// # Errors
    /// When the program can't be started.
    pub(crate) fn start(among: Among<'_>) -> anyhow::Result<(Self, Vec<Sitter>)> {
        let Among { seed, address, recorder, stagecraft, others, rooms } = among;
        ensure!(
            Path::new(PROGRAM).is_file(),
            "{PROGRAM} is not there: start the trial at the top of the repository, with `cargo xtask trial --pages`"
        );
        let mut command = Command::new("node");
        command.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("node can't be started")?;
        let input = child.stdin.take().context("standard input is piped")?;
        let first = u32::try_from(others.len())?;
        let scene = stagecraft.watch();
        let (mut tabs, mut sitters, mut reports) = (Vec::new(), Vec::new(), others);
        let jars: [Arc<Jar>; SITTERS.len()] = Default::default();
        for (screen, sitter) in (first..).zip(SITTERS) {
            let jar = &jars[sitter as usize];
            let is_shared = SITTERS.iter().filter(|other| **other == sitter).count() > 1;
            let (tab, report) = Tab::new(Screen(screen), is_shared, recorder.clone(), Arc::clone(jar));
            tabs.push(tab);
            reports.push(report.clone());
            sitters.push((Browser::with_jar(Arc::clone(jar))?, report));
        }
        tabs.iter_mut().for_each(|tab| tab.knows(&reports, &scene));
        let numbers: Vec<usize> = (0..rooms).collect();
        let rooms = numbers.sample(&mut StdRng::seed_from_u64(!seed), ROOMS).copied().collect();
        Ok((Self { child, input, seed, address, recorder, scene, rooms, tabs }, sitters))
    }

    /// What the tabs have done, for later.
    pub(crate) fn counts(&self) -> Vec<Arc<Counts>> {
        self.tabs.iter().map(Tab::counts).collect()
    }

    /// Until the program ends, as it does when the trial is over.
    pub(crate) async fn run(mut self) {
        if let Err(error) = self.carry().await {
            self.recorder.break_rule(Violation::new(Rule::NoRest, format!("the tabs: {error:#}")));
        }
    }

    async fn carry(&mut self) -> anyhow::Result<()> {
        let output = self.child.stdout.take().context("standard output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let (mut has_begun, mut stage) = (false, Stage::Gather);
        loop {
            let scene = self.scene.borrow_and_update().clone();
            if !has_begun && self.rooms.iter().all(|room| scene.codes.contains_key(room)) {
                has_begun = true;
                self.begin(&scene).await?;
            }
            if scene.stage != stage {
                stage = scene.stage;
                self.order(&Order::Stage(stage_name(stage))).await?;
            }
            tokio::select! {
                line = lines.next_line() => match line? {
                    Some(line) => self.told(&line)?,
                    None if stage == Stage::Over => return Ok(()),
                    None => anyhow::bail!("{PROGRAM} has ended with {}", self.child.wait().await?),
                },
                // The stage is there as long as anybody is on it.
                _ = self.scene.changed() => {}
            }
        }
    }

    async fn begin(&mut self, scene: &Scene) -> anyhow::Result<()> {
        let code = |room: &usize| scene.codes.get(room).map_or("", String::as_str);
        let rooms = self.rooms.iter().map(|room| Room { name: room_name(*room), code: code(room) }).collect();
        let Screen(first) = self.tabs[0].screen();
        let sitting = |(screen, sitter)| {
            let own = first + sitter;
            Sitting { screen, name: person_name(own), beside: (own != screen).then_some(own) }
        };
        let people = (first..).zip(SITTERS).map(sitting).collect();
        let url = format!("http://{}", self.address);
        self.order(&Order::Begin { url, seed: self.seed, rooms, people }).await
    }

    async fn order(&mut self, order: &Order<'_>) -> anyhow::Result<()> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        self.input.write_all(line.as_bytes()).await.context("the program does not listen")
    }

    fn told(&mut self, line: &str) -> anyhow::Result<()> {
        let Line { screen, tells } = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let tab = self.tabs.iter_mut().find(|tab| tab.screen() == Screen(screen));
        tab.with_context(|| format!("there is no tab {screen}"))?.told(tells)
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Gather => "gather",
        Stage::Storm => "storm",
        Stage::Quiet => "quiet",
        Stage::ScreenState => "screen_state",
        Stage::Over => "over",
    }
}

/// The page lists members by where they are and what they are called: that is its own, who they are is not.
pub(crate) fn list_members_like(fresh: &ScreenState, shown: &mut ScreenState) {
    for (room, shown) in &mut shown.rooms {
        let order = |user| fresh.rooms.get(room)?.members.iter().position(|(member, _)| *member == user);
        shown.members.sort_by_key(|(user, _)| order(*user));
    }
}

/// What all tabs have done, in a line.
pub(crate) fn summary(counts: &[Arc<Counts>]) -> String {
    let sum = |of: fn(&Counts) -> &std::sync::atomic::AtomicU64| {
        counts.iter().map(|counts| of(counts).load(Ordering::Relaxed)).sum::<u64>()
    };
    format!(
        "{} Chromium tabs: {} messages typed, loaded anew {} times, {} frames heard, {} looks at {} rows",
        counts.len(),
        sum(|counts| &counts.typed),
        sum(|counts| &counts.reloads),
        sum(|counts| &counts.heard),
        sum(|counts| &counts.looks),
        sum(|counts| &counts.rows),
    )
}
