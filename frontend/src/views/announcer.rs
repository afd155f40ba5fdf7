//! Says aloud, for those who can't see it, what comes in: politely, and a flood as one sentence.

use client_core::{Banner, LinkState};
use leptos::prelude::*;

use super::app::Spoken;
use crate::{
    browser::Timeout,
    erase::{effect, text},
    store::Store,
    words::{fill, words},
};

/// Messages that are said one by one; more at once become a number.
const ONE_BY_ONE: usize = 2;

/// How long messages are gathered before they are said: a reader needs about that long for the last ones.
const GATHER_MS: u64 = 1000;

/// What is said. It can't be seen.
#[component]
pub fn Announcer() -> impl IntoView {
    let store = expect_context::<Store>();
    let Spoken(spoken) = expect_context();
    let gathered = StoredValue::new(Vec::<String>::new());
    let timer = StoredValue::new_local(None::<Timeout>);

    let say = move || {
        timer.set_value(None);
        let said = gathered.with_value(|said| match said.len() {
            0 => None,
            n if n <= ONE_BY_ONE => Some(said.join(" ")),
            n => Some(words().new_spoken.of(n as u64)),
        });
        gathered.set_value(Vec::new());
        if let Some(said) = said {
            spoken.set(said);
        }
    };
    effect(move || {
        let new = store.arrived.get();
        if new.is_empty() || !store.at_bottom.get_untracked() {
            return;
        }
        gathered.update_value(|said| {
            said.extend(
                new.iter().map(|new| fill(words().said, &[("name", &new.name), ("text", &new.text)])),
            );
        });
        if timer.with_value(Option::is_none) {
            timer.set_value(Some(Timeout::new(GATHER_MS, say)));
        }
    });
    let mut was_away = false;
    effect(move || {
        let banner = store.banner.get();
        match banner {
            Some(Banner::Refused) => spoken.set(words().refused.to_owned()),
            // The seconds that count down are not said.
            Some(_) if !was_away => spoken.set(words().reconnecting.to_owned()),
            None if was_away && store.link.get_untracked() == LinkState::Online => {
                spoken.set(words().back_online.to_owned());
            }
            // Nobody is signed in any more who would wait for it.
            None if was_away => spoken.set(String::new()),
            _ => {}
        }
        was_away = banner.is_some();
    });
    on_cleanup(move || timer.dispose());
    view! { <div class="sr" role="status" aria-live="polite" aria-atomic="true">{text(move || spoken.get())}</div> }
}
