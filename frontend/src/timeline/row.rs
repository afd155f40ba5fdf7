//! One row: a message, or a line of somebody coming or going. It shows what its signals say and asks the
//! driver for nothing but what becomes of a message that is not sent.
//!
//! Hooks for tests, beside role and name (`article`, "Ada: text, 10:42, sent"):
//! - `data-seq`: the event's place, from when it is stored
//! - `data-txn`: its `txn_id`, the same from the keystroke on
//! - `data-state`: `queued`, `sending`, `stored`, `held` or `failed`

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
        EventBody::Message(said) => message(room, key, &row.author, &said.content, live).into_any(),
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
    let unsent = Memo::new(move |_| row.with(Unsent::of));
    let unsent = part(move || {
        unsent.get().map_or_else(|| ().into_any(), |unsent| view! { <Choice room key unsent /> }.into_any())
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
            {unsent}
        </div>
    }
}

/// A message that is not sent, and about which somebody may decide.
#[derive(Clone, PartialEq, Eq)]
enum Unsent {
    /// It waits and can be taken back.
    Waits,
    /// It asks whether it is sent, with this sentence.
    Asks(&'static str),
    /// It was refused, for this reason.
    Failed(String),
}

impl Unsent {
    fn of(row: &Row) -> Option<Self> {
        match &row.state {
            DeliveryState::Queued { .. } if row.recallable => Some(Self::Waits),
            DeliveryState::Held { tried: false } => Some(Self::Asks(words().held)),
            DeliveryState::Held { tried: true } => Some(Self::Asks(words().held_tried)),
            DeliveryState::Failed { code, detail } => {
                let reason = explain::message(*code, detail);
                Some(Self::Failed(fill(words().not_sent, &[("reason", &reason)])))
            }
            DeliveryState::Queued { .. } | DeliveryState::Sending { .. } | DeliveryState::Stored => None,
        }
    }
}

/// What can be done with a message that is not sent.
#[component]
fn Choice(
    /// Where.
    room: RoomId,
    /// Which.
    key: RowKey,
    /// Why it is not sent.
    unsent: Unsent,
) -> impl IntoView {
    let driver = expect_context::<Driver>();
    let (class, said, word, command) = match unsent {
        Unsent::Waits => ("row-waits", String::new(), words().change, Command::Recall(room, key)),
        Unsent::Asks(said) => ("row-held", said.to_owned(), words().send_now, Command::Retry(room, key)),
        Unsent::Failed(said) => ("row-failed", said, words().retry, Command::Retry(room, key)),
    };
    view! {
        <div class=class>
            <span>{said}</span>
            <button class="link" on:click=press(move || driver.dispatch(command.clone()))>{word}</button>
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
        "held" => Some(words().asks),
        "sending" => Some(words().sending),
        _ => None,
    }
}
