//! The names of things as newtypes, so that a room can't be passed where a person is meant.
//!
//! UUIDs travel as 36 lower-case characters and nothing else; counters are integers below 2^53, the
//! largest that every JSON reader keeps exact.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::json::{self, ReadError, Reader, Text};

/// A text that is not the name of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUID as 36 lower-case characters")]
pub struct InvalidId;

fn parse_uuid(text: &str) -> Result<Uuid, InvalidId> {
    let lower_case = text.len() == 36 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    lower_case.then(|| Uuid::try_parse(text).ok()).flatten().ok_or(InvalidId)
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID of any version.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself, as databases take it.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }

            /// Mints a version 7 UUID from milliseconds since 1970 and ten random bytes. Clock and
            /// randomness are the caller's.
            pub const fn mint(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text).map(Self)
            }
        }

        impl Text for $name {
            const EXPECTED: &'static str = "a UUID as 36 lower-case characters";

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn append(&self, out: &mut Vec<u8>) {
                let mut buffer = Uuid::encode_buffer();
                out.extend_from_slice(self.0.as_hyphenated().encode_lower(&mut buffer).as_bytes());
            }
        }

        json::text!($name);

        /// For programs that put ids into documents of their own.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        /// For programs that put ids into documents of their own.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id! {
    /// A person, guest or not.
    UserId
}
uuid_id! {
    /// A room.
    RoomId
}
uuid_id! {
    /// One thing that a client asks to have stored, minted once by the client and sent with every try.
    TxnId
}
uuid_id! {
    /// One sign-in of one browser or program; its tokens live and die with it.
    SessionId
}
uuid_id! {
    /// One incarnation of the log: made with the database, changed by a restore from a backup.
    Epoch
}

/// The first integer that JSON readers may no longer keep exact: 2^53.
pub const COUNTER_END: u64 = 1 << 53;

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(u64);

        impl $name {
            /// Before the first.
            pub const ZERO: Self = Self(0);
            /// The largest that can be named: 2^53 − 1.
            pub const MAX: Self = Self(COUNTER_END - 1);

            /// The counter of that value; `None` from 2^53 on.
            pub const fn new(value: u64) -> Option<Self> {
                if value < COUNTER_END { Some(Self(value)) } else { None }
            }

            /// The plain integer.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after this one. Stays at [`Self::MAX`]; a room with an event every microsecond
            /// gets there after 285 years.
            #[must_use]
            pub const fn next(self) -> Self {
                if self.0 + 1 < COUNTER_END { Self(self.0 + 1) } else { self }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
                Self::new(from.number()?).ok_or(ReadError::expected("an integer below 2^53"))
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }

        /// For programs that put counters into documents of their own.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_u64(self.0)
            }
        }

        /// For programs that put counters into documents of their own.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let value = <u64 as serde::Deserialize>::deserialize(from)?;
                Self::new(value).ok_or_else(|| serde::de::Error::custom("expected an integer below 2^53"))
            }
        }
    };
}

counter! {
    /// The number of an event in its room: 1, 2, 3 … without holes. [`Seq::ZERO`] is before the first.
    Seq
}
counter! {
    /// The running count of message events of a room.
    MsgNo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_thirty_six_lower_case_characters_and_nothing_else() {
        let text = "0192f0c1-2b3c-7d4e-8f50-112233445566";
        assert_eq!(text.parse::<UserId>().unwrap().to_string(), text);
        for wrong in [
            "",
            "0192F0C1-2B3C-7D4E-8F50-112233445566",
            "0192f0c12b3c7d4e8f50112233445566",
            "{0192f0c1-2b3c-7d4e-8f50-112233445566}",
            "urn:uuid:0192f0c1-2b3c-7d4e-8f50-112233445566",
            "0192f0c1-2b3c-7d4e-8f50-11223344556é",
        ] {
            assert_eq!(wrong.parse::<UserId>(), Err(InvalidId), "{wrong}");
        }
    }

    #[test]
    fn a_minted_id_is_version_seven_and_sorts_by_its_time() {
        let earlier = TxnId::mint(1_700_000_000_000, [255; 10]);
        let later = TxnId::mint(1_700_000_000_001, [0; 10]);
        assert_eq!(earlier.as_uuid().get_version_num(), 7);
        assert!(earlier < later);
    }

    #[test]
    fn a_counter_refuses_what_json_would_not_keep_exact() {
        assert_eq!(json::from_str::<Seq>("9007199254740991").unwrap(), Seq::MAX);
        for wrong in ["9007199254740992", "18446744073709551615", "-1", "1.5", "\"1\"", "1e3"] {
            assert!(json::from_str::<Seq>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Seq::MAX.next(), Seq::MAX);
    }
}
