//! `cargo xtask sim`: builds the simulator and hands over to it. Knows none of its schedules.

use anyhow::Result;

use crate::{
    repo::Repo,
    run::{cargo, run, step},
};

/// Plays the schedules that `which` names.
pub(crate) fn sim(repo: &Repo, which: &[String]) -> Result<()> {
    step("builds and runs the simulator", || {
        let args = ["run", "--profile", "sim", "--locked", "--quiet", "-p", "sim", "--"];
        run(cargo(repo, &args).args(which))
    })
}
