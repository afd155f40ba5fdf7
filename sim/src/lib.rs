//! Confab under fault, and the judge of it.
//!
//! [`oracle`] knows what was requested, answered, stored and shown, and says what must not be. It knows neither the
//! simulator nor a socket: whoever drives clients against a server, simulated or real, can tell it the facts.
//!
//! [`schedule`] plays the schedule of a seed: client cores and the server's own parts on a virtual clock, with a
//! network between them that does whatever networks do, and the oracle beside them. The database is a real one, in
//! memory; it outlives the server, as a disk does.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod cores;
pub mod defects;
mod dice;
mod frames;
mod host;
mod lane;
pub mod oracle;
mod pipe;
mod plan;
pub mod schedule;
mod tab;
mod trace;
mod world;

pub use host::Bed;
pub use plan::{FAULTS, Fault, Length};
pub use world::Counts;
