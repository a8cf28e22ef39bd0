//! Drives the real program as a user would.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;
mod book;
mod tidy;
mod ingest;
mod items;
mod search;
mod versions;
mod crash;
mod memory;
mod migrate;
mod hostile;
mod bad_input;
mod repair;
mod postgres;
mod provider;
mod routing;
mod local;
mod models;
mod widths;
mod simulate;
mod extract;
mod uploads;
mod plain_models;
mod step_limits;
mod serve;
mod split;
