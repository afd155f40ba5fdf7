//! Confab under fault, and the judge of it.
//!
//! [`oracle`] knows what was requested, answered, stored and shown, and says what must not be. It knows neither the
//! simulator nor a socket: whoever drives clients against a server, simulated or real, can tell it the facts.

pub mod oracle;
