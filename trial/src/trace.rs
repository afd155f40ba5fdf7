//! What a list of system calls says about durability: which rows were written to the write-ahead log, when that log
//! was synchronised, and what left on sockets. It knows the text that `strace -f -y` writes, and runs nothing.

use std::collections::BTreeMap;

/// Bytes of the head of a frame in SQLite's write-ahead log.
const FRAME_HEAD: usize = 24;

/// One thing that matters, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Bytes were given to the write-ahead log.
    Logged(Vec<u8>),
    /// The log was about to be synchronised.
    SyncBegan,
    /// It was.
    SyncEnded,
    /// Bytes were about to be given to a socket.
    Left(Vec<u8>),
}

/// A list of system calls, read.
#[derive(Debug)]
pub(crate) struct Trace(Vec<Step>);

/// A request whose row and whose answer are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    /// The text of the message, which nothing else contains.
    pub(crate) content: String,
    /// Its id as it travels.
    pub(crate) txn_id: String,
}

/// What was found of all that was sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// Requests whose row was written and whose ack left after it was on disk.
    pub(crate) in_order: usize,
    /// How often the log was synchronised.
    pub(crate) syncs: usize,
    /// Requests in the transaction that had most.
    pub(crate) largest_group: usize,
}

impl Trace {
    /// Reads the list: `wal` is how the path of the write-ahead log ends.
    ///
    /// # Errors
    /// When a line has another shape than expected; a list that is not understood shows nothing.
    pub(crate) fn read(text: &str, wal: &str) -> anyhow::Result<Self> {
        let mut steps = Vec::new();
        // A call that another thread interrupts the list with: its thread, and whether it synchronises the log.
        let mut begun: BTreeMap<&str, Call<'_>> = BTreeMap::new();
        for line in text.lines() {
            let Some((thread, rest)) = line.trim_start().split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some(resumed) = rest.strip_prefix("<... ") {
                let Some(call) = begun.remove(thread) else { continue };
                call.end(resumed, wal, &mut steps);
                continue;
            }
            let Some((name, arguments)) = rest.split_once('(') else { continue };
            let call = Call { name, arguments };
            call.begin(wal, &mut steps)?;
            if arguments.ends_with("<unfinished ...>") {
                begun.insert(thread, call);
            } else {
                call.end(arguments, wal, &mut steps);
            }
        }
        Ok(Self(steps))
    }

