//! The page mounted and taken down again in a real browser, without a server: what it begins, it ends.
#![cfg(target_arch = "wasm32")]

use frontend::{
    browser::{document, window},
    driver::SharedClient,
    mount, new_client,
};
use js_sys::Promise;
use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const TIMES: usize = 50;

#[wasm_bindgen(inline_js = r#"
const timers = new Set();
const sockets = new Set();
const listeners = new Map();

for (const [start, stop, again] of [
  ["setTimeout", "clearTimeout", false],
  ["setInterval", "clearInterval", true],
  ["requestAnimationFrame", "cancelAnimationFrame", false],
]) {
  const [begin, end] = [window[start].bind(window), window[stop].bind(window)];
  window[start] = (work, ...rest) => {
    const id = begin((...args) => {
      if (!again) timers.delete(start + id);
      return work(...args);
    }, ...rest);
    timers.add(start + id);
    return id;
  };
  window[stop] = (id) => {
    timers.delete(start + id);
    end(id);
  };
}

window.WebSocket = class extends window.WebSocket {
  constructor(...args) {
    super(...args);
    sockets.add(this);
  }
};

const all = (target, type) => {
  const name = `${target === window ? "window" : "document"} ${type}`;
  if (!listeners.has(name)) listeners.set(name, new Set());
  return listeners.get(name);
};
for (const target of [window, document]) {
  const [add, remove] = [target.addEventListener.bind(target), target.removeEventListener.bind(target)];
  target.addEventListener = (type, listener, ...rest) => {
    all(target, type).add(listener);
    add(type, listener, ...rest);
  };
  target.removeEventListener = (type, listener, ...rest) => {
    all(target, type).delete(listener);
    remove(type, listener, ...rest);
  };
}

export function held() {
  const heard = [...listeners].filter(([, kind]) => kind.size > 0).map(([name, kind]) => `${name} ${kind.size}`);
  const open = [...sockets].filter((socket) => socket.readyState <= WebSocket.OPEN).length;
  return `${timers.size} timers, ${open} sockets, ${document.querySelectorAll("*").length} elements, ${heard.sort()}`;
}
"#)]
extern "C" {
    /// What the page holds of the browser at this moment.
    fn held() -> String;
}

#[wasm_bindgen_test]
async fn fifty_mounts_leave_nothing_behind() {
    let parent: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    document().body().unwrap().append_child(&parent).unwrap();
    let client = new_client();

    // What is made once for all mounts comes with the first.
    let there = mount_once(&parent, &client).await;
    let first = held();
    assert_ne!(first, there, "what it holds while it is there is counted");
    assert!(first.starts_with("0 timers, 0 sockets"), "{first}");
    for _ in 1..TIMES {
        mount_once(&parent, &client).await;
    }
    assert_eq!(held(), first);
    parent.remove();
}

/// Gives what the page held while it was there.
async fn mount_once(parent: &HtmlElement, client: &SharedClient) -> String {
    let page = mount(parent.clone(), client.clone());
    frame().await;
    assert!(parent.child_element_count() > 0, "it is there");
    let there = held();
    drop(page);
    frame().await;
    assert_eq!(parent.child_element_count(), 0, "it is gone");
    there
}

/// Waits until the browser has drawn.
async fn frame() {
    let drawn = Promise::new(&mut |resolve, _| {
        window().request_animation_frame(&resolve).unwrap();
    });
    JsFuture::from(drawn).await.unwrap();
}
