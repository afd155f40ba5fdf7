//! What the client knows of a message's way and of its connection, for somebody who asks. It changes nothing.

use shared::{RoomId, Seq, event::Profile};

use super::Client;
use crate::{
    outbox::{ACK_TIMEOUT_MS, Item},
    view::{ConnectionReport, DeliveryState, MessageReport, RowKey, WaitsFor},
};

impl Client {
    /// Where that message is on its way; `None` where there is no such row.
    pub fn message_report(&self, room: RoomId, key: RowKey) -> Option<MessageReport> {
        let row = self.row(room, key)?;
        let mine = self.owner == Some(key.author);
        let item = self.outbox.of_room(room).find(|item| mine && item.txn_id == key.txn_id);
        let read_by = row.seq.map(|seq| self.readers(room, seq, key)).unwrap_or_default();
        Some(MessageReport {
            tries: item.map_or(0, |item| item.tries),
            sent_before: item.is_some_and(|item| item.tries == 0 && item.is_tried()),
            waits_for: item.and_then(|item| self.waits_for(item, &row.state)),
            read_by,
            row,
        })
    }

    /// The connection and what hangs on it.
    pub fn connection_report(&self) -> ConnectionReport {
        let room = self.open.and_then(|room| {
            let head = self.rooms.get(room)?.head;
            Some((self.timelines.last(room)?, head))
        });
        ConnectionReport {
            link: self.link.report(),
            room,
            gaps_repaired: self.timelines.repaired(),
            unconfirmed: self.outbox.len(),
        }
    }

    fn waits_for(&self, item: &Item, state: &DeliveryState) -> Option<WaitsFor> {
        let until_ms = match state {
            DeliveryState::Queued { until_ms } => until_ms,
            DeliveryState::Sending { since_ms } => {
                return Some(WaitsFor::Answer { until_ms: since_ms + ACK_TIMEOUT_MS });
            }
            _ => return None,
        };
        if !self.link.is_online() {
            return Some(WaitsFor::Connection(self.link.state()));
        }
        match self.outbox.ahead(item) {
            0 if self.outbox.is_limited_until(*until_ms) => {
                until_ms.map(|until_ms| WaitsFor::RateLimit { until_ms })
            }
            0 => until_ms.map(|until_ms| WaitsFor::Server { until_ms }),
            ahead => Some(WaitsFor::Earlier(ahead)),
        }
    }

    fn readers(&self, room: RoomId, seq: Seq, key: RowKey) -> Vec<Profile> {
        let members = self.roster.members(room).iter();
        let readers = members.filter(|member| member.read_seq >= seq && member.user.id != key.author);
        readers.map(|member| member.user.clone()).collect()
    }
}
