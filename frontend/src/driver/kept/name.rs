//! The name of this page among those of its browser: the same after a reload and a crash, so that a page finds again
//! what was its own. It knows nothing of what is kept.

use crate::browser::{random_seed, tab_storage};

/// Where the tab remembers it.
const KEY: &str = "confab.page";

/// The name that this tab had before, or a new one. A tab that was opened as a copy of another has that one's name.
pub(super) fn of_this_tab() -> String {
    let remembered = tab_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    remembered.filter(|name| is_name(name)).unwrap_or_else(another)
}

/// A new one, from now on.
pub(super) fn another() -> String {
    let name = format!("{:016x}", random_seed());
    if let Some(storage) = tab_storage() {
        // A tab that can't remember has another name after a reload, and takes over what it kept under this one.
        let _ = storage.set_item(KEY, &name);
    }
    name
}

fn is_name(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
