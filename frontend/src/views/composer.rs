//! Where messages are written. It keeps the text, the caret and the focus; what becomes of a message is the
//! client's.

use client_core::Command;
use leptos::{ev, html, prelude::*};
use shared::{ErrorCode, text::is_blank};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlTextAreaElement, KeyboardEvent};

use super::{icons::Icon, room::RoomFacts};
use crate::{
    adopt::{Adopted, ShellField},
    browser::{Listener, document, media},
    driver::Driver,
    erase::{attribute, flag, on_change, press, text, when, yes_or_no},
    explain,
    store::{Keeping, Store},
    timeline::Scroller,
    words::{fill, words},
};

/// What a key press with an open input method says, where `isComposing` is not known.
const KEY_OF_INPUT_METHOD: u32 = 229;

/// The counter comes when less than one part in that many of the limit is left.
const NEAR: u64 = 10;

/// The composer.
#[component]
pub fn Composer(
    /// Of which room.
    facts: RoomFacts,
    /// Goes to the newest row when something is sent.
    scroller: Scroller,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let area = NodeRef::<html::Textarea>::new();
    let touch = media("(pointer: coarse)");
    // How many characters are left, as far as that is worth saying.
    let left = RwSignal::new(None::<i64>);
    let blank = RwSignal::new(true);

    let adopted = ShellField::Message.adopt();
    let measure = move |area: &HtmlTextAreaElement| {
        let text = area.value();
        blank.set(is_blank(&text));
        left.set(left_to_write(&text, driver.message_chars()));
        fit(area);
    };
    let keep = move |area: &HtmlTextAreaElement| {
        driver.dispatch(Command::Draft { room: facts.id, text: area.value() });
    };
    area.on_load(move |area| {
        begin(&area, &driver.draft(facts.id), adopted.as_ref(), touch);
        if area.value() != driver.draft(facts.id) {
            keep(&area);
        }
        measure(&area);
    });

    let refused = RwSignal::new(None::<ErrorCode>);
    on_change(
        move || store.refused.get(),
        move |back| {
            let back = back.filter(|back| back.room == facts.id);
            if let (Some(back), Some(area)) = (back, area.get_untracked()) {
                refused.set(Some(back.code));
                // Before whatever was begun meanwhile.
                area.set_value(&(back.content + &area.value()));
                keep(&area);
                measure(&area);
            }
        },
    );
    on_change(
        move || store.draft.track(),
        move |()| {
            let (Some(area), text) = (area.get_untracked(), driver.draft(facts.id)) else { return };
            if area.value() != text {
                area.set_value(&text);
                measure(&area);
                // Fails only for an element that is gone.
                let _ = area.focus();
            }
        },
    );

    let input = move |_| {
        let Some(area) = area.get_untracked() else { return };
        refused.set(None);
        measure(&area);
        let text = area.value();
        keep(&area);
        driver.dispatch(Command::Typing(facts.id, !text.is_empty()));
    };
    let send = move || {
        let Some(area) = area.get_untracked() else { return };
        let content = area.value();
        if is_blank(&content) || left.get_untracked().is_some_and(|left| left < 0) {
            return;
        }
        scroller.to_newest();
        driver.dispatch(Command::Post { room: facts.id, content });
        area.set_value("");
        measure(&area);
        // Fails only for an element that is gone.
        let _ = area.focus();
    };
    let key = move |event: KeyboardEvent| {
        if sends(&event, touch) {
            event.prevent_default();
            send();
        }
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        send();
    };
    focus_on_typing(area);
    let label = move || fill(words().message_to, &[("room", &facts.name.get())]);
    let over = move || left.get().is_some_and(|left| left < 0);
    view! {
        <form class="composer" on:submit=submit>
            {when(move || store.keeping.get() == Keeping::Lost, || view! { <NothingKept /> }.into_any())}
            <div class="composer-box" class:over=flag(over)>
                <textarea
                    id="message"
                    node_ref=area
                    rows="1"
                    aria-label=text(label)
                    placeholder=text(label)
                    aria-describedby="composer-note"
                    aria-invalid=attribute(move || over().then_some("true"))
                    enterkeyhint=if touch { "enter" } else { "send" }
                    autocomplete="off"
                    on:input=input
                    on:keydown=key
                    on:blur=move |_| driver.dispatch(Command::Typing(facts.id, false))
                ></textarea>
                <button
                    class="send"
                    type="submit"
                    aria-label=words().send
                    aria-disabled=yes_or_no(move || blank.get() || over())
                >
                    {Icon::Send.view()}
                </button>
            </div>
            <div class="composer-foot">
                <TypingLine />
                <Note left refused touch />
            </div>
        </form>
    }
}

/// Said once: whatever is not sent ends with this page.
#[component]
fn NothingKept() -> impl IntoView {
    let store = expect_context::<Store>();
    view! {
        <p class="nothing-kept" role="status">
            <span>{words().nothing_kept}</span>
            <button
                type="button"
                class="link"
                on:click=press(move || store.keeping.set(Keeping::Known))
            >
                {words().understood}
            </button>
        </p>
    }
}

