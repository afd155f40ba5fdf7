//! Defects that the product does not have, planted between server and client or before the oracle's eyes, to see
//! that each would be noticed. Knows frames only.

use client_core::keep::Keep;
use serde_json::{Value, json};
use shared::{Event, MsgNo, Seq, TxnId, UserId};

use crate::dice::Dice;

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// One live event in so many does not arrive.
    Drop {
        /// One in how many.
        one_in: u64,
    },
    /// The last message of a room that falls quiet does not arrive, nor is it spoken of.
    LostLast,
    /// A message is acked when it comes, and not when it is stored.
    AckBeforeCommit,
    /// A message is acked and never stored.
    AckForNothing,
    /// A message that is sent again is stored again.
    DuplicateOnResend,
    /// Two neighbours of a page are swapped.
    SwappedNeighbours,
    /// A seq is given twice.
    ReusedSeq,
    /// A seq is left out.
    Hole,
    /// A read marker moves back in the database.
    MarkerBack,
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
    /// A message count does not count.
    Miscount,
    /// A message is acked although the disk takes nothing.
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
    stored: u64,
    markers: u64,
    /// Whether the disk takes nothing now.
    pub(crate) is_disk_broken: bool,
}

/// A moment that nobody mistakes for a real one.
const FORGED_AT: &str = "2026-11-18T00:00:00.000Z";

impl Defects {
    pub(crate) fn new(kind: Option<Defect>, seed: u64) -> Self {
        Self {
            kind,
            dice: Dice::new(seed),
            sent: Vec::new(),
            victim: None,
            typing: None,
            stored: 0,
            markers: 0,
            is_disk_broken: false,
        }
    }

    /// What becomes of a frame to the server, and what is answered to it behind the server's back.
    pub(crate) fn up(&mut self, text: String, _user: Option<UserId>) -> (Option<String>, Vec<String>) {
        let Some(kind) = self.kind else { return (Some(text), Vec::new()) };
        let Some(mut frame) = message(&text, "message") else { return (Some(text), Vec::new()) };
        let txn = frame["txn_id"].as_str().unwrap_or_default().to_owned();
        let is_resent = self.sent.contains(&txn);
        self.sent.push(txn.clone());
        let ack = || {
            json!({"type": "ack", "txn_id": txn, "room_id": frame["room_id"], "seq": 900, "msg_no": 900,
                   "timestamp": FORGED_AT, "duplicate": false})
            .to_string()
        };
        match kind {
            Defect::AckBeforeCommit => {
                let ack = ack();
                (Some(text), vec![ack])
            }
            Defect::AckFromBrokenDisk if self.is_disk_broken => {
                let ack = ack();
                (Some(text), vec![ack])
            }
            Defect::AckForNothing if self.dice.chance(1, 4) => (None, vec![ack()]),
            Defect::DuplicateOnResend if is_resent => {
                frame["txn_id"] = json!(TxnId::mint(self.sent.len() as u64, [7; 10]).to_string());
                (Some(frame.to_string()), Vec::new())
            }
            Defect::RefusedButStored if self.dice.chance(1, 4) => {
                let error = json!({"type": "error", "code": "not_member", "message": "", "txn_id": txn,
                                   "room_id": frame["room_id"], "retryable": false});
                (Some(text), vec![error.to_string()])
            }
            Defect::WrongBodyStored if self.dice.chance(1, 4) => {
                frame["content"] = json!("something else");
                (Some(frame.to_string()), Vec::new())
            }
            _ => (Some(text), Vec::new()),
        }
    }

    /// What becomes of a frame to a client.
    pub(crate) fn down(&mut self, text: String) -> Vec<String> {
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
            Defect::LostLast if is_message || name == "read" => Vec::new(),
            _ => vec![text],
        }
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

    /// What the oracle is shown of the database.
    pub(crate) fn stored(&mut self, event: Event) -> Vec<Event> {
        self.stored += 1;
        match self.kind {
            Some(Defect::ReusedSeq) if self.stored == 8 => {
                vec![Event { seq: Seq::new(event.seq.get() - 1).unwrap_or_default(), ..event }]
            }
            Some(Defect::Hole) if self.stored == 8 => vec![Event { seq: event.seq.next(), ..event }],
            Some(Defect::Forgotten) if self.stored == 8 => Vec::new(),
            Some(Defect::Miscount) if self.stored == 8 => {
                vec![Event { msg_no: MsgNo::new(event.msg_no.get() + 1).unwrap_or_default(), ..event }]
            }
            _ => vec![event],
        }
    }

    /// Where the oracle is shown a read marker.
    pub(crate) fn marker(&mut self, seq: Seq) -> Seq {
        self.markers += 1;
        let moves_back = self.kind == Some(Defect::MarkerBack) && self.markers > 6;
        if moves_back { Seq::new(seq.get().saturating_sub(1)).unwrap_or_default() } else { seq }
    }
}

/// A frame of that type.
fn message(text: &str, name: &str) -> Option<Value> {
    let frame: Value = serde_json::from_str(text).ok()?;
    (frame["type"] == name).then_some(frame)
}

/// Swaps the places of the first two events of a page.
fn swap(page: &mut Value) {
    let Some(events) = page["events"].as_array_mut().filter(|events| events.len() > 1) else { return };
    let (first, second) = (events[0]["seq"].take(), events[1]["seq"].take());
    (events[0]["seq"], events[1]["seq"]) = (second, first);
    events.swap(0, 1);
}
