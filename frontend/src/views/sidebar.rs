//! The list of rooms, and oneself below it.

use client_core::Command;
use leptos::prelude::*;
use shared::RoomId;

use super::{
    confirm::Confirm,
    icons::Icon,
    panels::{ClosePanel, Panel, Panels},
};
use crate::{
    address::Address,
    avatar,
    driver::Driver,
    erase::{ListKey, Press, attribute, flag, list, press, text, when},
    navigation::Navigation,
    place::Place,
    store::{Inspected, Store},
    words::{fill, words},
};

/// The rooms.
#[component]
pub fn Sidebar() -> impl IntoView {
    let store = expect_context::<Store>();
    let panels = expect_context::<Panels>();
    let navigation = expect_context::<Navigation>();
    let place = expect_context::<Memo<Place>>();
    let shut = move || {
        let in_room = matches!(place.get(), Place::Room(_));
        let away = panels.narrow.get() && in_room && panels.over.get() != Some(Panel::Rooms);
        away || panels.covered(Some(Panel::Rooms))
    };
    let ids = Memo::new(move |_| {
        store.rooms.with(|rooms| rooms.iter().map(|room| ListKey::Room(room.room.id)).collect::<Vec<_>>())
    });
    let at_start = move || (place.get() == Place::Start).then_some("page");
    let to_start: Press = Box::new(move |event| {
        event.prevent_default();
        panels.over.set(None);
        navigation.go(Address::Start);
    });
    view! {
        <nav class="side" aria-label=words().rooms inert=flag(shut)>
            <div class="side-head">
                <p class="brand">{Icon::Mark.view()} "Confab"</p>
                <ClosePanel panel=Panel::Rooms class="side-close" />
            </div>
            <div class="side-title">
                <h2>{words().rooms}</h2>
                <a
                    class="icon-button side-new"
                    href="/"
                    aria-current=attribute(at_start)
                    aria-label=words().new_room
                    on:click=to_start
                >
                    {Icon::Plus.view()}
                </a>
            </div>
            <ul class="rooms-list">
                {list(
                    move || ids.get(),
                    |key| match key {
                        ListKey::Room(id) => view! { <RoomLink id /> }.into_any(),
                        _ => ().into_any(),
                    },
                )}
            </ul>
            {when(
                move || ids.with(Vec::is_empty),
                || view! { <p class="side-empty">{words().no_rooms}</p> }.into_any(),
            )}
            <Me />
        </nav>
    }
}

#[component]
fn RoomLink(
    /// To which room.
    id: RoomId,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let navigation = expect_context::<Navigation>();
    let place = expect_context::<Memo<Place>>();
    let seen = Memo::new(move |_| {
        store.rooms.with(|rooms| {
            let room = rooms.iter().find(|room| room.room.id == id)?;
            Some((room.room.name.clone(), room.room.code.clone(), room.unread))
        })
    });
    let name = move || seen.with(|seen| seen.as_ref().map(|seen| seen.0.clone()).unwrap_or_default());
    let address =
        move || Address::Room(seen.with(|seen| seen.as_ref().map(|seen| seen.1.clone())).unwrap_or_default());
    let unread = Memo::new(move |_| seen.with(|seen| seen.as_ref().map_or(0, |seen| seen.2)));
    let here = move || (place.get() == Place::Room(id)).then_some("page");
    let go: Press = Box::new(move |event| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            navigation.go(address());
        }
    });
    let count = move || match unread.get() {
        n if n > 99 => "99+".to_owned(),
        n => n.to_string(),
    };
    view! {
        <li>
            <a
                class="room-link"
                class:unread=flag(move || unread.get() > 0)
                href=text(move || address().path())
                aria-current=attribute(here)
                on:click=go
            >
                <span class="room-link-name">{text(name)}</span>
                {when(
                    move || unread.get() > 0,
                    move || view! {
                        <span class="badge" aria-hidden="true">{text(count)}</span>
                        <span class="sr">{text(move || words().unread.of(unread.get()))}</span>
                    }
                    .into_any(),
                )}
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
            <span class=text(move || format!("avatar hue-{}", hue())) aria-hidden="true">
                {text(move || avatar::initials(&name()))}
            </span>
            <span class="me-name">{text(name)}</span>
            <button
                class="icon-button"
                aria-label=words().connection
                title=words().connection
                on:click=press(move || driver.inspect(Some(Inspected::Connection)))
            >
                {Icon::Pulse.view()}
            </button>
            <button
                class="icon-button"
                aria-label=words().sign_out
                title=words().sign_out
                on:click=press(move || asking.set(true))
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
