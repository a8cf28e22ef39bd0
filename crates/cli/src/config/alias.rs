//! Environment names of the earlier systems.
//!
//! Those whose meaning still exists set a key of ours. The others are recognised, so that `config check` can say
//! that they do nothing.

use crate::config::key::{self, Key};

pub(crate) struct Alias {
    pub variable: &'static str,
    pub effect: Effect,
}

pub(crate) enum Effect {
    Sets {
        key: &'static Key,
        unit: Unit,
    },
    /// The text completes "has no effect in this version: ...".
    None(&'static str),
}

/// How the earlier systems wrote the value.
#[derive(Clone, Copy)]
pub(crate) enum Unit {
    AsOurs,
    /// They counted megabytes of 1,048,576 bytes.
    Mebibytes,
    /// A word, in any case.
    Word,
}

/// A name with one of these beginnings was probably meant for an earlier system.
pub(crate) const PREFIXES: [&str; 2] = ["ASYNC_", "DTESN_"];

const AUTOMATIC: &str = "gristmill chooses it";
const ALWAYS: &str = "it is always on";
const ENGINE: &str = "there is no request engine yet";
const CONTROLLER: &str = "the concurrency of embedding is not tuned by hand";

/// If two of them set the same key, the first in this list wins.
pub(crate) static ALIASES: [Alias; 41] = [
    sets("ASYNC_OPTIMIZATION_LEVEL", &key::PROFILE, Unit::Word),
    sets("ASYNC_CPU_POOL_SIZE", &key::WORKERS, Unit::AsOurs),
    sets("ASYNC_MAX_CONCURRENT_FILES", &key::DOCUMENTS_IN_FLIGHT, Unit::AsOurs),
    sets("ASYNC_MAX_MEMORY_MB", &key::MEMORY_LIMIT, Unit::Mebibytes),
    sets("MAX_MEMORY_USAGE_MB", &key::CONTENT_MEMORY_MAX, Unit::Mebibytes),
    sets("ASYNC_VECTOR_BATCH_SIZE", &key::EMBED_BATCH_ITEMS, Unit::AsOurs),
    none("ASYNC_IO_POOL_SIZE", AUTOMATIC),
    none("ASYNC_GPU_POOL_SIZE", "a card has one batch at a time"),
    none("ASYNC_DB_POOL_SIZE", "a SQLite store has one writer"),
    none("ASYNC_MAX_CONCURRENT_SOURCES", "sources are read one after the other"),
    none("ASYNC_MAX_CONCURRENT_JOBS", "there is no job server yet"),
    none("ASYNC_MAX_CPU_PERCENT", "set `workers` instead"),
    none("ASYNC_ENABLE_GPU", "set `embed.device` instead"),
    none("ASYNC_ENABLE_ASYNC", ALWAYS),
    none("ASYNC_ENABLE_POOLING", ALWAYS),
    none("ASYNC_ENABLE_VECTOR_OPT", ALWAYS),
    none("ASYNC_VECTOR_CACHE_MB", "vectors are recalled from the store"),
    none(
        "ENABLE_CONCURRENT_PROCESSING",
        "it is always on; `content.section_tasks = 1` comes nearest to off",
    ),
    sets("MAX_CONCURRENT_SECTION_TASKS", &key::CONTENT_SECTION_TASKS, Unit::AsOurs),
    sets("MAX_CONCURRENT_UPLOADS", &key::CONTENT_UPLOADS, Unit::AsOurs),
    sets("MAX_CONCURRENT_SPLITS", &key::CONTENT_SPLITS, Unit::AsOurs),
    sets("SECTION_TASK_TIMEOUT_SECONDS", &key::CONTENT_SECTION_TIMEOUT, Unit::AsOurs),
    sets("UPLOAD_TIMEOUT_SECONDS", &key::CONTENT_UPLOAD_TIMEOUT, Unit::AsOurs),
    sets("SPLIT_TIMEOUT_SECONDS", &key::CONTENT_SPLIT_TIMEOUT, Unit::AsOurs),
    sets("ENABLE_MEMORY_MONITORING", &key::CONTENT_WATCH_MEMORY, Unit::Word),
    sets("MEMORY_THROTTLE_THRESHOLD_MB", &key::CONTENT_MEMORY_LOW, Unit::Mebibytes),
    none("DTESN_MAX_MEMBRANE_DEPTH", ENGINE),
    none("DTESN_ESN_RESERVOIR_SIZE", ENGINE),
    none("DTESN_BSERIES_MAX_ORDER", ENGINE),
    none("DTESN_ENABLE_DOCS", ENGINE),
    // These were constants of a program, never variables: said here for those who try.
    none("EMBED_BATCH_SIZE", "set `embed.batch_items` instead"),
    none("DB_BATCH_SIZE", AUTOMATIC),
    none("MINISTER_BATCH_SIZE", AUTOMATIC),
    none("QUEUE_MAXSIZE", "queues are bounded by `memory_limit`"),
    none("MAX_EMBED_CONCURRENCY", "set `embed.in_flight` instead"),
    none("MAX_EMBED_CONCURRENCY_MIN", CONTROLLER),
    none("MAX_EMBED_CONCURRENCY_MAX", "set `embed.in_flight` instead"),
    none("RATE_LIMIT_ADJUSTMENT_THRESHOLD", CONTROLLER),
    none("LATENCY_LOWER_THRESHOLD", CONTROLLER),
    none("LATENCY_UPPER_THRESHOLD", CONTROLLER),
    none("LATENCY_WINDOW_SIZE", CONTROLLER),
];

const fn sets(variable: &'static str, key: &'static Key, unit: Unit) -> Alias {
    Alias { variable, effect: Effect::Sets { key, unit } }
}

const fn none(variable: &'static str, reason: &'static str) -> Alias {
    Alias { variable, effect: Effect::None(reason) }
}

impl Unit {
    /// The value in our spelling.
    pub(crate) fn translate(self, value: &str) -> String {
        match self {
            Self::AsOurs => value.to_owned(),
            Self::Mebibytes => format!("{value}MiB"),
            Self::Word => value.to_lowercase(),
        }
    }
}
