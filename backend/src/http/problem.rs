//! What a call is answered with when it can't be served: RFC 9457 problem details.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::{ErrorCode, api, json};

use crate::{commit::error::CommitError, store::StoreError};

/// Why a call can't be served. Becomes a response anywhere in a handler by `?`.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: ErrorCode,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with the status that its code usually has.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let status = match code {
            ErrorCode::Parse | ErrorCode::UnknownType => StatusCode::BAD_REQUEST,
            ErrorCode::Invalid | ErrorCode::TooLong | ErrorCode::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden | ErrorCode::NotMember => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::Unsupported => StatusCode::NOT_IMPLEMENTED,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, code, detail: detail.into(), field: None, retry_after_ms: None }
    }

    /// Another status than its code usually has.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says how long to wait before the next try.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        // Rounded up, so that who comes back then is not refused again.
        let wait_ms = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1);
        self.retry_after_ms = Some(wait_ms);
        self
    }

    /// Too fast: how long to wait.
    pub fn rate_limited(wait: Duration) -> Self {
        Self::new(ErrorCode::RateLimited, "this was asked too often; wait a little").retry_after(wait)
    }

    /// A mistake of the server, which it keeps to itself.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "the server made a mistake")
    }

    /// Nobody is signed in.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Unauthenticated, detail)
    }

    /// The field that is wrong.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// What went wrong, for programs.
    pub fn code(&self) -> ErrorCode {
        self.code
    }
}

/// The code of a problem, in the extensions of its response, where the figures read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnsweredWith(pub(super) ErrorCode);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = api::Problem {
            kind: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            code: self.code,
            field: self.field.map(Cow::into_owned),
            retry_after_ms: self.retry_after_ms,
        };
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], json::to_vec(&body)).into_response();
        let headers = response.headers_mut();
        if let Some(wait_ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, wait_ms.div_ceil(1_000).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(AnsweredWith(self.code));
        response
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        let problem = Self::new(error.code(), error.to_string());
        match error {
            CommitError::Full(limit) => problem.at_field(limit),
            _ => problem,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the database could not be asked");
        Self::new(ErrorCode::Unavailable, "the server can't look this up now")
    }
}

/// Answers a method that a path does not take. The `Allow` header is the router's.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(ErrorCode::Unsupported, "this path does not take that method")
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}
