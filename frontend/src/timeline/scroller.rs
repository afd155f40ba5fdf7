//! Keeps the timeline's window and its place on the screen: at the bottom while the reader is there, on the
//! same row otherwise. Knows rows by their keys and no words.

use std::{cell::RefCell, collections::HashMap};

use client_core::{Command, Row, RowKey, view::HistoryView};
use leptos::{prelude::*, task::spawn_local};
use shared::{RoomId, Seq};

use super::{
    arrange::{Facts, Item, arrange},
    viewport::{Anchor, Viewport},
    window::Window,
};
use crate::{
    browser::looked_at,
    clock,
    driver::Driver,
    store::{LiveRow, Store, put},
};

/// The height that a row is taken for before any was measured.
const GUESS_PX: f64 = 44.0;

/// How far from the upper edge the divider of new messages is put when the room opens.
const DIVIDER_PX: f64 = 96.0;

/// A handle to the scroller for views.
#[derive(Clone, Copy)]
pub struct Scroller {
    /// What is on the page, in order.
    pub items: RwSignal<Vec<Item>>,
    /// Whether the reader is at the bottom.
    pub at_bottom: RwSignal<bool>,
    /// Whether nobody has said anything that is known of.
    pub quiet: RwSignal<bool>,
    /// How many messages came below since the reader left the bottom.
    pub below: RwSignal<u64>,
    room: RoomId,
    driver: Driver,
    store: Store,
    state: StoredValue<RefCell<State>, LocalStorage>,
}

#[derive(Default)]
struct State {
    viewport: Option<Viewport>,
    keys: Vec<RowKey>,
    window: Window,
    /// Up to where this person had read when they came, or when they last looked away.
    read: Option<Seq>,
    /// Whether the room was shown at its first place.
    placed: bool,
    /// The newest event that was told to be seen.
    told: Seq,
    average: Option<f64>,
}

impl Scroller {
    /// A scroller for a room that this person has read up to `read`, where something came after that.
    pub fn new(room: RoomId, read: Option<Seq>, driver: Driver, store: Store) -> Self {
        store.at_bottom.set(true);
        let state = State { read, ..State::default() };
        Self {
            items: RwSignal::new(Vec::new()),
            at_bottom: store.at_bottom,
            quiet: RwSignal::new(true),
            below: RwSignal::new(0),
            room,
            driver,
            store,
            state: StoredValue::new_local(RefCell::new(state)),
        }
    }

    /// Works on these elements from now on.
    pub(super) fn attach(self, viewport: Viewport) {
        self.with(|state| state.viewport = Some(viewport));
        self.refresh();
    }

    /// Shows the newest rows, and stays with them.
    pub fn to_newest(self) {
        self.at_bottom.set(true);
        self.refresh();
    }

    /// Rows have come, gone or moved.
    pub(super) fn refresh(self) {
        let keys = self.driver.rows(self.room);
        let anchor = self.anchor();
        let first_time = self.with(|state| {
            let first = state.keys.get(state.window.range().start).copied();
            // At the bottom nothing has to be found again, however long the room is.
            let place = first
                .filter(|_| !self.at_bottom.get_untracked())
                .and_then(|first| keys.iter().position(|key| *key == first));
            state.window = match place {
                Some(place) => state.window.moved_to(place, keys.len()),
                None => Window::newest(keys.len()),
            };
            state.keys = keys;
            !state.placed && !state.keys.is_empty()
        });
        let history = self.store.history.get_untracked();
        if first_time && history.loaded {
            self.place_first(history);
        } else {
            self.show(anchor);
        }
    }

    /// The reader, or something else, has scrolled.
    pub(super) fn scrolled(self) {
        let Some(viewport) = self.viewport() else { return };
        let window = self.with(|state| {
            let (len, range) = (state.keys.len(), state.window.range());
            let average = state.average.unwrap_or(GUESS_PX);
            let seen = if let Some(into) = viewport.above_by() {
                let row = (into / average) as usize;
                row..row + 1
            } else if let Some(into) = viewport.below_by() {
                let row = (range.end + (into / average) as usize).min(len.saturating_sub(1));
                row..row + 1
            } else {
                self.seen_rows(state, &viewport)
            };
            let window = state.window.after_scroll(seen, len);
            (window != state.window).then_some(window)
        });
        if let Some(window) = window {
            let anchor = self.anchor();
            self.with(|state| state.window = window);
            self.show(anchor);
        }
        self.look(&viewport);
    }

