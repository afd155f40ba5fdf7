//! Reads what a server sends, in one pass. All frames share one set of optional fields, because a reader for each
//! of them would be a quarter of the page; which fields a frame needs is said once, below.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    api::{Presence, RoomState},
    codec::{DecodeError, missing_field, plain},
    error::{ErrorCode, ErrorFrame},
    event::{Event, Flat, Profile},
    frame::{Ack, Behind, Connected, Events, PresenceSignal, ReadSignal, ServerFrame, TypingSignal},
    ids::{Epoch, MsgNo, RoomId, Seq, SessionId, TxnId, UserId},
    limits::Limits,
    time::Timestamp,
};

/// Every field that a frame of a server may have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    active: Option<bool>,
    code: Option<ErrorCode>,
    content: Option<String>,
    duplicate: Option<bool>,
    epoch: Option<Epoch>,
    events: Option<Vec<Event>>,
    expires_in_ms: Option<u64>,
    field: Option<String>,
    has_more: Option<bool>,
    head: Option<Seq>,
    heartbeat_ms: Option<u64>,
    last_seen: Option<Timestamp>,
    limits: Option<Limits>,
    message: Option<String>,
    msg_no: Option<MsgNo>,
    online_users: Option<Vec<UserId>>,
    reconnect_after_ms: Option<u64>,
    reply_to: Option<Seq>,
    retry_after_ms: Option<u64>,
    retryable: Option<bool>,
    room_id: Option<RoomId>,
    rooms: Option<Vec<RoomState>>,
    sender: Option<Profile>,
    seq: Option<Seq>,
    server_time: Option<Timestamp>,
    session_id: Option<SessionId>,
    status: Option<Presence>,
    target: Option<Seq>,
    timestamp: Option<Timestamp>,
    token_expires_at: Option<Timestamp>,
    txn_id: Option<TxnId>,
    user: Option<Profile>,
    user_id: Option<UserId>,
}

/// Takes a field that the frame needs.
macro_rules! need {
    ($fields:ident.$name:ident) => {
        $fields.$name.ok_or_else(|| missing(stringify!($name)))?
    };
}

/// Reads a frame.
pub(crate) fn decode(text: &str) -> Result<ServerFrame, DecodeError> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(DecodeError::new(ErrorCode::Parse, None, "a frame is a JSON object"));
    }
    match serde_json::from_str::<Fields<'_>>(text) {
        Ok(fields) => frame(fields),
        Err(error) if error.is_data() => {
            // A field that is named as one of ours and means something else is fine in an event of a newer server.
            serde_json::from_str::<Event>(text)
                .map(|event| ServerFrame::Event(Box::new(event)))
                .map_err(|_| invalid(&plain(&error.to_string())))
        }
        Err(_) => Err(DecodeError::new(ErrorCode::Parse, None, "this is not JSON")),
    }
}

fn frame(mut from: Fields<'_>) -> Result<ServerFrame, DecodeError> {
    let kind = from.kind.take();
    let kind = kind.ok_or_else(|| DecodeError::new(ErrorCode::Invalid, Some("type"), "`type` is missing"))?;
    Ok(match kind.as_ref() {
        "connected" => ServerFrame::Connected(Box::new(Connected {
            epoch: need!(from.epoch),
            user: need!(from.user),
            session_id: need!(from.session_id),
            server_time: need!(from.server_time),
            token_expires_at: need!(from.token_expires_at),
            heartbeat_ms: need!(from.heartbeat_ms),
            limits: need!(from.limits),
            rooms: need!(from.rooms),
            online_users: need!(from.online_users),
        })),
        "ack" => ServerFrame::Ack(Ack {
            txn_id: need!(from.txn_id),
            room_id: need!(from.room_id),
            seq: need!(from.seq),
            msg_no: need!(from.msg_no),
            timestamp: need!(from.timestamp),
            duplicate: need!(from.duplicate),
        }),
        "events" => ServerFrame::Events(Events {
            room_id: need!(from.room_id),
            events: need!(from.events),
            head: need!(from.head),
            has_more: need!(from.has_more),
        }),
        "behind" => ServerFrame::Behind(Behind { room_id: need!(from.room_id), head: need!(from.head) }),
        "typing" => ServerFrame::Typing(TypingSignal {
            room_id: need!(from.room_id),
            user_id: need!(from.user_id),
            active: need!(from.active),
        }),
        "read" => ServerFrame::Read(ReadSignal {
            room_id: need!(from.room_id),
            user_id: need!(from.user_id),
            seq: need!(from.seq),
        }),
        "presence" => ServerFrame::Presence(PresenceSignal {
            user_id: need!(from.user_id),
            status: need!(from.status),
            last_seen: from.last_seen,
        }),
        "error" => ServerFrame::Error(ErrorFrame {
            code: need!(from.code),
            message: need!(from.message),
            txn_id: from.txn_id,
            room_id: from.room_id,
            field: from.field,
            retry_after_ms: from.retry_after_ms,
            retryable: need!(from.retryable),
        }),
        "auth_expiring" => ServerFrame::AuthExpiring { expires_in_ms: need!(from.expires_in_ms) },
        "authenticated" => ServerFrame::Authenticated { token_expires_at: need!(from.token_expires_at) },
        "server_shutdown" => {
            ServerFrame::ServerShutdown { reconnect_after_ms: need!(from.reconnect_after_ms) }
        }
        "pong" => ServerFrame::Pong { server_time: need!(from.server_time) },
        "message" | "join" | "leave" => ServerFrame::Event(Box::new(event(kind, from)?)),
        _ => event(kind, from).map(|event| ServerFrame::Event(Box::new(event))).map_err(|_| {
            let detail = "frames of this type are not known here";
            DecodeError::new(ErrorCode::UnknownType, Some("type"), detail)
        })?,
    })
}

fn event(kind: Cow<'_, str>, from: Fields<'_>) -> Result<Event, DecodeError> {
    let flat = Flat {
        kind,
        room_id: need!(from.room_id),
        seq: need!(from.seq),
        msg_no: need!(from.msg_no),
        timestamp: need!(from.timestamp),
        sender: from.sender.map(Cow::Owned),
        user: from.user.map(Cow::Owned),
        content: from.content.map(Cow::Owned),
        txn_id: need!(from.txn_id),
        reply_to: from.reply_to,
        target: from.target,
    };
    Event::try_from(flat).map_err(invalid)
}

fn missing(name: &str) -> DecodeError {
    DecodeError::new(ErrorCode::Invalid, Some(name), format!("missing field `{name}`"))
}

fn invalid(detail: &str) -> DecodeError {
    let field = missing_field(detail).filter(|_| !detail.starts_with("expected"));
    DecodeError::new(ErrorCode::Invalid, field.as_deref(), detail)
}
