//! The client of Confab without IO: it decides everything that a client decides about the protocol, and
//! touches no socket, clock, timer or screen.
//!
//! A driver feeds [`Input`]s and the time into a [`Client`], carries out the [`Output`]s that it polls
//! until there are none, and calls again at [`Client::timeout`] at the latest. The page, the load
//! generator and the simulator are such drivers.

pub mod call;
mod client;
pub mod io;
pub mod time;
pub mod view;

pub use call::{Answer, Call, CallId, Method, Request};
pub use client::Client;
pub use io::{Change, Command, Input, Output, SocketId};
pub use time::Now;
pub use view::{
    Banner, DeliveryState, HistoryView, LinkState, MemberView, RoomView, Row, RowKey, SessionState,
};
