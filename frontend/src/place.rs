//! Which page is shown: follows from who is signed in, the address, and the rooms. Knows no signal and no
//! screen.

use client_core::{RoomView, SessionState};
use shared::RoomId;

use crate::address::{Address, same_code};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Not known yet.
    Loading,
    /// Nobody is signed in: asks for a name.
    Welcome,
    /// A code of a room that this person is not in.
    Invitation(String),
    /// Signed in, no room.
    Start,
    /// A room.
    Room(RoomId),
}

/// What the page is decided by.
pub struct Facts<'a> {
    /// Who is signed in.
    pub session: &'a SessionState,
    /// The address.
    pub address: &'a Address,
    /// The rooms.
    pub rooms: &'a [RoomView],
    /// Whether these are all.
    pub rooms_known: bool,
    /// The code of the room that this person is just joining.
    pub joining: Option<&'a str>,
}

impl Place {
    /// The page for these facts.
    pub fn of(facts: &Facts<'_>) -> Self {
        match (facts.session, facts.address) {
            (SessionState::Unknown, _) => Self::Loading,
            (SessionState::SignedOut { .. }, Address::Start) => Self::Welcome,
            (SessionState::SignedOut { .. }, Address::Room(code)) => Self::Invitation(code.clone()),
            (SessionState::SignedIn(_), Address::Start) => Self::Start,
            (SessionState::SignedIn(_), Address::Room(code)) => {
                let room = facts.rooms.iter().find(|room| same_code(&room.room.code, code));
                match room {
                    Some(room) => Self::Room(room.room.id),
                    // Whoever is joining stays where they have asked for it.
                    None if facts.rooms_known || facts.joining == Some(code) => {
                        Self::Invitation(code.clone())
                    }
                    None => Self::Loading,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        Seq, UserId,
        api::{Room, Visibility},
        event::Profile,
    };

    use super::*;

    fn room() -> RoomView {
        let room = Room {
            id: RoomId::mint(0, [1; 10]),
            name: "Crew".into(),
            visibility: Visibility::Private,
            code: "ABCDE-FGHJK".into(),
            members: 1,
        };
        RoomView { room, head: Seq::ZERO, read_seq: Seq::ZERO, unread: 0 }
    }

    fn place(session: &SessionState, path: &str, rooms: &[RoomView], rooms_known: bool) -> Place {
        let address = &Address::parse(path);
        Place::of(&Facts { session, address, rooms, rooms_known, joining: None })
    }

    fn somebody() -> SessionState {
        SessionState::SignedIn(Profile { id: UserId::mint(0, [2; 10]), name: "Ada".into(), avatar: None })
    }

    #[test]
    fn nothing_is_shown_before_it_is_known_who_is_there() {
        assert_eq!(place(&SessionState::Unknown, "/r/X", &[], true), Place::Loading);
    }

    #[test]
    fn nobody_is_asked_for_a_name_with_or_without_an_invitation() {
        let nobody = SessionState::SignedOut { expired: false };
        assert_eq!(place(&nobody, "/", &[], false), Place::Welcome);
        assert_eq!(place(&nobody, "/r/X", &[], false), Place::Invitation("X".into()));
    }

    #[test]
    fn a_member_comes_straight_into_the_room_however_the_code_is_written() {
        let id = room().room.id;
        assert_eq!(place(&somebody(), "/r/abcdefghjk", &[room()], false), Place::Room(id));
    }

    #[test]
    fn a_code_is_an_invitation_only_once_all_rooms_are_known() {
        assert_eq!(place(&somebody(), "/r/X", &[room()], false), Place::Loading);
        assert_eq!(place(&somebody(), "/r/X", &[room()], true), Place::Invitation("X".into()));
        assert_eq!(place(&somebody(), "/", &[], false), Place::Start);
    }

    #[test]
    fn whoever_joins_stays_on_the_invitation_until_the_room_is_there() {
        let session = &somebody();
        let address = &Address::parse("/r/X");
        let facts = Facts { session, address, rooms: &[], rooms_known: false, joining: Some("X") };
        assert_eq!(Place::of(&facts), Place::Invitation("X".into()));
    }
}
