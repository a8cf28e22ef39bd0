//! Errors as problem documents (RFC 9457), with what clients of the earlier systems look for.

use crate::Response;
use crate::answer::Answer;
use hyper::StatusCode;
use hyper::header::CONTENT_TYPE;
use serde_json::json;
use types::failure::{Failure, FailureClass};

/// Why a request has no result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) class: &'static str,
    pub(crate) detail: String,
    pub(crate) hint: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>, hint: &str) -> Self {
        Self { status, class: "usage", detail: detail.into(), hint: hint.to_owned() }
    }

    pub(crate) fn not_found(id: &str) -> Self {
        let id: String = id.chars().take(200).collect();
        let detail = format!("there is no document {id:?}");
        Self::new(StatusCode::NOT_FOUND, detail, "name a file below the folder of --documents")
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail, "see docs/content-api.md")
    }

    pub(crate) fn response(&self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "class": self.class,
            "hint": self.hint,
            "success": false,
            "error_info": {"error": self.class, "detail": self.detail},
        });
        let mut response = hyper::Response::new(Answer::whole(body.to_string()));
        *response.status_mut() = self.status;
        let kind = hyper::header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let status = match failure.class {
            FailureClass::BadDocument
            | FailureClass::BadItem
            | FailureClass::Encrypted
            | FailureClass::Bomb
            | FailureClass::CrashLoop => StatusCode::UNPROCESSABLE_ENTITY,
            FailureClass::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FailureClass::Timeout => StatusCode::GATEWAY_TIMEOUT,
            FailureClass::Denied => StatusCode::BAD_GATEWAY,
            FailureClass::Quota | FailureClass::Budget => StatusCode::SERVICE_UNAVAILABLE,
            FailureClass::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            FailureClass::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let class = failure.class.as_str();
        Self { status, class, detail: failure.message, hint: failure.hint }
    }
}
