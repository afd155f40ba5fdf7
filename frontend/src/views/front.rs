//! What somebody sees who is not in yet: the welcome, and the invitation behind a link.

use client_core::{Call, Command, SessionState};
use leptos::{html, prelude::*};
use shared::api::RoomPreview;

use super::{
    app::Joining,
    ask::{Ask, Question},
    icons::Icon,
};
use crate::{
    address::Address,
    address::same_code,
    adopt::ShellField,
    driver::Driver,
    erase::{effect, flag, on_change, part, press, text, yes_or_no},
    explain,
    navigation::Navigation,
    store::{Failure, Store},
    words::{fill, words},
};

/// The frame of these pages: the mark, a head, a line below it, and what follows.
#[component]
fn Front(
    /// The head; `None` until it is known.
    #[prop(into)]
    title: Signal<Option<String>>,
    /// The line below it; `None` until it is known.
    #[prop(into)]
    hint: Signal<Option<String>>,
    /// What follows.
    children: Children,
) -> impl IntoView {
    view! {
        <main class="front">
            <div class="card">
                <p class="brand">{Icon::Mark.view()} "Confab"</p>
                <h1 class:ghost-text=flag(move || title.with(Option::is_none))>
                    {text(move || title.get().unwrap_or_else(|| "\u{a0}".to_owned()))}
                </h1>
                <p class="soft front-hint" class:ghost-text=flag(move || hint.with(Option::is_none))>
                    {text(move || hint.get().unwrap_or_else(|| "\u{a0}".to_owned()))}
                </p>
                {children()}
            </div>
            <p class="front-foot">{words().tagline}</p>
        </main>
    }
}

/// Asks nobody for a name.
#[component]
pub fn Welcome() -> impl IntoView {
    let store = expect_context::<Store>();
    let hint = move || {
        let expired = store.session.with(|session| *session == SessionState::SignedOut { expired: true });
        let unheard =
            || store.failed.with(|failed| failed.as_ref().is_some_and(|it| it.call == Call::SignOut));
        let line = match () {
            () if expired => words().expired,
            () if unheard() => words().sign_out_unheard,
            () => words().welcome_hint,
        };
        Some(line.to_owned())
    };
    view! {
        <Front title=Some(words().welcome.to_owned()) hint=Signal::derive(hint)>
            <AskName button=words().go_on />
        </Front>
    }
}

/// Shows what a code leads to, and the way in.
#[component]
pub fn Invitation(
    /// The code.
    code: String,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    driver.dispatch(Command::CloseRoom);
    driver.dispatch(Command::LookUp { code: code.clone() });
    let found = {
        let code = code.clone();
        Memo::new(move |_| {
            store.found.with(|found| {
                let found = found.as_ref().filter(|found| same_code(&found.code, &code))?;
                Some(found.preview.clone())
            })
        })
    };
    let missing = Memo::new(move |_| found.get() == Some(None));
    part(move || {
        if missing.get() {
            view! { <NoSuchRoom code=code.clone() /> }.into_any()
        } else {
            view! { <Invited code=code.clone() found /> }.into_any()
        }
    })
}

#[component]
fn Invited(
    /// The code.
    code: String,
    /// What it leads to, once that is known.
    found: Memo<Option<Option<RoomPreview>>>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let Joining(joining) = expect_context();
    let preview = move || found.get().flatten();
    let title = move || Some(fill(words().invited_to, &[("room", &preview()?.name)]));
    let hint = move || Some(words().people_in_room.of(preview()?.members));
    let signed_in = Memo::new(move |_| store.me().is_some() && joining.with(Option::is_none));
    let again = code.clone();
    view! {
        <Front title=Signal::derive(title) hint=Signal::derive(hint)>
            <NotLookedUp code=again found />
            {part(move || {
                let code = code.clone();
                if signed_in.get() {
                    view! { <JoinNow code /> }.into_any()
                } else {
                    view! { <AskName button=words().join_as then_join=code /> }.into_any()
                }
            })}
        </Front>
    }
}

/// Says why it is not known what a code leads to, and asks again.
#[component]
fn NotLookedUp(
    /// The code.
    code: String,
    /// What it leads to, once that is known.
    found: Memo<Option<Option<RoomPreview>>>,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let reason = Memo::new(move |_| {
        let failure = store.failed.get().filter(|failure| matches!(failure.call, Call::LookUp { .. }))?;
        found.get().is_none().then(|| explain::failure(&failure, driver.lengths()))
    });
    part(move || match reason.get() {
        None => ().into_any(),
        Some(reason) => {
            let code = code.clone();
            let again = press(move || driver.dispatch(Command::LookUp { code: code.clone() }));
            view! {
                <div class="ask">
                    <p class="ask-error" role="alert">{reason}</p>
                    <button class="button wide" on:click=again>{words().retry}</button>
                </div>
            }
            .into_any()
        }
    })
}

#[component]
fn AskName(
    /// What its button says.
    button: &'static str,
    /// The code of the room that is joined with that name.
    #[prop(optional, into)]
    then_join: Option<String>,
) -> impl IntoView {
    let driver = expect_context::<Driver>();
    let Joining(joining) = expect_context();
    let question = Question {
        id: "name",
        label: words().your_name,
        example: words().name_example,
        button,
        empty: words().errors.name_empty,
        autocomplete: "nickname",
    };
    let answer = move |name: String| {
        joining.set(then_join.clone());
        driver.dispatch(Command::SignIn { name });
    };
    let explain = move |failure: Failure| {
        let mine = matches!(failure.call, Call::SignIn { .. } | Call::JoinRoom { .. });
        mine.then(|| explain::failure(&failure, driver.lengths()))
    };
    view! { <Ask question answer explain adopt=ShellField::Name focus=true /> }
}

#[component]
fn JoinNow(
    /// The code.
    code: String,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let button = NodeRef::<html::Button>::new();
    button.on_load(|button| {
        // Fails only for an element that is gone.
        let _ = button.focus();
    });
    on_change(
        move || store.failed.get(),
        move |failure| {
            if let Some(failure) = failure.filter(|failure| matches!(failure.call, Call::JoinRoom { .. })) {
                busy.set(false);
                error.set(Some(explain::failure(&failure, driver.lengths())));
            }
        },
    );
    effect(move || {
        store.begun.track();
        busy.set(false);
    });
    let join = press(move || {
        if !busy.get_untracked() {
            busy.set(true);
            driver.dispatch(Command::JoinRoom { code: code.clone() });
        }
    });
    view! {
        <div class="ask">
            <button class="button wide" node_ref=button on:click=join aria-disabled=yes_or_no(move || busy.get())>
                {words().join_room}
            </button>
            <p class="ask-error" role="alert">{text(move || error.get().unwrap_or_default())}</p>
        </div>
    }
}

#[component]
fn NoSuchRoom(
    /// The code.
    code: String,
) -> impl IntoView {
    let navigation = expect_context::<Navigation>();
    let heading = fill(words().unknown_code_hint, &[("code", &code)]);
    view! {
        <Front title=Some(words().unknown_code.to_owned()) hint=Some(heading)>
            <div class="ask">
                <button class="button wide" on:click=press(move || navigation.go(Address::Start))>
                    {words().to_start}
                </button>
            </div>
        </Front>
    }
}
