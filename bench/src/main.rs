//! Confab's figures, against the real binary on loopback. What measures does not judge, but for `missed` and `slow`,
//! which fail beyond their goals.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod example;
mod measure;
mod noise;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Measures a release build of Confab on this machine.
#[derive(Parser)]
#[command(name = "bench")]
struct Args {
    /// The server to measure: target/release/confab where none is named.
    #[arg(long)]
    server: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// All of the following.
    All,
    /// Memory of the server per idle authenticated connection.
    Idle {
        /// How many connections.
        #[arg(long, default_value_t = 5_000)]
        connections: usize,
    },
    /// CPU of the server per delivery, side by side with an axum example as it is usually written.
    Fanout {
        /// Members of the room.
        #[arg(long, default_values_t = [100, 1_000])]
        members: Vec<usize>,
    },
    /// Acked messages a second on disk, by 32 clients with 64 messages in flight.
    Commit {
        /// How long, in seconds.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// How long somebody who comes back takes to have what was said meanwhile.
    Missed,
    /// What readers cost that stop reading.
    Slow,
    /// Size of the page as it goes over the wire.
    Page {
        /// Where the built page is.
        #[arg(long, default_value = "dist")]
        dist: PathBuf,
    },
    /// The axum example to compare with; started by `fanout`.
    #[command(hide = true)]
    Example {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
    },
}

fn main() -> ExitCode {
    client_native::program::main(run(Args::parse()))
}

async fn run(args: Args) -> anyhow::Result<()> {
    match args.what {
        What::Example { listen } => return example::serve(listen).await,
        _ => println!("{}", noise::describe()),
    }
    let binary = args.server.unwrap_or_else(|| PathBuf::from("target/release/confab"));
    match args.what {
        What::All => {
            measure::page::run(&PathBuf::from("dist"))?;
            measure::idle::run(&binary, 5_000).await?;
            measure::commit::run(&binary, 10).await?;
            measure::missed::run(&binary).await?;
            measure::slow::run(&binary).await?;
            measure::fanout::run(&binary, &[100, 1_000]).await?;
        }
        What::Idle { connections } => measure::idle::run(&binary, connections).await?,
        What::Fanout { members } => measure::fanout::run(&binary, &members).await?,
        What::Commit { seconds } => measure::commit::run(&binary, seconds).await?,
        What::Missed => measure::missed::run(&binary).await?,
        What::Slow => measure::slow::run(&binary).await?,
        What::Page { dist } => measure::page::run(&dist)?,
        What::Example { .. } => unreachable!("handled above"),
    }
    println!("{}", noise::describe());
    Ok(())
}
