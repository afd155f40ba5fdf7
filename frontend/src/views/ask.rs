//! A form with one question: a label, a field, a button, and what is wrong with the answer. It knows neither
//! what is asked nor what for.

use leptos::{ev, html, prelude::*};

use crate::{
    adopt::{Adopted, ShellField},
    browser,
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

/// Asks. `answer` is called with what was typed, without white space around it. `explain` says what is wrong
/// when it is about this form. `adopt` is the field of the static page that this one takes over.
#[component]
pub fn Ask(
    question: Question,
    #[prop(into)] answer: Callback<String>,
    #[prop(into)] explain: Callback<Failure, Option<String>>,
    #[prop(optional)] adopt: Option<ShellField>,
    #[prop(optional)] focus: bool,
    #[prop(optional)] quiet: bool,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let field = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let adopted = adopt.and_then(ShellField::adopt);
    let wants_focus = focus && !browser::media("(pointer: coarse)");

    field.on_load(move |field| take_over(&field, adopted.as_ref(), wants_focus));
    Effect::new(move |first: Option<()>| {
        let failure = store.failed.get();
        // What failed before this form was there is not about it.
        if first.is_some()
            && let Some(text) = failure.and_then(|failure| explain.run(failure))
        {
            busy.set(false);
            error.set(Some(text));
            refocus(field);
        }
    });
    Effect::new(move || {
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
        <form class="ask" on:submit=submit novalidate=true aria-busy=move || busy.get().to_string()>
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
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=error_id.clone()
                    on:input=move |_| error.set(None)
                />
                <button class="button" class:quiet=quiet type="submit" aria-disabled=move || busy.get().to_string()>
                    {question.button}
                </button>
            </div>
            <p class="ask-error" id=error_id role="alert">{move || error.get()}</p>
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
