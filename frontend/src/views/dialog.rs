//! A dialog over the page that keeps the focus to itself. It does not know what stands in it.

use leptos::{html, prelude::*};

use crate::erase::{effect, text, when};

/// A dialog. The focus goes back to where it was when it closes.
#[component]
pub fn Dialog(
    /// Whether it is there.
    #[prop(into)]
    open: Signal<bool>,
    /// Somebody has closed it.
    #[prop(into)]
    close: Callback<()>,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// What stands in it while it is there.
    inside: impl Fn() -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            // Fails only for a dialog that is open or not on the page.
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="dialog"
            node_ref=dialog
            on:close=move |_| close.run(())
            aria-label=text(move || label.get())
        >
            {when(move || open.get(), inside)}
        </dialog>
    }
}
