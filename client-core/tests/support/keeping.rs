//! A page with a store, and what a test wants to know of it.

use client_core::Command;
use client_core::{DeliveryState, Key, RowKey, Slot, keep::Memory};
use shared::{ErrorFrame, ServerFrame, TxnId, api::RoomState, error::ErrorCode, frame::PostMessage};

use super::{
    Page,
    wire::{self, ack, ada, no_page, posts, problem, room, signed_in, state},
};

pub(crate) fn two_rooms() -> [RoomState; 2] {
    [state(1, 0, 0), state(2, 0, 0)]
}

/// A page with a store that shows an empty room.
pub(crate) fn in_room() -> Page {
    let mut page = Page::over(Memory::default());
    arrive(&mut page, &two_rooms());
    page.command(Command::OpenRoom(room(1)));
    page.frame(&no_page(room(1), 0));
    page.forget();
    page
}

/// The server says that it is still Ada, and greets.
pub(crate) fn arrive(page: &mut Page, rooms: &[RoomState]) {
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 200, &signed_in(&ada()));
    page.connect(rooms);
}

/// The server no longer knows anybody here.
pub(crate) fn expire(page: &mut Page) {
    page.advance_to_call("/session/refresh");
    page.answer("/session/refresh", 401, &problem(401, ErrorCode::Unauthenticated, None));
}

pub(crate) fn sign_in(page: &mut Page, who: &shared::event::Profile) {
    page.command(Command::SignIn { name: who.name.clone() });
    page.answer("/guests", 200, &signed_in(who));
}

pub(crate) fn states(page: &Page) -> Vec<DeliveryState> {
    page.rows(room(1)).into_iter().map(|row| row.state).collect()
}

pub(crate) fn refuse(page: &mut Page, post: &PostMessage, error: ErrorFrame) {
    page.frame(&ServerFrame::Error(error.about_txn(Some(post.txn_id)).about_room(post.room_id)));
}

/// Answers every message with an ack until none comes, and gives back what was said in which order.
pub(crate) fn take_all(page: &mut Page) -> Vec<PostMessage> {
    let mut all = Vec::new();
    loop {
        let sent = posts(page.sent());
        if sent.is_empty() {
            return all;
        }
        for post in sent {
            all.push(post.clone());
            page.frame(&ack(&post, all.len() as u64));
        }
    }
}

pub(crate) fn contents(posts: &[PostMessage]) -> Vec<&str> {
    posts.iter().map(|post| post.content.as_str()).collect()
}

/// The messages that are kept.
pub(crate) fn kept(page: &Page) -> Vec<TxnId> {
    let message = |key: Key| match key.slot {
        Slot::Message(txn_id) => Some(txn_id),
        _ => None,
    };
    page.store.keys().filter_map(message).collect()
}

pub(crate) fn has(page: &Page, slot: Slot) -> bool {
    page.store.keys().any(|key| key.slot == slot)
}

pub(crate) fn key(page: &Page, content: &str) -> RowKey {
    let said = |row: &client_core::Row| wire::text(&row.body) == content;
    page.rows(room(1)).into_iter().find(said).expect("a row of that text").key
}

/// A page with a store that has seen so many events of a room.
pub(crate) fn in_busy_room(head: u64) -> Page {
    let mut page = Page::over(Memory::default());
    arrive(&mut page, &[state(1, head, head), state(2, 0, 0)]);
    page.command(Command::OpenRoom(room(1)));
    page.frame(&wire::page(room(1), 1..=head, head, false));
    page.advance(3_000);
    page.forget();
    page
}
