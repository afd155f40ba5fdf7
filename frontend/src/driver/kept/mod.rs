//! The store of this page: what the client wants kept, in a database that all pages of this browser share. It knows
//! names and owners of records, and nothing of what they say.
//!
//! Messages and drafts belong to the page where they were written, their **owner**: every page has a name, which it has
//! again after a reload, and holds a lock of that name for as long as it lives. Whoever gets the lock of another owner
//! knows that this page is gone; if it does not come back within [`COMES_BACK_MS`], what it had is taken over. All
//! living pages wait for each other's locks. Where there are no locks (plain HTTP), a page that begins asks who else
//! is there, and takes over what belongs to nobody who answers.
//!
//! A record is found under `<owner>/<key>`, and what every page of a person shares under `-/<key>`.

mod database;
mod name;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use client_core::{Keep, Key, Record, Saved, Slot, keep::last_person};
use leptos::task::spawn_local;
use shared::UserId;
use web_sys::{AbortController, AbortSignal};

use self::database::{Database, Write};
use super::{
    channel::Channel,
    locks::{Lock, Locks},
};
use crate::browser::{Timeout, pause};

/// Where the pages of this browser hear of each other.
const CHANNEL: &str = "confab.kept";

/// In the name of a record that every page of a person shares.
const NOBODY: &str = "-";

/// How long the browser may take to open the database, before it is said that nothing is kept: longer than a disk that
/// just starts.
const OPENS_MS: u64 = 5_000;

/// How long a page that is gone may take to come back, before another one takes over what it had: a reload.
const COMES_BACK_MS: u64 = 5_000;

/// How long the other pages have to answer, where there are no locks.
const ANSWERS_MS: u64 = 400;

/// How often a page that was loaded anew asks for its own lock, and the milliseconds in between: another page may hold
/// it for the moment in which it sees that it is free.
const OWN_TRIES: (u32, u64) = (8, 50);

/// What the store tells.
pub(super) enum Told {
    /// This was kept.
    Restored(Saved),
    /// That person has signed out on another page.
    SignedOut(UserId),
    /// Something could not be kept.
    Lost,
    /// It took long, but everything is kept.
    Kept,
}

/// The store. It ends when it is dropped, after what it was given before.
pub(super) struct Kept(Rc<Inner>);

struct Inner {
    /// The name of this page, for good once the store is open.
    owner: RefCell<String>,
    tell: Box<dyn Fn(Told)>,
    database: RefCell<Option<Rc<Database>>>,
    /// For the next write.
    batch: RefCell<Vec<Keep>>,
    /// For whom this page keeps things; nobody after everything was wiped.
    user: Cell<Option<UserId>>,
    locks: Option<Locks>,
    own: RefCell<Option<Lock>>,
    /// The owners whose end is waited for.
    watched: RefCell<Vec<String>>,
    /// The owners that have said that they are there, where no lock says it.
    heard_of: RefCell<Vec<String>>,
    /// Whether nothing can be kept here.
    is_lost: Cell<bool>,
    /// What tells that the database takes long to open, until it has.
    late: RefCell<Option<Timeout>>,
    given_up: AbortController,
    channel: RefCell<Option<Channel>>,
}

impl Kept {
    /// Opens the store and tells what was kept for whoever was here last. Nothing is told before this returns.
    pub(super) fn open(tell: impl Fn(Told) + 'static) -> Self {
        let inner = Rc::new(Inner {
            owner: RefCell::new(name::of_this_tab()),
            tell: Box::new(tell),
            database: RefCell::default(),
            batch: RefCell::default(),
            user: Cell::new(None),
            locks: Locks::of_this_browser(),
            own: RefCell::default(),
            watched: RefCell::default(),
            heard_of: RefCell::default(),
            is_lost: Cell::new(false),
            late: RefCell::default(),
            given_up: AbortController::new().expect("a browser can give something up"),
            channel: RefCell::default(),
        });
        inner.listen();
        let begun = Rc::clone(&inner);
        spawn_local(async move { begun.begin().await });
        Self(inner)
    }

    /// Takes in what is to be kept, for the next [`Self::flush`].
    pub(super) fn keep(&self, keep: Keep) {
        let is_of_nobody = match &keep {
            Keep::Wipe => {
                self.0.batch.borrow_mut().clear();
                if let Some(user) = self.0.user.take() {
                    self.0.post("gone", &user.to_string());
                }
                true
            }
            Keep::Write(Record { key, .. }) | Keep::Remove(key) => key.slot == Slot::Leaving,
        };
        if !self.0.is_lost.get() && (is_of_nobody || self.0.user.get().is_some()) {
            self.0.batch.borrow_mut().push(keep);
        }
    }

    /// Writes what was taken in, begun before this returns.
    pub(super) fn flush(&self) {
        self.0.flush();
    }

    /// Tells what is kept for a person, and keeps things for them from now on.
    pub(super) fn restore(&self, user: UserId) {
        let inner = Rc::clone(&self.0);
        inner.user.set(Some(user));
        spawn_local(async move { inner.tell_kept(Some(user)).await });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.flush();
        self.0.given_up.abort();
        self.0.late.take();
        self.0.own.take();
        self.0.channel.take();
        self.0.database.take();
    }
}