/// Who types: one line that is always there, so that nothing moves.
#[component]
fn TypingLine() -> impl IntoView {
    let store = expect_context::<Store>();
    let line = move || {
        store.typing.with(|people| match people.as_slice() {
            [] => String::new(),
            [a] => fill(words().types_one, &[("a", &a.name)]),
            [a, b] => fill(words().types_two, &[("a", &a.name), ("b", &b.name)]),
            [a, b, rest @ ..] => {
                words().types_more.with(rest.len() as u64, &[("a", &a.name), ("b", &b.name)])
            }
        })
    };
    view! {
        <p class="typing" class:active=flag(move || store.typing.with(|people| !people.is_empty()))>{text(line)}</p>
    }
}

/// What has to be known about sending: the length near its limit, what waits and until when, or the keys.
#[component]
fn Note(
    /// How many characters are left, near the limit.
    left: RwSignal<Option<i64>>,
    /// Why the last message was not even taken.
    refused: RwSignal<Option<ErrorCode>>,
    /// Whether there is no keyboard to explain.
    touch: bool,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let waiting = move || {
        let queue = store.queue.get();
        (queue.waiting > 0).then(|| match queue.until_ms {
            Some(until) => {
                let seconds = until.saturating_sub(store.now_ms.get()).div_ceil(1000).max(1);
                let seconds = seconds.to_string();
                words().queued_until.with(queue.waiting, &[("s", &seconds)])
            }
            None => words().queued.of(queue.waiting),
        })
    };
    let note = move || match left.get() {
        _ if refused.get().is_some() => refused.get().map(refusal).unwrap_or_default(),
        Some(left) if left < 0 => words().over_limit.of(left.unsigned_abs()),
        Some(left) => words().left_to_write.of(left.unsigned_abs()),
        None => waiting().unwrap_or_else(|| if touch { String::new() } else { words().keys_hint.to_owned() }),
    };
    let kind = move || match left.get() {
        _ if refused.get().is_some() => "over",
        Some(left) if left < 0 => "over",
        Some(_) => "near",
        None if store.queue.get().waiting > 0 => "waiting",
        None => "keys",
    };
    view! { <p class="note" id="composer-note" data-kind=attribute(move || Some(kind()))>{text(note)}</p> }
}

/// Why a message was not even taken.
fn refusal(code: ErrorCode) -> String {
    match code {
        ErrorCode::RateLimited | ErrorCode::Unavailable => words().errors.queue_full.to_owned(),
        _ => fill(words().not_sent, &[("reason", &explain::message(code, ""))]),
    }
}

/// Whether a key press sends: Enter where there is a keyboard, and everywhere with Ctrl or Cmd, but never
/// while an input method is open.
fn sends(event: &KeyboardEvent, touch: bool) -> bool {
    if event.key() != "Enter" || event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD {
        return false;
    }
    event.ctrl_key() || event.meta_key() || !(touch || event.shift_key() || event.alt_key())
}

fn left_to_write(text: &str, limit: u64) -> Option<i64> {
    let near = limit - limit / NEAR;
    // A text of few bytes has few characters; most texts are not counted at all.
    if (text.len() as u64) < near {
        return None;
    }
    let count = text.chars().count() as u64;
    (count >= near).then(|| limit as i64 - count as i64)
}

/// Puts the draft into the field: what the static page had taken, else what was kept.
fn begin(area: &HtmlTextAreaElement, draft: &str, adopted: Option<&Adopted>, touch: bool) {
    let typed = adopted.filter(|adopted| !adopted.text.is_empty());
    area.set_value(typed.map_or(draft, |typed| &typed.text));
    if !touch || adopted.is_some_and(|adopted| adopted.focused) {
        // Neither fails for a field that is on the page.
        let _ = area.focus();
        let end = area.value().encode_utf16().count() as u32;
        let (start, end) = typed.and_then(|typed| typed.selection).unwrap_or((end, end));
        let _ = area.set_selection_range(start, end);
    }
}

/// Gives the field its height where the browser does not do it by itself.
fn fit(area: &HtmlTextAreaElement) {
    if has_field_sizing() {
        return;
    }
    let style = web_sys::HtmlElement::style(area);
    // Neither fails for a name that styles have.
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}

fn has_field_sizing() -> bool {
    document()
        .body()
        .is_some_and(|body| js_sys::Reflect::has(&body.style(), &"fieldSizing".into()).unwrap_or(false))
}

/// Typing anywhere that is no field writes here.
fn focus_on_typing(area: NodeRef<html::Textarea>) {
    let listener = Listener::new(&document(), "keydown", move |event| {
        let Ok(event) = event.dyn_into::<KeyboardEvent>() else { return };
        let types = event.key().chars().count() == 1 && event.key() != " ";
        if !types || event.ctrl_key() || event.meta_key() || event.alt_key() || elsewhere() {
            return;
        }
        if let Some(area) = area.get_untracked() {
            let _ = area.focus();
        }
    });
    let held = StoredValue::new_local(listener);
    on_cleanup(move || held.dispose());
}

/// Whether the focus is on something that takes keys itself.
fn elsewhere() -> bool {
    let active = document().active_element().and_then(|active| active.dyn_into::<HtmlElement>().ok());
    active.is_some_and(|active| {
        !matches!(active.tag_name().as_str(), "BODY" | "DIV")
            || active.closest("dialog").ok().flatten().is_some()
    })
}
