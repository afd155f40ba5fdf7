//! What all clients of a trial tell the oracle, in one order and with a log of it. It judges nothing itself.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context;
use oracle::{End, Fact, Oracle, Violation};
use shared::UserId;
use tokio::sync::Notify;

use client_native::driver;

/// The oracle and the log, for many tasks.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Shared>);

struct Shared {
    told: Mutex<Told>,
    broken: Notify,
    counts: Counts,
}

struct Told {
    oracle: Oracle,
    violation: Option<Violation>,
    log: BufWriter<File>,
}

/// What was counted beside.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Messages that somebody has typed.
    pub(crate) requested: AtomicU64,
    /// Acks.
    pub(crate) acks: AtomicU64,
    /// Acks of what had been stored before: the message was sent again.
    pub(crate) duplicates: AtomicU64,
    /// Errors with a `txn_id` that may be tried again.
    pub(crate) refusals: AtomicU64,
    /// Events that came to a client, live or in pages.
    pub(crate) deliveries: AtomicU64,
    /// Greetings.
    pub(crate) connected: AtomicU64,
    /// Pages that were loaded anew.
    pub(crate) reloads: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorder {
    /// With a log in that folder.
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("facts.log");
        let log = BufWriter::new(File::create(&path).with_context(|| path.display().to_string())?);
        let told = Mutex::new(Told { oracle: Oracle::new(), violation: None, log });
        Ok(Self(Arc::new(Shared { told, broken: Notify::new(), counts: Counts::default() })))
    }

    /// Something became true. After the first violation nothing counts any more.
    pub(crate) fn note(&self, fact: Fact) {
        let mut told = self.told();
        if told.violation.is_some() {
            return;
        }
        // A full disk must not stop a trial; the log then ends early.
        let _ = writeln!(told.log, "{:>8} {}", driver::now().ms, Brief(&fact));
        if let Err(violation) = told.oracle.note(fact) {
            self.break_off(&mut told, violation);
        }
    }

    /// What this person asks for is told by another process, and may come after others were shown it.
    pub(crate) fn hears_late_of(&self, user: UserId) {
        self.told().oracle.hears_late_of(user);
    }

    /// Something that is no fact for the oracle, for whoever reads the log.
    pub(crate) fn remark(&self, text: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.told().log, "{:>8} {text}", driver::now().ms);
    }

    /// The rest of the oracle's judgement; everything stored was noted.
    pub(crate) fn finish(&self, ends: &[End]) {
        let mut told = self.told();
        if told.violation.is_none()
            && let Err(violation) = told.oracle.finish(ends)
        {
            self.break_off(&mut told, violation);
        }
    }

    /// A rule of the trial itself was broken.
    pub(crate) fn break_rule(&self, violation: Violation) {
        let mut told = self.told();
        if told.violation.is_none() {
            self.break_off(&mut told, violation);
        }
    }

    /// What was broken, if anything; the log is complete then.
    pub(crate) fn verdict(&self) -> Option<Violation> {
        let mut told = self.told();
        let _ = told.log.flush();
        told.violation.clone()
    }

    /// Waits until something is broken.
    pub(crate) async fn broken(&self) {
        loop {
            let broken = self.0.broken.notified();
            if self.told().violation.is_some() {
                return;
            }
            broken.await;
        }
    }

    /// How many facts were checked.
    pub(crate) fn facts(&self) -> u64 {
        self.told().oracle.facts()
    }

    /// How many messages are in the database.
    pub(crate) fn stored_messages(&self) -> u64 {
        self.told().oracle.stored_messages()
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> &Counts {
        &self.0.counts
    }

    fn break_off(&self, told: &mut Told, violation: Violation) {
        let _ = writeln!(told.log, "{:>8} VIOLATION {violation}", driver::now().ms);
        told.violation = Some(violation);
        self.0.broken.notify_waiters();
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.told.lock().expect("nothing panics while it tells the oracle")
    }
}

/// A fact in one line that can be searched.
struct Brief<'a>(&'a Fact);

impl std::fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Fact::Delivered { screen, event } | Fact::Paged { screen, event } => {
                let (room, seq, txn) = (event.room_id, event.seq, event.txn_id);
                write!(f, "{screen:?} given {room} {seq} {} {txn}", event.body.kind())
            }
            Fact::Shown { screen, room, rows, .. } => {
                let stored: Vec<_> = rows.iter().filter_map(|row| row.seq).collect();
                let (first, last) = (stored.first(), stored.last());
                let waiting = rows.len() - stored.len();
                write!(
                    f,
                    "{screen:?} shows {room} {first:?}..{last:?}, {} stored, {waiting} waiting",
                    stored.len()
                )
            }
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{MsgNo, RoomId, Seq, Timestamp, TxnId, UserId, frame::Ack};

    use super::*;

    #[test]
    fn the_first_violation_counts_and_is_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(folder.path()).unwrap();
        let ack = Ack {
            txn_id: TxnId::mint(1, [1; 10]),
            room_id: RoomId::mint(1, [2; 10]),
            seq: Seq::new(1).unwrap(),
            msg_no: MsgNo::ZERO,
            timestamp: Timestamp::from_unix_ms(1),
            duplicate: false,
        };
        assert_eq!(recorder.verdict(), None);
        recorder.note(Fact::Acked { author: UserId::mint(1, [3; 10]), ack });
        let violation = recorder.verdict().expect("nobody asked for it");
        recorder.break_rule(Violation::new(oracle::Rule::NoRest, "later"));
        assert_eq!(recorder.verdict(), Some(violation));
        assert!(
            std::fs::read_to_string(folder.path().join("facts.log")).unwrap().contains("VIOLATION Unasked")
        );
    }
}
