//! The timeline on the screen: the log, its separators, the skeleton before it, and the pill that leads
//! down. What is where is the scroller's.

use client_core::RowKey;
use leptos::{html, prelude::*};
use shared::RoomId;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, MouseEvent, PointerEvent};

use super::{arrange::Item, row::RowView, scroller::Scroller, viewport::Viewport};
use crate::{
    browser::{Listener, Resizes, document, hidden, window},
    clock,
    driver::Driver,
    erase::{ListKey, effect, list, part, press, text, when, yes_or_no},
    store::{Inspected, Store},
    views::{icons::Icon, members::CopyLink, room::RoomFacts},
    words::{fill, words},
};

/// The messages of a room.
#[component]
pub fn Timeline(
    /// Of which room.
    facts: RoomFacts,
    /// Keeps its place.
    scroller: Scroller,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let room = facts.id;
    let outer = NodeRef::<html::Div>::new();
    let rows = NodeRef::<html::Div>::new();
    let above = NodeRef::<html::Div>::new();
    let below = NodeRef::<html::Div>::new();

    effect(move || {
        store.rows.track();
        scroller.refresh();
    });
    effect(move || {
        let elements = (outer.get(), rows.get(), above.get(), below.get());
        let (Some(outer), Some(list), Some(above), Some(below)) = elements else { return };
        watch(
            scroller,
            Viewport { outer: outer.into(), list: list.into(), above: above.into(), below: below.into() },
        );
    });
    effect(move || {
        let count = store.arrived.with(|arrived| arrived.len() as u64);
        if count > 0 && !scroller.at_bottom.get_untracked() {
            scroller.below.update(|below| *below += count);
        }
    });
    on_cleanup(move || store.live().borrow_mut().clear());

    let loaded = Memo::new(move |_| store.history.with(|history| history.loaded));
    let at_start = Memo::new(move |_| store.history.with(|history| history.at_start));
    let empty = Memo::new(move |_| scroller.items.with(Vec::is_empty));
    let driver = expect_context::<Driver>();
    let inspect = move |row: &Element| {
        let txn_id = row.get_attribute("data-txn");
        let keys = store.live();
        let key = keys.borrow().keys().find(|key| txn_id.as_ref() == Some(&key.txn_id.to_string())).copied();
        if let Some(key) = key {
            driver.inspect(Some(Inspected::Message(room, key)));
        }
        key.is_some()
    };
    let key = move |event: KeyboardEvent| on_key(scroller, &event, inspect);
    let click = move |event: MouseEvent| {
        let time = element_of(&event).filter(|element| element.tag_name() == "TIME");
        if let Some(row) = time.and_then(|time| time.closest(".message").ok().flatten()) {
            inspect(&row);
        }
    };
    let label = move || fill(words().messages_in, &[("room", &facts.name.get())]);
    view! {
        <div class="timeline">
            <div
                class="log"
                role="log"
                aria-live="off"
                aria-label=text(label)
                aria-busy=yes_or_no(move || !loaded.get())
                tabindex="0"
                node_ref=outer
                on:scroll=move |_| scroller.scrolled()
                on:keydown=key
                on:click=click
                on:pointerover=|event| tell_time(&event)
            >
                <div class="log-top">
                    {part(move || match (loaded.get(), at_start.get()) {
                        (true, true) => view! { <Beginning facts quiet=scroller.quiet /> }.into_any(),
                        (true, false) => view! { <Skeleton rows=3 /> }.into_any(),
                        (false, _) if empty.get() => view! { <Skeleton rows=12 /> }.into_any(),
                        (false, _) => ().into_any(),
                    })}
                </div>
                <div node_ref=above></div>
                <div class="rows" node_ref=rows>
                    {list(
                        move || scroller.items.with(|items| items.iter().copied().map(ListKey::Item).collect()),
                        move |key| match key {
                            ListKey::Item(item) => draw(item, room, store),
                            _ => ().into_any(),
                        },
                    )}
                </div>
                <div node_ref=below></div>
            </div>
            {when(move || !scroller.at_bottom.get(), move || pill(scroller))}
        </div>
    }
}

