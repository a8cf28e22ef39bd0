//! What happened to a call, from status, headers and body.

#[cfg(test)]
mod tests;

use crate::body::{Said, Violation};
use crate::date::http;
use crate::hint::{Dimension, Hint, Level};
use crate::levels::{self, put_first};
use crate::prose::Prose;
use crate::wait;

/// Value of a header by its name in lower case.
pub type Headers<'a> = dyn Fn(&str) -> Option<&'a str> + 'a;

/// What happened, in the words of flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Ok,
    /// The client's own limit; it passes within minutes.
    RateLimited,
    /// The server has no room for anybody.
    Overloaded,
    /// Per day, per month, unpaid, or never: waiting a little does not help.
    QuotaExhausted,
    Denied,
    TooLarge,
    InvalidInput,
    /// Wrong model or wrong address.
    NotFound,
    Timeout,
    /// The provider is broken, for now.
    Failed,
}

/// All that one reply says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub class: Class,
    pub hint: Hint,
    /// The provider's own words, as they came: they may quote the key or the input.
    pub said: Option<String>,
}

/// Longer than this is not a limit that passes: `openai-python` gives up there too.
const PATIENCE: f64 = 120.0;

/// A reply to a fulfilled call is not looked through beyond this: it holds vectors, and an error is short.
const DISGUISE_BYTES_MAX: usize = 16 * 1024;

/// Reads one reply. `now`: seconds since 1970, used where the reply has no `Date` of its own.
///
/// Decides by the words of closed lists first (`code`, `type`, `quotaId`), by the status second, by sentences where
/// both leave it open. Never panics; every number in the hint is finite and not negative.
pub fn read(status: u16, headers: &Headers<'_>, body: &[u8], now: f64) -> Reading {
    let fine = (200..300).contains(&status);
    // The server's clock, which made the dates in its headers.
    let now = headers("date").and_then(http).unwrap_or(now);
    let levels = levels::read(headers, now);
    let said =
        if fine && body.len() > DISGUISE_BYTES_MAX { Said::default() } else { Said::read(body) };
    if fine && !said.error {
        return Reading { class: Class::Ok, hint: Hint { levels, ..Hint::default() }, said: None };
    }
    let prose = Prose::new(said.message.as_deref().unwrap_or_default());
    let status = if fine { disguised(&said, &prose) } else { status };
    let mut hint = Hint { levels, ..Hint::default() };
    let class = match first_class(status, &said, &prose) {
        Class::RateLimited => {
            hint.retry_after = wait::read(headers, &said, &prose, now);
            account(&mut hint, &said, &prose);
            refined(&hint, &said, &prose)
        }
        class @ (Class::Overloaded | Class::QuotaExhausted) => {
            hint.retry_after = wait::read(headers, &said, &prose, now);
            class
        }
        other => other,
    };
    hint.overloaded = class == Class::Overloaded;
    if !matches!(class, Class::RateLimited | Class::QuotaExhausted) {
        hint.refused_by = None;
    }
    Reading { class, hint, said: said.message }
}

/// The status that an error in a 200 should have had.
fn disguised(said: &Said, prose: &Prose) -> u16 {
    let limited = prose.has(&["rate limit", "too many requests"]);
    said.status.unwrap_or(if limited { 429 } else { 500 })
}

fn first_class(status: u16, said: &Said, prose: &Prose) -> Class {
    if prose.has(&["api key not valid", "invalid api key", "incorrect api key"]) {
        return Class::Denied;
    }
    said.codes
        .iter()
        .find_map(|code| by_code(code))
        .or_else(|| by_sentence(status, prose))
        .unwrap_or_else(|| by_status(status))
}

/// Words that decide by themselves. Those that come with several statuses (`invalid_request_error`) are not here.
fn by_code(code: &str) -> Option<Class> {
    Some(match code {
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "resource_exhausted"
        | "too_many_requests"
        | "ratelimitreached"
        | "throttled" => Class::RateLimited,
        "slow_down" | "overloaded" | "overloaded_error" | "engine_overloaded"
        | "server_overloaded" | "unavailable" | "no_capacity" => Class::Overloaded,
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "insufficient_balance"
        | "insufficient_credits" => Class::QuotaExhausted,
        "invalid_api_key"
        | "api_key_invalid"
        | "authentication_error"
        | "permission_error"
        | "permission_denied"
        | "unauthenticated"
        | "account_deactivated"
        | "unsupported_country_region_territory" => Class::Denied,
        "context_length_exceeded"
        | "max_tokens_per_request"
        | "request_too_large"
        | "string_above_max_length"
        | "array_above_max_length" => Class::TooLarge,
        "model_not_found" | "not_found_error" | "not_found" | "deploymentnotfound" => {
            Class::NotFound
        }
        "deadline_exceeded" | "timeout_error" => Class::Timeout,
        _ => return None,
    })
}

