//! What stands between and beside rows: days, the divider of new messages, and which rows are drawn
//! together. Knows no screen and no clock.

use client_core::RowKey;
use shared::{Seq, UserId};

/// Rows of one author that are no further apart are drawn together.
const TOGETHER_MS: u64 = 5 * 60_000;

/// What the arrangement needs to know of a row.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Its identity.
    pub key: RowKey,
    /// Its place, once it is stored.
    pub seq: Option<Seq>,
    /// Whether it is a message, which has an author beside it.
    pub is_message: bool,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// The day of the reader's calendar, counted from any day.
    pub day: i64,
}

/// One thing of the list, by its identity on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// A new day.
    Day(i64),
    /// Here begins what this reader has not read.
    New,
    /// A row.
    Row(RowKey),
}

/// The list, and which of its rows go on with the one before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// In order.
    pub items: Vec<Item>,
    /// For each row in order: whether it is drawn as part of the one before.
    pub continues: Vec<(RowKey, bool)>,
}

/// Arranges rows. `before` is the row before the first one, where there is one; `read` is up to where this
/// person had read when they came, where something came after that; `me` never has a divider before
/// their own rows.
pub fn arrange(before: Option<Facts>, rows: &[Facts], read: Option<Seq>, me: Option<UserId>) -> Arrangement {
    let mut list = Arrangement::default();
    let mut last = before;
    // Times may step back while seqs go on: a day is announced once, when it first comes.
    let mut day = before.map(|row| row.day);
    let is_new = |row: &Facts| row.seq.is_some_and(|seq| read.is_some_and(|read| seq > read));
    let mut divided = before.as_ref().is_some_and(is_new);
    for row in rows {
        let mut apart = false;
        if day.is_none_or(|day| row.day > day) {
            list.items.push(Item::Day(row.day));
            day = Some(row.day);
            apart = true;
        }
        if !divided && is_new(row) && row.is_message && me != Some(row.key.author) {
            list.items.push(Item::New);
            divided = true;
            apart = true;
        }
        list.items.push(Item::Row(row.key));
        list.continues.push((row.key, !apart && last.is_some_and(|last| go_together(&last, row))));
        last = Some(*row);
    }
    list
}

fn go_together(one: &Facts, next: &Facts) -> bool {
    one.is_message
        && next.is_message
        && one.key.author == next.key.author
        && next.unix_ms.saturating_sub(one.unix_ms) < TOGETHER_MS
}

#[cfg(test)]
mod tests {
    use shared::TxnId;

    use super::*;

    fn row(author: u8, n: u8, minute: u64) -> Facts {
        let key = RowKey { author: UserId::mint(0, [author; 10]), txn_id: TxnId::mint(0, [n; 10]) };
        let (seq, unix_ms) = (Seq::new(n.into()), minute * 60_000);
        Facts { key, seq, is_message: true, unix_ms, day: i64::try_from(minute / 1440).unwrap() }
    }

    fn continues(list: &Arrangement) -> Vec<bool> {
        list.continues.iter().map(|(_, continues)| *continues).collect()
    }

    #[test]
    fn rows_of_one_author_within_five_minutes_are_drawn_together() {
        let rows = [row(1, 1, 0), row(1, 2, 4), row(1, 3, 9), row(2, 4, 9), row(1, 5, 9)];
        let list = arrange(None, &rows, None, None);
        assert_eq!(continues(&list), [false, true, false, false, false]);
    }

    #[test]
    fn a_line_of_somebody_coming_is_never_part_of_their_messages() {
        let joined = Facts { is_message: false, ..row(1, 1, 0) };
        let list = arrange(None, &[joined, row(1, 2, 0)], None, None);
        assert_eq!(continues(&list), [false, false]);
    }

    #[test]
    fn each_day_is_announced_once_even_when_times_step_back() {
        let rows = [row(1, 1, 0), row(1, 2, 1441), row(1, 3, 1439), row(1, 4, 1442)];
        let list = arrange(None, &rows, None, None);
        let days: Vec<_> = list.items.iter().filter(|item| matches!(item, Item::Day(_))).collect();
        assert_eq!(days, [&Item::Day(0), &Item::Day(1)]);
    }

    #[test]
    fn a_window_in_the_middle_goes_on_with_the_row_above_it() {
        let list = arrange(Some(row(1, 1, 0)), &[row(1, 2, 1)], None, None);
        assert_eq!(continues(&list), [true]);
        assert_eq!(list.items, [Item::Row(row(1, 2, 1).key)]);
    }

    #[test]
    fn the_divider_stands_before_the_first_unread_message_of_somebody_else() {
        let me = row(9, 0, 0).key.author;
        let rows = [row(1, 1, 0), row(9, 2, 0), row(1, 3, 0), row(1, 4, 0)];
        let list = arrange(None, &rows, Seq::new(1), Some(me));
        let place = list.items.iter().position(|item| *item == Item::New);
        assert_eq!(place.map(|at| list.items[at + 1]), Some(Item::Row(rows[2].key)));
        assert_eq!(continues(&list), [false, false, false, true]);
    }

    #[test]
    fn a_divider_above_the_window_is_not_repeated_in_it() {
        let list = arrange(Some(row(1, 3, 0)), &[row(1, 4, 0)], Seq::new(1), None);
        assert!(!list.items.contains(&Item::New));
    }
}
