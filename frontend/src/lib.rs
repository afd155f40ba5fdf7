//! Confab's page: a thin driver and thin views over the client core, mounted into the document.
//!
//! Everything that can be decided without a browser is in modules of its own and tested natively:
//! [`address`], [`avatar`], [`explain`], [`place`], [`text`], [`words`], [`timeline::arrange`],
//! [`timeline::window`].

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod address;
pub mod adopt;
pub mod avatar;
pub mod browser;
pub mod clock;
pub mod driver;
pub mod erase;
pub mod explain;
pub mod navigation;
pub mod place;
pub mod store;
pub mod text;
pub mod timeline;
pub mod views;
pub mod words;

use std::{cell::RefCell, rc::Rc};

use client_core::Client;
use leptos::{
    mount::{UnmountHandle, mount_to},
    prelude::*,
    tachys::view::any_view::AnyViewState,
};
use web_sys::HtmlElement;

use crate::{driver::SharedClient, views::app::App};

/// A client that knows nobody, for one page after the other.
pub fn new_client() -> SharedClient {
    Rc::new(RefCell::new(Client::new(browser::random_seed())))
}

/// Mounts the page into an element, until the handle is dropped.
pub fn mount(parent: HtmlElement, client: SharedClient) -> UnmountHandle<AnyViewState> {
    mount_to(parent, move || view! { <App client /> }.into_any())
}
