//! Handles of the browser that end what they began when they are dropped: timers, frames, listeners. And
//! the few things that a page asks its window. Knows nothing of the chat.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, AddEventListenerOptions, Document, Element, Event, EventTarget, MediaQueryList,
    ResizeObserver, Storage, Window,
};

/// The window. A page has one.
pub fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

/// The document. A page has one.
pub fn document() -> Document {
    window().document().expect("a window has a document")
}

/// Whether nobody can see the page.
pub fn hidden() -> bool {
    document().hidden()
}

/// Whether somebody is at this very page.
pub fn looked_at() -> bool {
    // Fails only for a document that is gone, which nobody looks at.
    !hidden() && document().has_focus().unwrap_or(false)
}

/// The storage of this browser, where the browser lets us.
pub fn lasting_storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// The storage of this tab, which outlives a reload and a crash, where the browser lets us.
pub fn tab_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Whether a media query holds right now.
pub fn media(query: &str) -> bool {
    media_list(query).is_some_and(|list| list.matches())
}

/// A media query to listen to.
pub fn media_list(query: &str) -> Option<MediaQueryList> {
    window().match_media(query).ok().flatten()
}

fn as_function<T: ?Sized>(closure: &Closure<T>) -> &Function {
    closure.as_ref().unchecked_ref()
}

/// A call that comes after some time.
pub struct Timeout {
    id: i32,
    _call: Closure<dyn FnMut()>,
}

impl Timeout {
    /// Calls after that many milliseconds, unless dropped before.
    pub fn new(ms: u64, call: impl FnOnce() + 'static) -> Self {
        let call = Closure::once(call);
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        let id = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(as_function(&call), ms)
            .expect("a window sets timers");
        Self { id, _call: call }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        window().clear_timeout_with_handle(self.id);
    }
}

/// Waits that many milliseconds, or until the signal gives up.
pub async fn pause(ms: u64, signal: &AbortSignal) {
    let mut ends = None;
    let over = Promise::new(&mut |resolve, _| {
        let give_up = resolve.clone();
        // Resolving a promise does not fail.
        let timer = Timeout::new(ms, move || _ = resolve.call0(&JsValue::NULL));
        let listener = Listener::new(signal, "abort", move |_| _ = give_up.call0(&JsValue::NULL));
        ends = Some((timer, listener));
    });
    if !signal.aborted() {
        // Nobody rejects it.
        let _ = JsFuture::from(over).await;
    }
}

/// A call before the next frame is drawn.
pub struct Frame {
    id: i32,
    _call: Closure<dyn FnMut()>,
}

impl Frame {
    /// Calls before the next frame, unless dropped before.
    pub fn new(call: impl FnOnce() + 'static) -> Self {
        let call = Closure::once(call);
        let id = window().request_animation_frame(as_function(&call)).expect("a window draws frames");
        Self { id, _call: call }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // Fails only where there is no window any more.
        let _ = window().cancel_animation_frame(self.id);
    }
}

/// Calls for an event of a target.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    call: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls at every such event, unless dropped before. The event can't be prevented.
    pub fn new(target: &EventTarget, event: &'static str, call: impl FnMut(Event) + 'static) -> Self {
        let call: Closure<dyn FnMut(Event)> = Closure::new(call);
        let options = AddEventListenerOptions::new();
        options.set_passive(true);
        target
            .add_event_listener_with_callback_and_add_event_listener_options(
                event,
                as_function(&call),
                &options,
            )
            .expect("a target takes listeners");
        Self { target: target.clone(), event, call }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Fails only where there is no such target any more.
        let _ = self.target.remove_event_listener_with_callback(self.event, as_function(&self.call));
    }
}

/// Calls for changes of size.
pub struct Resizes {
    observer: ResizeObserver,
    _call: Closure<dyn FnMut()>,
}

impl Resizes {
    /// Calls whenever one of these elements has another size, unless dropped before.
    pub fn new(elements: &[&Element], call: impl FnMut() + 'static) -> Self {
        let call: Closure<dyn FnMut()> = Closure::new(call);
        let observer = ResizeObserver::new(as_function(&call)).expect("a browser watches sizes");
        for element in elements {
            observer.observe(element);
        }
        Self { observer, _call: call }
    }
}

impl Drop for Resizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Sixty-four random bits from the browser's good source.
pub fn random_seed() -> u64 {
    let mut bytes = [0_u8; 8];
    let crypto = window().crypto().expect("a browser has a good source of randomness");
    crypto.get_random_values_with_u8_array(&mut bytes).expect("eight bytes are not too many");
    u64::from_le_bytes(bytes)
}
