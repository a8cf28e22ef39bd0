//! The body of a refusal, in whichever dialect.

use crate::duration::units;
use serde_json::Value;

/// A refusal is short; of anything longer only this much is looked at.
const BYTES_MAX: usize = 64 * 1024;

/// What a body says, wherever its dialect puts it.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Words from closed lists (`code`, `type`, `status`, `reason`), the most telling first, in lower case.
    pub codes: Vec<String>,
    /// HTTP status inside the body, where a gateway hid the error in a 200.
    pub status: Option<u16>,
    /// In the provider's words, for people.
    pub message: Option<String>,
    /// Google's `QuotaFailure`.
    pub violations: Vec<Violation>,
    /// Google's `RetryInfo`, in seconds.
    pub retry_delay: Option<f64>,
    /// Something that calls itself an error was found.
    pub error: bool,
}

/// One quota that a call went over.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    /// Such as `EmbedContentRequestsPerMinutePerProjectPerModel-FreeTier`.
    pub quota: String,
    pub limit: Option<f64>,
}

impl Said {
    pub(crate) fn read(body: &[u8]) -> Self {
        let body = &body[..body.len().min(BYTES_MAX)];
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            return Self { message: shown(&text), ..Self::default() };
        };
        let mut said = Self::default();
        said.take(&value);
        said
    }

    fn take(&mut self, value: &Value) {
        // Google wraps errors of its streams and of its compatible endpoint in a list.
        let value = value.get(0).unwrap_or(value);
        match value.get("error") {
            Some(Value::String(text)) => {
                self.error = true;
                self.message = shown(text);
            }
            Some(inner @ Value::Object(_)) => {
                self.error = true;
                self.fields(inner);
            }
            _ => {}
        }
        // MiniMax answers 200 with its own status inside.
        if let Some(own) = value.get("base_resp")
            && own.get("status_code").and_then(Value::as_i64).is_some_and(|code| code != 0)
        {
            self.error = true;
            self.message = own.get("status_msg").and_then(Value::as_str).and_then(shown);
        }
        self.fields(value);
    }

    fn fields(&mut self, value: &Value) {
        if let Some(Value::Array(details)) = value.get("details") {
            for detail in details {
                self.google(detail);
            }
        }
        for field in ["code", "type", "error_type", "status"] {
            self.code(value.get(field));
        }
        for field in ["code", "status", "statusCode"] {
            self.status = self.status.or_else(|| status(value.get(field)?));
        }
        for field in ["message", "detail", "msg"] {
            self.message = self.message.take().or_else(|| message(value.get(field)?));
        }
    }

    fn code(&mut self, word: Option<&Value>) {
        // "error" is how Anthropic and others type the envelope.
        if let Some(Value::String(word)) = word
            && word != "error"
        {
            self.codes.push(word.to_ascii_lowercase());
        }
    }

    /// One entry of `details`: `ErrorInfo`, `QuotaFailure` or `RetryInfo` of google.rpc.
    fn google(&mut self, detail: &Value) {
        self.code(detail.get("reason"));
        let delay = detail.get("retryDelay").and_then(Value::as_str).and_then(units);
        self.retry_delay = self.retry_delay.or(delay);
        let Some(Value::Array(violations)) = detail.get("violations") else { return };
        for violation in violations {
            let Some(quota) = violation.get("quotaId").and_then(Value::as_str) else { continue };
            let limit = violation.get("quotaValue").and_then(number);
            self.violations.push(Violation { quota: quota.to_owned(), limit });
        }
    }
}

/// 64-bit integers are texts in Google's JSON.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_f64()?,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn status(value: &Value) -> Option<u16> {
    let status = number(value)?;
    (400.0..600.0).contains(&status).then_some(status as u16)
}

/// A text, or the `msg` of each entry of a list (`FastAPI`; the entries' `input` quotes what was sent).
fn message(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => shown(text),
        Value::Array(entries) => {
            let texts: Vec<&str> =
                entries.iter().filter_map(|entry| entry.get("msg")?.as_str()).collect();
            shown(&texts.join("; "))
        }
        _ => None,
    }
}

fn shown(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_found_in_every_dialect() {
        for body in [
            r#"{"error":{"message":"no","type":"tokens","code":"rate_limit_exceeded"}}"#,
            r#"[{"error":{"code":429,"message":"no","status":"RESOURCE_EXHAUSTED"}}]"#,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"no"}}"#,
            r#"{"id":"x","message":"no"}"#,
            r#"{"detail":"no"}"#,
            r#"{"error":"no","error_type":"overloaded"}"#,
            r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#,
            r#"{"detail":[{"loc":["body","input"],"msg":"no","type":"missing","input":"secret"}]}"#,
            r#"{"base_resp":{"status_code":1002,"status_msg":"no"}}"#,
            " no\n",
        ] {
            assert_eq!(Said::read(body.as_bytes()).message.as_deref(), Some("no"), "{body}");
        }
    }

    #[test]
    fn the_inner_error_speaks_before_its_envelope() {
        let said =
            Said::read(br#"{"type":"error","code":"outer","error":{"code":"Inner","type":"t"}}"#);
        assert_eq!(said.codes, ["inner", "t", "outer"]);
        assert!(said.error);
    }

    #[test]
    fn quotas_and_delay_are_taken_from_googles_details() {
        let said = Said::read(
            br#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[
                {"@type":"t/google.rpc.QuotaFailure","violations":[
                    {"quotaId":"A","quotaValue":"100"},{"quotaId":"B","quotaValue":-1},{"quotaMetric":"m"}]},
                {"@type":"t/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED"},
                {"@type":"t/google.rpc.RetryInfo","retryDelay":"46.5s"}]}}"#,
        );
        let expected = [
            Violation { quota: "A".to_owned(), limit: Some(100.0) },
            Violation { quota: "B".to_owned(), limit: None },
        ];
        assert_eq!(said.violations, expected);
        assert_eq!(said.retry_delay, Some(46.5));
        assert_eq!(said.status, Some(429));
        assert_eq!(said.codes, ["rate_limit_exceeded", "resource_exhausted"]);
    }
}
