//! Which panels stand beside the room: always there on a wide screen, opened over it on a small one. Knows
//! nothing of what is in them.

use leptos::{html, prelude::*};

use super::icons::Icon;
use crate::{
    browser::{Frame, Listener, document, media, media_list},
    erase::{effect, press},
    words::words,
};

/// Below this, the rooms are a panel.
const NARROW: &str = "(max-width: 47.99rem)";

/// Below this, the members are one.
const MEDIUM: &str = "(max-width: 67.99rem)";

/// A panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The rooms.
    Rooms,
    /// The members.
    Members,
}

/// The panels of the page.
#[derive(Clone, Copy)]
pub struct Panels {
    /// The panel that is opened over the room.
    pub over: RwSignal<Option<Panel>>,
    /// Whether the rooms would be one.
    pub narrow: RwSignal<bool>,
    /// Whether the members would be one.
    pub medium: RwSignal<bool>,
    /// Whether the members stand beside the room where there is space.
    pub members_beside: RwSignal<bool>,
}

impl Panels {
    /// The panels for this screen; follows its size until the page goes.
    pub fn begin() -> Self {
        let over = RwSignal::new(None);
        let follow = |query: &'static str| {
            let matches = RwSignal::new(media(query));
            let listener = media_list(query).map(|list| {
                Listener::new(&list, "change", move |_| {
                    matches.set(media(query));
                    over.set(None);
                })
            });
            (matches, StoredValue::new_local(listener))
        };
        let (narrow, one) = follow(NARROW);
        let (medium, other) = follow(MEDIUM);
        let escape = StoredValue::new_local(Listener::new(&document(), "keydown", move |event| {
            let key = wasm_bindgen::JsCast::dyn_into::<web_sys::KeyboardEvent>(event);
            if key.is_ok_and(|key| key.key() == "Escape") && over.with_untracked(Option::is_some) {
                over.set(None);
            }
        }));
        on_cleanup(move || {
            one.dispose();
            other.dispose();
            escape.dispose();
        });
        Self { over, narrow, medium, members_beside: RwSignal::new(true) }
    }

    /// Whether something can't be reached because a panel is over it.
    pub fn covered(self, by_other_than: Option<Panel>) -> bool {
        self.over.get().is_some_and(|over| Some(over) != by_other_than)
    }

    /// Shows or hides the members.
    pub fn toggle_members(self) {
        if self.medium.get_untracked() {
            self.over.set(Some(Panel::Members));
        } else {
            self.members_beside.update(|beside| *beside = !*beside);
        }
    }

    /// Whether the members can be seen.
    pub fn members_shown(self) -> bool {
        if self.medium.get() { self.over.get() == Some(Panel::Members) } else { self.members_beside.get() }
    }
}

/// The button that closes a panel, and has the focus when the panel opens.
#[component]
pub fn ClosePanel(
    /// The panel.
    panel: Panel,
    /// The class that hides it where the panel stands beside the room.
    class: &'static str,
) -> impl IntoView {
    let panels = expect_context::<Panels>();
    let button = NodeRef::<html::Button>::new();
    let frame = StoredValue::new_local(None);
    effect(move || {
        // What is still hidden or inert takes no focus; by the next frame it is neither.
        let opens = panels.over.get() == Some(panel);
        frame.set_value(opens.then(|| Frame::new(move || focus(button))));
    });
    view! {
        <button
            class=format!("icon-button {class}")
            node_ref=button
            aria-label=words().close
            on:click=press(move || panels.over.set(None))
        >
            {Icon::Close.view()}
        </button>
    }
}

fn focus(button: NodeRef<html::Button>) {
    if let Some(button) = button.get_untracked() {
        // Fails only for an element that is gone.
        let _ = button.focus();
    }
}