/// For providers that answer in sentences.
fn by_sentence(status: u16, prose: &Prose) -> Option<Class> {
    let too_large = [
        "maximum context length",
        "context window",
        "context length",
        "too many tokens",
        "max allowed tokens",
        "maximum allowed",
        "payload size exceeds",
        "too long",
        "too large",
        "at most",
        "batch size",
    ];
    let unpaid =
        ["exceeded your current quota", "insufficient balance", "insufficient credit", "billing"];
    match status {
        400 | 422 if prose.has(&too_large) => Some(Class::TooLarge),
        // Anthropic says 400 of an account without money.
        400 if prose.has(&["credit balance is too low"]) => Some(Class::QuotaExhausted),
        // Where a provider is not offered, no document is at fault.
        400 if prose.has(&["location is not supported"]) => Some(Class::Denied),
        403 | 429 if prose.has(&unpaid) && prose.limits().is_empty() => Some(Class::QuotaExhausted),
        _ => None,
    }
}

fn by_status(status: u16) -> Class {
    match status {
        200..=299 => Class::Ok,
        429 => Class::RateLimited,
        503 | 529 => Class::Overloaded,
        402 => Class::QuotaExhausted,
        401 | 403 | 407 => Class::Denied,
        413 => Class::TooLarge,
        400 | 422 => Class::InvalidInput,
        404 | 405 | 410 => Class::NotFound,
        408 => Class::Timeout,
        _ => Class::Failed,
    }
}

/// Which dimension refused, and its level, from the body before the headers.
fn account(hint: &mut Hint, said: &Said, prose: &Prose) {
    let violation =
        said.violations.iter().find(|each| quota_dimension(&each.quota) == Some(Dimension::Day));
    let violation = violation.or_else(|| said.violations.first());
    let named =
        violation.and_then(|each| quota_dimension(&each.quota)).or_else(|| prose.dimension());
    let typed = || {
        let type_is = |word: &str| said.codes.iter().any(|code| code == word);
        [("tokens", Dimension::InputTokens), ("requests", Dimension::Requests)]
            .into_iter()
            .find_map(|(word, dimension)| type_is(word).then_some(dimension))
    };
    let body = body_levels(said, prose, named.or_else(typed));
    hint.refused_by = named.or_else(typed).or_else(|| empty(&hint.levels));
    let headers = std::mem::replace(&mut hint.levels, body);
    for level in headers {
        put_first(&mut hint.levels, level);
    }
}

fn body_levels(said: &Said, prose: &Prose, named: Option<Dimension>) -> Vec<Level> {
    let level = |dimension, limit: f64, remaining| {
        (limit > 0.0).then_some(Level {
            dimension,
            limit: Some(limit),
            remaining,
            reset_after: None,
        })
    };
    let quotas = said
        .violations
        .iter()
        .filter_map(|Violation { quota, limit }| level(quota_dimension(quota)?, (*limit)?, None));
    let account = named.zip(prose.account()).and_then(|(dimension, account)| {
        level(dimension, account.limit, account.used.map(|used| (account.limit - used).max(0.0)))
    });
    let passing = prose.limits().into_iter().filter_map(|(named, limit)| level(named, limit, None));
    let mut levels = Vec::new();
    for each in account.into_iter().chain(quotas).chain(passing) {
        put_first(&mut levels, each);
    }
    levels
}

/// Gemini charges each text of a batch as one embedding request, so those limit the texts.
///
/// Source: garrytan/gbrain PR 1922, which probed it (100 texts in one call use up 100 requests per minute).
fn quota_dimension(quota: &str) -> Option<Dimension> {
    let has = |word: &str| quota.contains(word);
    if has("PerDay") {
        Some(Dimension::Day)
    } else if has("Token") {
        Some(Dimension::InputTokens)
    } else if has("EmbedContentRequests") && !has("Batch") {
        Some(Dimension::Items)
    } else {
        has("Request").then_some(Dimension::Requests)
    }
}

/// The one dimension of which nothing is left.
fn empty(levels: &[Level]) -> Option<Dimension> {
    let mut empty = levels.iter().filter(|level| level.remaining == Some(0.0));
    let first = empty.next()?;
    empty.next().is_none().then_some(first.dimension)
}

/// A refusal by rate that is something else at a second look.
fn refused_for_good(hint: &Hint, said: &Said, prose: &Prose) -> bool {
    hint.refused_by == Some(Dimension::Day)
        || hint.retry_after.is_some_and(|wait| wait > PATIENCE)
        || said.violations.iter().any(|each| each.limit == Some(0.0))
        || prose.never()
        // Gemini's prepaid accounts say it under the code of a limit.
        || prose.has(&["credits are depleted"])
}

fn refined(hint: &Hint, said: &Said, prose: &Prose) -> Class {
    let alone = prose.account().filter(|account| account.used.is_none());
    if refused_for_good(hint, said, prose) {
        Class::QuotaExhausted
    } else if prose.has(&["request too large"])
        || alone.is_some_and(|one| one.requested.is_some_and(|asked| asked > one.limit))
    {
        // One call for more than a whole minute's limit never passes.
        Class::TooLarge
    } else if prose.has(&["high demand", "overloaded", "at capacity", "slow down"]) {
        Class::Overloaded
    } else {
        Class::RateLimited
    }
}
