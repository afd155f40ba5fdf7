//! A question before something that can't be undone. It does not know what.

use leptos::{html, prelude::*};

use crate::{
    erase::{effect, press, text, when},
    words::words,
};

/// Asks. The focus goes back to where it was.
#[component]
pub fn Confirm(
    /// Whether it is asked.
    asking: RwSignal<bool>,
    /// What.
    #[prop(into)]
    question: Signal<String>,
    /// What a yes means.
    hint: &'static str,
    /// How a yes is said.
    yes: &'static str,
    /// Does it.
    #[prop(into)]
    act: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        if asking.get() && !dialog.open() {
            // Fails only for a dialog that is open or not on the page.
            let _ = dialog.show_modal();
        } else if !asking.get() && dialog.open() {
            dialog.close();
        }
    });
    let inside = move || {
        let agree = press(move || {
            asking.set(false);
            act.run(());
        });
        let refuse = press(move || asking.set(false));
        view! {
            <h2>{text(move || question.get())}</h2>
            <p class="soft">{hint}</p>
            <div class="confirm-buttons">
                <button class="button quiet" on:click=refuse>{words().cancel}</button>
                <button class="button danger" on:click=agree>{yes}</button>
            </div>
        }
        .into_any()
    };
    view! {
        <dialog
            class="confirm"
            node_ref=dialog
            on:close=move |_| asking.set(false)
            aria-label=text(move || question.get())
        >
            {when(move || asking.get(), inside)}
        </dialog>
    }
}
