//! Closures for views behind one type each, so that what leptos makes of them is compiled once and not once
//! per place. It halves the page; it knows nothing of what the closures do.

use std::sync::Arc;

use leptos::{ev, prelude::*};
use shared::{RoomId, UserId};

use crate::timeline::arrange::Item;

/// A text that follows its signals.
pub type Text = Box<dyn FnMut() -> String + Send>;

/// An attribute that follows its signals and may not be there.
pub type Attribute = Box<dyn FnMut() -> Option<String> + Send>;

/// A yes or no that follows its signals.
pub type Flag = Box<dyn FnMut() -> bool + Send>;

/// A part of the page that follows its signals.
pub type Part = Box<dyn FnMut() -> AnyView + Send>;

/// What a press of a button does.
pub type Press = Box<dyn FnMut(ev::MouseEvent)>;

/// A text.
pub fn text<T: Into<String>>(mut text: impl FnMut() -> T + Send + 'static) -> Text {
    Box::new(move || text().into())
}

/// An attribute.
pub fn attribute<T: Into<String>>(mut value: impl FnMut() -> Option<T> + Send + 'static) -> Attribute {
    Box::new(move || value().map(Into::into))
}

/// A yes or no.
pub fn flag(flag: impl FnMut() -> bool + Send + 'static) -> Flag {
    Box::new(flag)
}

/// A yes or no for an attribute that says either.
pub fn yes_or_no(mut flag: impl FnMut() -> bool + Send + 'static) -> Attribute {
    Box::new(move || Some(flag().to_string()))
}

/// A part of the page.
pub fn part(part: impl FnMut() -> AnyView + Send + 'static) -> Part {
    Box::new(part)
}

/// A part of the page that is there while `there` says so.
pub fn when(
    there: impl Fn() -> bool + Send + Sync + 'static,
    mut view: impl FnMut() -> AnyView + Send + 'static,
) -> Part {
    let there: Box<dyn Fn() -> bool + Send + Sync> = Box::new(there);
    let there = Memo::new(move |_| there());
    Box::new(move || if there.get() { view() } else { ().into_any() })
}

/// What a press does.
pub fn press(mut act: impl FnMut() + 'static) -> Press {
    Box::new(move |_| act())
}

/// Acts now, and whenever what it reads has changed.
pub fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}

/// Acts whenever what `read` reads has changed, but not for what it is now.
pub fn on_change<T: 'static>(read: impl Fn() -> T + 'static, mut act: impl FnMut(T) + 'static) {
    let mut first = true;
    effect(move || {
        let now = read();
        if !std::mem::replace(&mut first, false) {
            untrack(|| act(now));
        }
    });
}

/// What a list is of. One type for all lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKey {
    /// An item of a timeline.
    Item(Item),
    /// A room.
    Room(RoomId),
    /// A member.
    Member(UserId),
}

/// A list that draws each of its keys once and moves what it has drawn.
pub fn list(
    keys: impl Fn() -> Vec<ListKey> + Send + 'static,
    draw: impl Fn(ListKey) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let keys: Box<dyn Fn() -> Vec<ListKey> + Send> = Box::new(keys);
    let draw: Arc<dyn Fn(ListKey) -> AnyView + Send + Sync> = Arc::new(draw);
    let draw = move |key| draw(key);
    view! { <For each=keys key=|key| *key children=draw /> }.into_any()
}
