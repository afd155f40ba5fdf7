//! What the server's frames mean to the parts of the client.

use shared::{
    ClientFrame, ErrorFrame, Event, EventBody, RoomId, ServerFrame,
    error::ErrorCode,
    frame::{Ack, Auth, Behind, Connected, Events, ReadSignal},
};

use super::Client;
use crate::{io::Change, view::RowKey};

impl Client {
    pub(super) fn frame(&mut self, ms: u64, text: &str) {
        self.link.heard(ms);
        // A frame that can't be read, or of a newer server, is a sign of life and nothing else.
        let Ok(frame) = ServerFrame::decode(text) else { return };
        match frame {
            ServerFrame::Connected(connected) => self.connected(ms, *connected),
            ServerFrame::ServerShutdown(shutdown) => {
                self.link.shutting_down(ms, shutdown.reconnect_after_ms);
            }
            // Nothing else counts before the greeting.
            _ if !self.link.is_online() => {}
            ServerFrame::Ack(ack) => self.acked(ms, &ack),
            ServerFrame::Event(event) => self.event(*event),
            ServerFrame::Events(page) => self.page(ms, page),
            ServerFrame::Behind(behind) => self.behind(&behind),
            ServerFrame::Typing(signal) => self.roster.typing_signal(ms, &signal, &mut self.out),
            ServerFrame::Read(signal) => self.read(&signal),
            ServerFrame::Presence(signal) => self.roster.presence(&signal, &mut self.out),
            ServerFrame::Error(error) => self.error(ms, &error),
            ServerFrame::AuthExpiring(_) => {
                // A renewal and the warning may have crossed.
                if let Some(token) = self.session.expiring(&mut self.out) {
                    let auth = Auth { token: token.into() };
                    self.out.send(&ClientFrame::Auth(auth));
                }
            }
            ServerFrame::Pong(_) => self.link.pong(ms),
            ServerFrame::Authenticated(_) => self.session.tokens.put_all_on_socket(),
        }
    }

    fn connected(&mut self, ms: u64, connected: Connected) {
        if !self.link.connected(ms, connected.heartbeat_ms, &mut self.out) {
            return;
        }
        self.was_online = true;
        self.limits = connected.limits;
        if self.owner == Some(connected.user.id) {
            self.session.set_profile(connected.user, &mut self.out);
        }
        let renamed = self.epoch.replace(connected.epoch).is_some_and(|known| known != connected.epoch);
        // A log only grows: one that is shorter than what is known is another, from an older copy of the data.
        let is_shorter = |state| self.rooms.heard_more(state) || self.timelines.has_more(state);
        if renamed || connected.rooms.iter().any(is_shorter) {
            self.timelines.start_over(&mut self.out);
            self.rooms.start_over();
            self.roster.start_over();
            self.snapshots.start_over();
        }
        let listed: Vec<RoomId> = connected.rooms.iter().map(|state| state.room.id).collect();
        listed.iter().for_each(|room| self.entered(*room));
        for room in self.rooms.connected(connected.rooms, &mut self.out) {
            self.forget(room);
        }
        // Entered without a connection, and left again where the answer got lost: the list of rooms knows.
        self.doubted.extend(self.rooms.iter().map(|view| view.room.id).filter(|room| !listed.contains(room)));
        if !self.doubted.is_empty() {
            self.my_rooms.want();
        }
        for view in self.rooms.iter() {
            self.timelines.reach_for(view.room.id, view.head);
        }
        self.roster.online(&connected.online_users, &mut self.out);
        self.activity.connected(&mut self.out);
        if self.open.is_some() {
            self.members.want();
        }
    }

    /// A live event.
    fn event(&mut self, event: Event) {
        let (room, seq, author) = (event.room_id, event.seq, event.author.id);
        let key = RowKey { author, txn_id: event.txn_id };
        let mine = Some(author) == self.owner;
        let is_message = event.body.counts();
        let news = self.rooms.happened(room, seq, event.msg_no, is_message, &mut self.out);
        let Some(news) = news else {
            // Joined on another device; or left there, before the answer that this one has joined.
            if mine && event.body == EventBody::Leave {
                self.left(room);
            }
            if is_message {
                self.roster.said(room, author, seq, &mut self.out);
            }
            self.my_rooms.want();
            let sent = self.settle(&event);
            self.miss(sent, room, key);
            return;
        };
        if mine && is_message {
            self.said(room, seq, event.msg_no);
        }
        if news {
            self.met(&event);
        }
        if news && mine && event.body == EventBody::Join {
            self.entered(room);
        }
        if news && mine && event.body == EventBody::Leave {
            self.left(room);
            return;
        }
        if news && !mine && is_message {
            self.out.changed(Change::Arrived(room, Box::new(event.clone())));
        }
        let sent = self.settle(&event);
        self.timelines.live(event, sent, &mut self.out);
        self.miss(sent, room, key);
    }

    /// What an event says about people.
    fn met(&mut self, event: &Event) {
        let (room, user) = (event.room_id, event.author.id);
        match event.body {
            EventBody::Message(_) => self.roster.said(room, user, event.seq, &mut self.out),
            EventBody::Join => {
                if self.roster.joined(room, event.author.clone(), event.seq, &mut self.out) {
                    self.rooms.members(room, |count| count + 1, &mut self.out);
                }
                self.look_again();
            }
            EventBody::Leave => {
                self.roster.left(room, user, &mut self.out);
                self.rooms.members(room, |count| count.saturating_sub(1), &mut self.out);
                self.look_again();
            }
            EventBody::Other { .. } => {}
        }
    }

