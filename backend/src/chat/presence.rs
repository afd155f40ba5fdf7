//! Where one person is, over all their sockets. Knows no clock: who drives it says when the time has passed.

use shared::api::Presence;

/// One person's sockets, as far as presence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whereabouts {
    sockets: usize,
    away: usize,
    shown: Presence,
    /// Counts the times that the last socket has gone, so that an old alarm is known as old.
    departures: u64,
}

impl Default for Whereabouts {
    fn default() -> Self {
        Self { sockets: 0, away: 0, shown: Presence::Offline, departures: 0 }
    }
}

/// The alarm that goes off some time after the last socket has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departure(u64);

impl Whereabouts {
    /// What others see.
    pub fn shown(&self) -> Presence {
        self.shown
    }

    /// A socket opens, at the keyboard. Returns what others see now, if that changed.
    pub fn open(&mut self) -> Option<Presence> {
        self.sockets += 1;
        self.show()
    }

    /// A socket closes. After the last one an alarm is to be set: until then others see no change.
    pub fn close(&mut self, was_away: bool) -> (Option<Presence>, Option<Departure>) {
        self.sockets -= 1;
        self.away -= usize::from(was_away);
        if self.sockets > 0 {
            return (self.show(), None);
        }
        self.departures += 1;
        (None, Some(Departure(self.departures)))
    }

    /// One socket is away from the keyboard now, or back at it.
    pub fn tell(&mut self, was_away: bool, is_away: bool) -> Option<Presence> {
        self.away = self.away - usize::from(was_away) + usize::from(is_away);
        self.show()
    }

    /// The alarm went off. True when the person is offline now.
    pub fn depart(&mut self, departure: Departure) -> bool {
        let gone = self.sockets == 0 && departure.0 == self.departures;
        if gone {
            self.shown = Presence::Offline;
        }
        gone
    }

    fn show(&mut self) -> Option<Presence> {
        let is = if self.away == self.sockets { Presence::Away } else { Presence::Online };
        (std::mem::replace(&mut self.shown, is) != is).then_some(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_online_while_any_socket_is_at_the_keyboard() {
        let mut person = Whereabouts::default();
        assert_eq!(person.open(), Some(Presence::Online));
        assert_eq!(person.open(), None);
        assert_eq!(person.tell(false, true), None, "one of two");
        assert_eq!(person.tell(false, true), Some(Presence::Away));
        assert_eq!(person.tell(true, true), None, "told twice");
        assert_eq!(person.open(), Some(Presence::Online), "a third device");
        assert_eq!(person.close(false), (Some(Presence::Away), None));
        assert_eq!(person.tell(true, false), Some(Presence::Online));
    }

    #[test]
    fn a_reload_is_not_a_leave() {
        let mut person = Whereabouts::default();
        person.open();
        let (change, alarm) = person.close(false);
        assert_eq!(change, None);
        assert_eq!(person.open(), None, "nobody saw them go");
        assert!(!person.depart(alarm.unwrap()));
        assert_eq!(person.shown(), Presence::Online);
    }

    #[test]
    fn an_old_alarm_does_not_shorten_a_later_absence() {
        let mut person = Whereabouts::default();
        person.open();
        let (_, first) = person.close(false);
        person.open();
        let (_, second) = person.close(false);
        assert!(!person.depart(first.unwrap()));
        assert_eq!(person.shown(), Presence::Online);
        assert!(person.depart(second.unwrap()));
        assert_eq!(person.shown(), Presence::Offline);
        assert_eq!(person.open(), Some(Presence::Online));
    }

    #[test]
    fn who_went_away_and_comes_back_with_a_new_socket_is_online() {
        let mut person = Whereabouts::default();
        person.open();
        person.tell(false, true);
        let (_, alarm) = person.close(true);
        assert_eq!(person.open(), Some(Presence::Online));
        assert!(!person.depart(alarm.unwrap()));
    }
}
