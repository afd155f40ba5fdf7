//! Defects that the product does not have, planted on the wire, on the disk and in the browser, to see that each would
//! be noticed. Knows frames, rows and what waits at a tab; the oracle knows nothing of it.

mod database;

use std::collections::BTreeMap;

use client_core::keep::Keep;
use serde_json::{Value, json};
use shared::{RoomId, TxnId};

pub(crate) use database::Moment;

use crate::{page::Tab, rng::Dice};

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// One live event in so many does not arrive.
    Drop {
        /// One in how many.
        one_in: u64,
    },
    /// One screen is given each message when the next thing comes for its room, and so never the last of a room that
    /// falls quiet.
    LostLast,
    /// What waits for the disk is acked and told, with the places that are coming, and then the server is killed.
    AckBeforeCommit,
    /// A message is acked with the place that is coming, and never reaches the server.
    AckForNothing,
    /// A message that is sent again is stored again: what its `txn_id` was good for is forgotten.
    DuplicateOnResend,
    /// Two neighbours of a page are swapped.
    SwappedNeighbours,
    /// A killed server comes back without the last message of a room, and gives its place to the next.
    ReusedSeq,
    /// A seq is left out in the database.
    Hole,
    /// A read marker moves back in the database.
    MarkerBack,
    /// Of two messages that wait in a room, the second goes first, over the same connection.
    Overtaken,
    /// A message comes with another text.
    WrongBody,
    /// A message is stored with another text.
    WrongBodyStored,
    /// An unread count is off by one.
    UnreadOffByOne,
    /// Somebody types for ever.
    TypingForEver,
    /// A message is refused for good, and stored all the same.
    RefusedButStored,
    /// A message is acked with the seq of another.
    AckOfAnother,
    /// Nobody ever hears of a message that is stored.
    NeverAnswered,
    /// A stored event is gone from the database.
    Forgotten,
    /// A message count in the database does not count.
    Miscount,
    /// What a disk that takes nothing was given is acked and told all the same.
    AckFromBrokenDisk,
    /// A browser keeps what was to be wiped.
    NotWiped,
}

/// The defect of a run, at work.
#[derive(Debug)]
pub(crate) struct Defects {
    kind: Option<Defect>,
    dice: Dice,
    sent: Vec<String>,
    victim: Option<String>,
    typing: Option<Value>,
    /// What one screen is not given yet, by connection and room.
    held: BTreeMap<(usize, String), String>,
    /// Whether it was planted where once is enough.
    is_planted: bool,
}

/// What becomes of a frame to the server.
#[derive(Debug, Default)]
pub(crate) struct Upward {
    /// What goes on its way, in that order.
    pub(crate) texts: Vec<String>,
    /// What is answered behind the server's back.
    pub(crate) forged: Option<String>,
    /// What happens to the database behind the server's back.
    pub(crate) statements: Option<String>,
}

/// A moment that nobody mistakes for a real one.
const FORGED_AT: &str = "2026-11-18T00:00:00.000Z";

/// The screen, as the number of its tab, that loses what is lost for one.
const UNLUCKY: usize = 1;

impl Defects {
    pub(crate) fn new(kind: Option<Defect>, seed: u64) -> Self {
        Self {
            kind,
            dice: Dice::new(seed),
            sent: Vec::new(),
            victim: None,
            typing: None,
            held: BTreeMap::new(),
            is_planted: false,
        }
    }

    /// What becomes of a frame that a tab sends to the server, where each room has so many events.
    pub(crate) fn up(&mut self, text: String, tab: &Tab, logged: &BTreeMap<RoomId, u64>) -> Upward {
        let as_it_is = |text| Upward { texts: vec![text], ..Upward::default() };
        let (Some(kind), Some(mut frame)) = (self.kind, message(&text)) else { return as_it_is(text) };
        let txn = frame["txn_id"].as_str().unwrap_or_default().to_owned();
        let is_resent = self.sent.contains(&txn);
        self.sent.push(txn.clone());
        match kind {
            Defect::AckForNothing if self.dice.chance(1, 4) => {
                let room = logged.iter().find(|(room, _)| frame["room_id"] == room.to_string());
                let coming = room.map_or(0, |(_, head)| *head) + 1;
                let ack = json!({"type": "ack", "txn_id": txn, "room_id": frame["room_id"], "seq": coming,
                                 "msg_no": coming, "timestamp": FORGED_AT, "duplicate": false});
                Upward { forged: Some(ack.to_string()), ..Upward::default() }
            }
            Defect::DuplicateOnResend if is_resent => {
                let statements = tab.user().map(|user| database::forget_request(user, &txn));
                Upward { statements, ..as_it_is(text) }
            }
            Defect::RefusedButStored if self.dice.chance(1, 4) => {
                let error = json!({"type": "error", "code": "not_member", "message": "", "txn_id": txn,
                                   "room_id": frame["room_id"], "retryable": false});
                Upward { forged: Some(error.to_string()), ..as_it_is(text) }
            }
            Defect::Overtaken => {
                let next = behind(&frame, tab).map(|(txn_id, content)| {
                    (frame["txn_id"], frame["content"]) = (json!(txn_id), json!(content));
                    frame.to_string()
                });
                Upward { texts: next.into_iter().chain([text]).collect(), ..Upward::default() }
            }
            Defect::WrongBodyStored if self.dice.chance(1, 4) => {
                frame["content"] = json!("something else");
                as_it_is(frame.to_string())
            }
            _ => as_it_is(text),
        }
    }

