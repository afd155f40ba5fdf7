//! What the chat is: rooms, their logs, what a socket may say, what gets stored.
//!
//! [`rate`], [`refused`], [`log`], [`room`], [`place`], [`session`] with its [`effect`]s, [`signal`], [`ledger`] and
//! [`presence`] are pure: no IO, no clock, no randomness. [`committer`] with its [`request`]s, [`hub`] and [`mailbox`]
//! connect them with the database and the sockets.

pub mod addresses;
mod batch;
pub mod commit_error;
pub mod committer;
pub mod effect;
pub mod encode;
pub mod hub;
pub mod ledger;
pub mod log;
pub mod mailbox;
pub mod people;
pub mod place;
pub mod presence;
pub mod rate;
pub mod refused;
pub mod request;
pub mod room;
pub mod session;
pub mod signal;
pub mod slot;
mod trouble;
