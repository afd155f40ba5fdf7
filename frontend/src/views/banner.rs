//! What is said about a connection that is away, and the button that tries at once.

use client_core::{Banner, Command};
use leptos::prelude::*;

use crate::{
    driver::Driver,
    erase::{attribute, press, text, when},
    store::Store,
    words::words,
};

/// The banner; nothing while there is nothing to say.
#[component]
pub fn ConnectionBanner() -> impl IntoView {
    let store = expect_context::<Store>();
    let driver = expect_context::<Driver>();
    let kind = Memo::new(move |_| {
        store.banner.get().map(|banner| match banner {
            Banner::Connecting => "connecting",
            Banner::Waiting { .. } => "waiting",
            Banner::Refused => "refused",
        })
    });
    let said = move || match store.banner.get() {
        Some(Banner::Waiting { until_ms }) => {
            let seconds = until_ms.saturating_sub(store.now_ms.get()).div_ceil(1000);
            if seconds == 0 { words().reconnecting.to_owned() } else { words().reconnecting_in.of(seconds) }
        }
        Some(Banner::Connecting) => words().reconnecting.to_owned(),
        Some(Banner::Refused) => words().refused.to_owned(),
        None => String::new(),
    };
    let hint = move || if kind.get() == Some("refused") { "" } else { words().kept };
    let banner = move || {
        let now = press(move || driver.dispatch(Command::ConnectNow));
        view! {
        <div class="banner" data-kind=attribute(move || kind.get()) role="region" aria-label=words().connection>
            <p>
                <strong>{text(said)}</strong>
                <span class="banner-hint">{text(hint)}</span>
            </p>
            <button class="button small" on:click=now>{words().now}</button>
        </div>
    }
    .into_any()
    };
    when(move || kind.get().is_some(), banner)
}
