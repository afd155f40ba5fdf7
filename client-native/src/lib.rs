//! The client core over native sockets: what the page is in a browser, for programs. Beside it, what else a program needs
//! that talks to a real server: a socket that decides nothing, guests and rooms over HTTP, and the server itself as a
//! child process.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod driver;
pub mod people;
pub mod program;
pub mod raw;
