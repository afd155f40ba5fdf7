//! Every limit that a client can meet, with its default and its reason.
//!
//! The server enforces them, publishes them in `connected.limits` under these names, and takes other
//! values by configuration.

use crate::json::{self, FromJson, ReadError, Reader, ToJson};

macro_rules! limits {
    ($($(#[doc = $reason:literal])+ $name:ident: $default:literal,)+) => {
        /// The limits in force on one server. One that an older server does not publish has its default.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $reason])+ pub $name: u64,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// Name, value in force and reason of every limit, in the order of the documentation.
            pub fn list(&self) -> impl Iterator<Item = (&'static str, u64, &'static str)> {
                [$((stringify!($name), self.$name, concat!($($reason),+).trim_ascii()),)+].into_iter()
            }

            /// Sets one limit by its name.
            ///
            /// # Errors
            /// When there is no limit of that name, or the value is zero (which would close the door it guards).
            pub fn set(&mut self, name: &str, value: u64) -> Result<(), InvalidLimit> {
                if value == 0 {
                    return Err(InvalidLimit::Zero(name.to_owned()));
                }
                *self.get_mut(name).ok_or_else(|| InvalidLimit::Unknown(name.to_owned()))? = value;
                Ok(())
            }

            fn get_mut(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

impl FromJson for Limits {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        let mut limits = Self::default();
        from.object()?;
        while let Some(key) = from.key()? {
            match limits.get_mut(&key) {
                Some(limit) => *limit = from.number()?,
                None => from.skip()?,
            }
        }
        Ok(limits)
    }
}

impl ToJson for Limits {
    fn write(&self, out: &mut Vec<u8>) {
        json::open(out, b'{');
        self.list().for_each(|(name, value, _)| json::field(out, name, &value));
        json::close(out, b'}');
    }
}

/// A setting of a limit that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimit {
    /// No limit has that name.
    #[error("there is no limit named {0:?}")]
    Unknown(String),
    /// Zero would let nothing through.
    #[error("the limit {0:?} must be at least 1")]
    Zero(String),
}

limits! {
    /// Bytes of one frame from a client: holds the longest message in any script with room to spare.
    frame_bytes: 65_536,
    /// Unicode scalar values of one message: longer texts are documents, and would slow everybody's page.
    message_chars: 4_000,
    /// Graphemes of a person's name: fits a line of the member list.
    name_graphemes: 32,
    /// Graphemes of a room's name: fits the head of the page.
    room_name_graphemes: 64,
    /// Messages that a person may send at once before the rate below applies: a pasted conversation.
    messages_burst: 10,
    /// Messages of one person per minute, over all their connections: faster than anybody types.
    messages_per_minute: 100,
    /// Frames that a socket may send at once before the rate below applies: a page that comes back to all its rooms.
    frames_burst: 60,
    /// Frames of one socket per second: typing, reading and sending together stay far below.
    frames_per_second: 20,
    /// Events in one `events` frame: one page stays under a quarter of a megabyte for ordinary texts.
    page_events: 100,
    /// Milliseconds between two `typing` frames of one person in one room that are passed on.
    typing_interval_ms: 2_000,
    /// Members up to which typing, read markers and presence are passed on; above, each would cost a frame per member.
    signal_members: 100,
    /// Rooms that one person may make per minute.
    rooms_made_per_minute: 10,
    /// Rooms that one person may join per minute.
    rooms_joined_per_minute: 10,
    /// Room codes that one address may try per minute, right or wrong: a class gets in, guessing one of 2^50 stays hopeless.
    codes_tried_per_minute: 120,
    /// Rooms that one person may be in: `connected` lists them all in one frame.
    rooms_per_user: 100,
    /// Guests that one address may make per minute: a class behind one router gets in, a script does not fill the disk.
    guests_made_per_minute: 60,
    /// HTTP calls of one sign-in per minute, renewals among them: a page that loses its socket every second stays below.
    calls_per_minute: 300,
    /// Open sockets of one person: more than anybody has tabs and devices.
    sockets_per_user: 10,
    /// Open sockets from one address: an office behind one router.
    sockets_per_address: 50,
    /// Open sockets from one address that have not said who they are.
    unauthenticated_per_address: 20,
    /// Milliseconds for the head of an HTTP request to arrive.
    head_timeout_ms: 10_000,
    /// Milliseconds from the opening of a socket to knowing who it is.
    auth_timeout_ms: 5_000,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_the_name_it_is_published_under() {
        let mut limits = Limits::default();
        let names: Vec<_> = limits.list().map(|(name, ..)| name).collect();
        for name in &names {
            limits.set(name, 7).unwrap();
        }
        assert!(limits.list().all(|(_, value, reason)| value == 7 && !reason.is_empty()));
        let published: serde_json::Value = serde_json::from_str(&json::to_string(&limits)).unwrap();
        assert_eq!(published.as_object().unwrap().len(), names.len());
        assert!(names.iter().all(|name| published[name] == 7));
    }

    #[test]
    fn a_limit_that_does_not_exist_or_lets_nothing_through_is_refused() {
        let mut limits = Limits::default();
        assert_eq!(limits.set("speed", 1), Err(InvalidLimit::Unknown("speed".into())));
        assert_eq!(limits.set("page_events", 0), Err(InvalidLimit::Zero("page_events".into())));
        assert_eq!(limits, Limits::default());
    }
}
