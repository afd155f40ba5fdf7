//! The list of rooms, and oneself below it.

use client_core::Command;
use leptos::{html, prelude::*};
use shared::RoomId;

use super::{
    confirm::Confirm,
    icons::Icon,
    panels::{Panel, Panels},
};
use crate::{
    address::Address,
    avatar,
    driver::Driver,
    navigation::Navigation,
    place::Place,
    store::Store,
    words::{fill, words},
};

/// The rooms.
#[component]
pub fn Sidebar() -> impl IntoView {
    let store = expect_context::<Store>();
    let panels = expect_context::<Panels>();
    let navigation = expect_context::<Navigation>();
    let place = expect_context::<Memo<Place>>();
    let close = NodeRef::<html::Button>::new();
    let shut = move || {
        let in_room = matches!(place.get(), Place::Room(_));
        let away = panels.narrow.get() && in_room && panels.over.get() != Some(Panel::Rooms);
        away || panels.covered(Some(Panel::Rooms))
    };
    Effect::new(move || {
        if panels.over.get() == Some(Panel::Rooms)
            && let Some(close) = close.get()
        {
            // Fails only for an element that is gone.
            let _ = close.focus();
        }
    });
    let ids = Memo::new(move |_| {
        store.rooms.with(|rooms| rooms.iter().map(|room| room.room.id).collect::<Vec<_>>())
    });
    let at_start = move || (place.get() == Place::Start).then_some("page");
    view! {
        <nav class="side" aria-label=words().rooms inert=shut>
            <div class="side-head">
                <p class="brand">{Icon::Mark.view()} "Confab"</p>
                <button
                    class="icon-button side-close"
                    node_ref=close
                    aria-label=words().close
                    on:click=move |_| panels.over.set(None)
                >
                    {Icon::Close.view()}
                </button>
            </div>
            <div class="side-title">
                <h2>{words().rooms}</h2>
                <a
                    class="icon-button side-new"
                    href="/"
                    aria-current=at_start
                    aria-label=words().new_room
                    on:click=move |event| {
                        event.prevent_default();
                        panels.over.set(None);
                        navigation.go(Address::Start);
                    }
                >
                    {Icon::Plus.view()}
                </a>
            </div>
            <ul class="rooms-list">
                <For each=move || ids.get() key=|id| *id let:id>
                    <RoomLink id />
                </For>
            </ul>
            <Show when=move || ids.with(Vec::is_empty)>
                <p class="side-empty">{words().no_rooms}</p>
            </Show>
            <Me />
        </nav>
    }
}

#[component]
fn RoomLink(id: RoomId) -> impl IntoView {
    let store = expect_context::<Store>();
    let navigation = expect_context::<Navigation>();
    let place = expect_context::<Memo<Place>>();
    let seen = Memo::new(move |_| {
        store.rooms.with(|rooms| {
            let room = rooms.iter().find(|room| room.room.id == id)?;
            Some((room.room.name.clone(), room.room.code.clone(), room.unread))
        })
    });
    let name = move || seen.with(|seen| seen.as_ref().map(|seen| seen.0.clone()));
    let address =
        move || Address::Room(seen.with(|seen| seen.as_ref().map(|seen| seen.1.clone())).unwrap_or_default());
    let unread = Memo::new(move |_| seen.with(|seen| seen.as_ref().map_or(0, |seen| seen.2)));
    let here = move || (place.get() == Place::Room(id)).then_some("page");
    let go = move |event: leptos::ev::MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            navigation.go(address());
        }
    };
    let count = move || match unread.get() {
        0 => None,
        n if n > 99 => Some("99+".to_owned()),
        n => Some(n.to_string()),
    };
    view! {
        <li>
            <a
                class="room-link"
                class:unread=move || { unread.get() > 0 }
                href=move || address().path()
                aria-current=here
                on:click=go
            >
                <span class="room-link-name">{name}</span>
                {move || {
                    count().map(|count| view! {
                        <span class="badge" aria-hidden="true">{count}</span>
                        <span class="sr">{words().unread.of(unread.get())}</span>
                    })
                }}
            </a>
        </li>
    }
}

#[component]
fn Me() -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let asking = RwSignal::new(false);
    let name = move || store.me().map(|me| me.name).unwrap_or_default();
    let hue = move || store.me().map_or(0, |me| avatar::hue(me.id));
    let question = move || fill(words().sign_out_question, &[("name", &name())]);
    view! {
        <div class="me">
            <span class=move || format!("avatar hue-{}", hue()) aria-hidden="true">
                {move || avatar::initials(&name())}
            </span>
            <span class="me-name">{name}</span>
            <button
                class="icon-button"
                aria-label=words().sign_out
                title=words().sign_out
                on:click=move |_| asking.set(true)
            >
                {Icon::Out.view()}
            </button>
        </div>
        <Confirm
            asking
            question=Signal::derive(question)
            hint=words().sign_out_hint
            yes=words().sign_out
            act=move || driver.dispatch(Command::SignOut)
        />
    }
}
