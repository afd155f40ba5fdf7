//! The measures of the scrolled element and its rows. Knows elements and pixels, no messages.

use std::ops::Range;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// The reader counts as being at the bottom within that many pixels of it.
const AT_BOTTOM_PX: f64 = 80.0;

/// The scrolled element, the list in it, and what stands for the rows above and below.
#[derive(Clone)]
pub(super) struct Viewport {
    /// Scrolls.
    pub(super) outer: HtmlElement,
    /// Holds one element per item, and nothing else.
    pub(super) list: HtmlElement,
    /// As high as the rows above the window.
    pub(super) above: HtmlElement,
    /// As high as the rows below the window.
    pub(super) below: HtmlElement,
}

/// Something on the screen and how far below the upper edge it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor<T> {
    /// What.
    pub(super) item: T,
    /// How far, in pixels.
    pub(super) offset: f64,
}

impl Viewport {
    fn edge(&self) -> f64 {
        self.outer.get_bounding_client_rect().top()
    }

    fn child(&self, index: usize) -> Option<Element> {
        self.list.children().item(u32::try_from(index).ok()?)
    }

    /// The indices of the items on the screen, at least partly.
    pub(super) fn seen(&self) -> Range<usize> {
        let count = self.list.children().length() as usize;
        let (top, bottom) = {
            let edge = self.outer.get_bounding_client_rect();
            (edge.top(), edge.bottom())
        };
        let place = |index: usize| self.child(index).map(|child| child.get_bounding_client_rect());
        let first = first_that(count, |index| place(index).is_some_and(|rect| rect.bottom() > top));
        let end = first_that(count, |index| place(index).is_some_and(|rect| rect.top() >= bottom));
        first..end.max(first)
    }

    /// How far below the upper edge an item begins.
    pub(super) fn offset_of(&self, index: usize) -> Option<f64> {
        Some(self.child(index)?.get_bounding_client_rect().top() - self.edge())
    }

    /// Scrolls by that much.
    pub(super) fn scroll_by(&self, pixels: f64) {
        if pixels.abs() >= 0.5 {
            self.outer.set_scroll_top(self.outer.scroll_top() + pixels.round() as i32);
        }
    }

    /// Scrolls to the very end.
    pub(super) fn to_end(&self) {
        self.outer.set_scroll_top(self.outer.scroll_height());
    }

    /// Whether the end is on the screen, or nearly.
    pub(super) fn at_end(&self) -> bool {
        let hidden = self.outer.scroll_height() - self.outer.scroll_top() - self.outer.client_height();
        f64::from(hidden) <= AT_BOTTOM_PX
    }

    /// Whether less than a screen and a half is left above.
    pub(super) fn near_start(&self) -> bool {
        f64::from(self.outer.scroll_top()) < f64::from(self.outer.client_height()) * 1.5
    }

    /// The average height of an item; `None` while there are none.
    pub(super) fn average(&self) -> Option<f64> {
        let count = self.list.children().length();
        (count > 0).then(|| f64::from(self.list.offset_height()) / f64::from(count))
    }

    /// How far the screen is into the part above the window, in pixels; `None` outside of it.
    pub(super) fn above_by(&self) -> Option<f64> {
        let end = self.above.get_bounding_client_rect().bottom() - self.edge();
        (end > f64::from(self.outer.client_height())).then(|| f64::from(self.above.offset_height()) - end)
    }

    /// How far the screen is into the part below the window, in pixels; `None` outside of it.
    pub(super) fn below_by(&self) -> Option<f64> {
        let start = self.below.get_bounding_client_rect().top() - self.edge();
        (start < 0.0).then_some(-start)
    }

    /// Gives the parts outside the window their heights.
    pub(super) fn space(&self, above: f64, below: f64) {
        for (element, height) in [(&self.above, above), (&self.below, below)] {
            // Fails only for a name that no style has.
            let _ = element.style().set_property("height", &format!("{}px", height.round() as i64));
        }
    }

    /// Puts the focus on an item.
    pub(super) fn focus(&self, index: usize) -> bool {
        let element = self.child(index).and_then(|child| child.dyn_into::<HtmlElement>().ok());
        element.is_some_and(|element| element.focus().is_ok())
    }

    /// The item that has the focus, or in which the focus is.
    pub(super) fn focused(&self) -> Option<usize> {
        let active = crate::browser::document().active_element()?;
        let count = self.list.children().length() as usize;
        (0..count).find(|index| self.child(*index).is_some_and(|child| child.contains(Some(&active))))
    }
}

/// The first index for which something holds that holds for all after it.
fn first_that(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
