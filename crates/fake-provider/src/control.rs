//! Requests about the provider itself, for tests and benchmarks in other processes.
//!
//! | request | does |
//! |---|---|
//! | `GET /_fake/stats` | [`Stats`] as JSON; with `?times` also when requests came |
//! | `GET /_fake/files` | what became of files and prompts, and the names of the files that are there |
//! | `POST /_fake/paid` | of a JSON list of texts, how often each was in an accepted request |
//! | `POST /_fake/reset` | forgets all counts |
//! | `POST /_fake/plan` | another plan, as TOML; what was used of limits that stay is kept |

use crate::plan::Plan;
use crate::records::Stats;
use crate::shared::Shared;
use hyper::{Method, Uri};
use serde_json::json;

pub(crate) const PREFIX: &str = "/_fake/";

/// Status and body.
pub(crate) fn respond(shared: &Shared, method: &Method, uri: &Uri, body: &[u8]) -> (u16, String) {
    match (method, uri.path()) {
        (&Method::GET, "/_fake/stats") => stats(shared, uri.query()),
        (&Method::GET, "/_fake/files") => {
            let files = shared.files();
            (200, json!({"stats": files.stats(), "names": files.names()}).to_string())
        }
        (&Method::POST, "/_fake/paid") => paid(shared, body),
        (&Method::POST, "/_fake/plan") => replan(shared, body),
        (&Method::POST, "/_fake/reset") => {
            shared.desk().records.reset();
            (200, "{}".to_owned())
        }
        _ => (404, error("no such control request")),
    }
}

fn stats(shared: &Shared, query: Option<&str>) -> (u16, String) {
    let now = shared.clock.now();
    let desk = shared.desk();
    let mut stats: Stats = desk.records.stats(now);
    if query == Some("times") {
        stats.times = desk.records.times().to_vec();
    }
    drop(desk);
    (200, json!(stats).to_string())
}

fn paid(shared: &Shared, body: &[u8]) -> (u16, String) {
    match serde_json::from_slice::<Vec<String>>(body) {
        Ok(texts) => {
            let desk = shared.desk();
            let paid: Vec<u64> = texts.iter().map(|text| desk.records.paid(text)).collect();
            (200, json!(paid).to_string())
        }
        Err(reason) => (400, error(&reason.to_string())),
    }
}

fn replan(shared: &Shared, body: &[u8]) -> (u16, String) {
    let text = String::from_utf8_lossy(body);
    match Plan::from_toml(&text).and_then(|plan| shared.replan(plan)) {
        Ok(()) => (200, "{}".to_owned()),
        Err(reason) => (400, error(&reason.to_string())),
    }
}

fn error(message: &str) -> String {
    json!({"error": message}).to_string()
}
