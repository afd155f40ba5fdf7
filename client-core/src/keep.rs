//! What is to outlive the page, as records for a store that somebody else owns. It knows no database, and
//! nothing of what a record says.
//!
//! The client says what to write, replace, remove or wipe with [`Output::Keep`](crate::Output::Keep), once a store
//! has shown that it is there: by [`Input::Restored`](crate::Input::Restored), which a driver gives when it begins,
//! with what was kept for the person who was here last ([`last_person`] says who), and whenever it is asked to by
//! [`Output::Restore`](crate::Output::Restore). A driver without a store gives none and is asked to keep nothing.

use std::{collections::BTreeMap, fmt, str::FromStr};

use shared::{RoomId, TxnId, UserId};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Who is signed in here, with their rooms. There is one as long as somebody is.
    Person,
    /// A message that is not confirmed. It has to be written before anything else happens, so that not even a
    /// crash loses it; all the others can wait for a frame.
    Message(TxnId),
    /// What is written in the composer of a room.
    Draft(RoomId),
    /// The newest events of a room.
    Page(RoomId),
    /// This person has signed out, and the server has not heard of it: it is said to it again, and nobody is taken for
    /// signed in before. Written after everything was wiped, and the only record that is.
    Leaving,
}

/// The name of a record: whose it is, and what. As text it is `person/<user>`, `message/<user>/<txn>`,
/// `draft/<user>/<room>`, `page/<user>/<room>` or `leaving/<user>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Whom it belongs to. Nobody else ever gets it back.
    pub user: UserId,
    /// What it is.
    pub slot: Slot,
}

/// Who was here last, by all that is kept: whoever is signed in, or else has signed out without the server having
/// heard of it.
pub fn last_person(keys: impl IntoIterator<Item = Key>) -> Option<UserId> {
    let mut leaving = None;
    for key in keys {
        match key.slot {
            Slot::Person => return Some(key.user),
            Slot::Leaving => leaving = Some(key.user),
            Slot::Message(_) | Slot::Draft(_) | Slot::Page(_) => {}
        }
    }
    leaving
}

/// Something that is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub key: Key,
    /// JSON with a version, for nobody but the client to read.
    pub text: String,
}

/// What the store has to do.
#[derive(Clone, PartialEq, Eq)]
pub enum Keep {
    /// Write a record, over the one of that name.
    Write(Record),
    /// Remove the record of that name, where there is one.
    Remove(Key),
    /// Remove everything, of everybody.
    Wipe,
}

/// What was kept for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// For whom.
    pub user: UserId,
    /// Their records, in any order.
    pub records: Vec<Record>,
}

/// A text that names no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidKey;

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user;
        match self.slot {
            Slot::Person => write!(f, "person/{user}"),
            Slot::Message(txn_id) => write!(f, "message/{user}/{txn_id}"),
            Slot::Draft(room) => write!(f, "draft/{user}/{room}"),
            Slot::Page(room) => write!(f, "page/{user}/{room}"),
            Slot::Leaving => write!(f, "leaving/{user}"),
        }
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut parts = text.split('/');
        let kind = parts.next();
        let user = parts.next().and_then(|user| user.parse().ok()).ok_or(InvalidKey)?;
        let name = parts.next();
        let room = |name: &str| name.parse::<RoomId>().ok();
        let slot = match (kind, name) {
            (Some("person"), None) => Some(Slot::Person),
            (Some("leaving"), None) => Some(Slot::Leaving),
            (Some("message"), Some(txn_id)) => txn_id.parse().ok().map(Slot::Message),
            (Some("draft"), Some(name)) => room(name).map(Slot::Draft),
            (Some("page"), Some(name)) => room(name).map(Slot::Page),
            _ => None,
        };
        let slot = slot.filter(|_| parts.next().is_none()).ok_or(InvalidKey)?;
        Ok(Self { user, slot })
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.key, self.text.len())
    }
}

impl fmt::Debug for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(record) => write!(f, "Write({record:?})"),
            Self::Remove(key) => write!(f, "Remove({key})"),
            Self::Wipe => write!(f, "Wipe"),
        }
    }
}

/// A store in memory: what a driver without a disk takes, and a test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory(BTreeMap<Key, String>);

impl Memory {
    /// Does what the client wants.
    pub fn apply(&mut self, keep: Keep) {
        match keep {
            Keep::Write(record) => {
                self.0.insert(record.key, record.text);
            }
            Keep::Remove(key) => {
                self.0.remove(&key);
            }
            Keep::Wipe => self.0.clear(),
        }
    }

    /// What was kept for the person who was here last, to begin with.
    pub fn last(&self) -> Option<Saved> {
        last_person(self.keys()).map(|user| self.saved(user))
    }

    /// What was kept for a person.
    pub fn saved(&self, user: UserId) -> Saved {
        let theirs = self.0.iter().filter(|(key, _)| key.user == user);
        let records = theirs.map(|(key, text)| Record { key: *key, text: text.clone() }).collect();
        Saved { user, records }
    }

    /// Every name.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.0.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_anything_else_is_none() {
        let user = UserId::from_uuid(Uuid::from_u128(1));
        let (room, txn_id) = (RoomId::from_uuid(Uuid::from_u128(2)), TxnId::from_uuid(Uuid::from_u128(3)));
        let slots = [Slot::Person, Slot::Message(txn_id), Slot::Draft(room), Slot::Page(room), Slot::Leaving];
        for slot in slots {
            let key = Key { user, slot };
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for wrong in [
            String::new(),
            "person".into(),
            format!("person/{user}/{room}"),
            format!("page/{user}"),
            format!("page/{user}/x"),
            format!("page/{user}/{room}/"),
            format!("other/{user}/{room}"),
            format!("person/{}", room.to_string().to_uppercase() + "x"),
        ] {
            assert_eq!(wrong.parse::<Key>(), Err(InvalidKey), "{wrong}");
        }
    }

    #[test]
    fn whoever_is_signed_in_was_here_last_and_not_who_left_before() {
        let key = |id, slot| Key { user: UserId::from_uuid(Uuid::from_u128(id)), slot };
        let keys = [key(1, Slot::Leaving), key(2, Slot::Person), key(3, Slot::Leaving)];
        assert_eq!(last_person(keys), Some(keys[1].user));
        assert_eq!(last_person([keys[0]]), Some(keys[0].user));
        assert_eq!(last_person([key(1, Slot::Message(TxnId::from_uuid(Uuid::from_u128(4))))]), None);
    }

    #[test]
    fn nothing_that_is_written_for_a_log_shows_what_is_kept() {
        let key = Key { user: UserId::from_uuid(Uuid::from_u128(1)), slot: Slot::Person };
        let keep = Keep::Write(Record { key, text: "whisper".into() });
        assert!(!format!("{keep:?}").contains("whisper"));
    }
}
