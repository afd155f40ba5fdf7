//! A question before something that can't be undone. It does not know what.

use leptos::prelude::*;

use super::dialog::Dialog;
use crate::{
    erase::{press, text},
    words::words,
};

/// Asks.
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
    let inside = move || {
        let agree = press(move || {
            asking.set(false);
            act.run(());
        });
        let refuse = press(move || asking.set(false));
        view! {
            <h2>{text(move || question.get())}</h2>
            <p class="soft">{hint}</p>
            <div class="dialog-buttons">
                <button class="button quiet" on:click=refuse>{words().cancel}</button>
                <button class="button danger" on:click=agree>{yes}</button>
            </div>
        }
        .into_any()
    };
    view! { <Dialog open=asking close=move |()| asking.set(false) label=question inside /> }
}
