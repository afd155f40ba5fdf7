//! The store of this page: what the client wants kept, in a database that all pages of this browser share. It knows
//! names and owners of records, and nothing of what they say.
//!
//! A record is found under `<owner>/<key>`, and what every page of a person shares under `-/<key>`.

mod database;
mod name;
mod others;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use client_core::{Keep, Key, Record, Saved, Slot, keep::last_person};
use leptos::task::spawn_local;
use shared::UserId;
use web_sys::AbortController;

use self::database::{Database, Write};
use super::{
    channel::Channel,
    locks::{Lock, Locks},
};
use crate::browser::Timeout;

/// In the name of a record that every page of a person shares.
const NOBODY: &str = "-";

/// How long the browser may take to open the database, before it is said that nothing is kept: longer than a disk that
/// just starts.
const OPENS_MS: u64 = 5_000;

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
