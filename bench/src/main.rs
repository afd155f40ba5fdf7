//! Confab's figures, measured against the real binary on loopback. It measures; it does not judge.

mod driver;
mod example;
mod measure;
mod noise;
mod raw;
mod server;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand};

/// Measures a release build of Confab on this machine.
#[derive(Parser)]
#[command(name = "bench")]
struct Args {
    /// The server to measure.
    #[arg(long, default_value = "target/release/confab")]
    server: PathBuf,
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
    /// Size of the page as it goes over the wire.
    Page {
        /// Where the built page is.
        #[arg(long, default_value = "dist")]
        dist: PathBuf,
    },
    /// The axum example to compare with; started by `fanout`.
    #[command(hide = true)]
    Example {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
    },
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    server::raise_file_limit()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(args))
}

async fn run(args: Args) -> anyhow::Result<()> {
    if let What::Example { listen } = args.what {
        return example::serve(listen).await;
    }
    println!("{}", noise::describe());
    let binary = args.server;
    match args.what {
        What::All => {
            measure::page::run(&PathBuf::from("dist"))?;
            measure::idle::run(&binary, 5_000).await?;
            measure::commit::run(&binary, 10).await?;
            measure::fanout::run(&binary, &[100, 1_000]).await?;
        }
        What::Idle { connections } => measure::idle::run(&binary, connections).await?,
        What::Fanout { members } => measure::fanout::run(&binary, &members).await?,
        What::Commit { seconds } => measure::commit::run(&binary, seconds).await?,
        What::Page { dist } => measure::page::run(&dist)?,
        What::Example { .. } => unreachable!("handled above"),
    }
    println!("{}", noise::describe());
    Ok(())
}
