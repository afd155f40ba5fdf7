//! Says in a person's words why something failed. Knows codes and words, no screen.

use client_core::Call;
use shared::ErrorCode;

use crate::{
    store::Failure,
    words::{fill, words},
};

/// The lengths that names may have, in graphemes.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    /// Of a person's name.
    pub name: u64,
    /// Of a room's name.
    pub room: u64,
}

/// Why a command failed.
pub fn failure(failure: &Failure, lengths: Lengths) -> String {
    let errors = &words().errors;
    match (&failure.call, failure.code) {
        (Call::SignIn { .. }, ErrorCode::Empty) => errors.name_empty.to_owned(),
        (Call::SignIn { .. }, ErrorCode::TooLong) => errors.name_long.of(lengths.name),
        (Call::MakeRoom { .. }, ErrorCode::Empty) => errors.room_empty.to_owned(),
        (Call::MakeRoom { .. }, ErrorCode::TooLong) => errors.room_long.of(lengths.room),
        (Call::JoinRoom { .. } | Call::LookUp { .. }, ErrorCode::NotFound) => errors.code_unknown.to_owned(),
        (_, ErrorCode::Forbidden) if failure.field.as_deref() == Some("rooms_per_user") => {
            errors.rooms_full.to_owned()
        }
        (_, ErrorCode::RateLimited) => {
            let seconds = failure.retry_after_ms.unwrap_or(1000).div_ceil(1000).max(1);
            errors.slow_down.of(seconds)
        }
        (_, code) => common(code, &failure.detail),
    }
}

/// Why a message was not sent.
pub fn message(code: ErrorCode, detail: &str) -> String {
    common(code, detail)
}

fn common(code: ErrorCode, detail: &str) -> String {
    let errors = &words().errors;
    match code {
        ErrorCode::Unavailable if detail.is_empty() => errors.unreachable.to_owned(),
        ErrorCode::TooLong => errors.too_long.to_owned(),
        ErrorCode::Empty => errors.empty.to_owned(),
        ErrorCode::NotMember => errors.not_member.to_owned(),
        ErrorCode::Forbidden => errors.forbidden.to_owned(),
        ErrorCode::Unauthenticated => errors.signed_out.to_owned(),
        _ if detail.is_empty() => errors.unknown.to_owned(),
        _ => fill(errors.other, &[("detail", detail)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: Lengths = Lengths { name: 32, room: 64 };

    fn say(call: Call, code: ErrorCode, detail: &str) -> String {
        let detail = detail.into();
        failure(&Failure { call, code, detail, field: None, retry_after_ms: Some(1200) }, LENGTHS)
    }

    #[test]
    fn an_error_says_what_to_do_about_it() {
        let sign_in = || Call::SignIn { name: String::new() };
        assert_eq!(say(sign_in(), ErrorCode::Empty, "x"), words().errors.name_empty);
        assert!(say(sign_in(), ErrorCode::TooLong, "x").contains("32"));
        assert!(say(Call::MyRooms, ErrorCode::RateLimited, "x").contains("2 seconds"));
        assert_eq!(say(Call::MyRooms, ErrorCode::Unavailable, ""), words().errors.unreachable);
    }

    #[test]
    fn who_is_in_too_many_rooms_is_told_so() {
        let full = |field: Option<&str>| Failure {
            call: Call::MakeRoom { name: "Tea".into() },
            code: ErrorCode::Forbidden,
            detail: String::new(),
            field: field.map(str::to_owned),
            retry_after_ms: None,
        };
        assert_eq!(failure(&full(Some("rooms_per_user")), LENGTHS), words().errors.rooms_full);
        assert_eq!(failure(&full(None), LENGTHS), words().errors.forbidden);
    }

    #[test]
    fn an_unknown_error_is_shown_in_the_servers_words() {
        assert_eq!(say(Call::MyRooms, ErrorCode::Conflict, "no."), "The server said: no.");
        assert_eq!(say(Call::MyRooms, ErrorCode::Internal, ""), words().errors.unknown);
    }
}
