//! What happened in a schedule: always as a hash, so that two runs can be compared bit for bit, and as lines when
//! somebody wants to read it.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The record of one run.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    hash: DefaultHasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// A record that can be read, or only compared.
    pub(crate) fn new(readable: bool) -> Self {
        Self { hash: DefaultHasher::default(), lines: readable.then(Vec::new) }
    }

    /// Something happened at that moment, in microseconds: `what` for the hash, `line` for people.
    pub(crate) fn note(&mut self, now: u64, what: impl Hash, line: impl FnOnce() -> String) {
        (now, what).hash(&mut self.hash);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>12.6} {}", now as f64 / 1e6, line()));
        }
    }

    /// The hash of everything so far.
    pub(crate) fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// The lines so far.
    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }
}
