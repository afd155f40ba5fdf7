//! One room: its head, its timeline, the composer, the members.

use client_core::Command;
use leptos::prelude::*;
use shared::RoomId;

use super::{
    composer::Composer,
    icons::Icon,
    members::Members,
    panels::{Panel, Panels},
};
use crate::{
    driver::Driver,
    erase::{flag, press, text, yes_or_no},
    store::Store,
    timeline::{Scroller, Timeline},
    words::words,
};

/// What views of the room know of it.
#[derive(Clone, Copy)]
pub struct RoomFacts {
    /// Which.
    pub id: RoomId,
    /// Its name.
    pub name: Signal<String>,
    /// Its code.
    pub code: Signal<String>,
    /// How many are in it.
    pub members: Signal<u64>,
}

/// The room.
#[component]
pub fn Room(
    /// Which.
    room: RoomId,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let panels = expect_context::<Panels>();
    let read = store.rooms.with_untracked(|rooms| {
        let room = rooms.iter().find(|known| known.room.id == room)?;
        (room.unread > 0).then_some(room.read_seq)
    });
    driver.dispatch(Command::OpenRoom(room));
    let scroller = Scroller::new(room, read, driver, store);
    provide_context(scroller);
    let known = Memo::new(move |_| {
        store
            .rooms
            .with(|rooms| rooms.iter().find(|known| known.room.id == room).map(|known| known.room.clone()))
    });
    let facts = RoomFacts {
        id: room,
        name: Signal::derive(move || known.get().map(|room| room.name).unwrap_or_default()),
        code: Signal::derive(move || known.get().map(|room| room.code).unwrap_or_default()),
        members: Signal::derive(move || known.get().map_or(0, |room| room.members)),
    };
    view! {
        <main class="room" inert=flag(move || panels.covered(None))>
            <Head facts />
            <Timeline facts scroller />
            <Composer facts scroller />
        </main>
        <Members facts />
    }
}

#[component]
fn Head(
    /// Of which room.
    facts: RoomFacts,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let panels = expect_context::<Panels>();
    let count = move || {
        let listed = store.members.with(|members| members.len() as u64);
        if listed > 0 { listed } else { facts.members.get() }
    };
    let elsewhere = move || {
        store.rooms.with(|rooms| rooms.iter().any(|room| room.unread > 0 && room.room.id != facts.id))
    };
    view! {
        <header class="room-head">
            <button
                class="icon-button only-narrow"
                class:dot=flag(elsewhere)
                aria-label=words().show_rooms
                aria-expanded=yes_or_no(move || panels.over.get() == Some(Panel::Rooms))
                on:click=press(move || panels.over.set(Some(Panel::Rooms)))
            >
                {Icon::Menu.view()}
            </button>
            <h1>{text(move || facts.name.get())}</h1>
            <button
                class="head-button"
                aria-label=text(move || format!("{}, {}", words().members, words().member_count.of(count())))
                aria-expanded=yes_or_no(move || panels.members_shown())
                on:click=press(move || panels.toggle_members())
            >
                {Icon::People.view()}
                <span>{text(move || count().to_string())}</span>
            </button>
        </header>
    }
}
