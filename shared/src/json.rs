//! JSON as the wire has it: a pull parser, a writer, and the types that go through both. Knows no frame.
//!
//! Our own, because generated decoding was the largest part of the page that was not the product: one parser and
//! tables of fields take a third of the bytes.

mod read;
pub(crate) mod tables;
mod types;
mod write;

pub use self::{
    read::{ReadError, Reader, need, take},
    tables::objects,
    types::{Nothing, Secret, Text},
    write::{close, field, key, open, string},
};
pub(crate) use self::{
    tables::words,
    types::{read_text, text, write_text},
};

/// What can be read from JSON.
pub trait FromJson: Sized {
    /// Reads the value that comes next.
    ///
    /// # Errors
    /// When the text is no JSON, or says something else.
    fn read(from: &mut Reader<'_>) -> Result<Self, ReadError>;

    /// The value of a field that is not there; `None` where the field must be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// What can be written as JSON.
pub trait ToJson {
    /// Appends the value to a text.
    fn write(&self, out: &mut Vec<u8>);

    /// Whether a field that may be left out is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Reads a text that is one value and nothing else.
///
/// # Errors
/// When the text is no JSON, or says something else.
pub fn from_str<T: FromJson>(text: &str) -> Result<T, ReadError> {
    whole(text, T::read)
}

/// Reads a text that is one value and nothing else, by a reader of its own.
pub(crate) fn whole<T>(
    text: &str,
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut reader = Reader::new(text);
    let value = read(&mut reader).and_then(|value| reader.end().map(|()| value));
    // A wrong field counts only in a text that is JSON to its end.
    value.map_err(|error| if is_json(text) { error } else { ReadError::NOT_JSON })
}

/// Whether a text is one value and nothing else.
fn is_json(text: &str) -> bool {
    let mut reader = Reader::new(text);
    reader.skip().and_then(|()| reader.end()).is_ok()
}

/// Reads a text that is one value and nothing else, from bytes that may be no text.
///
/// # Errors
/// When the bytes are no JSON, or say something else.
pub fn from_slice<T: FromJson>(bytes: &[u8]) -> Result<T, ReadError> {
    from_str(std::str::from_utf8(bytes).map_err(|_| ReadError::NOT_JSON)?)
}

/// Writes a value as one line.
pub fn to_string<T: ToJson>(value: &T) -> String {
    String::from_utf8(to_vec(value)).expect("JSON is written from texts and ASCII")
}

/// Writes a value as one line of bytes.
pub fn to_vec<T: ToJson>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.write(&mut out);
    out
}

#[cfg(test)]
mod tests;
