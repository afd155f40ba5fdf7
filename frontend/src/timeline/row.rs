//! One row: a message, or a line of somebody coming or going. It shows what its signals say and asks the
//! driver for nothing but Retry and Discard.
//!
//! Hooks for tests, beside role and name (`article`, "Ada: text, 10:42, sent"):
//! - `data-seq`: the event's place, from when it is stored
//! - `data-txn`: its `txn_id`, the same from the keystroke on
//! - `data-state`: `queued`, `sending`, `stored` or `failed`

use client_core::{Command, DeliveryState, Row, RowKey};
use leptos::prelude::*;
use shared::{EventBody, RoomId};

use crate::{
    avatar, clock,
    driver::Driver,
    erase::{attribute, flag, part, press, text},
    explain,
    store::{LiveRow, Store},
    text::{Part, only_emoji, parts},
    words::{fill, words},
};

/// A row of a room.
#[component]
pub fn RowView(
    /// Where.
    room: RoomId,
    /// Which.
    key: RowKey,
    /// Its signals.
    live: LiveRow,
) -> impl IntoView {
    let row = live.row.get_untracked();
    match row.body {
        EventBody::Message { content, .. } => message(room, key, &row.author, &content, live).into_any(),
        EventBody::Join => line(&live, words().joined).into_any(),
        EventBody::Leave => line(&live, words().left).into_any(),
        EventBody::Other { .. } => line(&live, words().something).into_any(),
    }
}

fn message(
    room: RoomId,
    key: RowKey,
    author: &shared::event::Profile,
    content: &str,
    live: LiveRow,
) -> impl IntoView {
    let store = expect_context::<Store>();
    let LiveRow { row, continues } = live;
    let own = store.me_untracked() == Some(key.author);
    let state = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| state_name(&row.state))
    });
    let seq = seq(&row);
    let time = time(&row);
    let label = {
        let (name, content, time) = (author.name.clone(), content.to_owned(), time.clone());
        move || {
            let said = fill(words().said, &[("name", &name), ("text", &content)]);
            let state = own.then(|| spoken(state.get())).flatten();
            let state = state.map(|state| format!(", {state}")).unwrap_or_default();
            format!("{said}, {}{state}", time())
        }
    };
    let stamp = {
        let row = row.clone();
        move || row.with(|row| row.timestamp.to_string())
    };
    let failed = part(move || {
        let reason = row.with(|row| match &row.state {
            DeliveryState::Failed { code, detail } => Some(explain::message(*code, detail)),
            _ => None,
        });
        reason.map_or_else(|| ().into_any(), |reason| view! { <Failed room key reason /> }.into_any())
    });
    view! {
        <div
            class=format!("row message hue-{}", avatar::hue(key.author))
            class:continues=flag(move || continues.get())
            class:own=own
            data-initials=avatar::initials(&author.name)
            data-txn=key.txn_id.to_string()
            data-seq=attribute(seq)
            data-state=attribute(move || Some(state.get()))
            role="article"
            tabindex="-1"
            aria-label=text(label)
        >
            <div class="row-head">
                <span class="who">{author.name.clone()}</span>
                <time datetime=text(stamp)>{text(time)}</time>
            </div>
            <div class="text" class:large=only_emoji(content)>{body(content)}</div>
            {failed}
        </div>
    }
}

#[component]
fn Failed(
    /// Where.
    room: RoomId,
    /// Which.
    key: RowKey,
    /// Why, in words.
    reason: String,
) -> impl IntoView {
    let driver = expect_context::<Driver>();
    view! {
        <div class="row-failed">
            <span>{fill(words().not_sent, &[("reason", &reason)])}</span>
            <button class="link" on:click=press(move || driver.dispatch(Command::Retry(room, key)))>
                {words().retry}
            </button>
            <button class="link" on:click=press(move || driver.dispatch(Command::Discard(room, key)))>
                {words().discard}
            </button>
        </div>
    }
}

fn line(live: &LiveRow, template: &'static str) -> impl IntoView {
    let row = live.row.clone();
    let (key, name) = row.with_untracked(|row| (row.key, row.author.name.clone()));
    let said = fill(template, &[("name", &name)]);
    let stamp = {
        let row = row.clone();
        move || row.with(|row| row.timestamp.to_string())
    };
    let time = time(&row);
    view! {
        <div
            class="row line"
            role="article"
            tabindex="-1"
            data-seq=attribute(seq(&row))
            data-txn=key.txn_id.to_string()
            data-state="stored"
        >
            {said} " " <time datetime=text(stamp)>{text(time)}</time>
        </div>
    }
}

fn body(content: &str) -> Vec<AnyView> {
    parts(content)
        .into_iter()
        .map(|part| match part {
            Part::Plain(text) => text.to_owned().into_any(),
            Part::Link(link) => view! {
                <a href=link.to_owned() target="_blank" rel="noopener noreferrer nofollow">
                    {link.to_owned()}
                </a>
            }
            .into_any(),
        })
        .collect()
}

fn seq(row: &ArcRwSignal<Row>) -> impl Fn() -> Option<String> + Clone + Send + use<> {
    let row = row.clone();
    move || row.with(|row| row.seq.map(|seq| seq.to_string()))
}

fn time(row: &ArcRwSignal<Row>) -> impl Fn() -> String + Clone + Send + Sync + use<> {
    let row = row.clone();
    move || clock::time_label(row.with(|row| row.timestamp))
}

fn state_name(state: &DeliveryState) -> &'static str {
    match state {
        DeliveryState::Queued { .. } => "queued",
        DeliveryState::Sending { .. } => "sending",
        DeliveryState::Held { .. } => "held",
        DeliveryState::Stored => "stored",
        DeliveryState::Failed { .. } => "failed",
    }
}

fn spoken(state: &str) -> Option<&'static str> {
    match state {
        "stored" => Some(words().sent),
        "queued" => Some(words().waits),
        "sending" => Some(words().sending),
        _ => None,
    }
}
