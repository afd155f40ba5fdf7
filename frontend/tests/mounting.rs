//! The page in a real browser: mounted and unmounted, it leaves nothing running.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "a test crate documents nothing")]

use frontend::{browser::document, mount, new_client};
use leptos::task::tick;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const TIMES: usize = 50;

/// Frames to wait for something before giving up: ten seconds.
const PATIENCE: usize = 600;

fn running() -> String {
    js_sys::eval("running()").unwrap().as_string().unwrap()
}

async fn next_frame() {
    let frame: js_sys::Promise = js_sys::eval("nextFrame()").unwrap().unchecked_into();
    JsFuture::from(frame).await.unwrap();
}

/// Whether the page has its socket, and the room on the screen that watches its own size.
fn is_in_the_room(parent: &HtmlElement) -> bool {
    let running = running();
    let row = parent.query_selector("[role=log] [role=article]").unwrap();
    row.is_some() && running.contains("\"sockets\":1") && running.contains("\"sizes\":1")
}

/// Mounts the page, waits until it is in its room and has drawn the message there, and unmounts it.
async fn mount_once(parent: &HtmlElement) {
    let page = mount(parent.clone(), new_client());
    for _ in 0..PATIENCE {
        if is_in_the_room(parent) {
            break;
        }
        next_frame().await;
    }
    assert!(is_in_the_room(parent), "{} {}", running(), parent.inner_html());
    drop(page);
    // Tasks that were woken by the end come to theirs.
    for _ in 0..10 {
        tick().await;
    }
    assert!(parent.query_selector("nav").unwrap().is_none(), "nothing is left to see");
}

#[wasm_bindgen_test]
async fn mounting_and_unmounting_fifty_times_leaves_nothing_running() {
    js_sys::eval(include_str!("counters.js")).unwrap();
    js_sys::eval("history.pushState(null, '', '/r/ABCD-EFGH-JK')").unwrap();
    let parent: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    document().body().unwrap().append_child(&parent).unwrap();
    // What leptos keeps for good, it has from the first time on.
    mount_once(&parent).await;
    let before = running();
    for _ in 0..TIMES {
        mount_once(&parent).await;
    }
    assert_eq!(running(), before);
    for gone in ["timers", "frames", "sockets", "calls", "sizes"] {
        assert!(running().contains(&format!("\"{gone}\":0")), "{}", running());
    }
}
