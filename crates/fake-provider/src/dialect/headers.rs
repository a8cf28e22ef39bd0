//! Headers that speak of limits.

use super::Dialect;
use super::times::{go_duration, http_date, millis, rfc3339, whole_secs};
use crate::plan::{Headers, Hints, Wait};
use crate::refusal::Refusal;
use flow_sim::provider::State;
use quota::Dimension;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name and value.
pub(crate) type Header = (String, String);

/// The headers of a reply: how the limits stand, and after a refusal how long to wait.
pub(crate) fn all(
    dialect: Dialect,
    hints: &Hints,
    states: &[State],
    refusal: Option<&Refusal>,
) -> Vec<Header> {
    let own = dialect.hints();
    let mut headers = Vec::new();
    let truth = hints.or(&own).headers.unwrap_or(Headers::Missing);
    if truth != Headers::Missing {
        for (at, state) in states.iter().enumerate() {
            let first = states[..at].iter().all(|other| other.dimension != state.dimension);
            if let Some(name) = name_of(state.dimension).filter(|_| first) {
                level(dialect, truth, name, state, &mut headers);
            }
        }
    }
    if let Some(refusal) = refusal
        && let Some(wait) = refusal.wait()
    {
        let told = match refusal {
            Refusal::Limited(_) => hints.or(&own).retry_after,
            _ => hints.retry_after.or(Some(Wait::Right)),
        };
        retry_after(dialect, told.unwrap_or(Wait::Missing), wait, &mut headers);
    }
    headers
}

/// What headers speak of.
fn name_of(dimension: Dimension) -> Option<&'static str> {
    match dimension {
        Dimension::Requests => Some("requests"),
        Dimension::InputTokens => Some("tokens"),
        Dimension::Items => Some("inputs"),
        Dimension::OutputTokens | Dimension::InFlight | Dimension::Day => None,
    }
}

fn level(dialect: Dialect, truth: Headers, name: &str, state: &State, to: &mut Vec<Header>) {
    let reset = state.reset.unwrap_or(0.0);
    let values = match truth {
        Headers::Right => [
            state.limit.floor().to_string(),
            state.remaining.floor().to_string(),
            match dialect {
                Dialect::Anthropic => rfc3339(unix() + whole_secs(reset)),
                Dialect::Azure => whole_secs(reset).to_string(),
                _ => go_duration(reset),
            },
        ],
        Headers::MinusOne => ["-1", "-1", "-1"].map(str::to_owned),
        Headers::Zero => ["0", "0", "0s"].map(str::to_owned),
        Headers::Garbage => ["many", "some", "NaNs"].map(str::to_owned),
        Headers::Missing => return,
    };
    for (part, value) in ["limit", "remaining", "reset"].into_iter().zip(values) {
        let header = match (dialect, name) {
            (Dialect::Anthropic, "tokens") => format!("anthropic-ratelimit-input-tokens-{part}"),
            (Dialect::Anthropic, _) => format!("anthropic-ratelimit-{name}-{part}"),
            _ => format!("x-ratelimit-{part}-{name}"),
        };
        to.push((header, value));
    }
}

fn retry_after(dialect: Dialect, told: Wait, wait: f64, to: &mut Vec<Header>) {
    let wait = match told {
        Wait::Right => wait,
        Wait::Times(factor) => wait * factor,
        Wait::Missing => return,
        Wait::Date => {
            to.push(("retry-after".to_owned(), http_date(unix() + whole_secs(wait))));
            return;
        }
        Wait::Garbage => {
            to.push(("retry-after".to_owned(), "soon".to_owned()));
            return;
        }
    };
    if matches!(dialect, Dialect::Openai | Dialect::Azure) {
        to.push(("retry-after-ms".to_owned(), millis(wait).to_string()));
    }
    to.push(("retry-after".to_owned(), whole_secs(wait).to_string()));
}

/// Seconds since 1970 on the machine's clock: dates in headers are of the real world.
fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
