//! `cargo xtask serve`: from a fresh clone to a running server. Knows its flags, not what it does.

use std::{fs, net::TcpListener, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    page,
    repo::Repo,
    run::{cargo, command, note, run, step},
};

/// Where the server listens, where the person says nothing else.
const LISTEN: &str = "127.0.0.1:8080";

/// Builds what is missing, starts the server and becomes it. The server says itself where it is.
pub(crate) fn serve(repo: &Repo, flags: &[String]) -> Result<()> {
    if flags.iter().any(|flag| ["--help", "-h"].contains(&flag.as_str())) {
        print!("{}", help(&readme(repo)?));
        return Ok(());
    }
    check(flags, &readme(repo)?)?;
    let listen = listen(flags, |name| std::env::var(name).ok());
    free(listen.as_deref())?;
    page::build(repo)?;
    build_server(repo)?;
    free(listen.as_deref())?;

    note("starts `confab serve`, which says where it is; Ctrl-C ends it");
    let program = repo.target().join("release").join(format!("confab{}", std::env::consts::EXE_SUFFIX));
    become_it(command(repo, &program.to_string_lossy()).arg("serve").args(flags))
}

/// The server with the page inside.
pub(crate) fn build_server(repo: &Repo) -> Result<()> {
    step("builds the server for release (about 5 minutes the first time, on two cores)", || {
        // Not quiet: cargo's own progress says that it goes on.
        run(&mut cargo(repo, &["build", "--release", "--locked", "-p", "backend", "--bin", "confab"]))
    })
}

fn readme(repo: &Repo) -> Result<String> {
    fs::read_to_string(repo.path("README.md")).context("README.md can't be read")
}

/// What can be said, from the README's table, because the program is not there before it is built.
fn help(readme: &str) -> String {
    let rows = readme.lines().filter(|line| line.starts_with("| `--"));
    let lines = rows.filter_map(|line| {
        let mut cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`'));
        let (flag, variable, default, what) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
        Some(format!("  {flag}\n      {what} [default: {default}] [env: {variable}]\n"))
    });
    let head = "cargo xtask serve [flags]: builds the page and the server and starts it with these flags\n\n";
    std::iter::once(head.to_owned()).chain(lines).collect()
}

/// Fails for a flag that the README does not name; better before a build of minutes than after it.
fn check(flags: &[String], readme: &str) -> Result<()> {
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let name = flag.split('=').next().unwrap_or_default();
        if !name.starts_with("--") || !readme.contains(&format!("`{name}`")) {
            bail!("`confab serve` takes no {flag:?}; `cargo xtask serve --help` says what it takes");
        }
        let takes_value = readme.contains(&format!("| `{name}` |"));
        if takes_value && !flag.contains('=') && flags.next().is_none() {
            bail!("{flag} needs a value");
        }
    }
    Ok(())
}

/// Where the server will listen, unless a file of settings may say so.
fn listen(flags: &[String], env: impl Fn(&str) -> Option<String>) -> Option<String> {
    let env = |name| env(name).filter(|value| !value.is_empty());
    let said = value_of(flags, "--listen").or_else(|| env("CONFAB_LISTEN"));
    let has_file = value_of(flags, "--config").or_else(|| env("CONFAB_CONFIG")).is_some();
    said.or_else(|| (!has_file).then(|| LISTEN.to_owned()))
}

/// The value of `--name value` or `--name=value`.
fn value_of(flags: &[String], name: &str) -> Option<String> {
    flags.iter().enumerate().find_map(|(at, flag)| match flag.split_once('=') {
        Some((flag, value)) if flag == name => Some(value.to_owned()),
        _ if flag == name => flags.get(at + 1).cloned(),
        _ => None,
    })
}

/// Fails when somebody else listens there.
fn free(listen: Option<&str>) -> Result<()> {
    let Some(listen) = listen else { return Ok(()) };
    match TcpListener::bind(listen) {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{listen} is taken by another program; end it, or take another port: --listen 127.0.0.1:8082"
            )
        }
        Err(error) => Err(error).with_context(|| format!("{listen} can't be listened on")),
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

    const README: &str = include_str!("../../README.md");

    #[test]
    fn what_the_person_says_of_the_address_counts_in_the_order_of_the_program() {
        let env = |name: &str| (name == "CONFAB_LISTEN").then(|| "127.0.0.1:2".to_owned());
        assert_eq!(listen(&flags("--listen=127.0.0.1:1"), env).as_deref(), Some("127.0.0.1:1"));
        assert_eq!(listen(&[], env).as_deref(), Some("127.0.0.1:2"));
        assert_eq!(listen(&[], |_| None).as_deref(), Some(LISTEN));
        assert_eq!(listen(&[], |_| Some(String::new())).as_deref(), Some(LISTEN), "empty is as good as none");
        assert_eq!(listen(&flags("--config a.toml"), |_| None), None, "the file may say");
    }

    #[test]
    fn a_mistyped_flag_is_told_before_anything_is_built() {
        let right =
            "--listen 127.0.0.1:0 --data-dir=/srv/confab --limit a=1 --limit b=2 --restored --log json";
        check(&flags(right), README).unwrap();
        for wrong in ["--lisen 127.0.0.1:0", "127.0.0.1:0", "-l", "--", "--listen", "--restored no", "--list"]
        {
            let told = check(&flags(wrong), README).unwrap_err().to_string();
            assert!(!told.contains('\n'), "{wrong}: {told}");
        }
    }

    #[test]
    fn help_has_every_line_of_the_table() {
        let help = help(README);
        let rows = README.lines().filter(|line| line.starts_with("| `--")).count();
        assert!(rows > 10 && help.matches("[env: CONFAB_").count() == rows, "{help}");
        assert!(help.contains("  --listen\n      Address and port to listen on;"), "{help}");
    }

    #[test]
    fn a_taken_port_is_told_with_what_to_do() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let told = free(Some(&holder.local_addr().unwrap().to_string())).unwrap_err().to_string();
        assert!(told.contains("taken by another program") && !told.contains('\n'), "{told}");
    }
}