/// The way down, with what came meanwhile.
fn pill(scroller: Scroller) -> AnyView {
    let said = move || match scroller.below.get() {
        0 => words().to_newest.to_owned(),
        n => words().new_below.of(n),
    };
    view! {
        <button class="pill" on:click=press(move || scroller.to_newest())>{Icon::Down.view()} {text(said)}</button>
    }
    .into_any()
}

fn draw(item: Item, room: RoomId, store: Store) -> AnyView {
    match item {
        Item::Day(day) => view! {
            <div class="day" role="separator">
                <span>{text(move || clock::day_label(day, store.today.get()))}</span>
            </div>
        }
        .into_any(),
        Item::New => {
            view! { <div class="new" role="separator"><span>{words().new_messages}</span></div> }.into_any()
        }
        Item::Row(key) => draw_row(room, key, store),
    }
}

fn draw_row(room: RoomId, key: RowKey, store: Store) -> AnyView {
    let live = store.live().borrow().get(&key).cloned();
    match live {
        Some(live) => view! { <RowView room key live /> }.into_any(),
        // Gone again before it was drawn.
        None => view! { <div hidden=true></div> }.into_any(),
    }
}

#[component]
fn Beginning(
    /// Of which room.
    facts: RoomFacts,
    /// Whether nobody has said anything in it.
    quiet: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <div class="beginning">
            <p class="beginning-title">
                {text(move || fill(words().beginning, &[("room", &facts.name.get())]))}
            </p>
            <p>{text(move || if quiet.get() { words().nothing_said } else { words().beginning_hint })}</p>
            <CopyLink code=facts.code />
        </div>
    }
}

#[component]
fn Skeleton(
    /// For how many rows it stands.
    rows: usize,
) -> impl IntoView {
    let lines = (0..rows).map(|_| view! { <div class="ghost-row"></div> }).collect_view();
    view! { <div class="ghost" role="status" aria-label=words().loading>{lines}</div> }
}

/// Hands the elements to the scroller and follows their sizes and the reader's looks until the page goes.
fn watch(scroller: Scroller, viewport: Viewport) {
    let (outer, list) = (viewport.outer.clone(), viewport.list.clone());
    scroller.attach(viewport);
    let sizes = Resizes::new(&[&outer, &list], move || scroller.resized());
    let looks = [
        Listener::new(&window(), "focus", move |_| scroller.looked(true)),
        Listener::new(&window(), "blur", move |_| scroller.looked(false)),
        Listener::new(&document(), "visibilitychange", move |_| scroller.looked(!hidden())),
    ];
    let held = StoredValue::new_local((sizes, looks));
    on_cleanup(move || held.dispose());
}

/// Arrow keys go from row to row, Enter looks into one; what they are doing in a field is the field's.
fn on_key(scroller: Scroller, event: &KeyboardEvent, inspect: impl Fn(&Element) -> bool) {
    let moved = match event.key().as_str() {
        "Enter" => element_of(event).is_some_and(|row| inspect(&row)),
        "ArrowUp" => scroller.step(-1),
        "ArrowDown" => scroller.step(1),
        "Escape" => focus_composer(),
        _ => false,
    };
    if moved {
        event.prevent_default();
    }
}

fn focus_composer() -> bool {
    let composer = document().get_element_by_id("message");
    let composer = composer.and_then(|composer| composer.dyn_into::<HtmlElement>().ok());
    composer.is_some_and(|composer| composer.focus().is_ok())
}

/// Writes the exact time of a row into its tooltip when the pointer comes, and not before: it is needed once
/// in a thousand rows.
fn tell_time(event: &PointerEvent) {
    let Some(time) = element_of(event).filter(|element| element.tag_name() == "TIME") else { return };
    let moment = time.get_attribute("datetime").and_then(|moment| moment.parse().ok());
    if let Some(moment) = moment {
        // Fails only for a name that no attribute has.
        let _ = time
            .set_attribute("title", &format!("{}\n{}", clock::full_label(moment), words().inspect.details));
    }
}

/// Where an event happened.
fn element_of(event: &Event) -> Option<Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}