    /// A member list that is on its way may be older than what has just happened.
    fn look_again(&mut self) {
        if self.members.is_under_way() {
            self.members.want();
        }
    }

    /// If the event is an own message that waited, it waits no longer. Whether its row stood first.
    pub(super) fn settle(&mut self, event: &Event) -> Option<bool> {
        let mine = Some(event.author.id) == self.owner;
        let (item, first) = if mine { self.outbox.settle(event.txn_id)? } else { return None };
        self.out.changed(Change::Row(item.room, item.key(event.author.id)));
        Some(first)
    }

    /// A row that was there and is in no timeline now is gone from the list.
    fn miss(&mut self, sent: Option<bool>, room: shared::RoomId, key: RowKey) {
        if sent.is_some() && self.timelines.row(room, key).is_none() {
            self.out.changed(Change::Rows(room));
        }
    }

    fn acked(&mut self, ms: u64, ack: &Ack) {
        self.rooms.stored(ack.room_id, ack.seq, ack.msg_no, true, &mut self.out);
        self.said(ack.room_id, ack.seq, ack.msg_no);
        let Some(me) = self.session.profile() else { return };
        let Some((item, first)) = self.outbox.settle(ack.txn_id) else { return };
        let key = item.key(me.id);
        let event = Event {
            room_id: ack.room_id,
            seq: ack.seq,
            msg_no: ack.msg_no,
            timestamp: ack.timestamp,
            txn_id: ack.txn_id,
            author: me.clone(),
            body: EventBody::Message(shared::Message::new(item.content)),
        };
        self.out.changed(Change::Row(item.room, key));
        self.timelines.acked(ms, event, first, &mut self.out);
        self.miss(Some(first), item.room, key);
    }

    fn behind(&mut self, behind: &Behind) {
        let room = behind.room_id;
        self.rooms.reached(room, behind.head);
        // Also a room of which the answer to joining it has not told yet.
        if !self.timelines.behind(room, behind.head) {
            self.quiet.behind(room, behind.head);
            // Nothing else says how many messages those are.
            self.my_rooms.want();
        }
    }

    fn page(&mut self, ms: u64, page: Events) {
        for event in &page.events {
            self.settle(event);
        }
        if let Some(event) = page.events.last() {
            let is_message = event.body.counts();
            self.rooms.stored(page.room_id, event.seq, event.msg_no, is_message, &mut self.out);
        }
        // Said on another device, and the signal may have been dropped.
        let is_own = |event: &&Event| Some(event.author.id) == self.owner && event.body.counts();
        if let Some(own) = page.events.iter().rfind(is_own) {
            let (seq, msg_no) = (own.seq, own.msg_no);
            self.said(page.room_id, seq, msg_no);
        }
        self.quiet.page(ms, &page, &mut self.rng);
        let is_about_people = |event: &Event| matches!(event.body, EventBody::Join | EventBody::Leave);
        if self.open == Some(page.room_id)
            && self.timelines.is_catching_up(page.room_id)
            && page.events.iter().any(is_about_people)
        {
            self.members.want();
        }
        self.timelines.page(ms, page, &mut self.rng, &mut self.out);
    }

    fn read(&mut self, signal: &ReadSignal) {
        if Some(signal.user_id) == self.owner {
            let (room, seq) = (signal.room_id, signal.seq);
            let msg_no = self.timelines.msg_no_at(room, seq);
            let view = self.rooms.get(room);
            if msg_no.is_none() && view.is_some_and(|view| view.read_seq < seq && seq < view.head) {
                // How many messages came after it is not known here.
                self.my_rooms.want();
            }
            self.rooms.read(room, seq, msg_no, true, &mut self.out);
        }
        self.roster.read(signal, &mut self.out);
    }

    fn error(&mut self, ms: u64, error: &ErrorFrame) {
        let Some(me) = self.owner else { return };
        let refused = self.outbox.refused(ms, error, me, &mut self.rng, &mut self.out);
        let Some(room) = error.room_id else { return };
        if refused && error.code == ErrorCode::NotMember && self.rooms.get(room).is_none() {
            // Kept for a room that this person has left since: nobody would ever see it again.
            self.outbox.forget(room);
        }
        if refused || error.txn_id.is_some() {
            return;
        }
        if error.retryable {
            self.rooms.refused(ms, room, error.retry_after_ms);
        }
        if error.code == ErrorCode::NotMember && self.rooms.get(room).is_some() {
            // Or a member so new that this connection has not heard of it yet: the list of rooms knows.
            self.doubt(room);
        }
        if !self.quiet.refused(ms, room, error.retry_after_ms, &mut self.rng) {
            self.timelines.refused(ms, room, error.retry_after_ms, &mut self.rng);
        }
    }

    /// Whether this person is in that room is asked.
    pub(super) fn doubt(&mut self, room: RoomId) {
        if !self.doubted.contains(&room) {
            self.doubted.push(room);
        }
        self.my_rooms.want();
    }
}
