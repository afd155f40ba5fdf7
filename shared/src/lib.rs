//! The wire of Confab and nothing else: ids, events, frames, close codes and limits.
//!
//! This crate knows the wire, not the world: no IO, no clock, no async, no randomness. Server and page
//! both speak through it, so a change of the protocol is a change of a type that both compile against.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod api;
pub mod calls;
pub mod close;
pub mod codec;
pub mod error;
pub mod event;
pub mod frame;
pub mod ids;
pub mod json;
pub mod limits;
pub mod message;
pub mod text;
pub mod time;

pub use close::{CloseCode, ComeBack};
pub use codec::DecodeError;
pub use error::{ErrorCode, ErrorFrame};
pub use event::{Event, EventBody};
pub use frame::{ClientFrame, ServerFrame};
pub use ids::{Epoch, MsgNo, RoomId, Seq, SessionId, TxnId, UserId};
pub use limits::Limits;
pub use message::Message;
pub use time::Timestamp;

/// The WebSocket subprotocol that this version of the wire goes by; named in the server's answer when offered.
pub const SUBPROTOCOL: &str = "confab.v1";

/// Where the socket is opened.
pub const SOCKET_PATH: &str = "/ws/chat";
