//! How what is kept is written and read: JSON with a version, read leniently, so that what an older page or a
//! broken disk has left is dropped and never a crash. It knows no store.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{Epoch, Event, RoomId, api::RoomState, error::ErrorCode, event::Profile};

/// Records of another version are dropped. A new field that may be missing needs no new version.
const VERSION: u32 = 1;

/// What every record is in.
#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    v: u32,
    is: T,
}

/// Who is signed in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) profile: Profile,
    pub(crate) epoch: Option<Epoch>,
    /// In the order of the list.
    pub(crate) rooms: Vec<RoomState>,
}

/// A message that is not confirmed.
#[derive(Debug, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
}

/// The newest events of a room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    /// When it was written, by the clock of the page: of too many, the oldest go.
    pub(crate) at: u64,
    pub(crate) epoch: Epoch,
    /// Ascending, without a hole.
    pub(crate) events: Vec<Event>,
}

/// A record's text.
pub(crate) fn write<T: Serialize>(is: T) -> String {
    serde_json::to_string(&Versioned { v: VERSION, is }).expect("a record is plain data")
}

/// What a record says; `None` where it can't be read.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let record = serde_json::from_str::<Versioned<T>>(text).ok()?;
    (record.v == VERSION).then_some(record.is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_with_fields_that_it_does_not_know_and_without_those_that_may_miss() {
        let message = r#"{"v":1,"is":{"room":"00000000-0000-0000-0000-000000000001","content":"a","made":1,
            "since":1,"order":1,"tried":false,"mood":"good"},"w":2}"#;
        assert_eq!(read::<Message>(message).unwrap().content, "a");
        assert_eq!(read::<String>(&write("a")).unwrap(), "a");
    }

    #[test]
    fn a_record_of_another_version_or_of_no_sense_is_none() {
        for text in ["", "{", "null", "1", r#"{"v":1}"#, r#"{"v":2,"is":"a"}"#, r#"{"v":1,"is":7}"#, "\u{0}"]
        {
            assert_eq!(read::<String>(text), None, "{text}");
        }
    }
}
