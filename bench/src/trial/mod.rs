//! The real thing under fault: the real server and real clients over real sockets, judged by the oracle of `sim`.
//! Here is what can be asked for on the command line.

mod durability;
mod faults;
mod habits;
mod hearing;
mod lives;
mod pages;
mod proxy;
mod restart;
mod scene;
mod stopping;
mod storm;
mod tour;
mod trace;
mod truth;
mod visitor;
mod witness;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use storm::Trial;

/// A storm, or one of the others.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Ask {
    /// How long the storm lasts.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Decides faults, kills and people. Drawn where none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// How many clients.
    #[arg(long, default_value_t = 24)]
    clients: u32,
    /// Three of the clients are tabs of a real Chromium, two of them of one person.
    #[arg(long)]
    pages: bool,
    #[command(subcommand)]
    other: Option<Other>,
}

/// What there is beside the storm.
#[derive(Subcommand)]
enum Other {
    /// That no ack leaves before the disk has it, by a trace of system calls.
    Durability,
    /// That a server which is told to stop under load loses nothing and tells everybody.
    Stopping {
        /// How often.
        #[arg(long, default_value_t = 50)]
        rounds: u32,
        /// Clients that post without a pause.
        #[arg(long, default_value_t = 50)]
        clients: u32,
    },
    /// How clients come back after a restart.
    Restart {
        /// How many clients.
        #[arg(long, default_value_t = 1_000)]
        clients: usize,
    },
}

/// Does what was asked for, with that server or the one that was built beside this program.
pub(crate) async fn run(ask: Ask, server: Option<PathBuf>) -> anyhow::Result<()> {
    let binary = server.map_or_else(lives::beside_this, Ok)?;
    match ask.other {
        None => {
            let seed = ask.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
            let length = Duration::from_secs_f64(ask.minutes * 60.0);
            storm::run(&Trial { binary, seed, clients: ask.clients, pages: ask.pages, length }).await
        }
        Some(Other::Durability) => durability::report(&binary).await,
        Some(Other::Stopping { rounds, clients }) => stopping::report(&binary, rounds, clients).await,
        Some(Other::Restart { clients }) => restart::report(&binary, clients).await,
    }
}
