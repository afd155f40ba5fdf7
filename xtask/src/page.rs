//! Builds the page into dist/, with a compressed copy beside each file, when what it is made of has
//! changed. Knows nothing of what is on the page.

use std::{
    fs,
    hash::{DefaultHasher, Hasher},
    io::Write,
    path::{Path, PathBuf},
    slice::from_ref,
};

use anyhow::{Context, Result, bail};

use crate::{
    repo::Repo,
    run::{cargo, command, make_room_for, note, run, step},
    tools,
};

/// What the page is made of.
const SOURCES: &[&str] = &[
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "xtask/npm/package-lock.json",
    "frontend",
    "client-core",
    "shared",
];

/// Builds the page unless dist/ holds it already.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let dist = repo.path("dist");
    let stamp = repo.target().join("xtask/page.stamp");
    let sources: Vec<_> = SOURCES.iter().map(|source| repo.path(source)).collect();
    let sources = hash(repo, &sources)?;
    // Also what was made of them: `trunk serve` writes into the same folder.
    let made =
        |repo| Ok::<_, anyhow::Error>(format!("{sources:016x} {:016x}\n", hash(repo, from_ref(&dist))?));

    if dist.join("index.html").is_file() && fs::read_to_string(&stamp).ok() == Some(made(repo)?) {
        note("the page in dist/ is as its sources are");
        return Ok(());
    }

    tools::prepare(repo)?;
    step("fetches the crates of Cargo.lock", || run(&mut cargo(repo, &["fetch", "--locked", "--quiet"])))?;
    // A server that runs goes on with the page that it has until the new one is whole.
    let fresh = repo.path(".tools/page");
    step("builds the page for release", || {
        empty(&fresh)?;
        let mut trunk = command(repo, "trunk");
        trunk.args(["build", "--release", "--offline", "--locked", "--skip-version-check", "--dist"]);
        run(trunk.arg(&fresh))?;
        fs::remove_file(fresh.join(".trunk-lock")).context("trunk's lock can't be removed")
    })?;
    step("compresses its files with brotli and gzip", || compress(&fresh))?;
    empty(&dist)?;
    fs::rename(&fresh, &dist).context("the page can't be moved to dist/")?;
    make_room_for(&stamp)?;
    fs::write(&stamp, made(repo)?).context("the stamp of the page can't be written")
}

/// Bytes in brotli that a first visit may load. Goes down with the page, and up only together with something that people
/// asked for; the goal is 200,000.
const FIRST_LOAD_BYTES: u64 = 236_000;

/// Says what a first visit loads, and fails where that is more than it may be.
pub(crate) fn within_budget(repo: &Repo) -> Result<()> {
    let mut sum = 0;
    for path in files(&repo.path("dist"))? {
        let is_copy = path.extension().is_some_and(|ending| ending == "br" || ending == "gz");
        let packed = PathBuf::from(format!("{}.br", path.display()));
        let sent = if packed.is_file() { &packed } else { &path };
        sum += if is_copy { 0 } else { fs::metadata(sent)?.len() };
    }
    note(&format!("a first visit loads {sum} bytes in brotli, of at most {FIRST_LOAD_BYTES}"));
    if sum > FIRST_LOAD_BYTES {
        bail!("a first visit loads {sum} bytes in brotli: {} too many", sum - FIRST_LOAD_BYTES);
    }
    Ok(())
}

/// Removes a folder where there is one.
pub(crate) fn empty(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    Ok(())
}

/// Writes `name.br` and `name.gz` beside each file, where they are smaller, and says the whole size.
fn compress(dist: &Path) -> Result<()> {
    let (mut plain, mut small) = (0, 0);
    for path in files(dist)? {
        let content = fs::read(&path)?;
        plain += content.len();
        let packed = [(".br", brotli(&content)?), (".gz", gzip(&content)?)];
        small += packed[0].1.len().min(content.len());
        for (suffix, packed) in packed {
            if packed.len() < content.len() {
                let mut name = path.clone().into_os_string();
                name.push(suffix);
                fs::write(name, packed)?;
            }
        }
    }
    note(&format!("the page has {:.1} KB, {:.1} KB in brotli", kb(plain), kb(small)));
    Ok(())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let best =
        brotli::enc::BrotliEncoderParams { quality: 11, size_hint: content.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut packed, &best)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn kb(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1000.0
}

/// A number for the names and contents of files and folders.
fn hash(repo: &Repo, of: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in of {
        for file in if path.is_dir() { files(path)? } else { vec![path.clone()] } {
            let name = file.strip_prefix(repo.root()).unwrap_or(&file);
            hasher.write(name.to_string_lossy().as_bytes());
            let content = fs::read(&file).with_context(|| format!("{} can't be read", name.display()))?;
            hasher.write_usize(content.len());
            hasher.write(&content);
        }
    }
    Ok(hasher.finish())
}

/// Every file in a folder and the folders in it, in order of name.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("{} is not there", folder.display());
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_gives_the_same_bytes_each_time_and_they_are_fewer() {
        let text = "one order, whatever the network does. ".repeat(200);
        assert_eq!(brotli(text.as_bytes()).unwrap(), brotli(text.as_bytes()).unwrap());
        assert_eq!(gzip(text.as_bytes()).unwrap(), gzip(text.as_bytes()).unwrap());
        assert!(brotli(text.as_bytes()).unwrap().len() < 200);
        assert!(gzip(text.as_bytes()).unwrap().len() < 400);
    }
}
