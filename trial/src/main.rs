//! The real thing under fault: the real server and real clients over real sockets, judged by the oracle. Here is what can
//! be asked for on the command line.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod behaviour;
mod database;
mod durability;
mod faults;
mod frame_facts;
mod pages;
mod person;
mod proxy;
mod recorder;
mod restart;
mod scene;
mod server_process;
mod stopping;
mod storm;
mod survey;
mod trace;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

use storm::Trial;

/// Tries the real server under fault: a storm, or one of the others.
#[derive(Parser)]
#[command(name = "trial", args_conflicts_with_subcommands = true)]
struct Args {
    /// The server to try: the one that was built as this program was where none is named.
    #[arg(long, global = true)]
    server: Option<PathBuf>,
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

fn main() -> ExitCode {
    client_native::program::main(run(Args::parse()))
}

/// Does what was asked for, with that server or the one that was built beside this program.
async fn run(args: Args) -> anyhow::Result<()> {
    let binary = args.server.map_or_else(server_process::beside_this, Ok)?;
    match args.other {
        None => {
            let seed = args.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
            let length = Duration::from_secs_f64(args.minutes * 60.0);
            storm::run(&Trial { binary, seed, clients: args.clients, pages: args.pages, length }).await
        }
        Some(Other::Durability) => durability::report(&binary).await,
        Some(Other::Stopping { rounds, clients }) => stopping::report(&binary, rounds, clients).await,
        Some(Other::Restart { clients }) => restart::report(&binary, clients).await,
    }
}
