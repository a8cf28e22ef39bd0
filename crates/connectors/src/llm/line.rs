//! One address with its key: requests out, replies or errors in.

use super::{BadLlm, LlmOptions};
use crate::embed::http::{Answer, Http, NoAnswer, Request};
use crate::embed::refusal::{self, Withheld};
use crate::embed::remote::credential;
use crate::embed::{ApiKey, ProviderSpec, words};
use quota::{Class, Hint};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Body, Method, StatusCode};
use types::error_kind::ErrorKind;
use types::seam::llm::CallError;

/// A generated text is as long as a model writes, which is some hundred thousand tokens.
const REPLY_BYTES_MAX: usize = 16 << 20;

#[derive(Debug)]
pub(crate) struct Line {
    pub(super) spec: ProviderSpec,
    http: Http,
    headers: HeaderMap,
    key: Option<ApiKey>,
    withheld: Withheld,
}

/// A reply of success, with what it said of limits.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) quota: Hint,
}

impl Line {
    pub(super) fn new(
        spec: &ProviderSpec,
        key: Option<ApiKey>,
        options: LlmOptions,
    ) -> Result<Self, BadLlm> {
        if key.is_none() && !spec.has_own_address() {
            let variables = spec.key_variables();
            return Err(BadLlm::NoKey { spec: spec.clone(), variables });
        }
        let withheld = super::withholds_key(spec, key.as_ref(), options);
        let withheld = if withheld { Withheld::Yes } else { Withheld::No };
        let headers = match (&key, withheld) {
            (Some(key), Withheld::No) => HeaderMap::from_iter([credential(spec, key)]),
            (None, _) | (_, Withheld::Yes) => HeaderMap::new(),
        };
        let http = Http::new(spec, options.timeout)
            .map_err(|error| BadLlm::Client { spec: spec.clone(), cause: error.to_string() })?;
        Ok(Self { spec: spec.clone(), http, headers, key, withheld })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.spec.base())
    }

    /// Posts JSON. `shown`: texts that no message may quote.
    pub(super) async fn post(
        &self,
        url: &str,
        json: Vec<u8>,
        shown: &[&str],
    ) -> Result<Said, CallError> {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.call((Method::POST, url), headers, json.into(), shown).await
    }

    pub(super) async fn plain(&self, method: Method, url: &str) -> Result<Said, CallError> {
        self.call((method, url), self.headers.clone(), Body::default(), &[]).await
    }

    /// With headers of its own, and the key where the address is that of the specification.
    pub(super) async fn send(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Body,
    ) -> Result<Said, CallError> {
        let ours = url.strip_prefix(self.spec.base()).is_some_and(|rest| rest.starts_with('/'));
        if ours {
            headers.extend(self.headers.clone());
        }
        self.call((Method::POST, url), headers, body, &[]).await
    }

    async fn call(
        &self,
        (method, url): (Method, &str),
        headers: HeaderMap,
        body: Body,
        shown: &[&str],
    ) -> Result<Said, CallError> {
        let request = Request { method, url, headers, body, bytes_max: REPLY_BYTES_MAX };
        let answer = self.http.send(request).await.map_err(|why| self.unanswered(&why))?;
        let reading = refusal::read(&answer);
        if reading.class == Class::Ok {
            return Ok(Said { headers: answer.headers, body: answer.body, quota: reading.hint });
        }
        Err(self.refused(&answer, reading, shown))
    }

    fn refused(&self, answer: &Answer, reading: quota::Reading, shown: &[&str]) -> CallError {
        let kind = match refusal::kind(reading.class).unwrap_or(ErrorKind::Unavailable) {
            // Gemini says that a file may be somebody else's where it is nobody's.
            ErrorKind::Denied | ErrorKind::NotFound if is_of_file(answer.status, &reading) => {
                ErrorKind::NotFound
            }
            ErrorKind::InvalidInput | ErrorKind::Unavailable if answer.status == 409 => {
                ErrorKind::Conflict
            }
            kind => kind,
        };
        let reason = StatusCode::from_u16(answer.status).ok();
        let reason = reason.and_then(|status| status.canonical_reason()).unwrap_or("");
        let words = reading.said.map(|said| words::fit(&said, self.key.as_ref(), shown));
        let told = match words.filter(|words| !words.is_empty()) {
            Some(words) => format!("{} {reason}: {words}", answer.status),
            None => format!("{} {reason}", answer.status),
        };
        self.error(kind, &told, reading.hint)
    }

    fn unanswered(&self, why: &NoAnswer) -> CallError {
        let kind = match why {
            NoAnswer::TimedOut(_) => ErrorKind::Timeout,
            NoAnswer::Connect(_) | NoAnswer::Broken(_) | NoAnswer::TooLong(_) => {
                ErrorKind::Unavailable
            }
        };
        self.error(kind, &why.to_string(), Hint::default())
    }

    /// A reply that calls itself a success and is none.
    pub(super) fn unusable(&self, error: &serde_json::Error, quota: Hint) -> CallError {
        // What the JSON parser says quotes the text, so only the place is kept.
        let (line, column) = (error.line(), error.column());
        let told = format!("the reply is not what the API gives (line {line}, column {column})");
        self.error(ErrorKind::Unavailable, &told, quota)
    }

    pub(super) fn error(&self, kind: ErrorKind, told: &str, quota: Hint) -> CallError {
        CallError { kind, message: format!("{}: {told}", self.spec), hint: self.hint(kind), quota }
    }

    fn hint(&self, kind: ErrorKind) -> String {
        match kind {
            ErrorKind::Denied if self.withheld == Withheld::Yes => format!(
                "the key was not sent, since anybody on the way to {} could read it; use https://, or set \
                 content.key_over_http = true in a network that you trust",
                self.spec.base()
            ),
            ErrorKind::Denied => {
                format!("check the key in {}", self.spec.key_variables().join(" or "))
            }
            ErrorKind::QuotaExhausted => {
                "look at plan and billing, or run again when the provider's quota is whole"
                    .to_owned()
            }
            ErrorKind::NotFound => "check the model's name and the address".to_owned(),
            ErrorKind::TooLarge => "ask about fewer pages at once".to_owned(),
            ErrorKind::InvalidInput | ErrorKind::Conflict => {
                "the provider takes no such request; see the message".to_owned()
            }
            ErrorKind::TooManyRequests | ErrorKind::Unavailable | ErrorKind::Timeout => {
                "run again later".to_owned()
            }
            ErrorKind::Internal => "this is a defect of gristmill: please report it".to_owned(),
        }
    }
}

fn is_of_file(status: u16, reading: &quota::Reading) -> bool {
    let said = reading.said.as_deref().unwrap_or_default();
    matches!(status, 403 | 404) && said.contains("may not exist")
}
