//! Every profile once, however many rows carry it. It knows nothing of rooms.

use std::sync::Arc;

use shared::{UserId, event::Profile};

/// Profiles that are kept although no row needs them: so that a person who types has a name.
const KEPT_MOST: usize = 2_000;

/// The people that this client has heard of.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// By id.
    known: Vec<Arc<Profile>>,
    /// Look for what nobody needs when there are more.
    prune_above: usize,
}

impl People {
    /// The one copy of that profile. The newest one counts from now on; older rows keep what they had.
    pub(crate) fn intern(&mut self, profile: Profile) -> Arc<Profile> {
        match self.known.binary_search_by_key(&profile.id, |known| known.id) {
            Ok(index) => {
                if *self.known[index] != profile {
                    self.known[index] = Arc::new(profile);
                }
                Arc::clone(&self.known[index])
            }
            Err(index) => {
                let profile = Arc::new(profile);
                self.known.insert(index, Arc::clone(&profile));
                self.prune();
                profile
            }
        }
    }

    pub(crate) fn get(&self, user: UserId) -> Option<&Profile> {
        let index = self.known.binary_search_by_key(&user, |known| known.id).ok()?;
        Some(&self.known[index])
    }

    fn prune(&mut self) {
        if self.known.len() > self.prune_above.max(KEPT_MOST) {
            self.known.retain(|profile| Arc::strong_count(profile) > 1);
            self.prune_above = self.known.len() * 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn profile(id: u128, name: &str) -> Profile {
        Profile { id: UserId::from_uuid(Uuid::from_u128(id)), name: name.into(), avatar: None }
    }

    #[test]
    fn the_same_profile_is_kept_once_and_a_newer_one_replaces_it() {
        let mut people = People::default();
        let first = people.intern(profile(1, "Ada"));
        assert!(Arc::ptr_eq(&first, &people.intern(profile(1, "Ada"))));
        let renamed = people.intern(profile(1, "Ada L."));
        assert_eq!((first.name.as_str(), renamed.name.as_str()), ("Ada", "Ada L."));
        assert_eq!(people.get(first.id).unwrap().name, "Ada L.");
    }

    #[test]
    fn people_whom_no_row_needs_are_forgotten_when_there_are_too_many() {
        let mut people = People::default();
        let needed = people.intern(profile(0, "Ada"));
        for id in 1..=KEPT_MOST as u128 {
            people.intern(profile(id, "x"));
        }
        assert_eq!(people.known.len(), 2, "the one that a row needs and the newest");
        assert!(people.get(needed.id).is_some());
    }
}
