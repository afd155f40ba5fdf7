//! Who is in the room and where they are; how others get in, and the way out.

use std::cmp::Ordering;

use client_core::{Command, MemberView};
use js_sys::{Array, JsString, Object};
use leptos::prelude::*;
use shared::{
    UserId,
    api::{Presence, Role},
};

use super::{
    confirm::Confirm,
    copy::{Copy, CopyWords},
    panels::{ClosePanel, Panel, Panels},
    room::RoomFacts,
};
use crate::{
    avatar,
    driver::Driver,
    erase::{ListKey, attribute, flag, list, press, text, when},
    navigation::link_to,
    store::Store,
    words::{fill, words},
};

/// The members.
#[component]
pub fn Members(
    /// Of which room.
    facts: RoomFacts,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let panels = expect_context::<Panels>();
    let leaving = RwSignal::new(false);
    let question = move || fill(words().leave_question, &[("room", &facts.name.get())]);
    // What the order hangs on, and nothing that changes more often.
    let ranked = Memo::new(move |_| {
        store.members.with(|members| {
            let rank = |member: &MemberView| {
                (member.presence == Presence::Offline, member.user.name.clone(), member.user.id)
            };
            members.iter().map(rank).collect::<Vec<_>>()
        })
    });
    let members = move || {
        let mut ranked = ranked.get();
        ranked.sort_by(|one, next| one.0.cmp(&next.0).then_with(|| by_name(&one.1, &next.1)));
        ranked.iter().map(|(.., id)| ListKey::Member(*id)).collect()
    };
    view! {
        <aside
            class="members"
            aria-label=words().members
            inert=flag(move || !panels.members_shown() || panels.covered(Some(Panel::Members)))
        >
            <div class="members-head">
                <h2>{words().members}</h2>
                <ClosePanel panel=Panel::Members class="members-close" />
            </div>
            <ul class="members-list">
                {list(
                    members,
                    |key| match key {
                        ListKey::Member(id) => view! { <Member id /> }.into_any(),
                        _ => ().into_any(),
                    },
                )}
            </ul>
            <div class="invite">
                <h2>{words().invite}</h2>
                <p class="code">{text(move || facts.code.get())}</p>
                <CopyLink code=facts.code />
            </div>
            <button class="button leave" on:click=press(move || leaving.set(true))>
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

/// The order in which a reader of this browser's language looks names up.
fn by_name(one: &str, next: &str) -> Ordering {
    JsString::from(one).locale_compare(next, &Array::new(), &Object::new()).cmp(&0)
}

#[component]
fn Member(
    /// Who.
    id: UserId,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let member = Memo::new(move |_| {
        store.members.with(|members| members.iter().find(|member| member.user.id == id).cloned())
    });
    let name = move || member.get().map(|member| member.user.name).unwrap_or_default();
    let presence = move || {
        member.get().map(|member| match member.presence {
            Presence::Online => ("online", words().online),
            Presence::Away => ("away", words().away),
            Presence::Offline => ("offline", words().offline),
        })
    };
    let me = store.me_untracked() == Some(id);
    let note = move || {
        let owner = member.get().is_some_and(|member| member.role == Role::Owner);
        let notes = [(me, words().you), (owner, words().owner)];
        notes.into_iter().filter_map(|(is, note)| is.then_some(note)).collect::<Vec<_>>().join(", ")
    };
    view! {
        <li class="member" data-presence=attribute(move || presence().map(|(state, _)| state))>
            <span class=format!("avatar hue-{}", avatar::hue(id)) aria-hidden="true">
                {text(move || avatar::initials(&name()))}
            </span>
            <span class="member-text">
                <span class="member-name">{text(name)}</span>
                <span class="sr">{text(move || presence().map(|(_, said)| said).unwrap_or_default())}</span>
                {when(
                    move || !note().is_empty(),
                    move || view! { <span class="member-note">{text(note)}</span> }.into_any(),
                )}
            </span>
        </li>
    }
}

/// Copies the room's link, and says so.
#[component]
pub fn CopyLink(
    /// The room's code.
    code: Signal<String>,
) -> impl IntoView {
    let words = words();
    let words = CopyWords { label: words.copy_link, copied: words.copied, not_copied: words.not_copied };
    view! { <Copy what=move |()| link_to(&code.get_untracked()) words /> }
}
