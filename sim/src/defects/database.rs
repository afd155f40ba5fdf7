//! The defects of a disk: rows that change behind the server's back. Knows tables and no frame.

use std::collections::BTreeMap;

use shared::{RoomId, TxnId, UserId};

use super::{Defect, Defects};

/// When rows can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A batch was stored, and nobody has looked at it.
    Stored,
    /// Somebody has just looked at everything.
    Seen,
    /// The server is not there.
    Killed,
}

/// A room must have so many events before something happens to it: then there are messages among them.
const GROWN: u64 = 4;

impl Defects {
    /// What happens to the database at that moment, where each room was last seen with so many events.
    pub(crate) fn behind_the_back(
        &mut self,
        moment: Moment,
        logged: &BTreeMap<RoomId, u64>,
    ) -> Option<String> {
        let (room, head) =
            logged.iter().max_by_key(|(_, head)| **head).filter(|(_, head)| **head >= GROWN)?;
        let room = format!("(SELECT no FROM rooms WHERE id = X'{}')", room.as_uuid().simple());
        let rows = match (self.kind?, moment) {
            (Defect::Hole, Moment::Stored) => format!(
                "UPDATE events SET seq = seq + 1 WHERE room = {room} AND seq > {head} \
                   AND seq = (SELECT head FROM rooms WHERE no = {room}); \
                 UPDATE rooms SET head = head + 1 WHERE no = {room} \
                   AND head NOT IN (SELECT seq FROM events WHERE room = {room});"
            ),
            (Defect::Miscount, Moment::Stored) => format!(
                "UPDATE events SET msg_no = msg_no + 1 WHERE room = {room} AND seq > {head} \
                   AND seq = (SELECT head FROM rooms WHERE no = {room});"
            ),
            (Defect::Forgotten, Moment::Seen) if !self.is_planted => format!(
                "DELETE FROM events WHERE room = {room} AND seq = (SELECT MAX(seq) FROM events \
                   WHERE room = {room} AND kind = 'message' AND seq < {head});"
            ),
            (Defect::MarkerBack, Moment::Seen) if !self.is_planted => format!(
                "UPDATE members SET read_seq = read_seq - 1 WHERE room = {room} AND user = \
                   (SELECT user FROM members WHERE room = {room} ORDER BY read_seq DESC LIMIT 1);"
            ),
            // Without the message nobody has read as far as that.
            (Defect::ReusedSeq, Moment::Killed) => format!(
                "DELETE FROM events WHERE room = {room} AND seq = {head} AND kind = 'message'; \
                 UPDATE rooms SET head = head - 1, msg_no = msg_no - 1 WHERE no = {room} \
                   AND head NOT IN (SELECT seq FROM events WHERE room = {room}); \
                 UPDATE members SET read_seq = {head} - 1 WHERE room = {room} AND read_seq \
                   > (SELECT head FROM rooms WHERE no = {room});"
            ),
            _ => return None,
        };
        self.is_planted = true;
        Some(format!("BEGIN; {rows} COMMIT;"))
    }

    /// Whether a server that is about to be killed has answered what it has not stored.
    pub(crate) fn answers_first(&self) -> bool {
        self.kind == Some(Defect::AckBeforeCommit)
    }

    /// Whether a disk that takes nothing says that it has taken it.
    pub(crate) fn pretends(&self) -> bool {
        self.kind == Some(Defect::AckFromBrokenDisk)
    }
}

/// Forgets that somebody has asked for that: the event stays, under an identity that nobody asks for.
pub(super) fn forget_request(user: UserId, txn: &str) -> String {
    let txn: Option<TxnId> = txn.parse().ok();
    let txn = txn.map(|txn| txn.as_uuid().as_u128()).unwrap_or_default();
    format!(
        "UPDATE events SET txn_id = X'{:032x}' WHERE txn_id = X'{txn:032x}' \
           AND author = (SELECT no FROM users WHERE id = X'{}');",
        txn ^ 1,
        user.as_uuid().simple()
    )
}