    /// Something has grown or shrunk.
    pub(super) fn resized(self) {
        let Some(viewport) = self.viewport() else { return };
        if self.at_bottom.get_untracked() {
            viewport.to_end();
        }
    }

    /// The reader looks here again, or looks away.
    pub(super) fn looked(self, here: bool) {
        if here {
            self.tell_seen();
        } else if self.at_bottom.get_untracked() {
            // What comes from now on is new to them.
            self.with(|state| state.read = Some(state.told));
        }
    }

    /// Moves the focus by rows: `-1` up, `1` down; as far as the window goes.
    pub(super) fn step(self, by: isize) -> bool {
        let Some(viewport) = self.viewport() else { return false };
        let items = self.items.get_untracked();
        let is_row = |index: &usize| matches!(items.get(*index), Some(Item::Row(_)));
        let next = match viewport.focused() {
            Some(at) if by < 0 => (0..at).rev().find(is_row),
            Some(at) => (at + 1..items.len()).find(is_row),
            None => viewport.seen().rev().find(is_row),
        };
        next.is_some_and(|index| viewport.focus(index))
    }

    fn with<T>(self, act: impl FnOnce(&mut State) -> T) -> T {
        self.state.with_value(|state| act(&mut state.borrow_mut()))
    }

    fn viewport(self) -> Option<Viewport> {
        self.with(|state| state.viewport.clone())
    }

    /// The rows on the screen, as indices of all rows.
    fn seen_rows(self, state: &State, viewport: &Viewport) -> std::ops::Range<usize> {
        let start = state.window.range().start;
        let seen = viewport.seen();
        self.items.with_untracked(|items| {
            let rows = |items: &[Item]| items.iter().filter(|item| matches!(item, Item::Row(_))).count();
            let before = start + rows(&items[..seen.start.min(items.len())]);
            before..before + rows(&items[seen.start.min(items.len())..seen.end.min(items.len())])
        })
    }

    /// The first row on the screen; `None` at the bottom, which is an anchor itself.
    fn anchor(self) -> Option<Anchor<Item>> {
        if self.at_bottom.get_untracked() {
            return None;
        }
        let viewport = self.viewport()?;
        self.items.with_untracked(|items| {
            let index = viewport.seen().find(|index| matches!(items.get(*index), Some(Item::Row(_))))?;
            Some(Anchor { item: *items.get(index)?, offset: viewport.offset_of(index)? })
        })
    }

    /// Goes to the first unread message, where there is one, else to the newest.
    fn place_first(self, history: HistoryView) {
        let unread = self.with(|state| {
            state.placed = true;
            let read = state.read?;
            let oldest = self.fact(*state.keys.first()?)?.seq?;
            if !history.at_start && oldest > read.next() {
                // The first unread message is further up than what has come.
                state.read = None;
                return None;
            }
            let new =
                |key: &RowKey| self.fact(*key).is_some_and(|fact| fact.seq.is_some_and(|seq| seq > read));
            let first = state.keys.iter().position(new)?;
            state.window = Window::around(first, state.keys.len());
            Some(())
        });
        if unread.is_some() {
            self.at_bottom.set(false);
            self.show(Some(Anchor { item: Item::New, offset: DIVIDER_PX }));
        } else {
            self.show(None);
        }
    }

    /// Puts the window's rows on the page, and then the screen where it belongs.
    fn show(self, anchor: Option<Anchor<Item>>) {
        let me = self.store.me_untracked();
        let list = self.with(|state| {
            let range = state.window.range();
            let facts: Vec<_> = state.keys[range.clone()].iter().filter_map(|key| self.fact(*key)).collect();
            put(self.quiet, range.start == 0 && !facts.iter().any(|fact| fact.is_message));
            let before = range.start.checked_sub(1).and_then(|index| self.fact(state.keys[index]));
            arrange(before, &facts, state.read, me)
        });
        self.keep_live(&list.continues);
        self.driver.rows_shown();
        if self.items.with_untracked(|items| *items != list.items) {
            self.items.set(list.items);
        }
        // Behind the list's own change in the queue, before anything is drawn.
        spawn_local(async move { self.settle(anchor) });
    }