impl Inner {
    async fn begin(self: Rc<Self>) {
        let weak = Rc::downgrade(&self);
        let trouble = move || {
            if let Some(inner) = weak.upgrade() {
                (inner.tell)(Told::Lost);
            }
        };
        self.late.replace(Some(Timeout::new(OPENS_MS, {
            let weak = Rc::downgrade(&self);
            move || {
                let Some(inner) = weak.upgrade() else { return };
                inner.late.take();
                (inner.tell)(Told::Lost);
            }
        })));
        let database = Database::open(trouble).await;
        if self.is_over() {
            return;
        }
        let was_late = self.late.take().is_none();
        let Some(database) = database else {
            self.is_lost.set(true);
            self.batch.take();
            (self.tell)(Told::Lost);
            return;
        };
        if was_late {
            (self.tell)(Told::Kept);
        }
        self.settle().await;
        if self.is_over() {
            return;
        }
        self.database.replace(Some(Rc::new(database)));
        self.flush();
        self.tell_kept(self.user.get()).await;
    }

    /// Makes sure that no other page has the name of this one, and that others can tell whether it lives.
    async fn settle(&self) {
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

    /// Tells what is kept for a person, or for whoever was here last.
    async fn tell_kept(self: &Rc<Self>, user: Option<UserId>) {
        if self.database.borrow().is_none() {
            return;
        }
        self.flush();
        let all = self.read().await;
        let last = || last_person(all.iter().map(|(_, key, _)| *key));
        let Some(person) = user.or_else(last) else { return };
        if self.user.get().is_none() {
            self.user.set(Some(person));
        } else if self.user.get() != Some(person) {
            return;
        }
        let (mut records, mut others, mut spare) = (Vec::new(), Vec::new(), Vec::new());
        for (owner, key, text) in all {
            if key.user != person {
                // Of somebody else only what they wrote is worth keeping for their return.
                if user.is_some() && matches!(key.slot, Slot::Page(_) | Slot::Leaving) {
                    spare.push(Write::Delete(name(NOBODY, key)));
                }
            } else if owner == NOBODY || owner == self.owner() {
                records.push(Record { key, text });
            } else if !others.contains(&owner) {
                others.push(owner);
            }
        }
        self.write(spare);
        (self.tell)(Told::Restored(Saved { user: person, records }));
        for owner in others {
            self.watch(owner);
        }
    }

    /// Takes over what another page had when that page is gone for good.
    fn watch(self: &Rc<Self>, owner: String) {
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

    /// Everything that is kept: by whom, what, and how it reads. What has no name of ours is passed over.
    async fn read(&self) -> Vec<(String, Key, String)> {
        let database = self.database.borrow().clone();
        let all = match database {
            Some(database) => database.read().await,
            None => None,
        };
        let record = |(name, text): (String, String)| {
            let (owner, key) = name.split_once('/')?;
            Some((owner.to_owned(), key.parse().ok()?, text))
        };
        all.unwrap_or_default().into_iter().filter_map(record).collect()
    }

    fn flush(&self) {
        if self.database.borrow().is_some() {
            let batch = self.batch.take();
            self.write(
                batch
                    .into_iter()
                    .map(|keep| match keep {
                        Keep::Write(Record { key, text }) => Write::Put(name(&self.owner_of(key), key), text),
                        Keep::Remove(key) => Write::Delete(name(&self.owner_of(key), key)),
                        Keep::Wipe => Write::Clear,
                    })
                    .collect(),
            );
        }
    }

    fn write(&self, writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        let database = self.database.borrow().clone();
        let written = database.map(|database| database.write(writes));
        if matches!(written, Some(Err(_))) {
            (self.tell)(Told::Lost);
        }
    }

    fn owner(&self) -> String {
        self.owner.borrow().clone()
    }

    fn owner_of(&self, key: Key) -> String {
        match key.slot {
            Slot::Message(_) | Slot::Draft(_) => self.owner(),
            Slot::Person | Slot::Page(_) | Slot::Leaving => NOBODY.to_owned(),
        }
    }

    fn is_over(&self) -> bool {
        self.given_up.signal().aborted()
    }

    fn post(&self, what: &str, owner: &str) {
        if let Some(channel) = &*self.channel.borrow() {
            channel.say(&format!("{what} {owner}"));
        }
    }

    /// Hears of the other pages.
    fn listen(self: &Rc<Self>) {
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

/// Whether that has to be written before anything else happens: a message, so that no crash takes it, the end of
/// everything, and that it is heard of, so that nobody is signed out for somebody before them.
pub(super) fn must_not_wait(keep: &Keep) -> bool {
    match keep {
        Keep::Write(record) => matches!(record.key.slot, Slot::Message(_)),
        Keep::Remove(key) => key.slot == Slot::Leaving,
        Keep::Wipe => true,
    }
}

/// What a record is found under.
fn name(owner: &str, key: Key) -> String {
    format!("{owner}/{key}")
}
