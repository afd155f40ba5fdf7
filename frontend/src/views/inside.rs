//! The frame of somebody who is signed in: the rooms at the side, and beside them a room or the start.

use leptos::prelude::*;

use super::{
    inspector::Inspector,
    panels::{Panel, Panels},
    room::Room,
    sidebar::Sidebar,
    start::Start,
};
use crate::{
    erase::{attribute, effect, flag, part, press, when},
    place::Place,
    words::words,
};

/// The frame.
#[component]
pub fn Inside() -> impl IntoView {
    let place = expect_context::<Memo<Place>>();
    let panels = Panels::begin();
    provide_context(panels);
    let room = Memo::new(move |_| match place.get() {
        Place::Room(room) => Some(room),
        _ => None,
    });
    // A panel that leads elsewhere has done its work.
    effect(move || {
        room.track();
        panels.over.set(None);
    });
    let over = move || {
        panels.over.get().map(|panel| match panel {
            Panel::Rooms => "rooms",
            Panel::Members => "members",
        })
    };
    let page = move || if room.get().is_some() { "room" } else { "start" };
    view! {
        <div
            class="app"
            data-page=attribute(move || Some(page()))
            data-over=attribute(over)
            class:no-members=flag(move || !panels.members_beside.get())
        >
            <Sidebar />
            {part(move || match room.get() {
                Some(room) => view! { <Room room /> }.into_any(),
                None => view! { <Start /> }.into_any(),
            })}
            {when(
                move || panels.over.with(Option::is_some),
                move || {
                    let close = press(move || panels.over.set(None));
                    view! {
                        <button class="scrim" tabindex="-1" aria-label=words().close on:click=close></button>
                    }
                    .into_any()
                },
            )}
        </div>
        <Inspector />
    }
}
