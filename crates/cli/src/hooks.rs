//! What happens after a run: each hook gets the run's JSON result.
//!
//! A hook that fails changes neither the run nor its exit code: the documents are in. It is told on stderr and in
//! the result.

mod command;
mod post;

#[cfg(test)]
mod tests;

use crate::settings::Hook;
use serde_json::{Value, json};
use std::io::{Write, stderr};
use std::time::Duration;

/// A hook that takes longer is ended.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HookOutcome {
    /// The program or the address, without what may be secret.
    hook: String,
    failure: Option<HookFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum HookFailure {
    #[error("the program cannot be started: {0}")]
    NotStarted(String),
    #[error("the program ended with {0}")]
    Exit(String),
    #[error("took longer than {} s and was ended", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("cannot connect: {0}")]
    NotConnected(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("answered with status {0}")]
    Status(u16),
    #[error("the answer is not HTTP")]
    NotHttp,
}

/// Runs all hooks one after the other, each for a minute at most, and tells failures on stderr. `result` is what
/// `ingest --json` prints; what is given back belongs under its `hooks`.
pub(crate) fn run(hooks: &[Hook], result: &Value) -> Vec<Value> {
    let body = result.to_string();
    let outcomes = hooks.iter().map(|hook| run_one(hook, &body, TIMEOUT));
    outcomes
        .inspect(|outcome| {
            if let Some(failure) = &outcome.failure {
                // There is nowhere left to say that stderr is closed.
                drop(writeln!(stderr().lock(), "gristmill: hook {}: {failure}", outcome.hook));
            }
        })
        .map(|outcome| outcome.json())
        .collect()
}

fn run_one(hook: &Hook, body: &str, timeout: Duration) -> HookOutcome {
    let (hook, done) = match hook {
        Hook::Command(line) => (line.to_string(), command::run(line, body, timeout)),
        Hook::Post(url) => (url.to_string(), post::send(url, body, timeout)),
    };
    HookOutcome { hook, failure: done.err() }
}

impl HookOutcome {
    /// As it stands in the run's result, under `hooks`.
    fn json(&self) -> Value {
        match &self.failure {
            None => json!({"hook": self.hook, "ok": true}),
            Some(failure) => {
                json!({"hook": self.hook, "ok": false, "message": failure.to_string()})
            }
        }
    }
}
