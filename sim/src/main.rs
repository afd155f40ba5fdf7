//! Plays schedules: as many as wanted on all cores, or one with its trace. Decides nothing about them.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sim::{
    Bed, Counts, Fault, Length,
    schedule::{Manner, Outcome, play},
};

/// Plays Confab under fault on a virtual clock, and judges it.
#[derive(Debug, Parser)]
#[command(name = "sim")]
struct Args {
    /// How many schedules to play.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play this one alone and print what happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Play short schedules: some seconds of dense weather each. A seed is another schedule then.
    #[arg(long)]
    short: bool,
    /// Play with so many of the first kinds of faults only: what a seed meant when there were no more.
    #[arg(long)]
    kinds: Option<usize>,
    /// On how many threads; one per core by default.
    #[arg(long)]
    threads: Option<usize>,
}

impl Args {
    fn manner(&self) -> Manner {
        let length = if self.short { Length::Short } else { Length::Full };
        Manner { length, kinds: self.kinds, is_readable: self.seed.is_some(), ..Manner::default() }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let is_well = match args.seed {
        Some(seed) => show(seed, args.manner()),
        None => run(&args),
    };
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays one seed and prints its trace. Whether all was well.
fn show(seed: u64, manner: Manner) -> bool {
    let outcome = play(&mut Bed::default(), seed, manner);
    outcome.trace.iter().for_each(|line| println!("{line}"));
    let Counts { steps, messages, faults, seconds, .. } = &outcome.counts;
    println!("seed {seed}: {steps} steps, {messages} messages, {seconds} virtual seconds, {faults:?}");
    println!("hash {:016x}", outcome.hash);
    match &outcome.violation {
        Some(violation) => println!("VIOLATION {violation}"),
        None => println!("all is well"),
    }
    outcome.violation.is_none()
}

/// What all schedules have come to.
#[derive(Debug, Default)]
struct Total {
    schedules: u64,
    steps: u64,
    messages: u64,
    facts: u64,
    seconds: u64,
    faults: BTreeMap<Fault, u64>,
    failed: BTreeMap<u64, String>,
}

impl Total {
    fn add(&mut self, outcome: Outcome) {
        self.schedules += 1;
        self.steps += outcome.counts.steps;
        self.messages += outcome.counts.messages;
        self.facts += outcome.counts.facts;
        self.seconds += outcome.counts.seconds;
        for (fault, count) in outcome.counts.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        if let Some(violation) = outcome.violation {
            self.failed.insert(outcome.seed, violation.to_string());
        }
    }
}

/// Failed seeds after which a run ends: more of them say nothing new.
const FAILURES: usize = 20;

/// Plays many seeds. Whether all was well.
fn run(args: &Args) -> bool {
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let bar = ProgressBar::new(args.seeds);
    let style = "{elapsed_precise} {bar:40} {pos}/{len} schedules, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).expect("a template of known keys"));
    let (next, stop) = (AtomicU64::new(args.from), AtomicBool::new(false));
    let (total, begun) = (Mutex::new(Total::default()), Instant::now());
    let end = args.from + args.seeds;
    thread::scope(|scope| {
        let (next, stop, total, bar) = (&next, &stop, &total, &bar);
        for core in 0..threads {
            scope.spawn(move || {
                let mut bed = Bed::on_core(core);
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = play(&mut bed, seed, args.manner());
                    bar.inc(1);
                    if let Some(violation) = &outcome.violation {
                        bar.suspend(|| println!("seed {seed}: {:?}", violation.rule));
                    }
                    let mut total = total.lock().expect("nothing panics while it holds the total");
                    total.add(outcome);
                    if total.failed.len() >= FAILURES {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let total = total.into_inner().expect("nothing panics while it holds the total");
    report(&total, begun.elapsed().as_secs_f64(), if args.short { "--short " } else { "" });
    total.failed.is_empty()
}

fn report(total: &Total, took: f64, which: &str) {
    let Total { schedules, steps, messages, facts, seconds, faults, failed } = total;
    let injected: u64 = faults.values().sum();
    println!("{schedules} schedules in {took:.0} s ({:.0} a second)", *schedules as f64 / took);
    println!(
        "{steps} steps, {messages} messages stored, {facts} facts judged, {} virtual hours",
        seconds / 3_600
    );
    println!("{injected} faults:");
    for (fault, count) in faults {
        println!("  {fault:?} {count}");
    }
    if failed.is_empty() {
        println!("no violation");
        return;
    }
    println!("{} violations; play one alone with `cargo xtask sim {which}--seed N`:", failed.len());
    for (seed, violation) in failed {
        println!("  {seed}: {violation}");
    }
}
