//! How what is kept is written and read: JSON with a version, read leniently, so that what an older page or a
//! broken disk has left is dropped and never a crash. It knows no store.

use shared::{
    Epoch, Event, RoomId,
    api::RoomState,
    error::ErrorCode,
    event::Profile,
    json::{self, FromJson, ToJson, objects},
};

/// Records of another version are dropped. A new field that may be missing needs no new version.
const VERSION: u64 = 1;

/// Who is signed in, of which log, with their rooms in the order of the list. A list and not an object, as everything
/// here that can be fetched again.
pub(crate) type Person = (Profile, Option<Epoch>, Vec<RoomState>);

/// The newest events of a room, ascending and without a hole, of that log; first when it was written, by the clock of
/// the page: of too many, the oldest go.
pub(crate) type Page = (u64, Epoch, Vec<Event>);

objects! {
    /// A message that is not confirmed. Later versions of it have to be read too: it is nowhere else.
    pub(crate) struct Message {
        pub(crate) room: RoomId,
        pub(crate) content: String,
        /// When it was posted: milliseconds since 1970, by the clock of the page.
        pub(crate) made: u64,
        /// What its age counts from, likewise.
        pub(crate) since: u64,
        /// Its place among all that were posted.
        pub(crate) order: u64,
        /// Whether it may have reached the server.
        pub(crate) tried: bool,
        pub(crate) failed: Option<Failed>,
    }

    /// Why a message is not tried again.
    pub(crate) struct Failed {
        pub(crate) code: ErrorCode,
        pub(crate) detail: String,
    }
}

/// A record's text.
pub(crate) fn write<T: ToJson>(is: T) -> String {
    json::to_string(&(VERSION, is))
}

/// What a record says; `None` where it can't be read.
pub(crate) fn read<T: FromJson>(text: &str) -> Option<T> {
    let (version, is): (u64, T) = json::from_str(text).ok()?;
    (version == VERSION).then_some(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_with_fields_that_it_does_not_know_and_without_those_that_may_miss() {
        let message = r#"[1,{"room":"00000000-0000-0000-0000-000000000001","content":"a","made":1,
            "since":1,"order":1,"tried":false,"mood":"good"}]"#;
        assert_eq!(read::<Message>(message).unwrap().content, "a");
        assert_eq!(read::<String>(&write("a".to_owned())).unwrap(), "a");
    }

    #[test]
    fn a_record_of_another_version_or_of_no_sense_is_none() {
        for text in ["", "{", "null", "1", "[1]", r#"[2,"a"]"#, "[1,7]", r#"["1","a"]"#, "\u{0}"] {
            assert_eq!(read::<String>(text), None, "{text}");
        }
    }
}
