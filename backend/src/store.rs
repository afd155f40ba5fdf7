//! The database: SQLite through sqlx. Knows rows and transactions; knows nothing of sockets or of who may do what.
//!
//! [`Store`] only reads, over a pool. [`Writer`] is the one connection that writes; the committer owns it.

mod bulk;
mod open;
mod page;
mod read;
mod rows;
mod write;

pub use bulk::Rows;
pub(crate) use open::DATABASE;
pub use open::{Store, StoreError};
pub use page::Page;
pub use rows::{MemberRow, Membership, SessionRow};
pub use write::{Batch, Writer};
