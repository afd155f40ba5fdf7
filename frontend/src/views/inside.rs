//! The frame of somebody who is signed in: the rooms at the side, and beside them a room or the start.

use leptos::prelude::*;
use shared::RoomId;

use super::{
    panels::{Panel, Panels},
    room::Room,
    sidebar::Sidebar,
    start::Start,
};
use crate::{place::Place, words::words};

/// The frame.
#[component]
pub fn Inside() -> impl IntoView {
    let place = expect_context::<Memo<Place>>();
    let panels = Panels::new();
    provide_context(panels);
    let room = Memo::new(move |_| match place.get() {
        Place::Room(room) => Some(room),
        _ => None,
    });
    // A panel that leads elsewhere has done its work.
    Effect::new(move || {
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
            data-page=page
            data-over=over
            class:no-members=move || !panels.members_beside.get()
        >
            <Sidebar />
            {move || match room.get() {
                Some(room) => in_room(room),
                None => view! { <Start /> }.into_any(),
            }}
            <Show when=move || panels.over.with(Option::is_some)>
                <button
                    class="scrim"
                    tabindex="-1"
                    aria-label=words().close
                    on:click=move |_| panels.over.set(None)
                ></button>
            </Show>
        </div>
    }
}

fn in_room(room: RoomId) -> AnyView {
    view! { <Room room /> }.into_any()
}
