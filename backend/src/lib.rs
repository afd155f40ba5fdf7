//! Confab's server as a library; the binary only reads settings and starts it, and tests do the same in-process.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod address;
pub mod app;
pub mod chat;
pub mod clock;
pub mod codes;
pub mod commit;
mod csp;
pub mod http;
mod lock;
pub mod metrics;
pub mod names;
pub mod options;
pub mod origin;
mod page;
pub mod rates;
pub mod refresh;
pub mod secret;
pub mod server;
pub mod settings;
#[cfg(feature = "sim")]
pub mod sim_support;
pub mod socket;
pub mod store;
pub mod tokens;
mod used_tokens;
