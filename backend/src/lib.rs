//! Confab's server as a library; the binary only reads settings and starts it, and tests do the same in-process.

pub mod address;
pub mod clock;
pub mod metrics;
pub mod options;
pub mod origin;
pub mod refresh;
pub mod secret;
pub mod settings;
pub mod tokens;
mod used;
