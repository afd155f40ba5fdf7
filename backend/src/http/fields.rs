//! Fields of bodies and paths, checked: the problem names the field.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use shared::ErrorCode;

use super::problem::Problem;
use crate::names;

/// A name, as it is shown.
pub(super) fn named(field: &'static str, typed: &str, most_graphemes: u64) -> Result<String, Problem> {
    names::clean(typed, most_graphemes).map_err(|code| {
        let detail = match code {
            ErrorCode::Empty => "a name is missing".to_owned(),
            ErrorCode::TooLong => format!("a name has at most {most_graphemes} letters"),
            _ => "a name has no control characters".to_owned(),
        };
        Problem::new(code, detail).at_field(field)
    })
}

/// The parts of a path that stand for something. What can't be read is not there.
#[derive(Debug)]
pub(super) struct Segments<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segments = Path::from_request_parts(parts, state).await;
        let Path(segments) =
            segments.map_err(|_| Problem::new(ErrorCode::NotFound, "there is nothing of that name"))?;
        Ok(Self(segments))
    }
}

/// An id from a path. What is no id is not there.
pub(super) fn id<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::new(ErrorCode::NotFound, "there is nothing of that id"))
}
