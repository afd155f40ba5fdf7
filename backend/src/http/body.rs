//! Bodies of calls: JSON in, with the wrong field named; JSON out.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{
    ErrorCode,
    json::{self, FromJson, ReadError, ToJson},
};

use super::problem::Problem;

/// The body of a call, read.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: FromJson> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let problem = Problem::new(ErrorCode::Unsupported, "the body must be application/json");
            return Err(problem.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        parse(&bytes).map(Self)
    }
}

/// Whether the body says that it is JSON. Asking for it also keeps forms of other pages out.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(ErrorCode::TooLong, "the body is too long")
            .with_status(StatusCode::PAYLOAD_TOO_LARGE),
        _ => Problem::new(ErrorCode::Parse, "the body did not arrive whole"),
    }
}

fn parse<T: FromJson>(bytes: &[u8]) -> Result<T, Problem> {
    json::from_slice(bytes).map_err(wrong)
}

/// Names the field.
fn wrong(error: ReadError) -> Problem {
    match error.field() {
        _ if error.is_syntax() => Problem::new(ErrorCode::Parse, "the body is not JSON"),
        None => Problem::new(ErrorCode::Invalid, "the body is not a JSON object"),
        Some(field) => Problem::new(ErrorCode::Invalid, error.to_string()).at_field(field),
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Answer<T>(pub(super) T);

impl<T: ToJson> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], json::to_vec(&self.0)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use shared::api::NewRoom;

    use super::*;

    #[test]
    fn the_wrong_field_is_named_and_what_was_sent_is_not_repeated() {
        for (body, code, field) in [
            ("", ErrorCode::Parse, None),
            ("{", ErrorCode::Parse, None),
            ("{\"name\":\"x\"} tail", ErrorCode::Parse, None),
            ("\u{feff}{}", ErrorCode::Parse, None),
            ("7", ErrorCode::Invalid, None),
            ("{}", ErrorCode::Invalid, Some("name")),
            ("{\"name\":7}", ErrorCode::Invalid, Some("name")),
            ("{\"name\":\"x\",\"visibility\":\"hunter2\"}", ErrorCode::Invalid, Some("visibility")),
        ] {
            let problem = parse::<NewRoom>(body.as_bytes()).unwrap_err();
            assert_eq!((problem.code(), problem.field()), (code, field), "{body}");
            assert!(!format!("{problem:?}").contains("hunter2"));
        }
    }

    #[test]
    fn nesting_without_end_is_no_json() {
        let deep = "[".repeat(100_000);
        assert_eq!(parse::<NewRoom>(deep.as_bytes()).unwrap_err().code(), ErrorCode::Parse);
    }

    #[test]
    fn a_form_of_another_page_is_no_json() {
        for (kind, yes) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            assert_eq!(is_json(&headers), yes, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
