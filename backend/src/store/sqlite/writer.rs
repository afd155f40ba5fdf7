//! The one connection that writes.

use rusqlite::{Connection, TransactionBehavior};

#[cfg(feature = "sim")]
use super::batch::SimulatedDisk;
use super::{super::error::StoreError, batch::Batch, location::Location, numbers::Numbers};

/// The connection that writes. There is one.
#[derive(Debug)]
pub struct Writer {
    connection: Option<Connection>,
    location: Location,
    numbers: Numbers,
    #[cfg(feature = "sim")]
    disk: SimulatedDisk,
}

impl Writer {
    pub(super) fn new(connection: Connection, location: Location) -> Self {
        Self {
            connection: Some(connection),
            location,
            numbers: Numbers::default(),
            #[cfg(feature = "sim")]
            disk: SimulatedDisk::default(),
        }
    }

    /// Begins a transaction; connects anew after [`Self::reset`].
    ///
    /// # Errors
    /// When the database is locked or away.
    pub async fn begin(&mut self) -> Result<Batch<'_>, StoreError> {
        self.numbers.bound();
        let connection = open(&mut self.connection, &self.location)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch {
            transaction,
            numbers: &mut self.numbers,
            #[cfg(feature = "sim")]
            disk: self.disk,
        })
    }

    /// Has every transaction fail in the end, as on a disk that is full or broken, or succeed again. For simulators.
    #[cfg(feature = "sim")]
    pub(crate) fn refuse(&mut self, refuses: bool) {
        self.disk.refuses = refuses;
    }

    /// Has every transaction be undone in the end and say that it was stored, or be stored again. For simulators, to
    /// see that it would be noticed.
    #[cfg(feature = "sim")]
    pub(crate) fn pretend(&mut self, pretends: bool) {
        self.disk.pretends = pretends;
    }

    /// Runs statements that the server knows nothing of. For simulators, to see that it would be noticed.
    ///
    /// # Errors
    /// When the database fails.
    #[cfg(feature = "sim")]
    pub async fn tamper(&mut self, statements: String) -> Result<(), StoreError> {
        Ok(open(&mut self.connection, &self.location)?.execute_batch(&statements)?)
    }

    /// Drops the connection, because nobody knows in what state a failed transaction has left it, and the numbers,
    /// because some may be of rows that are not stored.
    pub fn reset(&mut self) {
        self.connection = None;
        self.numbers = Numbers::default();
    }

    /// Writes what is left to write, and ends.
    ///
    /// # Errors
    /// When the database can't be closed in order; nothing that was committed is lost by that.
    pub async fn close(self) -> Result<(), StoreError> {
        match self.connection {
            Some(connection) => Ok(connection.close().map_err(|(_, error)| error)?),
            None => Ok(()),
        }
    }
}

fn open<'a>(
    connection: &'a mut Option<Connection>,
    location: &Location,
) -> Result<&'a mut Connection, StoreError> {
    match connection {
        Some(connection) => Ok(connection),
        None => Ok(connection.insert(location.writer()?)),
    }
}
