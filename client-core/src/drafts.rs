//! What is written and not posted, per room. It knows no composer and no store.

use shared::RoomId;

/// Rooms with a draft: more than anybody writes in at a time. Beyond, the one that was not touched for longest
/// goes.
const ROOMS_MOST: usize = 100;

/// A draft that is longer is not kept, only held in its field: every key that is pressed would write it again.
/// Four times what the longest message takes.
const BYTES_MOST: usize = 65_536;

/// The drafts, the one touched last at the end.
#[derive(Debug, Default)]
pub(crate) struct Drafts(Vec<(RoomId, String)>);

impl Drafts {
    /// The draft of a room; empty where there is none.
    pub(crate) fn get(&self, room: RoomId) -> &str {
        self.0.iter().find(|(known, _)| *known == room).map_or("", |(_, text)| text)
    }

    /// Every draft.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (RoomId, &str)> {
        self.0.iter().map(|(room, text)| (*room, text.as_str()))
    }

    /// This is the draft of that room now. False where nothing has changed. The room whose draft had to go for it
    /// is in `evicted`.
    pub(crate) fn set(&mut self, room: RoomId, text: String, evicted: &mut Option<RoomId>) -> bool {
        let known = self.0.iter().position(|(known, _)| *known == room);
        match known {
            Some(index) if self.0[index].1 == text => return false,
            Some(index) => {
                self.0.remove(index);
            }
            None if text.is_empty() => return false,
            None => {}
        }
        if !text.is_empty() {
            *evicted = (self.0.len() == ROOMS_MOST).then(|| self.0.remove(0).0);
            self.0.push((room, text));
        }
        true
    }
}

/// Whether a draft is short enough to be kept.
pub(crate) fn is_kept(text: &str) -> bool {
    !text.is_empty() && text.len() <= BYTES_MOST
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn room(id: u128) -> RoomId {
        RoomId::from_uuid(Uuid::from_u128(id))
    }

    #[test]
    fn a_draft_is_what_was_set_last_and_gone_when_it_is_empty() {
        let (mut drafts, mut evicted) = (Drafts::default(), None);
        assert!(!drafts.set(room(1), String::new(), &mut evicted), "nothing was there");
        assert!(drafts.set(room(1), "a".into(), &mut evicted));
        assert!(!drafts.set(room(1), "a".into(), &mut evicted));
        assert_eq!((drafts.get(room(1)), drafts.get(room(2))), ("a", ""));
        assert!(drafts.set(room(1), String::new(), &mut evicted));
        assert_eq!((drafts.iter().count(), evicted), (0, None));
    }

    #[test]
    fn of_too_many_the_one_goes_that_was_not_touched_for_longest() {
        let (mut drafts, mut evicted) = (Drafts::default(), None);
        for id in 0..ROOMS_MOST as u128 {
            drafts.set(room(id), "a".into(), &mut evicted);
        }
        drafts.set(room(0), "b".into(), &mut evicted);
        assert_eq!(evicted, None);
        drafts.set(room(1_000), "c".into(), &mut evicted);
        assert_eq!((evicted, drafts.get(room(0)), drafts.get(room(1))), (Some(room(1)), "b", ""));
    }

    #[test]
    fn a_draft_longer_than_any_message_is_not_kept() {
        assert!(is_kept(&"x".repeat(BYTES_MOST)) && !is_kept(&"x".repeat(BYTES_MOST + 1)) && !is_kept(""));
    }
}
