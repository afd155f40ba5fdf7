//! Words from page to page of one browser, in memory only. It knows no meaning of them.

use wasm_bindgen::JsCast;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::browser::Listener;

/// A place where the pages of this browser hear each other, until it is dropped.
pub(super) struct Channel {
    channel: BroadcastChannel,
    _listener: Listener,
}

impl Channel {
    /// Hears what the other pages say there. `None` where the browser has no such thing.
    pub(super) fn open(name: &str, hear: impl Fn(&str) + 'static) -> Option<Self> {
        let channel = BroadcastChannel::new(name).ok()?;
        let listener = Listener::new(&channel, "message", move |event| {
            if let Some(text) = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string()) {
                hear(&text);
            }
        });
        Some(Self { channel, _listener: listener })
    }

    /// Says something to all other pages.
    pub(super) fn say(&self, text: &str) {
        // Fails only for what can't be copied.
        let _ = self.channel.post_message(&text.into());
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.close();
    }
}
