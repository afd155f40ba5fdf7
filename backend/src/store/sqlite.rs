//! SQLite: one connection that writes, on the caller's thread, and a few that read, on threads for blocking
//! work. A database in memory is read on the caller's thread too, so that a simulator repeats itself exactly.

mod batch;
mod columns;
mod location;
mod migrate;
mod numbers;
mod read;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use shared::Epoch;
use tokio::sync::Semaphore;

use self::location::Location;
pub use self::{batch::Batch, writer::Writer};
use super::error::StoreError;
use crate::clock;

/// Connections that read: pages of history are short, and SQLite's readers wait for nobody.
const READERS: u32 = 4;

/// The database, in the data directory.
pub(crate) const DATABASE: &str = "confab.db";

/// The reading half of the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    readers: Arc<Readers>,
    epoch: Epoch,
}

#[derive(Debug)]
enum Readers {
    /// Each question goes to a thread that may block.
    Pool { idle: Mutex<Vec<Connection>>, permits: Arc<Semaphore> },
    /// Each question is answered at once.
    #[cfg(feature = "sim")]
    Inline(Mutex<Connection>),
}

impl Readers {
    /// The connections of a pool.
    fn idle(&self) -> Option<&Mutex<Vec<Connection>>> {
        match self {
            Self::Pool { idle, .. } => Some(idle),
            #[cfg(feature = "sim")]
            Self::Inline(_) => None,
        }
    }
}

impl Store {
    /// Opens `confab.db` in `data_dir`, which exists; makes it where it is missing, and brings an older one up to date.
    /// Where it was `restored` from a copy, it gets a new epoch.
    ///
    /// # Errors
    /// When the file can't be opened, is no database, or is of a newer version of this program.
    pub async fn open(data_dir: &Path, restored: bool) -> Result<(Self, Writer), StoreError> {
        let location = Location::File(data_dir.join(DATABASE));
        let opened = tokio::task::spawn_blocking(move || Self::connect(location, restored)).await;
        opened.map_err(|_| StoreError::Closed)?
    }

    /// A database that is gone with its last handle, for tests and simulators.
    ///
    /// # Errors
    /// When the tables can't be made.
    #[cfg(feature = "sim")]
    pub async fn in_memory() -> Result<(Self, Writer), StoreError> {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NAMES: AtomicU64 = AtomicU64::new(0);
        let name = NAMES.fetch_add(1, Ordering::Relaxed);
        Self::connect(Location::Memory(format!("file:memory-{name}?mode=memory&cache=shared")), false)
    }

    fn connect(location: Location, restored: bool) -> Result<(Self, Writer), StoreError> {
        let mut connection = location.writer()?;
        migrate::up_to_date(&mut connection)?;
        let epoch = epoch(&connection, restored)?;
        let readers = match &location {
            Location::File(_) => {
                let idle = (0..READERS).map(|_| location.reader()).collect::<Result<_, _>>()?;
                let permits = Arc::new(Semaphore::new(READERS as usize));
                Readers::Pool { idle: Mutex::new(idle), permits }
            }
            #[cfg(feature = "sim")]
            Location::Memory(_) => Readers::Inline(Mutex::new(location.reader()?)),
        };
        Ok((Self { readers: Arc::new(readers), epoch }, Writer::new(connection, location)))
    }

    /// Which incarnation of the log this is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Ends the connections that read; what is being read is finished first.
    pub async fn close(&self) {
        match &*self.readers {
            Readers::Pool { idle, permits } => {
                let all = permits.acquire_many(READERS).await;
                permits.close();
                drop(all);
                idle.lock().expect(LOCK).clear();
            }
            #[cfg(feature = "sim")]
            Readers::Inline(_) => {}
        }
    }

    /// Asks one question over one connection.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        let permits = match &*readers {
            #[cfg(feature = "sim")]
            Readers::Inline(connection) => return question(&connection.lock().expect(LOCK)),
            Readers::Pool { permits, .. } => Arc::clone(permits),
        };
        let permit = permits.acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let answer = tokio::task::spawn_blocking(move || {
            let idle = readers.idle().ok_or(StoreError::Closed)?;
            let connection = idle.lock().expect(LOCK).pop().ok_or(StoreError::Closed)?;
            let answer = question(&connection);
            idle.lock().expect(LOCK).push(connection);
            drop(permit);
            answer
        });
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// A lock here is held for as long as it takes to push or pop, or by one thread alone.
const LOCK: &str = "nothing panics while it holds a connection";

/// Reads the epoch; a database that is new, or was restored, gets one.
fn epoch(connection: &Connection, restored: bool) -> Result<Epoch, StoreError> {
    let now = clock::now();
    let minted = Epoch::mint(now.unix_ms(), clock::random_bytes());
    let epoch = connection.query_row(
        "INSERT INTO meta (id, epoch, made_at) VALUES (1, ?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET epoch = CASE WHEN ?3 THEN ?1 ELSE epoch END RETURNING epoch",
        (minted.as_uuid(), columns::moment(now), restored),
        |row| row.get(0),
    )?;
    Ok(Epoch::from_uuid(epoch))
}
