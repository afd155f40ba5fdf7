//! The client of Confab without IO: it decides everything that a client decides about the protocol, and
//! touches no socket, clock, timer or screen.
//!
//! A driver feeds [`Input`]s and the time into a [`Client`], carries out the [`Output`]s that it polls
//! until there are none, and calls again at [`Client::timeout`] at the latest. The page, the load
//! generator and the simulator are such drivers.

mod activity;
mod backoff;
pub mod call;
mod client;
mod errand;
mod failure;
pub mod io;
mod link;
mod out;
mod outbox;
mod patience;
mod people;
mod quiet;
mod rng;
mod rooms;
mod roster;
mod session;
mod sync;
pub mod time;
mod timeline;
mod timelines;
pub mod view;

pub use call::{Answer, Call, CallId, Method, Request};
pub use client::Client;
pub use io::{Change, Command, Input, Output, SocketId};
pub use time::Now;
pub use view::{
    Banner, DeliveryState, HistoryView, LinkState, MemberView, RoomView, Row, RowKey, SessionState,
};
