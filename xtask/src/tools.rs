//! The tools that build the page: gets those that are missing into the repository, all of them from the
//! package registries. What is there in the right version is used as it is.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    repo::Repo,
    run::{answer, cargo, command, note, on_path, run, step},
};

/// The one that Trunk.toml is written for.
const TRUNK: &str = "0.22.1";

/// A tool that cargo builds.
struct Tool<'a> {
    /// Its programs, the first of which tells the version.
    programs: &'a [&'a str],
    package: &'a str,
    version: &'a str,
    flags: &'a [&'a str],
    about: &'a str,
}

/// Makes sure of everything that the build of the page needs.
pub(crate) fn prepare(repo: &Repo) -> Result<()> {
    rust(repo)?;
    cargo_tool(
        repo,
        &Tool {
            programs: &["trunk"],
            package: "trunk",
            version: TRUNK,
            // It asks for a newer Rust than it uses; the default features bring a second TLS library.
            flags: &["--locked", "--ignore-rust-version", "--no-default-features", "--features", "rustls"],
            about: "some ten minutes, once",
        },
    )?;
    let bindgen = repo.locked_version("wasm-bindgen")?;
    cargo_tool(
        repo,
        &Tool {
            programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            package: "wasm-bindgen-cli",
            version: &bindgen,
            // Its own lock file names a version that has been withdrawn.
            flags: &[],
            about: "some four minutes, once",
        },
    )?;
    npm(repo, "xtask/npm", "wasm-opt")
}

/// The parts of the toolchain that rust-toolchain.toml names.
fn rust(repo: &Repo) -> Result<()> {
    let sysroot =
        answer(command(repo, "rustc").args(["--print", "sysroot"])).context("`rustc` can't be started")?;
    let wasm = Path::new(&sysroot).join("lib/rustlib/wasm32-unknown-unknown/lib").is_dir();
    let parts = ["fmt", "clippy"].iter().all(|part| answer(&mut cargo(repo, &[part, "--version"])).is_some());
    if wasm && parts {
        note("Rust's target wasm32-unknown-unknown, rustfmt and clippy are there");
        return Ok(());
    }
    step("adds the target wasm32-unknown-unknown, rustfmt and clippy to Rust", || {
        // With no toolchain named, rustup takes all of rust-toolchain.toml.
        run(command(repo, "rustup")
            .args(["toolchain", "install", "--no-self-update"])
            .env_remove("RUSTUP_TOOLCHAIN"))
        .context("rustup adds them; without rustup, install them the way your Rust came")
    })
}

fn cargo_tool(repo: &Repo, tool: &Tool) -> Result<()> {
    let Tool { package, version, .. } = tool;
    let there = tool.programs.iter().all(|program| {
        answer(command(repo, program).arg("--version")).is_some_and(|text| names_version(&text, version))
    });
    if there {
        note(&format!("{package} {version} is there"));
        return Ok(());
    }
    step(&format!("builds {package} {version} into .tools ({})", tool.about), || {
        let build = repo.path(".tools/build");
        let mut install = cargo(repo, &["install", package, "--version", version, "--force", "--root"]);
        install.arg(repo.path(".tools")).args(tool.flags);
        quick(&mut install).env("CARGO_TARGET_DIR", &build);
        // What a build that failed has done is of use to the next try.
        run(&mut install)?;
        if build.is_dir() {
            fs::remove_dir_all(&build).context(".tools/build can't be removed")?;
        }
        Ok(())
    })
}

/// A tool that runs for seconds need not be built for minutes.
fn quick(install: &mut Command) -> &mut Command {
    install
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
}

/// Whether the answer to `--version` names exactly that version.
fn names_version(answer: &str, version: &str) -> bool {
    answer.split_whitespace().nth(1) == Some(version)
}

/// Installs the packages of a folder's package-lock.json beside it, unless they are there.
pub(crate) fn npm(repo: &Repo, folder: &str, what: &str) -> Result<()> {
    let folder_path = repo.path(folder);
    // npm writes this file last, as its own copy of what it has installed.
    let installed = folder_path.join("node_modules/.package-lock.json");
    let stamp = folder_path.join("node_modules/.confab-lock");
    let wanted = fs::read(folder_path.join("package-lock.json"))
        .with_context(|| format!("{folder}/package-lock.json can't be read"))?;
    if installed.is_file() && fs::read(&stamp).is_ok_and(|had| had == wanted) {
        note(&format!("{what} is there"));
        return Ok(());
    }
    if on_path(repo, "npm").is_none() {
        bail!("npm is missing: install Node 20 or newer (https://nodejs.org), it brings {what}");
    }
    step(&format!("gets {what} with npm into {folder}/node_modules"), || {
        let mut npm = command(repo, "npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder_path);
        run(&mut npm)?;
        fs::write(&stamp, wanted).context("the mark of what is installed can't be written")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_not_taken_for_the_right_one() {
        assert!(names_version("wasm-bindgen 0.2.130", "0.2.130"));
        assert!(names_version("wasm-bindgen 0.2.130 (0b5a1f2)", "0.2.130"));
        assert!(!names_version("wasm-bindgen 0.2.13", "0.2.130"));
        assert!(!names_version("wasm-bindgen 0.2.1301", "0.2.130"));
        assert!(!names_version("", "0.2.130"));
    }
}
