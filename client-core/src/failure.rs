//! Why a call failed, read from its answer. It does not know which call it was.

use shared::{api::Problem, error::ErrorCode, json};

use crate::call::Answer;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    pub(crate) detail: String,
    pub(crate) field: Option<String>,
    pub(crate) retry_after_ms: Option<u64>,
}

impl Failure {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self { code, detail: String::new(), field: None, retry_after_ms: None }
    }
}

/// The body of an answer, or why there is none.
pub(crate) fn body(answer: Answer) -> Result<String, Failure> {
    match answer {
        Answer::Http { status: 200..=299, body } => Ok(body),
        Answer::Http { status, body } => Err(json::from_str::<Problem>(&body).map_or_else(
            |_| Failure::new(code_of(status)),
            |problem| Failure {
                code: if status == 401 { ErrorCode::Unauthenticated } else { problem.code },
                detail: problem.detail,
                field: problem.field,
                retry_after_ms: problem.retry_after_ms,
            },
        )),
        Answer::None => Err(Failure::new(ErrorCode::Unavailable)),
    }
}

/// What a status means where no problem of this protocol came with it: a proxy speaks.
fn code_of(status: u16) -> ErrorCode {
    match status {
        401 => ErrorCode::Unauthenticated,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        429 => ErrorCode::RateLimited,
        500..=599 => ErrorCode::Unavailable,
        _ => ErrorCode::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, body: &str) -> ErrorCode {
        super::body(Answer::Http { status, body: body.into() }).unwrap_err().code
    }

    #[test]
    fn a_status_counts_where_a_proxy_speaks() {
        for (status, expected) in [
            (400, ErrorCode::Internal),
            (401, ErrorCode::Unauthenticated),
            (403, ErrorCode::Forbidden),
            (404, ErrorCode::NotFound),
            (429, ErrorCode::RateLimited),
            (500, ErrorCode::Unavailable),
            (504, ErrorCode::Unavailable),
        ] {
            assert_eq!(code(status, "<html>"), expected, "{status}");
        }
    }

    #[test]
    fn a_problem_says_it_better_than_its_status() {
        let problem = r#"{"type":"about:blank","title":"x","status":422,"detail":"x","code":"too_long"}"#;
        assert_eq!(code(422, problem), ErrorCode::TooLong);
        assert_eq!(
            code(401, problem),
            ErrorCode::Unauthenticated,
            "a 401 is about the token, whatever it says"
        );
    }

    #[test]
    fn every_success_has_a_body_and_no_answer_is_unavailable() {
        for status in [200, 201, 204] {
            assert_eq!(body(Answer::Http { status, body: "x".into() }), Ok("x".into()));
        }
        assert_eq!(body(Answer::None).unwrap_err(), Failure::new(ErrorCode::Unavailable));
    }
}
