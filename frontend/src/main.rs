//! The page's program: mounts the page for as long as its document lives.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

use frontend::{browser, mount, new_client};

fn main() {
    console_error_panic_hook::set_once();
    let body = browser::document().body().expect("a program runs after its body has begun");
    mount(body, new_client()).forget();
}
