//! The timeline of the open room: a bounded window of rows that stays where the reader is.

pub mod arrange;
pub mod row;
mod scroller;
pub mod view;
mod viewport;
pub mod window;

pub use scroller::Scroller;
pub use view::Timeline;
