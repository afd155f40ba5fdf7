//! What is written and not yet sent, per room, kept for this tab. Knows no composer.

use shared::RoomId;

use crate::browser::tab_storage;

fn name(room: RoomId) -> String {
    format!("confab.draft.{room}")
}

/// The draft of a room; empty where there is none.
pub fn draft(room: RoomId) -> String {
    tab_storage().and_then(|storage| storage.get_item(&name(room)).ok().flatten()).unwrap_or_default()
}

/// Keeps a draft. A storage that is full or forbidden keeps nothing; the text stays in its field.
pub fn keep_draft(room: RoomId, text: &str) {
    let Some(storage) = tab_storage() else { return };
    let _ =
        if text.is_empty() { storage.remove_item(&name(room)) } else { storage.set_item(&name(room), text) };
}

/// Forgets all drafts.
pub fn forget_drafts() {
    if let Some(storage) = tab_storage() {
        let _ = storage.clear();
    }
}
