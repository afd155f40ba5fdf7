//! What each screen was given and shows, over time. Knows no log.

use std::collections::BTreeMap;

use shared::{Event, RoomId, Seq, TxnId, UserId};

use super::{
    fact::{Screen, ShownRow},
    requests::Requests,
    violation::{Rule, Violation},
};

/// Who types is shown for so long after the last that was heard of it.
const TYPING_MS: u64 = 8_000;

/// Whoever has missed more than so many events of a room starts at its newest page.
const FAR: u64 = 2_000;

/// What a screen showed of a room when it was last looked at.
#[derive(Debug, Default)]
struct Seen {
    /// The rows that are stored.
    stored: Vec<Seq>,
    /// Own rows that had no place.
    waiting: Vec<TxnId>,
}

#[derive(Debug, Default)]
pub(super) struct Screens {
    seen: BTreeMap<(Screen, RoomId), Seen>,
    /// When each screen last heard that somebody types, by its own clock.
    typing: BTreeMap<(Screen, RoomId, UserId), u64>,
}

impl Screens {
    pub(super) fn restarted(&mut self, screen: Screen) {
        self.seen.retain(|(is, _), _| *is != screen);
        self.typing.retain(|(is, ..), _| *is != screen);
    }

    pub(super) fn closed(&mut self, screen: Screen, room: RoomId) {
        self.seen.remove(&(screen, room));
    }

    pub(super) fn delivered(&mut self, screen: Screen, event: &Event) {
        if event.body.counts() {
            self.typing.remove(&(screen, event.room_id, event.author.id));
        }
    }

    pub(super) fn shown(
        &mut self,
        (screen, user, room): (Screen, UserId, RoomId),
        rows: &[ShownRow],
        known: u64,
        requests: &Requests,
    ) -> Result<(), Violation> {
        check_order(screen, user, room, rows)?;
        let seen = self.seen.entry((screen, room)).or_default();
        let stored: Vec<Seq> = rows.iter().filter_map(|row| row.seq).collect();
        // Rows before those that are shown can be paged to; there is nothing to show only where so much was missed
        // that the screen starts over.
        let (first, newest) = (stored.first().copied(), seen.stored.last().copied());
        let starts_over = newest.is_some_and(|newest| known > newest.get() + FAR);
        let is_missing = |seq: Seq| {
            let is_older = first.is_some_and(|first| seq < first);
            !is_older && !starts_over && stored.binary_search(&seq).is_err()
        };
        if let Some(seq) = seen.stored.iter().copied().find(|seq| is_missing(*seq)) {
            let detail = format!("{screen:?} showed {room} {seq}, and it is gone");
            return Err(Violation::new(Rule::ShownMissing, detail));
        }
        for txn_id in &seen.waiting {
            let key = (user, *txn_id);
            let is_there = rows.iter().any(|row| (row.author, row.txn_id) == key);
            let is_before = || requests.place(key).is_some_and(|seq| first.is_none_or(|first| seq < first));
            if !is_there && !requests.may_be_gone(key) && !is_before() {
                let detail = format!("{screen:?} showed {txn_id} as waiting in {room}, and it is gone");
                return Err(Violation::new(Rule::ShownMissing, detail));
            }
        }
        seen.stored = stored;
        seen.waiting = rows.iter().filter(|row| row.seq.is_none()).map(|row| row.txn_id).collect();
        Ok(())
    }

    pub(super) fn typed(&mut self, at: (Screen, RoomId, UserId), active: bool, at_ms: u64) {
        if active {
            self.typing.insert(at, at_ms);
        } else {
            self.typing.remove(&at);
        }
    }

    pub(super) fn shows_typing(
        &mut self,
        screen: Screen,
        room: RoomId,
        users: &[UserId],
        at_ms: u64,
    ) -> Result<(), Violation> {
        for user in users {
            let heard = self.typing.get(&(screen, room, *user));
            if heard.is_none_or(|heard| at_ms.saturating_sub(*heard) > TYPING_MS) {
                let detail =
                    format!("{screen:?} shows {user} typing in {room} at {at_ms}, heard at {heard:?}");
                return Err(Violation::new(Rule::Typing, detail));
            }
        }
        Ok(())
    }
}

/// Stored rows come first, in order, each once and without holes but before own ones whose neighbours are still on
/// their way; what waits comes last.
fn check_order(screen: Screen, user: UserId, room: RoomId, rows: &[ShownRow]) -> Result<(), Violation> {
    let wrong = |rule, what: &str, row: &ShownRow| {
        Violation::new(rule, format!("{screen:?} shows {what} in {room}: {row:?}"))
    };
    let mut keys: Vec<_> = rows.iter().map(|row| (row.author, row.txn_id)).collect();
    keys.sort_unstable();
    if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        let detail = format!("{screen:?} shows {} twice in {room}", twice[0].1);
        return Err(Violation::new(Rule::Once, detail));
    }
    let stored = rows.iter().take_while(|row| row.seq.is_some()).count();
    if let Some(row) = rows[stored..].iter().find(|row| row.seq.is_some()) {
        return Err(wrong(Rule::OneOrder, "a stored row after one that waits", row));
    }
    if let Some(row) = rows[stored..].iter().find(|row| row.author != user) {
        return Err(wrong(Rule::Unasked, "somebody else's row as waiting", row));
    }
    let mut is_beyond = false;
    let mut before: Option<Seq> = None;
    for row in &rows[..stored] {
        let Some(seq) = row.seq else { continue };
        if before.is_some_and(|before| before >= seq) {
            return Err(wrong(Rule::OneOrder, "rows out of order", row));
        }
        is_beyond |= before.is_some_and(|before| before.next() != seq);
        if is_beyond && row.author != user {
            return Err(wrong(Rule::Holes, "a hole", row));
        }
        before = Some(seq);
    }
    Ok(())
}
