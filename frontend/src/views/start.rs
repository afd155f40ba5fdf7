//! The page of somebody who is signed in and in no room: make one, or join one.

use client_core::{Call, Command};
use leptos::prelude::*;

use super::ask::{Ask, Question};
use crate::{
    address::code_in,
    driver::Driver,
    erase::text,
    explain,
    store::{Failure, Store},
    words::{fill, words},
};

/// Two ways into a room.
#[component]
pub fn Start() -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    driver.dispatch(Command::CloseRoom);
    let name = move || store.me().map(|me| me.name).unwrap_or_default();
    let make = move |name: String| driver.dispatch(Command::MakeRoom { name });
    let join = move |typed: String| driver.dispatch(Command::JoinRoom { code: code_in(&typed) });
    let explain_if = move |mine: fn(&Call) -> bool| {
        move |failure: Failure| mine(&failure.call).then(|| explain::failure(&failure, driver.lengths()))
    };
    view! {
        <main class="start">
            <header class="start-head">
                <h1>{text(move || fill(words().hello, &[("name", &name())]))}</h1>
                <p class="soft">{words().hello_hint}</p>
            </header>
            <section class="card">
                <h2>{words().make_room}</h2>
                <p class="soft">{words().make_room_hint}</p>
                <Ask
                    question=Question {
                        id: "room-name",
                        label: words().room_name,
                        example: words().room_name_example,
                        button: words().make,
                        empty: words().errors.room_empty,
                        autocomplete: "off",
                    }
                    answer=make
                    explain=explain_if(|call| matches!(call, Call::MakeRoom { .. }))
                    focus=true
                />
            </section>
            <section class="card">
                <h2>{words().join_by_code}</h2>
                <p class="soft">{words().join_hint}</p>
                <Ask
                    question=Question {
                        id: "room-code",
                        label: words().room_code,
                        example: words().code_example,
                        button: words().join,
                        empty: words().errors.code_empty,
                        autocomplete: "off",
                    }
                    answer=join
                    explain=explain_if(|call| matches!(call, Call::JoinRoom { .. }))
                    quiet=true
                />
            </section>
        </main>
    }
}
