//! What is said about a connection that is away, and the button that tries at once.

use client_core::{Banner, Command};
use leptos::prelude::*;

use crate::{driver::Driver, store::Store, words::words};

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
    let text = move || match store.banner.get() {
        Some(Banner::Waiting { until_ms }) => {
            let seconds = until_ms.saturating_sub(store.now_ms.get()).div_ceil(1000);
            if seconds == 0 { words().reconnecting.to_owned() } else { words().reconnecting_in.of(seconds) }
        }
        Some(Banner::Connecting) => words().reconnecting.to_owned(),
        Some(Banner::Refused) => words().refused.to_owned(),
        None => String::new(),
    };
    view! {
        <Show when=move || kind.get().is_some()>
            <div class="banner" data-kind=move || kind.get() role="region" aria-label=words().connection>
                <p>
                    <strong>{text}</strong>
                    <Show when=move || kind.get() != Some("refused")>
                        <span class="banner-hint">{words().kept}</span>
                    </Show>
                </p>
                <Show when=move || kind.get() == Some("waiting")>
                    <button class="button small" on:click=move |_| driver.dispatch(Command::ConnectNow)>
                        {words().now}
                    </button>
                </Show>
            </div>
        </Show>
    }
}
