//! `GET /ws/chat`: from an HTTP request to a socket that is served until it ends. Decides nothing about the
//! protocol; the [`Session`](crate::chat::session::Session) does.

mod close;
mod connection;
#[cfg(feature = "sim")]
pub mod sim_support;
mod turn;
mod upgrade;
mod wire;

pub use upgrade::chat;
pub use wire::Transport;
