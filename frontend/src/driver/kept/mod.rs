//! The store of this page: what the client wants kept, in a database that all pages of this browser share. It knows
//! names and owners of records, and nothing of what they say.
//!
//! A message belongs to the page that will send it, its **owner**: every page has a random name and holds a lock of
//! that name for as long as it lives. Whoever gets the lock of another owner knows that this page is gone and takes
//! its messages over; all living pages wait for each other's locks, so that it happens at once. Where there are no
//! locks, a page takes over everything that it finds: a message that is sent twice is stored once all the same.
//!
//! A record is found under `<owner>/<key>`, and what every page of a person shares under `-/<key>`.

mod database;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use client_core::{Keep, Key, Record, Saved, Slot};
use leptos::task::spawn_local;
use shared::UserId;
use web_sys::AbortController;

use self::database::{Database, Write};
use super::{
    channel::Channel,
    locks::{Lock, Locks},
};

/// Where the pages of this browser hear of each other.
const CHANNEL: &str = "confab.kept";

/// In the name of a record that every page of a person shares.
const NOBODY: &str = "-";

/// What the store tells.
pub(super) enum Told {
    /// This was kept.
    Restored(Saved),
    /// Something could not be kept.
    Lost,
}

/// The store. It ends when it is dropped, after what it was given before.
pub(super) struct Kept(Rc<Inner>);

struct Inner {
    /// The name of this page.
    owner: String,
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
    given_up: AbortController,
    channel: RefCell<Option<Channel>>,
}

impl Kept {
    /// Opens the store and tells what was kept for whoever was here last. Nothing is told before this returns.
    pub(super) fn open(owner: &str, tell: impl Fn(Told) + 'static) -> Self {
        let inner = Rc::new(Inner {
            owner: owner.to_owned(),
            tell: Box::new(tell),
            database: RefCell::default(),
            batch: RefCell::default(),
            user: Cell::new(None),
            locks: Locks::of_this_browser(),
            own: RefCell::default(),
            watched: RefCell::default(),
            given_up: AbortController::new().expect("a browser can give something up"),
            channel: RefCell::default(),
        });
        inner.listen();
        let begun = Rc::clone(&inner);
        spawn_local(async move { begun.begin().await });
        let living = Rc::clone(&inner);
        spawn_local(async move { living.live().await });
        Self(inner)
    }

    /// Takes in what is to be kept, for the next [`Self::flush`].
    pub(super) fn keep(&self, keep: Keep) {
        if keep == Keep::Wipe {
            self.0.batch.borrow_mut().clear();
            self.0.user.set(None);
            self.0.post("gone", &self.0.owner);
        } else if self.0.user.get().is_none() {
            return;
        }
        self.0.batch.borrow_mut().push(keep);
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
        let Some(database) = Database::open(trouble).await else {
            if !self.is_over() {
                (self.tell)(Told::Lost);
            }
            return;
        };
        if self.is_over() {
            return;
        }
        self.database.replace(Some(Rc::new(database)));
        self.flush();
        self.tell_kept(self.user.get()).await;
    }

    /// Holds the lock of this page from now on.
    async fn live(self: Rc<Self>) {
        let Some(locks) = self.locks.clone() else { return };
        let own = locks.lock(&self.owner, &self.given_up.signal()).await;
        if !self.is_over() {
            self.own.replace(own);
            // From now on others can tell whether this page lives; they answer with their names.
            self.post("hello", &self.owner);
        }
    }

    /// Tells what is kept for a person, or for whoever was here last.
    async fn tell_kept(self: &Rc<Self>, user: Option<UserId>) {
        self.flush();
        let all = self.read().await;
        let last = || all.iter().find(|(_, key, _)| key.slot == Slot::Person).map(|(_, key, _)| key.user);
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
                if user.is_some() && matches!(key.slot, Slot::Page(_)) {
                    spare.push(Write::Delete(name(NOBODY, key)));
                }
            } else if owner == NOBODY || owner == self.owner {
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

    /// Takes the messages of another page over as soon as that page is gone.
    fn watch(self: &Rc<Self>, owner: String) {
        if owner == self.owner || self.watched.borrow().contains(&owner) {
            return;
        }
        self.watched.borrow_mut().push(owner.clone());
        let (weak, locks, signal) = (Rc::downgrade(self), self.locks.clone(), self.given_up.signal());
        spawn_local(async move {
            // Nothing of this page is held while it waits.
            let lock = match &locks {
                Some(locks) => locks.lock(&owner, &signal).await,
                None => None,
            };
            let Some(inner) = weak.upgrade().filter(|inner| !inner.is_over()) else { return };
            if lock.is_some() || locks.is_none() {
                inner.take_over(&owner).await;
            }
            inner.watched.borrow_mut().retain(|known| *known != owner);
        });
    }

    /// The page of that name is gone: its messages are this page's from now on.
    async fn take_over(&self, owner: &str) {
        let Some(user) = self.user.get() else { return };
        let (mut writes, mut records) = (Vec::new(), Vec::new());
        for (known, key, text) in self.read().await {
            if known == owner && key.user == user {
                writes.push(Write::Put(name(&self.owner, key), text.clone()));
                writes.push(Write::Delete(name(owner, key)));
                records.push(Record { key, text });
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
                        Keep::Write(Record { key, text }) => Write::Put(name(self.owner_of(key), key), text),
                        Keep::Remove(key) => Write::Delete(name(self.owner_of(key), key)),
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

    fn owner_of(&self, key: Key) -> &str {
        if matches!(key.slot, Slot::Message(_)) { &self.owner } else { NOBODY }
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
        match text.split_once(' ') {
            Some(("hello", owner)) => {
                self.post("here", &self.owner);
                self.watch(owner.to_owned());
            }
            Some(("here", owner)) => self.watch(owner.to_owned()),
            Some(("gone", _)) => self.end_for_now(),
            _ => {}
        }
    }

    /// Somebody has signed out on another page, and nothing of them may be left: neither what this page was about to
    /// write, nor what it has written since.
    fn end_for_now(self: &Rc<Self>) {
        self.batch.take();
        let Some(user) = self.user.take() else { return };
        let inner = Rc::clone(self);
        spawn_local(async move {
            let all = inner.read().await.into_iter();
            let ours =
                all.filter(|(owner, key, _)| key.user == user && (*owner == inner.owner || *owner == NOBODY));
            inner.write(ours.map(|(owner, key, _)| Write::Delete(name(&owner, key))).collect());
        });
    }
}

/// Whether that has to be written before anything else happens: a message, so that no crash takes it, and the end of
/// everything.
pub(super) fn must_not_wait(keep: &Keep) -> bool {
    match keep {
        Keep::Write(record) => matches!(record.key.slot, Slot::Message(_)),
        Keep::Remove(_) => false,
        Keep::Wipe => true,
    }
}

/// What a record is found under.
fn name(owner: &str, key: Key) -> String {
    format!("{owner}/{key}")
}
