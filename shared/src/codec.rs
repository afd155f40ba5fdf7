//! Text to frames and back. Decoding never panics, whatever the text is.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    answer,
    error::{ErrorCode, ErrorFrame},
    frame::{
        Auth, ClientFrame, FlatSync, PostMessage, Read, ServerFrame, SetPresence, Sync, SyncFrom, Typing,
    },
    ids::{RoomId, TxnId},
};

/// Why a text is not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct DecodeError {
    /// `parse`, `unknown_type`, `invalid` or `unsupported`.
    pub code: ErrorCode,
    /// The path of the field that is wrong.
    pub field: Option<String>,
    /// The request that the text was, when that can still be read from it.
    pub txn_id: Option<TxnId>,
    /// The room that it was about, when that can still be read from it.
    pub room_id: Option<RoomId>,
    /// What is wrong, for people. Never repeats the text of a message or a token.
    pub detail: String,
}

impl DecodeError {
    pub(crate) fn new(code: ErrorCode, field: Option<&str>, detail: impl Into<String>) -> Self {
        Self { code, field: field.map(str::to_owned), txn_id: None, room_id: None, detail: detail.into() }
    }

    /// Reads from the text which request it was, as far as that can be read.
    fn about(mut self, text: &str) -> Self {
        if let Ok(Named { txn_id, room_id }) = serde_json::from_str(text) {
            let id = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
            self.txn_id = id(txn_id).and_then(|id| id.parse().ok());
            self.room_id = id(room_id).and_then(|id| id.parse().ok());
        }
        self
    }
}

impl From<DecodeError> for ErrorFrame {
    fn from(error: DecodeError) -> Self {
        Self {
            txn_id: error.txn_id,
            room_id: error.room_id,
            field: error.field,
            ..Self::new(error.code, error.detail)
        }
    }
}

/// What names a request. The rest of its text is not looked into: it may be what is wrong.
#[derive(Deserialize)]
struct Named {
    txn_id: Option<Value>,
    room_id: Option<Value>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "type")]
    kind: Option<Value>,
}

/// Reads the `type` of a frame.
fn kind_of(text: &str) -> Result<String, DecodeError> {
    let parse = |detail: &str| DecodeError::new(ErrorCode::Parse, None, detail);
    if !text.trim_ascii_start().starts_with('{') {
        return Err(parse("a frame is a JSON object"));
    }
    let tag: Tag = serde_json::from_str(text).map_err(|error| match error.is_data() {
        // The field takes any value: only a second one of its name is wrong.
        true => DecodeError::new(ErrorCode::Invalid, Some("type"), plain(&error.to_string())),
        false => parse("this is not JSON"),
    })?;
    match tag.kind {
        Some(Value::String(kind)) => Ok(kind),
        Some(_) => Err(DecodeError::new(ErrorCode::Invalid, Some("type"), "`type` is a string")),
        None => Err(DecodeError::new(ErrorCode::Invalid, Some("type"), "`type` is missing")),
    }
}

/// Reads the fields of a frame of a known type; says which field is wrong.
fn fields<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let detail = plain(&error.into_inner().to_string());
        let field = if path == "." { missing_field(&detail) } else { Some(path) };
        DecodeError::new(ErrorCode::Invalid, field.as_deref(), detail)
    })
}

/// serde's words without what it quotes of the input, without the place and without names of Rust's types, which
/// are not for people.
pub(crate) fn plain(detail: &str) -> String {
    let place = detail.rfind(" at line ").unwrap_or(detail.len());
    let detail = &detail[..place];
    if let Some(field) = detail.strip_prefix("duplicate field ") {
        return format!("{field} is there twice");
    }
    let quotes = detail.starts_with("invalid") || detail.starts_with("unknown variant");
    let words = match (quotes, detail.rfind(", expected ")) {
        (true, Some(expected)) => &detail[expected + 2..],
        _ => detail,
    };
    words.replace("expected u64", "expected a whole number that is not negative")
}

/// The name in "missing field `name`" and "`name` is there twice".
pub(crate) fn missing_field(detail: &str) -> Option<String> {
    detail.split('`').nth(1).map(str::to_owned)
}

impl ClientFrame {
    /// Writes the frame as one line of JSON.
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// Reads a frame that a client sent.
    ///
    /// # Errors
    /// `parse`, `unknown_type`, `invalid` with the field, or `unsupported` for what the protocol knows
    /// and this server does not do.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        Self::decode_inner(text).map_err(|error| error.about(text))
    }

    fn decode_inner(text: &str) -> Result<Self, DecodeError> {
        Ok(match kind_of(text)?.as_str() {
            "auth" => Self::Auth(fields::<Auth>(text)?),
            "message" => Self::Message(decode_message(text)?),
            "typing" => Self::Typing(fields::<Typing>(text)?),
            "read" => Self::Read(fields::<Read>(text)?),
            "sync" => Self::Sync(decode_sync(text)?),
            "presence" => Self::Presence(fields::<SetPresence>(text)?),
            "ping" => Self::Ping,
            "edit" | "delete" | "reaction" => {
                let detail = "this server does not change messages";
                return Err(DecodeError::new(ErrorCode::Unsupported, Some("type"), detail));
            }
            _ => {
                let detail = "this server does not know frames of this type";
                return Err(DecodeError::new(ErrorCode::UnknownType, Some("type"), detail));
            }
        })
    }
}

/// What the protocol allows in a message beyond [`PostMessage`], and this server does not do.
#[derive(Deserialize)]
struct Unsupported {
    #[serde(default)]
    recipient_id: Option<Value>,
    #[serde(default)]
    attachments: Option<Value>,
}

fn decode_message(text: &str) -> Result<PostMessage, DecodeError> {
    let unsupported: Unsupported = fields(text)?;
    let refuse = |field, detail| Err(DecodeError::new(ErrorCode::Unsupported, Some(field), detail));
    match (unsupported.recipient_id, unsupported.attachments) {
        (Some(_), _) => refuse("recipient_id", "this server has no direct messages"),
        (_, Some(Value::Array(list))) if list.is_empty() => fields(text),
        (_, Some(_)) => refuse("attachments", "this server takes no attachments"),
        (None, None) => fields(text),
    }
}

fn decode_sync(text: &str) -> Result<Sync, DecodeError> {
    let flat: FlatSync = fields(text)?;
    let invalid = |field, detail| DecodeError::new(ErrorCode::Invalid, Some(field), detail);
    let from = match (flat.after, flat.before) {
        (Some(seq), None) => SyncFrom::After(seq),
        (None, Some(seq)) => SyncFrom::Before(seq),
        (Some(_), Some(_)) => return Err(invalid("before", "say `after` or `before`, not both")),
        (None, None) => return Err(invalid("after", "say `after` or `before`")),
    };
    if flat.limit == Some(0) {
        return Err(invalid("limit", "a page has at least one event"));
    }
    Ok(Sync { room_id: flat.room_id, from, limit: flat.limit })
}

impl ServerFrame {
    /// Writes the frame as one line of JSON.
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// Reads a frame that a server sent. A durable event of an unknown type is an event with
    /// [`EventBody::Other`](crate::EventBody::Other), because it takes a place in its room.
    ///
    /// # Errors
    /// `parse`, `unknown_type` or `invalid`. A client passes over a frame of an unknown type.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        answer::decode(text)
    }
}

fn encode(frame: &impl serde::Serialize) -> String {
    // Only maps with keys that are no strings, and failing writers, can make this fail; frames have neither.
    serde_json::to_string(frame).expect("a frame is plain data")
}
