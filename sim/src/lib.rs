//! Confab under fault: [`schedule`] plays the schedule of a seed, with client cores and the server's own parts on a
//! virtual clock, a network between them that does whatever networks do, and the oracle beside them. The database is a
//! real one, in memory; it outlives the server, as a disk does.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod defects;
mod frames;
mod one_way;
mod page;
mod pin_to_core;
mod pipe;
mod plan;
mod rng;
pub mod schedule;
mod server_under_test;
mod trace;
mod world;

pub use plan::{FAULTS, Fault, Length};
pub use server_under_test::Bed;
pub use world::Counts;