    /// Says whether every answer and every event left after the commit that holds its row was on disk.
    ///
    /// # Errors
    /// The first that did not, or that was not found at all.
    pub(crate) fn check(&self, sought: &[Sought]) -> Result<Found, String> {
        let commits = self.commits();
        let syncs = self.0.iter().filter(|step| **step == Step::SyncEnded).count();
        let mut found = Found { syncs, ..Found::default() };
        let mut groups: BTreeMap<usize, usize> = BTreeMap::new();
        for Sought { content, txn_id } in sought {
            let holds = |step: &Step| matches!(step, Step::Logged(bytes) if contains(bytes, content));
            let row =
                self.0.iter().position(holds).ok_or_else(|| format!("{content:?} was never written"))?;
            let commit = commits.iter().find(|commit| **commit >= row);
            let commit = *commit.ok_or_else(|| format!("{content:?} was written and never committed"))?;
            let durable =
                self.synced_after(commit).ok_or_else(|| format!("{content:?} was never synchronised"))?;
            let ack = format!(r#""type":"ack","txn_id":"{txn_id}""#);
            let mut acked = false;
            for (at, step) in self.0.iter().enumerate() {
                let Step::Left(bytes) = step else { continue };
                let is_ack = contains(bytes, &ack);
                acked |= is_ack;
                if (is_ack || contains(bytes, content)) && at < durable {
                    let what = if is_ack { "the ack of" } else { "the event" };
                    return Err(format!(
                        "{what} {content:?} left as step {at}; its row is step {row}, the commit step {commit}, \
                         and the disk had it at step {durable}"
                    ));
                }
            }
            if !acked {
                return Err(format!("{content:?} was never acked"));
            }
            found.in_order += 1;
            *groups.entry(commit).or_default() += 1;
        }
        found.largest_group = groups.into_values().max().unwrap_or(0);
        Ok(found)
    }

    /// Where transactions ended: the page that follows a head which says how large the database is after it.
    fn commits(&self) -> Vec<usize> {
        let is_end = |bytes: &[u8]| bytes.len() == FRAME_HEAD && bytes[4..8] != [0; 4];
        let mut commits = Vec::new();
        let mut ends = false;
        for (at, step) in self.0.iter().enumerate() {
            let Step::Logged(bytes) = step else { continue };
            if ends && bytes.len() > FRAME_HEAD {
                commits.push(at);
            }
            ends = is_end(bytes);
        }
        commits
    }

    /// When the log was synchronised that had begun to be so after that step.
    fn synced_after(&self, step: usize) -> Option<usize> {
        let later = self.0.iter().enumerate().skip(step + 1);
        let mut began = false;
        for (at, step) in later {
            match step {
                Step::SyncBegan => began = true,
                Step::SyncEnded if began => return Some(at),
                _ => {}
            }
        }
        None
    }
}

/// One call of the list.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl Call<'_> {
    fn begin(&self, wal: &str, steps: &mut Vec<Step>) -> anyhow::Result<()> {
        match self.name {
            "fsync" | "fdatasync" if self.is_of(wal) => steps.push(Step::SyncBegan),
            "write" | "writev" | "sendto" | "sendmsg" if self.is_of_socket() => {
                steps.push(Step::Left(strings(self.arguments)?));
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&self, rest: &str, wal: &str, steps: &mut Vec<Step>) {
        if !rest.contains(") ") && !rest.contains(")= ") || rest.contains(" = -1 ") {
            return;
        }
        match self.name {
            "fsync" | "fdatasync" if self.is_of(wal) => steps.push(Step::SyncEnded),
            "write" | "pwrite64" if self.is_of(wal) => {
                // A list that can't be read has been refused where sockets are written.
                steps.push(Step::Logged(strings(self.arguments).unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// What `-y` says about the first argument, which is a file.
    fn file(&self) -> &str {
        let after = self.arguments.split_once('<').map_or("", |(_, after)| after);
        after.split_once('>').map_or("", |(path, _)| path)
    }

    fn is_of(&self, wal: &str) -> bool {
        self.file().ends_with(wal)
    }

    fn is_of_socket(&self) -> bool {
        ["socket:", "TCP:", "TCPv6:"].iter().any(|kind| self.file().starts_with(kind))
    }
}

/// All strings of an argument list, one after the other, as the bytes that they stand for.
fn strings(arguments: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = arguments.bytes().peekable();
    let mut inside = false;
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => {
                inside = !inside;
                anyhow::ensure!(inside || rest.peek() != Some(&b'.'), "a string was cut short: strace -s");
            }
            b'\\' if inside => bytes.push(escaped(&mut rest)),
            byte if inside => bytes.push(byte),
            _ => {}
        }
    }
    Ok(bytes)
}

fn escaped(rest: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> u8 {
    let octal = |byte: &u8| (b'0'..=b'7').contains(byte);
    let mut value = 0_u32;
    let mut digits = 0;
    while digits < 3
        && let Some(digit) = rest.next_if(octal)
    {
        value = value * 8 + u32::from(digit - b'0');
        digits += 1;
    }
    if digits > 0 {
        return value as u8;
    }
    match rest.next() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'v') => 0x0B,
        Some(b'f') => 0x0C,
        Some(other) => other,
        None => b'\\',
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#"12 write(9</d/confab.db-wal>, "\0\0\0\3\0\0\0\7\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0\0", 24) = 24"#;
    const PAGE: &str =
        r#"12 write(9</d/confab.db-wal>, "\r\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0hello 1\0", 29) = 29"#;
    const SYNC: &str = "12 fdatasync(9</d/confab.db-wal>) = 0";
    const ACK: &str = r#"13 writev(15<socket:[99]>, [{iov_base="\201~\0\20{\"type\":\"ack\",\"txn_id\":\"t1\"}", iov_len=30}], 1) = 30"#;

    fn judged(lines: &[&str]) -> Result<Found, String> {
        let sought = [Sought { content: "hello 1".into(), txn_id: "t1".into() }];
        Trace::read(&lines.join("\n"), "confab.db-wal").unwrap().check(&sought)
    }

    #[test]
    fn an_ack_after_the_sync_is_good() {
        let found = judged(&[HEAD, PAGE, SYNC, ACK]).unwrap();
        assert_eq!(found, Found { in_order: 1, syncs: 1, largest_group: 1 });
    }

    #[test]
    fn an_ack_before_the_sync_or_without_one_is_seen() {
        assert!(judged(&[HEAD, PAGE, ACK, SYNC]).unwrap_err().contains("the ack of"));
        assert!(judged(&[HEAD, PAGE, ACK]).unwrap_err().contains("never synchronised"));
        assert!(judged(&[SYNC, HEAD, PAGE, ACK]).unwrap_err().contains("never synchronised"));
    }

    #[test]
    fn a_sync_that_had_begun_before_the_row_was_written_does_not_count() {
        let begun = "14 fdatasync(9</d/confab.db-wal> <unfinished ...>";
        let ended = "14 <... fdatasync resumed>) = 0";
        assert!(judged(&[begun, HEAD, PAGE, ended, ACK, SYNC]).is_err());
        assert!(judged(&[HEAD, PAGE, begun, ACK, ended]).is_err());
        assert!(judged(&[HEAD, PAGE, begun, ended, ACK]).is_ok());
    }

    #[test]
    fn a_sync_of_another_file_or_one_that_failed_does_not_count() {
        assert!(judged(&[HEAD, PAGE, "12 fdatasync(9</d/confab.db>) = 0", ACK, SYNC]).is_err());
        let failed = "12 fdatasync(9</d/confab.db-wal>) = -1 EIO (Input/output error)";
        assert!(judged(&[HEAD, PAGE, failed, ACK, SYNC]).is_err());
    }

    #[test]
    fn a_row_is_safe_with_the_end_of_its_transaction_and_not_with_its_own_page() {
        let more = HEAD.replace(r"\0\0\0\7\1", r"\0\0\0\0\1");
        assert!(judged(&[&more, PAGE, SYNC, ACK, HEAD, PAGE, SYNC]).is_err());
    }

    #[test]
    fn an_event_that_leaves_too_early_is_seen_and_what_is_missing_too() {
        let event = r#"13 sendto(15<socket:[99]>, "\201\20{\"content\":\"hello 1\"}", 20, MSG_NOSIGNAL, NULL, 0) = 20"#;
        assert!(judged(&[HEAD, PAGE, event, SYNC, ACK]).unwrap_err().contains("the event"));
        assert!(judged(&[HEAD, PAGE, SYNC, event]).unwrap_err().contains("never acked"));
        assert!(judged(&[ACK]).unwrap_err().contains("never written"));
    }

    #[test]
    fn a_list_that_was_cut_short_is_refused() {
        let cut = r#"13 sendto(15<socket:[99]>, "\201\20{\"con"..., 20, MSG_NOSIGNAL, NULL, 0) = 20"#;
        assert!(Trace::read(cut, "confab.db-wal").is_err());
    }
}
