//! What the people of a trial have in common: how far it is, and which rooms there are; and what each tells of
//! themselves. It knows no client.

use std::collections::BTreeMap;

use oracle::ScreenState;
use shared::{RoomId, Seq, UserId, api::Room};
use tokio::sync::watch;

/// How far a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Everybody signs in; rooms are made and joined.
    Gather,
    /// Everybody does something all the time.
    Storm,
    /// Nobody does anything any more.
    Quiet,
    /// Everybody goes through all of their rooms.
    ScreenState,
    /// Everybody may go.
    Over,
}

/// How the person at that screen is called.
pub(crate) fn person_name(screen: u32) -> String {
    format!("TrialPerson {screen}")
}

/// How the room of that number is called.
pub(crate) fn room_name(number: usize) -> String {
    format!("Room {number}")
}

/// The stage, and the codes and names of the rooms so far.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) codes: BTreeMap<usize, String>,
    pub(crate) ids: BTreeMap<usize, RoomId>,
}

/// What is common to all.
#[derive(Debug)]
pub(crate) struct Stagecraft(watch::Sender<Scene>);

impl Stagecraft {
    pub(crate) fn new(stage: Stage) -> Self {
        Self(watch::channel(Scene { stage, codes: BTreeMap::new(), ids: BTreeMap::new() }).0)
    }

    pub(crate) fn go_on(&self, stage: Stage) {
        self.0.send_modify(|scene| scene.stage = stage);
    }

    /// The room of that number is there, and can be joined by its code.
    pub(crate) fn opened(&self, number: usize, room: &Room) {
        self.0.send_modify(|scene| {
            scene.codes.insert(number, room.code.clone());
            scene.ids.insert(number, room.id);
        });
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Scene> {
        self.0.subscribe()
    }
}

/// What somebody tells of themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// Who.
    pub(crate) user: Option<UserId>,
    /// Whether they are in all rooms that they were to begin with, and online.
    pub(crate) has_gathered: bool,
    /// Whether nothing of theirs is on its way or missing any more.
    pub(crate) is_settled: bool,
    /// Of each room the newest event that they have, and up to where they have read.
    pub(crate) places: BTreeMap<RoomId, (Seq, Seq)>,
    /// What they see, once they have been through all of it.
    pub(crate) screen_state: Option<ScreenState>,
    /// For people: what they wait for.
    pub(crate) state: String,
}
