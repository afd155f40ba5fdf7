//! The views: they show what the store says and dispatch what a person wants. None knows the protocol.

pub mod announcer;
pub mod app;
pub mod ask;
pub mod banner;
pub mod composer;
pub mod confirm;
pub mod copy;
pub mod dialog;
pub mod front;
pub mod icons;
pub mod inside;
pub mod inspector;
pub mod members;
pub mod panels;
pub mod room;
pub mod sidebar;
pub mod start;
