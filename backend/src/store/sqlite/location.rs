//! Where a database is, and how a connection to it is opened.

use std::{path::PathBuf, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::super::error::StoreError;

/// How long a statement waits for another program that holds the file (a backup, a shell).
const BUSY: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: more than there are.
const STATEMENTS: usize = 64;

/// Memory for the writer's pages, in KiB: the ends of the log and of its indexes, so that storing reads nothing.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Pages in the write-ahead log before it is copied into the file. Busy pages change with every batch and are copied
/// once per this many: with SQLite's 1,000 that was every tenth batch. 32 MiB on disk, and a second at a start.
const CHECKPOINT_PAGES: i64 = 8_000;

/// Bytes that the write-ahead log is cut back to after a reader that held it up has gone: twice its usual size.
const WAL_BYTES: i64 = 2 * CHECKPOINT_PAGES * 4096;

/// The place of a database: a file, or memory.
#[derive(Debug, Clone)]
pub(super) enum Location {
    File(PathBuf),
    /// Under that name, within the program.
    #[cfg(feature = "sim")]
    Memory(String),
}

impl Location {
    /// Opens the connection that writes. Data reaches the disk with every commit (FULL), so that an ack is a promise.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        if self.is_file() {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        }
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // What a statement would need to be undone: without this each one makes and removes a file.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    }

    /// Opens a connection that reads.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        match self {
            Self::File(_) => connection.pragma_update(None, "query_only", true)?,
            #[cfg(feature = "sim")]
            // Without WAL a reader would wait for the writer; what it may see too early lies beyond every head.
            Self::Memory(_) => connection.pragma_update(None, "read_uncommitted", true)?,
        }
        Ok(connection)
    }

    fn is_file(&self) -> bool {
        match self {
            Self::File(_) => true,
            #[cfg(feature = "sim")]
            Self::Memory(_) => false,
        }
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection, StoreError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)?,
            #[cfg(feature = "sim")]
            Self::Memory(name) => Connection::open_with_flags(name, flags)?,
        };
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}
