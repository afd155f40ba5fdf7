//! One direction of a connection: bytes that are on their way, in order, each piece with its moment.

use std::collections::VecDeque;

/// Bytes on their way.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pieces: VecDeque<(u64, Vec<u8>)>,
    /// Nothing arrives before that.
    held_until: u64,
    /// What is sent from now on vanishes, and nobody is told.
    dark: bool,
    /// When the end of the stream arrives, behind all bytes.
    ends_at: Option<u64>,
}

impl Lane {
    /// Sends bytes that would arrive at that moment if nothing held them up.
    pub(crate) fn send(&mut self, at: u64, bytes: Vec<u8>) {
        if !self.dark && self.ends_at.is_none() && !bytes.is_empty() {
            let behind = self.pieces.back().map_or(0, |(before, _)| *before);
            self.pieces.push_back((at.max(behind), bytes));
        }
    }

    /// Ends the stream behind what is on its way.
    pub(crate) fn end(&mut self, at: u64) {
        if !self.dark && self.ends_at.is_none() {
            self.ends_at = Some(at);
        }
    }

    /// Holds everything up until then.
    pub(crate) fn hold(&mut self, until: u64) {
        self.held_until = self.held_until.max(until);
    }

    /// What is held up goes on.
    pub(crate) fn release(&mut self) {
        self.held_until = 0;
    }

    /// Lets everything vanish from now on.
    pub(crate) fn darken(&mut self) {
        self.dark = true;
    }

    /// Bytes on their way.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|(_, piece)| piece.len()).sum()
    }

    /// Lets only the first of the bytes on their way arrive, and nothing after them.
    pub(crate) fn cut(&mut self, mut keep: usize) {
        for (_, piece) in &mut self.pieces {
            piece.truncate(keep);
            keep -= piece.len();
        }
        self.pieces.retain(|(_, piece)| !piece.is_empty());
        self.ends_at = None;
        self.dark = true;
    }

    /// Takes what has arrived by that moment.
    pub(crate) fn take(&mut self, now: u64) -> Vec<u8> {
        let mut arrived = Vec::new();
        while self.held_until <= now && self.pieces.front().is_some_and(|(at, _)| *at <= now) {
            let (_, piece) = self.pieces.pop_front().expect("it was just looked at");
            if arrived.is_empty() { arrived = piece } else { arrived.extend_from_slice(&piece) }
        }
        arrived
    }

    /// Whether the end of the stream has arrived.
    pub(crate) fn has_ended(&self, now: u64) -> bool {
        self.pieces.is_empty() && self.held_until <= now && self.ends_at.is_some_and(|at| at <= now)
    }

    /// When the next thing arrives.
    pub(crate) fn next(&self) -> Option<u64> {
        let next = self.pieces.front().map(|(at, _)| *at).or(self.ends_at);
        next.map(|at| at.max(self.held_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_in_the_order_in_which_they_were_sent() {
        let mut lane = Lane::default();
        lane.send(50, vec![1]);
        lane.send(10, vec![2]);
        lane.end(20);
        assert_eq!((lane.take(49), lane.next()), (vec![], Some(50)));
        assert_eq!(lane.take(50), [1, 2]);
        assert!(lane.has_ended(50));
    }

    #[test]
    fn what_is_held_up_arrives_later_and_what_is_cut_never() {
        let mut lane = Lane::default();
        lane.send(10, vec![1, 2]);
        lane.send(20, vec![3, 4]);
        lane.hold(100);
        assert_eq!((lane.take(99), lane.next()), (vec![], Some(100)));
        lane.cut(3);
        lane.send(30, vec![5]);
        assert_eq!(lane.take(100), [1, 2, 3], "in the middle of a piece");
        assert_eq!(lane.next(), None);
        assert!(!lane.has_ended(1_000), "and nobody is told");
    }
}
