//! What JSON says by itself: texts, numbers, lists, and values that may be missing.

use std::{fmt, ops::Deref, str::FromStr};

use super::{
    FromJson, ToJson,
    read::{ReadError, Reader},
    write,
};

impl FromJson for String {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        from.string().map(|text| text.into_owned())
    }
}

impl ToJson for String {
    fn write(&self, out: &mut Vec<u8>) {
        write::string(out, self);
    }
}

impl ToJson for str {
    fn write(&self, out: &mut Vec<u8>) {
        write::string(out, self);
    }
}

impl FromJson for bool {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        from.boolean()
    }
}

impl ToJson for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl FromJson for u64 {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        from.number()
    }
}

impl ToJson for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        write::number(out, *self);
    }
}

impl FromJson for u16 {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        Self::try_from(from.number()?).map_err(|_| ReadError::expected("a number below 65536"))
    }
}

impl ToJson for u16 {
    fn write(&self, out: &mut Vec<u8>) {
        write::number(out, u64::from(*self));
    }
}

/// `null`, or nothing at all, is `None`.
impl<T: FromJson> FromJson for Option<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        if from.null() { Ok(None) } else { T::read(from).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        let mut list = Self::new();
        from.list()?;
        while from.item()? {
            list.push(T::read(from)?);
        }
        Ok(list)
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write::open(out, b'[');
        for item in self {
            write::comma(out);
            item.write(out);
        }
        write::close(out, b']');
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)+) => { $(
        /// A list of things of different kinds.
        impl<$($name: FromJson),+> FromJson for ($($name,)+) {
            fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
                const SHORT: ReadError = ReadError::expected("a longer list");
                from.list()?;
                let tuple = ($( if from.item()? { $name::read(from)? } else { return Err(SHORT) }, )+);
                while from.item()? {
                    from.skip()?;
                }
                Ok(tuple)
            }
        }

        impl<$($name: ToJson),+> ToJson for ($($name,)+) {
            fn write(&self, out: &mut Vec<u8>) {
                #[expect(non_snake_case, reason = "each value is named as its type")]
                let ($($name,)+) = self;
                write::open(out, b'[');
                $( write::comma(out); $name.write(out); )+
                write::close(out, b']');
            }
        }
    )+ };
}

tuples! {
    A B;
    A B C;
}

/// No body at all: what a call sends or answers that has nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nothing;

impl FromJson for Nothing {
    fn read(_: &mut Reader<'_>) -> Result<Self, ReadError> {
        Ok(Self)
    }
}

impl ToJson for Nothing {
    fn write(&self, _: &mut Vec<u8>) {}
}

/// What travels as a text of a certain form, such as an id.
pub trait Text: Sized {
    /// What is expected where something else stands.
    const EXPECTED: &'static str;

    /// Reads the text.
    fn parse(text: &str) -> Option<Self>;

    /// Appends the text, which needs no escapes.
    fn append(&self, out: &mut Vec<u8>);
}

/// Has a [`Text`] travel as one.
macro_rules! text {
    ($name:ty) => {
        impl $crate::json::FromJson for $name {
            fn read(from: &mut $crate::json::Reader<'_>) -> Result<Self, $crate::json::ReadError> {
                $crate::json::read_text(from)
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::json::write_text(self, out);
            }
        }
    };
}
pub(crate) use text;

/// Reads a [`Text`].
pub(crate) fn read_text<T: Text>(from: &mut Reader<'_>) -> Result<T, ReadError> {
    let wrong = ReadError::expected(T::EXPECTED);
    let text = from.string().map_err(|error| if error.is_syntax() { error } else { wrong })?;
    T::parse(&text).ok_or(wrong)
}

/// Writes a [`Text`].
pub(crate) fn write_text<T: Text>(value: &T, out: &mut Vec<u8>) {
    out.push(b'"');
    value.append(out);
    out.push(b'"');
}

/// A text that no log, no error and no panic shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.into())
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl FromJson for Secret {
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError> {
        String::read(from).map(Self)
    }
}

impl ToJson for Secret {
    fn write(&self, out: &mut Vec<u8>) {
        write::string(out, &self.0);
    }
}