    /// Makes signals for rows that came onto the page, and drops those of rows that went.
    fn keep_live(self, continues: &[(RowKey, bool)]) {
        let live = self.store.live();
        let mut live = live.borrow_mut();
        let mut old = std::mem::replace(&mut *live, HashMap::with_capacity(continues.len()));
        for (key, continues) in continues {
            let kept = old.remove(key);
            if let Some(kept) = &kept
                && kept.continues.get_untracked() != *continues
            {
                kept.continues.set(*continues);
            }
            let row = kept.or_else(|| {
                let row = ArcRwSignal::new(self.driver.row(self.room, *key)?);
                Some(LiveRow { row, continues: ArcRwSignal::new(*continues) })
            });
            live.extend(row.map(|row| (*key, row)));
        }
    }

    /// After the list has changed: spaces, place, and what follows from them.
    fn settle(self, anchor: Option<Anchor<Item>>) {
        // The page may have gone meanwhile.
        if self.state.try_with_value(|_| ()).is_none() {
            return;
        }
        let Some(viewport) = self.viewport() else { return };
        self.with(|state| {
            state.average = viewport.average().or(state.average);
            let average = state.average.unwrap_or(GUESS_PX);
            let (range, len) = (state.window.range(), state.keys.len());
            viewport.space(range.start as f64 * average, (len - range.end) as f64 * average);
        });
        match anchor {
            None if self.at_bottom.get_untracked() => viewport.to_end(),
            None => {}
            Some(anchor) => {
                let index =
                    self.items.with_untracked(|items| items.iter().position(|item| *item == anchor.item));
                if let Some(offset) = index.and_then(|index| viewport.offset_of(index)) {
                    viewport.scroll_by(offset - anchor.offset);
                }
            }
        }
        self.look(&viewport);
    }

    /// Sees where the reader is: at the bottom, near the oldest row, and what they have seen.
    fn look(self, viewport: &Viewport) {
        let (at_newest, at_oldest) = self.with(|state| {
            let range = state.window.range();
            (range.end == state.keys.len(), range.start == 0 && state.placed)
        });
        let at_bottom = at_newest && viewport.at_end();
        put(self.at_bottom, at_bottom);
        if at_bottom {
            put(self.below, 0);
        }
        let history = self.store.history.get_untracked();
        if at_oldest && history.loaded && !history.at_start && !history.paging && viewport.near_start() {
            self.driver.dispatch(Command::PageBack(self.room));
        }
        self.tell_seen();
    }

    /// Tells the client what was on the screen of somebody who looks.
    fn tell_seen(self) {
        let Some(viewport) = self.viewport() else { return };
        if !looked_at() {
            return;
        }
        let newest = self.with(|state| {
            let seen = self.seen_rows(state, &viewport);
            let seen = seen.start.min(state.keys.len())..seen.end.min(state.keys.len());
            let newest = state.keys[seen].iter().filter_map(|key| self.fact(*key)?.seq).max()?;
            (newest > state.told).then(|| state.told = newest)?;
            Some(newest)
        });
        if let Some(newest) = newest {
            self.driver.dispatch(Command::Seen(self.room, newest));
        }
    }

    fn fact(self, key: RowKey) -> Option<Facts> {
        let live = self.store.live();
        match live.borrow().get(&key) {
            Some(live) => Some(live.row.with_untracked(facts)),
            None => self.driver.row(self.room, key).as_ref().map(facts),
        }
    }
}

fn facts(row: &Row) -> Facts {
    let is_message = row.body.counts();
    let (unix_ms, day) = (row.timestamp.unix_ms(), clock::day_of(row.timestamp));
    Facts { key: row.key, seq: row.seq, is_message, unix_ms, day }
}