    /// What becomes of a frame to a client, over that connection of that tab.
    pub(crate) fn down(&mut self, (wire, tab): (usize, usize), text: String) -> Vec<String> {
        let Some(kind) = self.kind else { return vec![text] };
        let mut frame: Value = serde_json::from_str(&text).unwrap_or_default();
        let name = frame["type"].as_str().unwrap_or_default().to_owned();
        let is_message = name == "message";
        match kind {
            Defect::Drop { one_in } if is_message && self.dice.chance(1, one_in) => Vec::new(),
            Defect::WrongBody if is_message && self.dice.chance(1, 20) => {
                frame["content"] = json!("something else");
                vec![frame.to_string()]
            }
            Defect::SwappedNeighbours if name == "events" => {
                swap(&mut frame);
                vec![frame.to_string()]
            }
            Defect::UnreadOffByOne if name == "connected" => {
                for room in frame["rooms"].as_array_mut().into_iter().flatten() {
                    room["unread"] = json!(room["unread"].as_u64().unwrap_or_default() + 1);
                }
                vec![frame.to_string()]
            }
            Defect::AckOfAnother if name == "ack" && self.dice.chance(1, 10) => {
                let seq = frame["seq"].as_u64().unwrap_or_default();
                frame["seq"] = json!(seq.saturating_sub(1).max(1));
                vec![frame.to_string()]
            }
            Defect::TypingForEver => {
                if name == "typing" {
                    self.typing = Some(json!({"type": "typing", "room_id": frame["room_id"],
                                              "user_id": frame["user_id"], "active": true}));
                }
                let again = self.typing.as_ref().map(Value::to_string);
                [Some(text), again].into_iter().flatten().collect()
            }
            Defect::NeverAnswered => self.keep_quiet(&name, &frame, text),
            Defect::LostLast if tab == UNLUCKY => self.hold_back(wire, &frame, text),
            _ => vec![text],
        }
    }

    /// Gives a message to a client when the next thing comes for its room.
    fn hold_back(&mut self, wire: usize, frame: &Value, text: String) -> Vec<String> {
        let room = frame["room_id"].as_str().unwrap_or_default().to_owned();
        let before = self.held.remove(&(wire, room.clone()));
        if frame["type"] == "message" {
            self.held.insert((wire, room), text);
            return before.into_iter().collect();
        }
        before.into_iter().chain([text]).collect()
    }

    /// Hides everything about the first message that is acked.
    fn keep_quiet(&mut self, name: &str, frame: &Value, text: String) -> Vec<String> {
        let txn = frame["txn_id"].as_str().unwrap_or_default();
        if name == "ack" && self.victim.is_none() {
            self.victim = Some(txn.to_owned());
        }
        let Some(victim) = &self.victim else { return vec![text] };
        if text.contains(victim.as_str()) { Vec::new() } else { vec![text] }
    }

    /// Whether a browser does that.
    pub(crate) fn keeps(&self, keep: &Keep) -> bool {
        self.kind != Some(Defect::NotWiped) || *keep != Keep::Wipe
    }
}

/// A message that is sent.
fn message(text: &str) -> Option<Value> {
    let frame: Value = serde_json::from_str(text).ok()?;
    (frame["type"] == "message").then_some(frame)
}

/// What waits at a tab to be sent after that message.
fn behind(frame: &Value, tab: &Tab) -> Option<(TxnId, String)> {
    let room = frame["room_id"].as_str()?.parse().ok()?;
    tab.behind(room, frame["txn_id"].as_str()?.parse().ok()?)
}

/// Swaps the places of the first two events of a page.
fn swap(page: &mut Value) {
    let Some(events) = page["events"].as_array_mut().filter(|events| events.len() > 1) else { return };
    let (first, second) = (events[0]["seq"].take(), events[1]["seq"].take());
    (events[0]["seq"], events[1]["seq"]) = (second, first);
    events.swap(0, 1);
}
