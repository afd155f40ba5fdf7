//! Chromium and the tests that need one. Knows how to get it on Debian, and starts Node; what is tested
//! stands in end2end and beside the frontend's code.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    count::Count,
    page,
    repo::Repo,
    run::{answer, cargo, command, note, on_path, run, step, watch},
    tools,
};

/// Names that Chromium goes by.
const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Makes sure of Chromium and its driver; says what is missing where it can't.
pub(crate) fn prepare(repo: &Repo) -> Result<()> {
    if chromium(repo).is_ok() && on_path(repo, "chromedriver").is_some() {
        note("Chromium and chromedriver are there");
        return Ok(());
    }
    let debian = std::fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line == "ID=debian"));
    let root = answer(command(repo, "id").arg("-u")).as_deref() == Some("0");
    if !(debian && root) {
        bail!(
            "Chromium or chromedriver is missing: install both and have them on the PATH as `chromium` and `chromedriver`"
        );
    }
    step("installs Debian's chromium and chromium-driver", || {
        run(command(repo, "apt-get").args(["update", "-qq"]))?;
        let install = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "chromium-driver"];
        run(command(repo, "apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"))
    })
}

/// Runs the frontend's own tests in Chromium.
pub(crate) fn unit_tests(repo: &Repo) -> Result<Count> {
    let mut tests = cargo(repo, &["test", "--locked", "--no-fail-fast", "-p", "frontend"]);
    tests.args(["--target", "wasm32-unknown-unknown"]);
    counted(&mut tests)
}

/// Runs the tests of end2end against the server of the dev profile, which reads the page from dist/.
pub(crate) fn tests(repo: &Repo, files: &[String]) -> Result<Count> {
    let mut node = node(repo)?;
    // With no file named, Node finds every `*.test.mjs` in the folder.
    node.args(["--test", "--test-concurrency=2", "--test-reporter=spec"]);
    counted(node.args(files))
}

/// `cargo xtask browser`: builds what has changed and runs the browser tests; says whether all passed.
pub(crate) fn only(repo: &Repo, files: &[String]) -> Result<bool> {
    ready(repo)?;
    let count = tests(repo, files)?;
    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(count.failed == 0)
}

/// `cargo xtask screenshots`: of the states whose names hold one of the words, of all where there is none.
pub(crate) fn screenshots(repo: &Repo, which: &[String]) -> Result<()> {
    ready(repo)?;
    step("takes pictures into end2end/output", || run(node(repo)?.arg("screenshots.mjs").args(which)))
}

/// The packages of end2end.
pub(crate) fn packages(repo: &Repo) -> Result<()> {
    tools::npm(repo, "end2end", "playwright-core")
}

fn ready(repo: &Repo) -> Result<()> {
    prepare(repo)?;
    packages(repo)?;
    page::build(repo)?;
    step("builds the server", || run(&mut cargo(repo, &["build", "--locked", "--quiet", "-p", "backend"])))
}

fn node(repo: &Repo) -> Result<Command> {
    let server = repo.target().join("debug").join(format!("confab{}", std::env::consts::EXE_SUFFIX));
    let mut node = command(repo, "node");
    node.current_dir(repo.path("end2end")).env("CONFAB_BINARY", server).env("CHROMIUM", chromium(repo)?);
    Ok(node)
}

/// The Chromium that is there.
pub(crate) fn chromium(repo: &Repo) -> Result<PathBuf> {
    CHROMIUM.iter().find_map(|name| on_path(repo, name)).context("Chromium is missing")
}

/// Runs a test runner; when it fails without a failed test, that counts as one.
pub(crate) fn counted(runner: &mut Command) -> Result<Count> {
    let mut count = Count::default();
    if let Err(error) = watch(runner, |line| count.read(line))
        && count.failed == 0
    {
        eprintln!("{error:#}");
        count.failed = 1;
    }
    Ok(count)
}
