use super::*;
use crate::config::alias::{ALIASES, Effect};
use serde_json::json;

#[test]
fn names_of_the_earlier_systems_set_our_keys() {
    for (variable, value, key, expected) in [
        ("ASYNC_OPTIMIZATION_LEVEL", "BALANCED", "profile", json!("balanced")),
        ("ASYNC_CPU_POOL_SIZE", "3", "workers", json!(3)),
        ("ASYNC_MAX_CONCURRENT_FILES", "5", "documents_in_flight", json!(5)),
        ("ASYNC_MAX_MEMORY_MB", "1024", "memory_limit", json!(GIB)),
        ("MAX_MEMORY_USAGE_MB", "2048", "content.memory_max", json!(2 * GIB)),
        ("MEMORY_THROTTLE_THRESHOLD_MB", "1024", "content.memory_low", json!(GIB)),
        ("ENABLE_MEMORY_MONITORING", "False", "content.watch_memory", json!(false)),
        ("MAX_CONCURRENT_SECTION_TASKS", "8", "content.section_tasks", json!(8)),
        ("MAX_CONCURRENT_UPLOADS", "2", "content.uploads", json!(2)),
        ("MAX_CONCURRENT_SPLITS", "6", "content.splits", json!(6)),
        ("SECTION_TASK_TIMEOUT_SECONDS", "900", "content.section_timeout", json!(900)),
        ("UPLOAD_TIMEOUT_SECONDS", "60", "content.upload_timeout", json!(60)),
        ("SPLIT_TIMEOUT_SECONDS", "30", "content.split_timeout", json!(30)),
        ("ASYNC_VECTOR_BATCH_SIZE", "32", "embed.batch_items", json!(32)),
    ] {
        let read = reading("", [(variable, value)], &[]);
        let row = read.row(key);
        assert_eq!(row.value, expected, "{variable}");
        assert_eq!(row.origin, Origin::Environment(variable.to_owned()));
        let told = read.warnings().join("\n");
        assert!(told.contains(&format!("is read as `{key}`; its name today is")), "{told}");
    }
}

#[test]
fn a_name_without_effect_is_told() {
    for alias in &ALIASES {
        if let Effect::None(reason) = alias.effect {
            let read = reading("", [(alias.variable, "1")], &[]);
            assert!(read.settings.is_ok());
            let expected =
                format!("{}: known, has no effect in this version: {reason}", alias.variable);
            assert_eq!(read.warnings(), [expected]);
        }
    }
}

#[test]
fn every_documented_name_is_known() {
    for name in [
        "ASYNC_OPTIMIZATION_LEVEL ASYNC_IO_POOL_SIZE ASYNC_CPU_POOL_SIZE ASYNC_GPU_POOL_SIZE",
        "ASYNC_DB_POOL_SIZE ASYNC_MAX_CONCURRENT_FILES ASYNC_MAX_CONCURRENT_SOURCES",
        "ASYNC_MAX_CONCURRENT_JOBS ASYNC_MAX_MEMORY_MB ASYNC_MAX_CPU_PERCENT ASYNC_ENABLE_GPU",
        "ASYNC_ENABLE_ASYNC ASYNC_ENABLE_POOLING ASYNC_ENABLE_VECTOR_OPT ASYNC_VECTOR_BATCH_SIZE",
        "ASYNC_VECTOR_CACHE_MB ENABLE_CONCURRENT_PROCESSING MAX_CONCURRENT_SECTION_TASKS",
        "MAX_CONCURRENT_UPLOADS MAX_CONCURRENT_SPLITS SECTION_TASK_TIMEOUT_SECONDS",
        "UPLOAD_TIMEOUT_SECONDS SPLIT_TIMEOUT_SECONDS ENABLE_MEMORY_MONITORING MAX_MEMORY_USAGE_MB",
        "MEMORY_THROTTLE_THRESHOLD_MB DTESN_MAX_MEMBRANE_DEPTH DTESN_ESN_RESERVOIR_SIZE",
        "DTESN_BSERIES_MAX_ORDER DTESN_ENABLE_DOCS",
    ]
    .iter()
    .flat_map(|line| line.split_whitespace())
    {
        assert!(ALIASES.iter().any(|alias| alias.variable == name), "{name}");
    }
}

#[test]
fn our_own_name_wins() {
    let variables = [("GRISTMILL_MEMORY_LIMIT", "3GiB"), ("ASYNC_MAX_MEMORY_MB", "1024")];
    let read = reading("memory_limit = \"4GiB\"", variables, &[]);
    assert_eq!(read.row("memory_limit").value, json!(3 * GIB));
    assert_eq!(
        read.warnings(),
        [
            "ASYNC_MAX_MEMORY_MB: has no effect: `memory_limit` is set by environment GRISTMILL_MEMORY_LIMIT",
        ]
    );
    let read = reading("memory_limit = \"4GiB\"", [variables[1]], &[]);
    assert_eq!(read.row("memory_limit").value, json!(GIB));
}

#[test]
fn a_wrong_value_is_told_under_the_name_that_was_typed() {
    let read = reading("", [("ASYNC_MAX_MEMORY_MB", "plenty")], &[]);
    let told = read.mistakes().join("\n");
    assert!(
        told.starts_with("memory_limit = plenty (environment ASYNC_MAX_MEMORY_MB): "),
        "{told}"
    );
}

#[test]
fn a_mistyped_older_name_is_only_warned_of() {
    let read = reading("", [("ASYNC_CPU_POOLSIZE", "3")], &[]);
    assert!(read.settings.is_ok());
    let expected = "ASYNC_CPU_POOLSIZE: not a name that gristmill knows; the nearest one is ASYNC_CPU_POOL_SIZE";
    assert_eq!(read.warnings(), [expected]);
}
