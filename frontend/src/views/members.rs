//! Who is in the room and where they are; how others get in, and the way out.

use client_core::{Command, MemberView};
use leptos::{html, prelude::*, task::spawn_local};
use shared::api::{Presence, Role};
use wasm_bindgen_futures::JsFuture;

use super::{
    app::Spoken,
    confirm::Confirm,
    icons::Icon,
    panels::{Panel, Panels},
    room::RoomFacts,
};
use crate::{
    avatar,
    browser::window,
    driver::Driver,
    navigation::link_to,
    store::Store,
    words::{fill, words},
};

/// The members.
#[component]
pub fn Members(facts: RoomFacts) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let panels = expect_context::<Panels>();
    let close = NodeRef::<html::Button>::new();
    let leaving = RwSignal::new(false);
    Effect::new(move || {
        if panels.over.get() == Some(Panel::Members)
            && let Some(close) = close.get()
        {
            // Fails only for an element that is gone.
            let _ = close.focus();
        }
    });
    let question = move || fill(words().leave_question, &[("room", &facts.name.get())]);
    let members = move || {
        let mut members = store.members.get();
        members.sort_by_cached_key(|member| (away(member.presence), member.user.name.to_lowercase()));
        members
    };
    view! {
        <aside
            class="members"
            aria-label=words().members
            inert=move || !panels.members_shown() || panels.covered(Some(Panel::Members))
        >
            <div class="members-head">
                <h2>{words().members}</h2>
                <button
                    class="icon-button members-close"
                    node_ref=close
                    aria-label=words().close
                    on:click=move |_| panels.over.set(None)
                >
                    {Icon::Close.view()}
                </button>
            </div>
            <ul class="members-list">
                <For
                    each=members
                    // A member who is somewhere else is drawn anew.
                    key=|member| (member.user.id, member.presence as u8)
                    let:member
                >
                    <Member member />
                </For>
            </ul>
            <div class="invite">
                <h2>{words().invite}</h2>
                <p class="code">{facts.code}</p>
                <CopyLink facts />
            </div>
            <button class="button quiet leave" on:click=move |_| leaving.set(true)>
                {words().leave}
            </button>
            <Confirm
                asking=leaving
                question=Signal::derive(question)
                hint=words().leave_hint
                yes=words().leave
                act=move || driver.dispatch(Command::LeaveRoom(facts.id))
            />
        </aside>
    }
}

fn away(presence: Presence) -> bool {
    presence == Presence::Offline
}

#[component]
fn Member(member: MemberView) -> impl IntoView {
    let store = expect_context::<Store>();
    let (state, said) = match member.presence {
        Presence::Online => ("online", words().online),
        Presence::Away => ("away", words().away),
        Presence::Offline => ("offline", words().offline),
    };
    let me = store.me_untracked() == Some(member.user.id);
    let notes = [(me, words().you), (member.role == Role::Owner, words().owner)];
    let notes: Vec<_> = notes.into_iter().filter_map(|(is, note)| is.then_some(note)).collect();
    view! {
        <li class="member" data-presence=state>
            <span class=format!("avatar hue-{}", avatar::hue(member.user.id)) aria-hidden="true">
                {avatar::initials(&member.user.name)}
            </span>
            <span class="member-name">{member.user.name.clone()}</span>
            <span class="sr">{said}</span>
            {(!notes.is_empty()).then(|| view! { <span class="member-note">{notes.join(", ")}</span> })}
        </li>
    }
}

#[component]
fn CopyLink(facts: RoomFacts) -> impl IntoView {
    let Spoken(spoken) = expect_context();
    let label = RwSignal::new(words().copy_link);
    let copy = move |_| {
        let link = link_to(&facts.code.get_untracked());
        let copied = window().navigator().clipboard().write_text(&link);
        spawn_local(async move {
            let said = if JsFuture::from(copied).await.is_ok() { words().copied } else { words().not_copied };
            // The room may have been left meanwhile.
            label.try_set(said);
            spoken.try_set(said.to_owned());
        });
    };
    view! {
        <button class="button quiet" on:click=copy on:blur=move |_| label.set(words().copy_link)>
            {Icon::Link.view()}
            {move || label.get()}
        </button>
    }
}
