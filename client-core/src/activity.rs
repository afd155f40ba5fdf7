//! What this person does at the keyboard: types, or is away. It knows nobody else.

use shared::{
    ClientFrame, RoomId,
    frame::{Activity as Status, SetPresence, Typing},
};

use crate::out::Out;

/// Between two `typing` frames while keys are pressed.
const TYPING_INTERVAL_MS: u64 = 4_000;

/// Nobody has touched the machine for so long: away.
const AWAY_AFTER_MS: u64 = 300_000;

/// This person at this machine.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Where others have been told that this person types, and when.
    typing: Option<(RoomId, u64)>,
    last_ms: u64,
    away: bool,
}

impl Activity {
    /// The machine was touched.
    pub(crate) fn active(&mut self, now: u64, out: &mut Out) {
        self.last_ms = now;
        if self.away {
            self.away = false;
            say(Status::Online, out);
        }
    }

    /// A key was pressed in the composer of that room.
    pub(crate) fn typing(&mut self, now: u64, room: RoomId, out: &mut Out) {
        match self.typing {
            Some((known, at)) if known == room && now < at + TYPING_INTERVAL_MS => return,
            Some((known, _)) if known != room => self.stopped_typing(out),
            _ => {}
        }
        if out.online() {
            self.typing = Some((room, now));
            out.send(&ClientFrame::Typing(Typing { room_id: room, active: true }));
        }
    }

    /// The composer was emptied or left, or its text was sent.
    pub(crate) fn stopped_typing(&mut self, out: &mut Out) {
        if let Some((room_id, _)) = self.typing.take() {
            out.send(&ClientFrame::Typing(Typing { room_id, active: false }));
        }
    }

    /// A new connection takes everybody for online.
    pub(crate) fn connected(&self, out: &mut Out) {
        if self.away {
            say(Status::Away, out);
        }
    }

    /// The connection is gone, and with it what it was told.
    pub(crate) fn lost(&mut self) {
        self.typing = None;
    }

    pub(crate) fn tick(&mut self, now: u64, out: &mut Out) {
        if !self.away && self.last_ms + AWAY_AFTER_MS <= now {
            self.away = true;
            say(Status::Away, out);
        }
    }

    pub(crate) fn timeout(&self) -> Option<u64> {
        (!self.away).then_some(self.last_ms + AWAY_AFTER_MS)
    }
}

fn say(status: Status, out: &mut Out) {
    out.send(&ClientFrame::Presence(SetPresence { status }));
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn room(id: u128) -> RoomId {
        RoomId::from_uuid(Uuid::from_u128(id))
    }

    fn typing(room_id: RoomId, active: bool) -> ClientFrame {
        ClientFrame::Typing(Typing { room_id, active })
    }

    fn presence(status: Status) -> ClientFrame {
        ClientFrame::Presence(SetPresence { status })
    }

    #[test]
    fn typing_is_said_every_four_seconds_while_keys_are_pressed() {
        let (mut activity, mut out) = (Activity::default(), Out::connected());
        for now in (0..10_000).step_by(100) {
            activity.typing(now, room(1), &mut out);
        }
        assert_eq!(out.sent(), [typing(room(1), true), typing(room(1), true), typing(room(1), true)]);
    }

    #[test]
    fn the_end_of_typing_is_said_once_and_only_where_its_beginning_was() {
        let (mut activity, mut out) = (Activity::default(), Out::connected());
        activity.stopped_typing(&mut out);
        assert_eq!(out.sent(), []);
        activity.typing(0, room(1), &mut out);
        activity.stopped_typing(&mut out);
        activity.stopped_typing(&mut out);
        assert_eq!(out.sent(), [typing(room(1), true), typing(room(1), false)]);
    }

    #[test]
    fn typing_in_another_room_ends_it_in_the_first() {
        let (mut activity, mut out) = (Activity::default(), Out::connected());
        activity.typing(0, room(1), &mut out);
        activity.typing(1, room(2), &mut out);
        assert_eq!(out.sent(), [typing(room(1), true), typing(room(1), false), typing(room(2), true)]);
    }

    #[test]
    fn without_a_connection_nothing_is_said_and_the_next_key_on_a_new_one_says_it() {
        let mut activity = Activity::default();
        activity.typing(0, room(1), &mut Out::default());
        let mut out = Out::connected();
        activity.typing(1, room(1), &mut out);
        assert_eq!(out.sent(), [typing(room(1), true)]);
        activity.lost();
        activity.typing(2, room(1), &mut out);
        assert_eq!(out.sent(), [typing(room(1), true)]);
    }

    #[test]
    fn five_minutes_without_a_touch_are_away_and_the_next_touch_is_back() {
        let (mut activity, mut out) = (Activity::default(), Out::connected());
        activity.active(1_000, &mut out);
        activity.tick(300_999, &mut out);
        assert_eq!((out.sent(), activity.timeout()), (vec![], Some(301_000)));
        activity.tick(301_000, &mut out);
        activity.tick(900_000, &mut out);
        assert_eq!((out.sent(), activity.timeout()), (vec![presence(Status::Away)], None));
        activity.connected(&mut out);
        assert_eq!(out.sent(), [presence(Status::Away)], "a new connection is told again");
        activity.active(900_001, &mut out);
        activity.active(900_002, &mut out);
        assert_eq!(out.sent(), [presence(Status::Online)]);
        activity.connected(&mut out);
        assert_eq!(out.sent(), []);
    }
}
