//! `cargo xtask bench`: builds the server that is measured and hands over to the bench crate.

use anyhow::Result;

use crate::{
    page,
    repo::Repo,
    run::{cargo, run, step},
    serve::build_server,
};

/// Runs the measurements that `what` names, all where it names none.
pub(crate) fn bench(repo: &Repo, what: &[String]) -> Result<()> {
    page::build(repo)?;
    build_server(repo)?;
    let all = ["all".to_owned()];
    let what = if what.is_empty() { &all } else { what };
    step("builds and runs the measurements", || {
        run(cargo(repo, &["run", "--release", "--locked", "--quiet", "-p", "bench", "--"]).args(what))
    })
}
