//! The locks of this browser, which end with the page that holds them. It knows no names and not what is locked.
//!
//! Reached by name because web-sys has them only as unstable. Over plain HTTP there are none.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use crate::browser::window;

/// The browser's locks.
#[derive(Clone)]
pub(super) struct Locks {
    manager: JsValue,
    request: Function,
}

/// A lock that is held until this is dropped.
pub(super) struct Lock(Function);

impl Locks {
    /// The locks, where there are any.
    pub(super) fn of_this_browser() -> Option<Self> {
        let manager = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
        let request = Reflect::get(&manager, &"request".into()).ok()?.dyn_into().ok()?;
        Some(Self { manager, request })
    }

    /// Waits for the lock of that name, as long as it takes. `None` when it was given up by the signal.
    pub(super) async fn lock(&self, name: &str, signal: &AbortSignal) -> Option<Lock> {
        self.ask(name, "signal", signal).await
    }

    /// The lock of that name, where nobody has it.
    pub(super) async fn lock_if_free(&self, name: &str) -> Option<Lock> {
        self.ask(name, "ifAvailable", &JsValue::TRUE).await
    }

    async fn ask(&self, name: &str, option: &str, value: &JsValue) -> Option<Lock> {
        let (held, release) = promise();
        let (granted, grant) = promise();
        let take = Closure::once_into_js(move |lock: JsValue| {
            // Resolving a promise does not fail. There is no lock where somebody else has it.
            let _ = grant.call1(&JsValue::NULL, &lock.is_object().into());
            held
        });
        let options = Object::new();
        Reflect::set(&options, &option.into(), value).ok()?;
        let ended = self.request.call3(&self.manager, &name.into(), &options, &take).ok()?;
        // The request itself ends with the lock, or when it is given up.
        let is_granted = JsFuture::from(Promise::race(&Array::of2(&granted, &ended))).await.ok()?;
        is_granted.is_truthy().then_some(Lock(release))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Resolving a promise does not fail.
        let _ = self.0.call0(&JsValue::NULL);
    }
}

/// A promise and what resolves it.
fn promise() -> (Promise, Function) {
    let mut resolve = None;
    let promise = Promise::new(&mut |this, _| resolve = Some(this));
    (promise, resolve.expect("a promise says at once how it is resolved"))
}
