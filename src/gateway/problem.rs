//! What the door answers when it does not do what was asked: RFC 9457, with our stable `code`.
//!
//! ```json
//! {"type":"urn:lapak:problem:sold_out","title":"Conflict","status":409,
//!  "code":"sold_out","message":"Only 1 is left.","detail":"Only 1 is left.","available":1}
//! ```
//!
//! The status says what the caller can do: 4xx is the caller's to change, 503 surely did nothing
//! and may be asked again, 504 is unknown and must be asked again with the same id. The body never
//! holds a stack, SQL, a key name or a version (S-37).

mod fallbacks;
mod status;

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

pub use fallbacks::{as_problem, method_not_allowed, not_found, panicked};
pub use status::{CODES, status_of};

/// The media type of every error the door answers.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One refusal or failure on its way to the caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: Cow<'static, str>,
    status: StatusCode,
    message: Cow<'static, str>,
    detail: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with the status its code always has; `message` is a sentence for people.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        let code = code.into();
        Self {
            status: status_of(&code),
            code,
            message: message.into(),
            detail: Map::new(),
            headers: Vec::new(),
        }
    }

    /// Adds a member, for example `available` of `sold_out`. The six standard members stay as they
    /// are. `retry_ms` also becomes the header `Retry-After`, in whole seconds, rounded up.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if let ("retry_ms", Some(ms)) = (member, value.as_u64()) {
            self = self.header(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        self.detail.insert(member.to_owned(), value);
        self
    }

    /// Adds a header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status of the code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The members beyond the standard ones.
    pub fn detail(&self) -> &Map<String, Value> {
        &self.detail
    }

    /// The JSON object that is the body.
    pub fn body(&self) -> Value {
        let mut body = self.detail.clone();
        let mut put = |member: &str, value: Value| body.insert(member.to_owned(), value);
        put("type", format!("urn:lapak:problem:{}", self.code).into());
        put(
            "title",
            self.status.canonical_reason().unwrap_or("Error").into(),
        );
        put("status", self.status.as_u16().into());
        put("code", self.code.as_ref().into());
        put("message", self.message.as_ref().into());
        put("detail", self.message.as_ref().into());
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body().to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        headers.extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_standard_members_the_code_and_the_detail() {
        let problem = Problem::new("sold_out", "Only 1 is left.").with("available", 1);
        assert_eq!(
            problem.body(),
            serde_json::json!({
                "type": "urn:lapak:problem:sold_out", "title": "Conflict", "status": 409,
                "code": "sold_out", "message": "Only 1 is left.", "detail": "Only 1 is left.",
                "available": 1,
            })
        );
    }

    #[test]
    fn a_detail_cannot_replace_a_standard_member() {
        let problem = Problem::new("sold_out", "Gone.")
            .with("status", 200)
            .with("code", "held");
        assert_eq!(problem.body()["status"], 409);
        assert_eq!(problem.body()["code"], "sold_out");
    }

    #[test]
    fn the_headers_follow_from_the_code_and_the_detail() {
        let response = Problem::new("rate_limited", "Too fast.")
            .with("retry_ms", 1_001)
            .into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        let response = Problem::new("unauthorized", "Who are you?").into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
