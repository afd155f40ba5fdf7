//! What the chat is: rooms, their logs, what a socket may say.
//!
//! [`rate`], [`log`], [`room`], [`place`], [`session`] with its [`effect`]s, [`signal`] and [`presence`] are pure: no IO,
//! no clock, no randomness. [`hub`] and [`mailbox`] connect them with the database and the sockets.

pub mod addresses;
pub mod effect;
pub mod encode;
pub mod hub;
pub mod log;
pub mod mailbox;
pub mod people;
mod person;
pub mod place;
pub mod presence;
pub mod rate;
pub mod room;
pub mod session;
pub mod signal;
pub mod slot;
