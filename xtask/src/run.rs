//! Steps and commands: says what begins, lets it run, says how it ended and how long it took.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use crate::repo::Repo;

/// Does one step, with a line before and a line after it.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    println!("▸ {what} …");
    let done = work();
    let mark = if done.is_ok() { '✓' } else { '✗' };
    println!("{mark} {what} ({:.1} s)", begun.elapsed().as_secs_f64());
    done
}

/// Says something that took no time.
pub(crate) fn note(what: &str) {
    println!("· {what}");
}

/// A command that starts at the top of the repository and finds the repository's own tools first.
pub(crate) fn command(repo: &Repo, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repo.root()).env("PATH", path(repo));
    command
}

/// `cargo`, the one that started this task.
pub(crate) fn cargo(repo: &Repo, args: &[&str]) -> Command {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = command(repo, &cargo);
    command.args(args);
    command
}

/// The search path with the repository's own tools first.
pub(crate) fn path(repo: &Repo) -> OsString {
    let own = [repo.path(".tools/bin"), repo.path("xtask/npm/node_modules/.bin")];
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = own.into_iter().chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).unwrap_or(inherited)
}

/// Runs a command to its end; fails with its name when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` can't be started", words(command)))?;
    succeeded(command, status)
}

/// Runs a command and hands each line of its standard output to `look` while it is shown.
pub(crate) fn watch(command: &mut Command, mut look: impl FnMut(&str)) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` can't be started", words(command)))?;
    let output = child.stdout.take().context("standard output is piped")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        look(&line);
    }
    std::io::stdout().flush()?;
    let status = child.wait()?;
    succeeded(command, status)
}

/// What a command prints, or nothing when it isn't there or fails.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The file of that name on the search path.
pub(crate) fn on_path(repo: &Repo, program: &str) -> Option<std::path::PathBuf> {
    let file = if cfg!(windows) { format!("{program}.exe") } else { program.to_owned() };
    std::env::split_paths(&path(repo)).map(|dir| dir.join(&file)).find(|path| path.is_file())
}

/// Makes the folder that a file lies in.
pub(crate) fn make_room_for(file: &Path) -> Result<()> {
    let folder = file.parent().context("a file lies in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", words(command));
    }
    Ok(())
}

/// The command as a person would type it.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
