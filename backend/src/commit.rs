//! What gets stored: the one path of every write, from a request to the answer that may leave.
//!
//! [`ledger`] decides and is pure. `batch` asks the database what the ledger needs, has it decide, stores, answers, and
//! has everybody look; [`committer`] gathers what waits. There are two kinds of requests: an *append* wants a body in a
//! room's log, a *[job]* is a piece of work over the transaction with an answer of its own.

mod batch;
pub mod committer;
mod disk_health;
pub mod error;
pub mod job;
pub mod ledger;
