//! What a page has to do with the others of its browser: whose name is whose, who lives, who takes over what another had.
//! It knows nothing of what a record says.
//!
//! Messages and drafts belong to the page where they were written, their **owner**: every page has a name, which it has
//! again after a reload, and holds a lock of that name for as long as it lives. Whoever gets the lock of another owner
//! knows that this page is gone; if it does not come back within [`COMES_BACK_MS`], what it had is taken over. All
//! living pages wait for each other's locks. Where there are no locks (plain HTTP), a page that begins asks who else
//! is there, and takes over what belongs to nobody who answers.

use std::rc::Rc;

use client_core::{Key, Record, Saved, Slot};
use leptos::task::spawn_local;
use shared::UserId;
use web_sys::AbortSignal;

use super::{
    super::{
        channel::Channel,
        locks::{Lock, Locks},
    },
    Inner, NOBODY, Told,
    database::Write,
    name,
};
use crate::browser::pause;

/// Where the pages of this browser hear of each other.
const CHANNEL: &str = "confab.kept";

/// How long a page that is gone may take to come back, before another one takes over what it had: a reload.
const COMES_BACK_MS: u64 = 5_000;

/// How long the other pages have to answer, where there are no locks.
const ANSWERS_MS: u64 = 400;

/// How often a page that was loaded anew asks for its own lock, and the milliseconds in between: another page may hold
/// it for the moment in which it sees that it is free.
const OWN_TRIES: (u32, u64) = (8, 50);

impl Inner {
    /// Makes sure that no other page has the name of this one, and that others can tell whether it lives.
    pub(super) async fn settle(&self) {
        let Some(locks) = &self.locks else {
            self.post("hello", &self.owner());
            pause(ANSWERS_MS, &self.given_up.signal()).await;
            if !self.is_over() && self.heard_of.borrow().contains(&self.owner()) {
                self.owner.replace(name::another());
            }
            return;
        };
        let mut own = None;
        for _ in 0..OWN_TRIES.0 {
            own = locks.lock_if_free(&self.owner()).await;
            if own.is_some() || self.is_over() {
                break;
            }
            pause(OWN_TRIES.1, &self.given_up.signal()).await;
        }
        if own.is_none() && !self.is_over() {
            // This tab is a copy of one that lives.
            self.owner.replace(name::another());
            own = locks.lock(&self.owner(), &self.given_up.signal()).await;
        }
        if !self.is_over() {
            self.own.replace(own);
            self.post("hello", &self.owner());
        }
    }

    /// Takes over what another page had when that page is gone for good.
    pub(super) fn watch(self: &Rc<Self>, owner: String) {
        if owner == self.owner() || self.watched.borrow().contains(&owner) {
            return;
        }
        self.watched.borrow_mut().push(owner.clone());
        let (weak, locks, signal) = (Rc::downgrade(self), self.locks.clone(), self.given_up.signal());
        spawn_local(async move {
            // Nothing of this page is held while it waits.
            let lock = match &locks {
                Some(locks) => gone_for_good(locks, &owner, &signal).await,
                None => None,
            };
            let Some(inner) = weak.upgrade().filter(|inner| !inner.is_over()) else { return };
            if lock.is_some() || (locks.is_none() && !inner.heard_of.borrow().contains(&owner)) {
                inner.take_over(&owner).await;
            }
            inner.watched.borrow_mut().retain(|known| *known != owner);
        });
    }

    /// The page of that name is gone: its messages are this page's from now on, and so are its drafts of rooms in which
    /// this page has none.
    async fn take_over(&self, owner: &str) {
        let Some(user) = self.user.get() else { return };
        let (mut writes, mut records) = (Vec::new(), Vec::new());
        let all = self.read().await;
        let has = |key: Key| all.iter().any(|(known, other, _)| *known == self.owner() && *other == key);
        for (known, key, text) in &all {
            if known == owner && key.user == user && !has(*key) {
                writes.push(Write::Put(name(&self.owner(), *key), text.clone()));
                writes.push(Write::Delete(name(owner, *key)));
                records.push(Record { key: *key, text: text.clone() });
            }
        }
        if !records.is_empty() && self.user.get() == Some(user) {
            self.write(writes);
            (self.tell)(Told::Restored(Saved { user, records }));
        }
    }

    pub(super) fn post(&self, what: &str, owner: &str) {
        if let Some(channel) = &*self.channel.borrow() {
            channel.say(&format!("{what} {owner}"));
        }
    }

    /// Hears of the other pages.
    pub(super) fn listen(self: &Rc<Self>) {
        let weak = Rc::downgrade(self);
        self.channel.replace(Channel::open(CHANNEL, move |text| {
            if let Some(inner) = weak.upgrade() {
                inner.heard(text);
            }
        }));
    }

    fn heard(self: &Rc<Self>, text: &str) {
        let Some((what, whom)) = text.split_once(' ') else { return };
        match what {
            // A page says its name when it is sure of it, and one without locks to become so.
            "hello" | "here" => {
                if what == "hello" && self.database.borrow().is_some() {
                    self.post("here", &self.owner());
                }
                if self.locks.is_none() && !self.heard_of.borrow().iter().any(|known| known == whom) {
                    self.heard_of.borrow_mut().push(whom.to_owned());
                }
                self.watch(whom.to_owned());
            }
            "gone" => match whom.parse() {
                Ok(user) if self.user.get() == Some(user) => self.end_for_now(user),
                _ => {}
            },
            _ => {}
        }
    }

    /// Somebody has signed out on another page, and nothing of them may be left: neither what this page was about to
    /// write, nor what it has written since.
    fn end_for_now(self: &Rc<Self>, user: UserId) {
        self.batch.take();
        self.user.set(None);
        (self.tell)(Told::SignedOut(user));
        let inner = Rc::clone(self);
        spawn_local(async move {
            let is_ours = |(owner, key, _): &(String, Key, String)| {
                key.user == user && key.slot != Slot::Leaving && (*owner == inner.owner() || *owner == NOBODY)
            };
            let ours = inner.read().await.into_iter().filter(is_ours);
            inner.write(ours.map(|(owner, key, _)| Write::Delete(name(&owner, key))).collect());
        });
    }
}

/// Waits until a page is gone and has not come back. The lock of its name, or `None` when that was given up.
async fn gone_for_good(locks: &Locks, owner: &str, signal: &AbortSignal) -> Option<Lock> {
    // It was gone before this page began.
    let mut lock = locks.lock_if_free(owner).await;
    while lock.is_none() && !signal.aborted() {
        // Only seen and let go of, so that it can have it again.
        drop(locks.lock(owner, signal).await?);
        pause(COMES_BACK_MS, signal).await;
        lock = locks.lock_if_free(owner).await;
    }
    lock
}
