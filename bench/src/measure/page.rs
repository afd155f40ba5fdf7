//! The size of the page: every file that a first visit loads, in brotli.

use std::{fs, path::Path};

use anyhow::{Context, ensure};

/// Prints the size of each file and the sum.
pub(crate) fn run(dist: &Path) -> anyhow::Result<()> {
    let mut files = Vec::new();
    let entries = fs::read_dir(dist)
        .with_context(|| format!("no page in {}; `cargo xtask dist` builds it", dist.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(plain) = name.strip_suffix(".br") {
            files.push((entry.metadata()?.len(), plain.to_owned()));
        }
    }
    ensure!(!files.is_empty(), "nothing in {} is compressed; `cargo xtask dist` does it", dist.display());
    files.sort_unstable_by(|a, b| b.cmp(a));
    let sum: u64 = files.iter().map(|(bytes, _)| bytes).sum();
    println!("\npage, brotli: {:.1} KB (goal 90)", sum as f64 / 1e3);
    for (bytes, name) in files {
        println!("  {:>6.1} KB  {name}", bytes as f64 / 1e3);
    }
    Ok(())
}
