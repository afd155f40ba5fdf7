//! A form with one question: a label, a field, a button, and what is wrong with the answer. It knows neither
//! what is asked nor what for.

use leptos::{ev, html, prelude::*};

use crate::{
    adopt::{Adopted, ShellField},
    browser,
    erase::{attribute, effect, on_change, text, yes_or_no},
    store::{Failure, Store},
};

/// What a form asks.
#[derive(Clone, Copy)]
pub struct Question {
    /// The field's id.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What an answer may look like.
    pub example: &'static str,
    /// The button.
    pub button: &'static str,
    /// What is said of an empty answer.
    pub empty: &'static str,
    /// What browsers may fill in.
    pub autocomplete: &'static str,
}

/// Asks.
#[component]
pub fn Ask(
    /// What.
    question: Question,
    /// Called with what was typed, without white space around it.
    #[prop(into)]
    answer: Callback<String>,
    /// Says what is wrong when a failure is about this form.
    #[prop(into)]
    explain: Callback<Failure, Option<String>>,
    /// The field of the static page that this one takes over.
    #[prop(optional)]
    adopt: Option<ShellField>,
    /// Whether it takes the focus, where no keyboard would come up for it.
    #[prop(optional)]
    focus: bool,
    /// Whether its button is the lesser one of the page.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let field = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let adopted = adopt.and_then(ShellField::adopt);
    let wants_focus = focus && !browser::media("(pointer: coarse)");

    field.on_load(move |field| take_over(&field, adopted.as_ref(), wants_focus));
    // What failed before this form was there is not about it.
    on_change(
        move || store.failed.get(),
        move |failure| {
            if let Some(text) = failure.and_then(|failure| explain.run(failure)) {
                busy.set(false);
                error.set(Some(text));
                refocus(field);
            }
        },
    );
    effect(move || {
        store.begun.track();
        busy.set(false);
    });

    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        let typed = typed.trim();
        if typed.is_empty() {
            error.set(Some(question.empty.to_owned()));
            refocus(field);
            return;
        }
        error.set(None);
        busy.set(true);
        answer.run(typed.to_owned());
    };
    let error_id = format!("{}-error", question.id);
    view! {
        <form class="ask" on:submit=submit novalidate=true aria-busy=yes_or_no(move || busy.get())>
            <label for=question.id>{question.label}</label>
            <div class="ask-line">
                <input
                    id=question.id
                    node_ref=field
                    type="text"
                    placeholder=question.example
                    autocomplete=question.autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    enterkeyhint="go"
                    aria-invalid=attribute(move || error.with(Option::is_some).then_some("true"))
                    aria-describedby=error_id.clone()
                    on:input=move |_| error.set(None)
                />
                <button class="button" class:quiet=quiet type="submit" aria-disabled=yes_or_no(move || busy.get())>
                    {question.button}
                </button>
            </div>
            <p class="ask-error" id=error_id role="alert">{text(move || error.get().unwrap_or_default())}</p>
        </form>
    }
}

fn refocus(field: NodeRef<html::Input>) {
    if let Some(field) = field.get_untracked() {
        // Fails only for an element that is gone.
        let _ = field.focus();
    }
}

fn take_over(field: &web_sys::HtmlInputElement, adopted: Option<&Adopted>, wants_focus: bool) {
    if let Some(adopted) = adopted {
        field.set_value(&adopted.text);
    }
    if wants_focus || adopted.is_some_and(|adopted| adopted.focused) {
        // Neither fails for a text field that is on the page.
        let _ = field.focus();
        if let Some((start, end)) = adopted.and_then(|adopted| adopted.selection) {
            let _ = field.set_selection_range(start, end);
        }
    }
}
