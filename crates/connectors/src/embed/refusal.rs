//! What went wrong, as the caller of an embedder needs it: kind, message, hint, limits.

use crate::embed::dialect::BadReply;
use crate::embed::http::{Answer, NoAnswer};
use crate::embed::key::ApiKey;
use crate::embed::spec::{Provider, ProviderSpec};
use crate::embed::words;
use quota::{Class, Hint};
use reqwest::StatusCode;
use std::time::{SystemTime, UNIX_EPOCH};
use types::embedding::BadVector;
use types::error_kind::ErrorKind;
use types::seam::EmbedError;

/// Who was asked, with what: for messages, and for what these must not show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub spec: &'a ProviderSpec,
    pub key: Option<&'a ApiKey>,
    /// There is a key, but the way to the server is open for all to read.
    pub withheld: Withheld,
    pub texts: &'a [&'a str],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withheld {
    Yes,
    No,
}

/// None for what is no error. The one place that says how a provider's answer is to be taken.
pub(crate) fn kind(class: Class) -> Option<ErrorKind> {
    Some(match class {
        Class::Ok => return None,
        Class::RateLimited => ErrorKind::TooManyRequests,
        // The hint tells it from a failure.
        Class::Overloaded | Class::Failed => ErrorKind::Unavailable,
        Class::QuotaExhausted => ErrorKind::QuotaExhausted,
        Class::Denied => ErrorKind::Denied,
        Class::TooLarge => ErrorKind::TooLarge,
        Class::InvalidInput => ErrorKind::InvalidInput,
        Class::NotFound => ErrorKind::NotFound,
        Class::Timeout => ErrorKind::Timeout,
    })
}

/// Limits and class of a reply.
pub(crate) fn read(answer: &Answer) -> quota::Reading {
    // Where the clock stands before 1970 no date in a header can be measured with it.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let header = |name: &str| answer.headers.get(name)?.to_str().ok();
    quota::read(answer.status, &header, &answer.body, now)
}

impl Asked<'_> {
    /// A reply that is an error, with what it says.
    pub(crate) fn refused(&self, status: u16, reading: quota::Reading) -> EmbedError {
        let kind = kind(reading.class).unwrap_or(ErrorKind::Unavailable);
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let words = reading.said.map(|said| words::fit(&said, self.key, self.texts));
        let told = match (reason, words.filter(|words| !words.is_empty())) {
            (Some(reason), None) => format!("{status} {reason}"),
            (Some(reason), Some(words)) => format!("{status} {reason}: {words}"),
            (None, None) => status.to_string(),
            (None, Some(words)) => format!("{status}: {words}"),
        };
        self.error(kind, &told, reading.hint)
    }

    pub(crate) fn unanswered(&self, why: &NoAnswer) -> EmbedError {
        let kind = match why {
            NoAnswer::TimedOut(_) => ErrorKind::Timeout,
            NoAnswer::Connect(_) | NoAnswer::Broken(_) | NoAnswer::TooLong(_) => {
                ErrorKind::Unavailable
            }
        };
        self.error(kind, &why.to_string(), Hint::default())
    }

    /// A reply that calls itself a success. A vector of other dimensions means another model behind the address;
    /// one that is zero or not finite is the fault of its text as far as anybody can tell.
    pub(crate) fn unusable(&self, bad: &BadReply, hint: Hint) -> EmbedError {
        let kind = match bad {
            BadReply::Vector { bad: BadVector::WrongDimension { .. }, .. } => ErrorKind::Conflict,
            BadReply::Vector { bad: BadVector::NotFinite | BadVector::Zero, .. } => {
                ErrorKind::InvalidInput
            }
            BadReply::Form { .. }
            | BadReply::Count { .. }
            | BadReply::Missing(_)
            | BadReply::Doubled(_)
            | BadReply::OutOfRange { .. } => ErrorKind::Unavailable,
        };
        self.error(kind, &bad.to_string(), hint)
    }

    pub(crate) fn error(&self, kind: ErrorKind, told: &str, quota: Hint) -> EmbedError {
        EmbedError { kind, message: format!("{}: {told}", self.spec), hint: self.hint(kind), quota }
    }

    fn hint(&self, kind: ErrorKind) -> String {
        let address = match (self.spec.has_own_address(), self.spec.provider()) {
            (true, Provider::OpenAi | Provider::Voyage) => " and the address, which ends in /v1",
            (true, Provider::Gemini | Provider::Cohere) => " and the address, which has no path",
            (false, _) => "",
        };
        match kind {
            ErrorKind::Denied => self.denied(),
            ErrorKind::QuotaExhausted => {
                "look at plan and billing, or run again when the provider's quota is whole"
                    .to_owned()
            }
            ErrorKind::NotFound => format!("check the model's name{address}"),
            ErrorKind::Conflict => format!(
                "the server gives another model than the store was made with: check the name{address}"
            ),
            ErrorKind::TooLarge => "set chunk.tokens or embed.batch_tokens lower".to_owned(),
            ErrorKind::InvalidInput => "the model takes no such text; see the message".to_owned(),
            ErrorKind::TooManyRequests | ErrorKind::Unavailable | ErrorKind::Timeout => {
                "run again later; what was embedded is kept".to_owned()
            }
            ErrorKind::Internal => "this is a defect of gristmill: please report it".to_owned(),
        }
    }

    fn denied(&self) -> String {
        let names = self.spec.key_variables().join(" or ");
        match (self.key, self.withheld) {
            (_, Withheld::Yes) => format!(
                "the key was not sent, since anybody on the way to {} could read it; use https://",
                self.spec.base()
            ),
            (Some(_), Withheld::No) => format!("check the key in {names}"),
            (None, Withheld::No) => format!("set {names}"),
        }
    }
}
