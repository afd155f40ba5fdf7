//! The real thing under fault: the real server and real clients over real sockets, judged by the oracle of `sim`.
//! Here is what can be asked for on the command line.

mod faults;
mod habits;
mod hearing;
mod lives;
mod proxy;
mod scene;
mod storm;
mod tour;
mod truth;
mod visitor;
mod witness;

use std::{path::PathBuf, time::Duration};

use clap::Args;

use storm::Trial;

/// A storm, or one of the others.
#[derive(Args)]
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
}

/// Does what was asked for, with that server or the one that was built beside this program.
pub(crate) async fn run(ask: Ask, server: Option<PathBuf>) -> anyhow::Result<()> {
    let binary = server.map_or_else(lives::beside_this, Ok)?;
    let seed = ask.seed.unwrap_or_else(|| rand::random_range(0..1_000_000));
    let length = Duration::from_secs_f64(ask.minutes * 60.0);
    storm::run(&Trial { binary, seed, clients: ask.clients, length }).await
}
