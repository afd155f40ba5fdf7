//! The address bar as a signal: follows the browser's back and forward, and leads there. Knows no rooms.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::{
    address::Address,
    browser::{Listener, window},
};

/// Where the page is, and the way elsewhere.
#[derive(Clone, Copy)]
pub struct Navigation {
    address: RwSignal<Address>,
    _back_and_forth: StoredValue<Listener, LocalStorage>,
}

impl Navigation {
    /// Begins where the address bar is.
    pub fn begin() -> Self {
        let address = RwSignal::new(current());
        let listener = Listener::new(&window(), "popstate", move |_| address.set(current()));
        Self { address, _back_and_forth: StoredValue::new_local(listener) }
    }

    /// Where the page is.
    pub fn address(self) -> Address {
        self.address.get()
    }

    /// Goes there; the way back leads here again.
    pub fn go(self, to: Address) {
        if self.address.get_untracked() == to {
            return;
        }
        if let Ok(history) = window().history() {
            // Fails only where the browser refuses a hundred changes in a few seconds; the page goes on.
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&to.path()));
        }
        self.address.set(to);
    }

    /// Writes the address otherwise, without a step of its own.
    pub fn rewrite(self, to: Address) {
        if self.address.get_untracked() == to {
            return;
        }
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&to.path()));
        }
        self.address.set(to);
    }
}

/// The whole link to a room.
pub fn link_to(code: &str) -> String {
    let origin = window().location().origin().unwrap_or_default();
    format!("{origin}{}", Address::Room(code.to_owned()).path())
}

fn current() -> Address {
    Address::parse(&window().location().pathname().unwrap_or_default())
}
