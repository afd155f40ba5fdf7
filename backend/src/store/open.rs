//! Opens the database and brings its tables up to date.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use shared::{Epoch, Timestamp};
use sqlx::{
    ConnectOptions as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::write::Writer;
use crate::clock;

/// Connections that read: pages of history are short, and SQLite's readers wait for nobody.
const READERS: u32 = 4;

/// The database, in the data directory.
pub(crate) const DATABASE: &str = "confab.db";

/// How long a statement waits for another program that holds the file (a backup, a shell).
const BUSY: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: each of the writer's bulk statements exists in a few sizes.
const STATEMENTS: usize = 200;

/// Memory for the writer's pages, in KiB: the ends of all rooms that are busy at once, so that storing reads nothing.
const WRITER_CACHE_KIB: u32 = 16 * 1024;

/// Pages in the write-ahead log before it is copied into the file. Busy pages change with every batch and are copied
/// once per this many: with SQLite's 1,000 that was every tenth batch. 32 MiB on disk, and a second at a start.
const CHECKPOINT_PAGES: u32 = 8_000;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no: locked, full, broken or away.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("the database can't be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A simulated disk takes nothing.
    #[error("the disk takes nothing")]
    Refused,
    /// A row that this program would never have written.
    #[error("the database holds a {0} that makes no sense")]
    Broken(&'static str),
}

/// The reading half of the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) readers: SqlitePool,
    epoch: Epoch,
}

impl Store {
    /// Opens `confab.db` in `data_dir`, which exists; makes it where it is missing. Where it was `restored` from a
    /// copy, it gets a new epoch.
    ///
    /// # Errors
    /// When the file can't be opened, is no database, or is of a newer version of this program.
    pub async fn open(data_dir: &Path, restored: bool) -> Result<(Self, Writer), StoreError> {
        // Data reaches the disk with every commit (FULL), so that an ack is a promise.
        let options = options(SqliteConnectOptions::new().filename(data_dir.join(DATABASE)))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let readers = options.clone().pragma("query_only", "ON");
        let writer = options
            .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
            // What a statement would need to be undone: without this each one makes and removes a file.
            .pragma("temp_store", "MEMORY")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
        Self::connect(writer, readers, SqlitePoolOptions::new(), restored).await
    }

    /// A database that is gone with its last handle, for tests.
    ///
    /// # Errors
    /// When the tables can't be made.
    pub async fn in_memory() -> Result<(Self, Writer), StoreError> {
        // Databases in memory are told apart by their name, within the program.
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let name = NAMES.fetch_add(1, Ordering::Relaxed);
        let options =
            options(SqliteConnectOptions::new().filename(format!("file:memory-{name}?mode=memory")))
                .in_memory(true)
                .shared_cache(true);
        // Without WAL a reader would wait for the writer; what it may see too early lies beyond every head.
        let readers = options.clone().pragma("read_uncommitted", "ON");
        // Memory does not go away: asking each connection for a sign of life would be a third of all questions.
        let pool = SqlitePoolOptions::new().test_before_acquire(false);
        Self::connect(options, readers, pool, false).await
    }

    async fn connect(
        writer: SqliteConnectOptions,
        readers: SqliteConnectOptions,
        pool: SqlitePoolOptions,
        restored: bool,
    ) -> Result<(Self, Writer), StoreError> {
        let mut connection = writer.connect().await?;
        sqlx::migrate!().run(&mut connection).await?;
        let epoch = epoch(&mut connection, clock::now(), restored).await?;
        let readers = pool.max_connections(READERS).connect_with(readers).await?;
        Ok((Self { readers, epoch }, Writer::new(connection, writer)))
    }

    /// Which incarnation of the log this is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Ends the connections that read; who still has one finishes first.
    pub async fn close(&self) {
        self.readers.close().await;
    }
}

fn options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.foreign_keys(true).busy_timeout(BUSY).statement_cache_capacity(STATEMENTS)
}

/// Reads the epoch; a database that is new, or was restored, gets one.
async fn epoch(
    connection: &mut SqliteConnection,
    now: Timestamp,
    restored: bool,
) -> Result<Epoch, StoreError> {
    let minted = Epoch::mint(now.unix_ms(), clock::random_bytes());
    let epoch: Uuid = sqlx::query_scalar(
        "INSERT INTO meta (id, epoch, made_at) VALUES (1, ?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET epoch = CASE WHEN ?3 THEN ?1 ELSE epoch END RETURNING epoch",
    )
    .bind(minted.as_uuid())
    .bind(now.unix_ms().cast_signed())
    .bind(restored)
    .fetch_one(connection)
    .await?;
    Ok(Epoch::from_uuid(epoch))
}
