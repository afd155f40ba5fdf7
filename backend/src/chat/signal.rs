//! Signals that wait for one connection: merged by what they are about and bounded. Knows no connection.

use std::collections::VecDeque;

use bytes::Bytes;
use shared::{RoomId, UserId};

/// Signals that wait for one connection at most; beyond, the oldest is dropped. A reader so slow that this many
/// people of its rooms came, went or typed in the meantime has worse to worry about.
const WAITING: usize = 128;

/// What a signal is about. A newer one about the same takes the place of an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Who types where.
    Typing(RoomId, UserId),
    /// Who has read how far.
    Read(RoomId, UserId),
    /// Who is there.
    Presence(UserId),
}

/// The signals that wait, encoded.
#[derive(Debug, Default)]
pub struct Signals {
    waiting: VecDeque<(About, Bytes)>,
}

impl Signals {
    /// Takes one more.
    pub fn put(&mut self, about: About, frame: Bytes) {
        if let Some(older) = self.waiting.iter_mut().find(|(is, _)| *is == about) {
            older.1 = frame;
            return;
        }
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((about, frame));
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Gives all that wait, oldest first.
    pub fn take(&mut self) -> impl Iterator<Item = Bytes> + use<> {
        std::mem::take(&mut self.waiting).into_iter().map(|(_, frame)| frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(byte: u8) -> About {
        About::Presence(UserId::mint(1, [byte; 10]))
    }

    #[test]
    fn a_newer_signal_takes_the_place_of_the_older_about_the_same() {
        let mut signals = Signals::default();
        signals.put(presence(1), Bytes::from_static(b"1 online"));
        signals.put(presence(2), Bytes::from_static(b"2 online"));
        signals.put(presence(1), Bytes::from_static(b"1 away"));
        assert!(signals.take().eq(["1 away", "2 online"]));
        assert_eq!(signals.take().count(), 0);
    }

    #[test]
    fn the_oldest_makes_room_when_too_many_wait() {
        let mut signals = Signals::default();
        for byte in 0..=u8::MAX {
            signals.put(presence(byte), Bytes::from(vec![byte]));
        }
        let left: Vec<_> = signals.take().collect();
        assert_eq!(left.len(), WAITING);
        assert_eq!(left.last().unwrap(), &[255][..]);
    }
}
