//! `cargo xtask …`: one place for what a person does with the repository. Knows the tools around the
//! product, nothing of the product itself.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod bench;
mod browser;
mod check;
mod count;
mod dist;
mod page;
mod repo;
mod run;
mod serve;
mod sim;
mod tools;
mod trial;

use std::process::ExitCode;

use repo::Repo;

const HELP: &str = "\
cargo xtask <task>

  serve [flags]      builds the page and the server and starts it on http://localhost:8080;
                     flags go to `confab serve`, and --help lists them
  test               everything that must hold; its last line counts the tests
  dist               the one binary with the page inside, and the page by itself, in target/dist
  bench [what]       the measurements of the bench crate
  sim [which]        clients, network and server on a virtual clock: --seeds N plays so many schedules on all
                     cores, --seed N one alone, with its trace; --short the short ones
  trial [what]       the real server and real clients under fault: --minutes M --seed S --clients N, with
                     --pages three of them in Chromium; or `durability`, `stopping`, `restart`
  screenshots        pictures of the page in every state, in end2end/output; `--readme` also the README's
  browser [files]    the browser tests alone, on a page and a server as they are built now
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let task = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();

    match Repo::find().and_then(|repo| start(&repo, &task, &rest)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does a task and says whether all that it looked at was well.
fn start(repo: &Repo, task: &str, rest: &[String]) -> anyhow::Result<bool> {
    let done = match task {
        "serve" => serve::serve(repo, rest),
        "test" => return Ok(check::test(repo)),
        "dist" => dist::dist(repo),
        "bench" => bench::bench(repo, rest),
        "sim" => sim::sim(repo, rest),
        "trial" => trial::trial(repo, rest),
        "screenshots" => browser::screenshots(repo, rest),
        "browser" => return browser::only(repo, rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprint!("{HELP}");
            anyhow::bail!("there is no task {task:?}")
        }
    };
    done.map(|()| true)
}
