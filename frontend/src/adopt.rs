//! Takes over what was typed into the static page before the program had loaded: text, caret, focus.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};

use crate::browser::document;

/// A field of the static page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellField {
    /// Asks for a name.
    Name,
    /// Takes a message.
    Message,
}

/// What was in a field.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// Its text.
    pub text: String,
    /// Where its caret was, or what was selected.
    pub selection: Option<(u32, u32)>,
    /// Whether it had the focus.
    pub focused: bool,
}

impl ShellField {
    const fn id(self) -> &'static str {
        match self {
            Self::Name => "shell-name",
            Self::Message => "shell-message",
        }
    }

    /// What is in the field, while the static page is still there.
    pub fn adopt(self) -> Option<Adopted> {
        let element = document().get_element_by_id(self.id())?;
        let focused = document().active_element().is_some_and(|active| active == element);
        let (text, selection) = if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
            (area.value(), area.selection_start().ok().zip(area.selection_end().ok()))
        } else {
            let input = element.dyn_ref::<HtmlInputElement>()?;
            (input.value(), input.selection_start().ok().zip(input.selection_end().ok()))
        };
        let selection = selection.and_then(|(start, end)| start.zip(end));
        Some(Adopted { text, selection, focused })
    }
}

/// Takes the static page away.
pub fn remove_shell() {
    if let Some(shell) = document().get_element_by_id("shell") {
        shell.remove();
    }
}
