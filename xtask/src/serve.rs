//! `cargo xtask serve`: from a fresh clone to a running server. Knows its flags, not what it does.

use std::{net::TcpListener, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    page,
    repo::Repo,
    run::{cargo, command, run, step},
};

/// Where the server's data lies and where it listens, where the person says nothing else.
const DATA_DIR: &str = "./data";
const LISTEN: &str = "127.0.0.1:8080";

/// Builds what is missing, starts the server and becomes it.
pub(crate) fn serve(repo: &Repo, flags: &[String]) -> Result<()> {
    let flags = with_defaults(flags);
    let listen = value_of(&flags, "--listen").unwrap_or_default();
    free(&listen)?;
    page::build(repo)?;
    build_server(repo)?;
    free(&listen)?;

    println!();
    println!("Confab is at {} — Ctrl-C ends it", value_of(&flags, "--public-url").unwrap_or_default());
    println!("its database is in {}", value_of(&flags, "--data-dir").unwrap_or_default());
    println!();
    let program = repo.target().join("release").join(format!("confab{}", std::env::consts::EXE_SUFFIX));
    become_it(command(repo, &program.to_string_lossy()).arg("serve").args(flags))
}

/// The server with the page inside.
pub(crate) fn build_server(repo: &Repo) -> Result<()> {
    step("builds the server for release", || {
        run(&mut cargo(
            repo,
            &["build", "--release", "--locked", "--quiet", "-p", "backend", "--bin", "confab"],
        ))
    })
}

/// The person's flags, and ours where they name none of that name.
fn with_defaults(flags: &[String]) -> Vec<String> {
    let listen = value_of(flags, "--listen").unwrap_or_else(|| LISTEN.to_owned());
    let port = listen.rsplit(':').next().unwrap_or_default();
    let url = format!("http://localhost:{port}");
    let ours = [("--data-dir", DATA_DIR), ("--listen", &listen), ("--public-url", &url)];
    let missing = ours.iter().filter(|(name, _)| value_of(flags, name).is_none());
    let mut all: Vec<_> =
        missing.flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect();
    all.extend(flags.iter().cloned());
    all
}

/// The value of `--name value` or `--name=value`.
fn value_of(flags: &[String], name: &str) -> Option<String> {
    flags.iter().enumerate().find_map(|(at, flag)| match flag.split_once('=') {
        Some((flag, value)) if flag == name => Some(value.to_owned()),
        _ if flag == name => flags.get(at + 1).cloned(),
        _ => None,
    })
}

/// Fails when somebody else listens there; better before a build of minutes than after it.
fn free(listen: &str) -> Result<()> {
    match TcpListener::bind(listen) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{listen} is taken by another program; end it, or take another port: --listen 127.0.0.1:8081"
            )
        }
        Err(error) => Err(error).with_context(|| format!("--listen {listen} can't be used")),
        Ok(_) => Ok(()),
    }
}

/// This process becomes the server, so that Ctrl-C and SIGTERM reach it and nothing stands between.
#[cfg(unix)]
fn become_it(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(server.exec()).context("the server can't be started")
}

#[cfg(not(unix))]
fn become_it(server: &mut Command) -> Result<()> {
    run(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_flag_that_the_person_gives_replaces_ours() {
        let all = with_defaults(&flags("--listen=0.0.0.0:80 --data-dir /srv/confab --log json"));
        assert_eq!(value_of(&all, "--listen").unwrap(), "0.0.0.0:80");
        assert_eq!(value_of(&all, "--data-dir").unwrap(), "/srv/confab");
        assert_eq!(value_of(&all, "--public-url").unwrap(), "http://localhost:80", "it follows the port");
        assert_eq!(all.iter().filter(|flag| flag.starts_with("--listen")).count(), 1);
    }

    #[test]
    fn a_taken_port_is_told_with_what_to_do() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let told = free(&holder.local_addr().unwrap().to_string()).unwrap_err().to_string();
        assert!(told.contains("taken by another program") && !told.contains('\n'), "{told}");
    }
}
