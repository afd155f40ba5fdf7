//! Messages that were refused for good. A copy of one may still be on its way, over a connection that its client has
//! long given up, and get here when it could be stored: whoever was told that it is not must not find it there.
//! Bounded. Knows no reason and no clock.
//!
//! Kept in memory alone: what is refused leaves no trace on the disk, and a copy that is on its way does not survive the
//! end of the process it is on its way to. A second copy in another tab does, where a browser has no locks: the next
//! process decides about it anew.

use std::collections::{HashMap, VecDeque};

use shared::{TxnId, UserId};

/// The newest of them, with what each was told.
#[derive(Debug)]
pub struct Refused<Why> {
    most: usize,
    known: HashMap<(UserId, TxnId), Why>,
    order: VecDeque<(UserId, TxnId)>,
}

impl<Why: Copy> Refused<Why> {
    /// Keeps the newest `most` in mind.
    pub fn new(most: usize) -> Self {
        Self { most, known: HashMap::new(), order: VecDeque::new() }
    }

    /// What the author of that message was told, if it was refused.
    pub fn why(&self, author: UserId, txn: TxnId) -> Option<Why> {
        self.known.get(&(author, txn)).copied()
    }

    /// A message is refused.
    pub fn note(&mut self, author: UserId, txn: TxnId, why: Why) {
        if self.known.insert((author, txn), why).is_none() {
            self.order.push_back((author, txn));
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> (UserId, TxnId) {
        (UserId::mint(1, [1; 10]), TxnId::mint(number, [1; 10]))
    }

    #[test]
    fn a_refusal_is_kept_in_mind_until_too_many_newer_ones_came() {
        let mut refused = Refused::new(2);
        for number in [1, 2, 2, 3] {
            let (user, txn) = key(number);
            refused.note(user, txn, number);
        }
        let why = |number| refused.why(key(number).0, key(number).1);
        assert_eq!([why(1), why(2), why(3), why(4)], [None, Some(2), Some(3), None]);
        assert_eq!(refused.why(UserId::mint(2, [1; 10]), key(2).1), None, "somebody else's");
        assert_eq!((refused.known.len(), refused.order.len()), (2, 2));
    }
}
