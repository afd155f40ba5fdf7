//! `cargo xtask dist`: what somebody takes away who runs Confab elsewhere. Builds, copies, nothing more.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    page,
    repo::Repo,
    run::{make_room_for, note, step},
    serve::build_server,
};

/// Puts the binary and the page into target/dist.
pub(crate) fn dist(repo: &Repo) -> Result<()> {
    page::build(repo)?;
    build_server(repo)?;
    let out = repo.target().join("dist");
    step("puts both into target/dist", || {
        page::empty(&out)?;
        copy_folder(&repo.path("dist"), &out.join("page"))?;
        let binary = format!("confab{}", std::env::consts::EXE_SUFFIX);
        fs::copy(repo.target().join("release").join(&binary), out.join(&binary))
            .context("the server can't be copied")?;
        Ok(())
    })?;
    note(
        "target/dist/confab is the server with the page inside; target/dist/page is the page for a web server of your own",
    );
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in page::files(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        make_room_for(&copy)?;
        fs::copy(&file, &copy).with_context(|| format!("{} can't be copied", file.display()))?;
    }
    Ok(())
}
