//! A button that copies a text and says whether that went well. It does not know what the text is.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use super::{app::Spoken, icons::Icon};
use crate::{
    browser::window,
    erase::{press, text},
};

/// The words of a button that copies.
#[derive(Clone, Copy)]
pub struct CopyWords {
    /// Before it was pressed.
    pub label: &'static str,
    /// When the text is copied.
    pub copied: &'static str,
    /// When the browser does not let it, and what can be done instead.
    pub not_copied: &'static str,
}

/// The button.
#[component]
pub fn Copy(
    /// What it copies.
    #[prop(into)]
    what: Callback<(), String>,
    /// What stands on it.
    words: CopyWords,
) -> impl IntoView {
    let Spoken(spoken) = expect_context();
    let label = RwSignal::new(words.label);
    let copy = press(move || {
        let text = what.run(());
        // Over plain HTTP a browser has no clipboard.
        let window = window();
        let copied = window.is_secure_context().then(|| window.navigator().clipboard().write_text(&text));
        spawn_local(async move {
            let is_copied = match copied {
                Some(copied) => JsFuture::from(copied).await.is_ok(),
                None => false,
            };
            let said = if is_copied { words.copied } else { words.not_copied };
            // The button may be gone meanwhile.
            label.try_set(said);
            spoken.try_set(said.to_owned());
        });
    });
    view! {
        <button class="button quiet" on:click=copy on:blur=move |_| label.set(words.label)>
            {Icon::Link.view()}
            {text(move || label.get())}
        </button>
    }
}
