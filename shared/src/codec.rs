//! Why a text is not a frame.

use crate::{
    error::{ErrorCode, ErrorFrame},
    ids::{RoomId, TxnId},
    json::ReadError,
};

/// Why a text is not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct DecodeError {
    /// `parse`, `unknown_type`, `invalid` or `unsupported`.
    pub code: ErrorCode,
    /// The field that is wrong.
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
}

impl From<ReadError> for DecodeError {
    fn from(error: ReadError) -> Self {
        let code = if error.is_syntax() { ErrorCode::Parse } else { ErrorCode::Invalid };
        Self::new(code, error.field(), error.to_string())
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
