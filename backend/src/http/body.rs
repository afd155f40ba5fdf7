//! Bodies of calls: JSON in, with the wrong field named; JSON out.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header},
};
use serde::de::DeserializeOwned;
use shared::ErrorCode;

use super::problem::Problem;

/// The body of a call, read.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
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

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| wrong(&error))?;
    json.end().map_err(|_| not_json())?;
    Ok(value)
}

fn not_json() -> Problem {
    Problem::new(ErrorCode::Parse, "the body is not JSON")
}

/// Names the field. The words of the parser stay here: they repeat what was sent.
fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    if !error.inner().is_data() {
        return not_json();
    }
    let words = error.inner().to_string();
    let named = |what: &str| words.strip_prefix(what).and_then(|rest| rest.split('`').next());
    let path = error.path().to_string();
    let parent = if path == "." { String::new() } else { format!("{path}.") };
    if let Some(name) = named("duplicate field `") {
        return Problem::new(ErrorCode::Invalid, format!("`{name}` is there twice"))
            .at_field(name.to_owned());
    }
    match named("missing field `") {
        Some(name) => Problem::new(ErrorCode::Invalid, format!("`{parent}{name}` is missing"))
            .at_field(format!("{parent}{name}")),
        None if path == "." => Problem::new(ErrorCode::Invalid, "the body is not a JSON object"),
        None => Problem::new(ErrorCode::Invalid, format!("`{path}` is not what it should be")).at_field(path),
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
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
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
