//! The client of Confab without IO: it decides everything that a client decides about the protocol, and
//! touches no socket, clock, timer or screen.
//!
//! A driver feeds [`Input`]s and the time into a [`Client`], carries out the [`Output`]s that it polls
//! until there are none, and calls again at [`Client::timeout`] at the latest. The page, the load
//! generator and the simulator are such drivers.
//!
//! Inside, each part is a plain struct that knows nothing of the others; `client` routes between them:
//!
//! | part | decides |
//! | --- | --- |
//! | `session` | who is signed in, which token goes with a call, what a refusal means |
//! | `link`, `backoff`, `patience` | when there is a socket, whether it lives, when to come back, when to say so |
//! | `outbox` | what is sent, in which order, again or not at all |
//! | `timelines`, `timeline`, `sync`, `quiet` | what a room's history is, and what is asked for to keep it whole |
//! | `rooms` | heads, read markers, unread counts |
//! | `drafts`, `snapshots` | what else than the outbox is kept for the next time, and when that is written |
//! | `roster`, `activity` | who is there and types; whether this person does |
//! | `errand` | calls that the client makes for itself until they are answered |
//! | `out`, `rng`, `people`, `failure`, `records` | nothing; they carry, draw, keep, read and write |

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod activity;
mod backoff;
pub mod call;
mod client;
mod drafts;
mod errand;
mod failure;
pub mod io;
pub mod keep;
mod link;
mod out;
mod outbox;
mod patience;
mod people;
mod quiet;
mod records;
mod rng;
mod rooms;
mod roster;
mod session;
mod snapshots;
mod sync;
pub mod time;
mod timeline;
mod timelines;
mod token;
pub mod view;

pub use call::{Answer, Call, CallId, Method, Request, Turn};
pub use client::Client;
pub use io::{Change, Command, Input, News, Output, SocketId};
pub use keep::{Keep, Key, Record, Saved, Slot};
pub use time::Now;
pub use view::{
    Banner, ConnectionReport, DeliveryState, HistoryView, LinkReport, LinkState, MemberView, MessageReport,
    RoomView, Row, RowKey, SessionState, WaitsFor,
};
