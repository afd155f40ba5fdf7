//! Why the database did not do what it was asked.

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no: locked, full, broken or away.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// The database is of a newer program.
    #[error("it was made by a newer version of Confab (its schema is {found}, this program knows {known})")]
    Newer {
        /// The schema that was found.
        found: i64,
        /// The newest one that this program knows.
        known: i64,
    },
    /// The server is going down and reads nothing more.
    #[error("the database is closed")]
    Closed,
    /// A simulated disk takes nothing.
    #[cfg(feature = "sim")]
    #[error("the disk takes nothing")]
    Refused,
    /// A row that this program would never have written.
    #[error("the database holds a {0} that makes no sense")]
    Broken(&'static str),
}
