//! The database. Knows rows and transactions; knows nothing of sockets or of who may do what.
//!
//! [`Store`] only reads. [`Writer`] is the one connection that writes; the committer owns it. Both are SQLite's today;
//! what they promise does not depend on that: every call is `async`, and a [`Batch`] is stored as a whole or not at all.

mod error;
mod page;
mod rows;
mod sqlite;

pub use self::{
    error::StoreError,
    page::Page,
    rows::{Greeting, MemberRow, Membership, SessionRow},
    sqlite::{Batch, Store, Writer},
};
pub(crate) use sqlite::DATABASE;
