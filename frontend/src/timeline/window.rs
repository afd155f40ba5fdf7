//! Which rows of a timeline are on the page: a bounded range of them. Knows indices and heights, no rows
//! and no screen.

use std::ops::Range;

/// Rows on the page at most: about three screens of a large window, so that a flick meets no blank.
pub const MOST: usize = 100;

/// Rows that must be left above and below what is seen before the window moves on.
const MARGIN: usize = 25;

/// How far one move goes.
const STEP: usize = 30;

/// A range of rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    range: Range<usize>,
}

impl Window {
    /// The newest rows.
    pub fn newest(len: usize) -> Self {
        Self { range: len.saturating_sub(MOST)..len }
    }

    /// Rows around one.
    pub fn around(row: usize, len: usize) -> Self {
        let start = row.saturating_sub(MOST / 2).min(len.saturating_sub(MOST));
        Self { range: start..(start + MOST).min(len) }
    }

    /// The rows.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The same rows after the list has changed: the row that was first is now at `first`, and there are
    /// `len` rows. What came at the end is taken in as long as there is room.
    pub fn moved_to(&self, first: usize, len: usize) -> Self {
        let start = first.min(len);
        let shown = self.range.len();
        let room = if shown < MOST { MOST } else { shown };
        Self { range: start..(start + room).min(len) }
    }

    /// The window after scrolling: `seen` are the rows on the screen, as indices of the whole list.
    pub fn after_scroll(&self, seen: Range<usize>, len: usize) -> Self {
        let Range { start, end } = self.range;
        if seen.start >= end || seen.end <= start {
            return Self::around(seen.start, len);
        }
        if start > 0 && seen.start < start + MARGIN {
            let start = start.saturating_sub(STEP);
            // What is seen stays, however many rows fit the screen.
            let end = (start + MOST).max(seen.end).min(len);
            return Self { range: start..end };
        }
        if end < len && seen.end + MARGIN > end {
            let end = (end + STEP).min(len);
            let start = end.saturating_sub(MOST).min(seen.start);
            return Self { range: start..end };
        }
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_holds_the_newest_rows_and_no_more_than_it_may() {
        assert_eq!(Window::newest(7).range(), 0..7);
        assert_eq!(Window::newest(1000).range(), 900..1000);
    }

    #[test]
    fn what_is_read_stays_when_older_rows_come_before_it() {
        let reading = Window::around(50, 300);
        assert_eq!(reading.range(), 0..100);
        assert_eq!(reading.moved_to(100, 400).range(), 100..200);
    }

    #[test]
    fn what_is_read_stays_when_newer_rows_come_after_it() {
        let reading = Window::around(500, 1000);
        assert_eq!(reading.moved_to(450, 1100).range(), reading.range());
        assert_eq!(Window::newest(20).moved_to(0, 30).range(), 0..30);
    }

    #[test]
    fn scrolling_moves_the_window_before_its_end_is_seen() {
        let window = Window::newest(1000);
        assert_eq!(window.after_scroll(960..975, 1000), window);
        assert_eq!(window.after_scroll(910..925, 1000).range(), 870..970);
        let up = window.after_scroll(910..925, 1000);
        assert_eq!(up.after_scroll(950..965, 1000).range(), 900..1000);
    }

    #[test]
    fn a_jump_with_the_scroll_bar_lands_among_rows() {
        let window = Window::newest(1000);
        assert_eq!(window.after_scroll(200..215, 1000).range(), 150..250);
    }

    #[test]
    fn the_window_never_leaves_the_list_and_always_holds_what_is_seen() {
        let len = 333;
        let mut window = Window::newest(len);
        for step in 0..2000_usize {
            let seen = (step * 7919) % (len - 15);
            let seen = seen..seen + 15;
            window = window.after_scroll(seen.clone(), len);
            let range = window.range();
            assert!(range.start <= seen.start && seen.end <= range.end, "{range:?} {seen:?}");
            assert!(range.end <= len && range.len() <= MOST + 15);
        }
    }
}
