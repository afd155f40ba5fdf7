//! What all settings come to.

use std::net::SocketAddr;

use crate::options::ServerOptions;

/// Everything that `confab serve` is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How log lines are written.
    pub log: LogFormat,
    /// The server's own options.
    pub server: ServerOptions,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            log: LogFormat::Text,
            server: ServerOptions::new("data"),
        }
    }
}
