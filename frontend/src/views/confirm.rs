//! A question before something that can't be undone. It does not know what.

use leptos::{html, prelude::*};

use crate::words::words;

/// Asks while `asking`; calls `act` for a yes. The focus goes back to where it was.
#[component]
pub fn Confirm(
    asking: RwSignal<bool>,
    #[prop(into)] question: Signal<String>,
    hint: &'static str,
    yes: &'static str,
    #[prop(into)] act: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if asking.get() && !dialog.open() {
            // Fails only for a dialog that is open or not on the page.
            let _ = dialog.show_modal();
        } else if !asking.get() && dialog.open() {
            dialog.close();
        }
    });
    let agree = move |_| {
        asking.set(false);
        act.run(());
    };
    view! {
        <dialog class="confirm" node_ref=dialog on:close=move |_| asking.set(false) aria-label=question>
            <h2>{question}</h2>
            <p class="soft">{hint}</p>
            <div class="confirm-buttons">
                <button class="button quiet" on:click=move |_| asking.set(false)>{words().cancel}</button>
                <button class="button danger" on:click=agree>{yes}</button>
            </div>
        </dialog>
    }
}
