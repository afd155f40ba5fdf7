//! `cargo xtask trial`: builds the server and hands over to the trial crate. Knows none of them.

use anyhow::Result;

use crate::{
    browser,
    count::Count,
    page,
    repo::Repo,
    run::{cargo, run, step},
    serve::build_server,
};

/// What is said where some of the clients are tabs of Chromium.
const PAGES: &str = "--pages";

/// A storm of a minute, on builds that the tests have made anyway.
const MINUTE: &[&str] = &["--minutes", "1", "--seed", "1"];

/// Runs the trial that `what` names.
pub(crate) fn trial(repo: &Repo, what: &[String]) -> Result<()> {
    let mut trial = cargo(repo, &["run", "--release", "--locked", "--quiet", "-p", "trial", "--"]);
    if what.iter().any(|word| word == PAGES) {
        browser::prepare(repo)?;
        browser::packages(repo)?;
        page::build(repo)?;
        trial.env("CHROMIUM", browser::chromium(repo)?);
    }
    build_server(repo)?;
    step("builds and runs the trial", || run(trial.args(what)))
}

/// A minute of storm as one test; the server is built.
pub(crate) fn minute(repo: &Repo) -> Result<Count> {
    run(cargo(repo, &["run", "--locked", "--quiet", "-p", "trial", "--"]).args(MINUTE))?;
    Ok(Count { passed: 1, failed: 0 })
}
