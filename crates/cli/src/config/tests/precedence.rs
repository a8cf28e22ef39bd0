use super::*;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const FILE: &str = "workers = 2\nprofile = \"minimal\"\n[chunk]\ntokens = 100\n";

/// A key with its value and origin.
type Row = (&'static str, Value, Origin);

fn file(line: usize) -> Origin {
    Origin::File { path: "gristmill.toml".to_owned(), line }
}

fn variable(name: &str) -> Origin {
    Origin::Environment(name.to_owned())
}

fn check(reading: &Reading, rows: &[Row]) {
    for (key, value, origin) in rows {
        let row = reading.row(key);
        assert_eq!((&row.value, &row.origin), (value, origin), "{key}");
    }
}

#[test]
fn flag_beats_environment_beats_file_beats_profile_beats_default() {
    check(
        &reading("", [], &[]),
        &[
            ("profile", json!("auto"), Origin::Default),
            ("workers", json!(4), Origin::Profile("auto")),
            ("memory_limit", json!(16 * GIB / 100 * 80), Origin::Profile("auto")),
            ("chunk.tokens", json!(240), Origin::Default),
        ],
    );
    check(
        &reading(FILE, [], &[]),
        &[
            ("profile", json!("minimal"), file(2)),
            ("workers", json!(2), file(1)),
            ("documents_in_flight", json!(4), Origin::Profile("minimal")),
            ("memory_limit", json!(4 * GIB), Origin::Profile("minimal")),
            ("chunk.tokens", json!(100), file(4)),
            ("chunk.overlap", json!(40), Origin::Default),
        ],
    );
    let variables = [("GRISTMILL_WORKERS", "3"), ("GRISTMILL_CHUNK_TOKENS", "90")];
    check(
        &reading(FILE, variables, &[]),
        &[
            ("workers", json!(3), variable("GRISTMILL_WORKERS")),
            ("chunk.tokens", json!(90), variable("GRISTMILL_CHUNK_TOKENS")),
            ("profile", json!("minimal"), file(2)),
        ],
    );
    let variables = [("GRISTMILL_PROFILE", "balanced"), ("GRISTMILL_MEMORY_LIMIT", "1GiB")];
    let flags = [
        (&key::PROFILE, "--profile", "aggressive"),
        (&key::MEMORY_LIMIT, "--memory-limit", "2GiB"),
    ];
    check(
        &reading(FILE, variables, &flags),
        &[
            ("profile", json!("aggressive"), Origin::Flag("--profile")),
            ("memory_limit", json!(2 * GIB), Origin::Flag("--memory-limit")),
            ("workers", json!(2), file(1)),
            ("documents_in_flight", json!(16), Origin::Profile("aggressive")),
        ],
    );
}

#[test]
fn a_share_is_one_of_the_memory_that_this_process_may_use() {
    let read = reading("memory_limit = \"50%\"", [], &[]);
    assert_eq!(read.settings.unwrap().memory_limit, 16 * GIB / 100 * 50);
}

#[test]
fn everything_can_be_said_in_the_environment() {
    let read = reading(
        "",
        [
            ("GRISTMILL_STORE", "sqlite:other.db"),
            ("GRISTMILL_EMBEDDER", "builtin"),
            ("GRISTMILL_OUT", "my folder"),
            ("GRISTMILL_WITH_EMBEDDINGS", "yes"),
            ("GRISTMILL_ON_BAD_CHUNK", "fail_document"),
            ("GRISTMILL_STORE_WAIT", "90s"),
            ("GRISTMILL_EXCLUDE", "*.{tmp,bak}, /build/"),
            ("GRISTMILL_MAX_COST", "2.50"),
            ("GRISTMILL_EMBED_BATCH_ITEMS", "8"),
            ("GRISTMILL_LIMITS_PARSE_MEMORY", "200MiB"),
            ("GRISTMILL_LIMITS_ARCHIVE_MEMBERS", "10"),
            ("HOME", "/somewhere"),
        ],
        &[],
    );
    let settings = read.settings.unwrap();
    assert_eq!(settings.store.reveal(), "sqlite:other.db");
    assert_eq!(settings.embedder, crate::settings::EmbedderChoice::Builtin);
    assert_eq!(settings.consolidated.out.as_deref(), Some(Path::new("my folder")));
    assert_eq!(settings.consolidated.vectors, Some(types::seam::EntryVectors::With));
    assert_eq!(settings.on_bad_chunk, crate::settings::OnBadChunk::FailDocument);
    assert_eq!(settings.store_wait, Duration::from_secs(90));
    assert_eq!(settings.exclude, ["*.{tmp,bak}", "/build/"]);
    assert_eq!(settings.max_cost, Some(2.5));
    assert_eq!(settings.embed.batch_items, Some(8));
    assert_eq!(settings.limits.parse_memory, 200 << 20);
    assert_eq!(settings.limits.archive_members, 10);
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

#[test]
fn tables_come_from_the_file() {
    let settings = settings(
        "[prices]\nbuiltin = 0.5\nmine = 3\n\
         [[rules]]\nmatch = \"a/**\"\ndomain = \"x\"\n[[rules]]\nmatch = \"*.md\"\ncategory = \"y\"\n\
         [[parsers]]\nmatch = \"*.foo\"\ncommand = [\"sh\", \"p.sh\"]\ntimeout = 5\nmemory = \"2GiB\"\n\
         [[hooks]]\nafter = \"run\"\nurl = \"http://localhost:1/x\"\n",
    );
    let model = |name: &str| types::embedding::ModelId {
        provider: name.to_owned(),
        model: String::new(),
        dimensions: 1,
    };
    assert_eq!(settings.prices.of(&model("builtin")), Some(0.5));
    assert_eq!(settings.prices.of(&model("mine")), Some(3.0));
    assert_eq!(settings.prices.of(&model("voyage-3.5")), Some(0.06));
    assert_eq!(settings.rules[0].domain.as_deref(), Some("x"));
    assert_eq!(settings.rules[1].category.as_deref(), Some("y"));
    let parser = &settings.parsers[0];
    assert!(parser.pattern.fits("deep/a.foo"));
    assert_eq!((parser.timeout, parser.memory), (Duration::from_secs(5), 2 * GIB));
    assert_eq!(parser.command.arguments, ["p.sh"]);
    let crate::settings::Hook::Post(url) = &settings.hooks[0] else { panic!() };
    assert_eq!(url.port, 1);
}

#[test]
fn a_limited_run_needs_a_price() {
    let model = types::embedding::ModelId {
        provider: "unheard".to_owned(),
        model: "of".to_owned(),
        dimensions: 1,
    };
    assert_eq!(settings("").budget(&model).unwrap(), None);
    assert_eq!(
        settings("max_cost = 1\n[prices]\n\"unheard:of\" = 1").budget(&model).unwrap(),
        Some(1.0)
    );
    let refused = settings("max_cost = 1").budget(&model).unwrap_err().to_string();
    assert!(refused.contains("max_cost") && refused.contains("unheard:of"), "{refused}");
}

#[test]
fn odd_but_possible_values_are_warned_of() {
    let odd = "memory_limit = \"15GiB\"\nworkers = 9\n\
               [[hooks]]\nafter = \"run\"\ncommand = [\"/no/such/program\"]\n";
    let read = reading(odd, [("GRISTMILL_STORE", "")], &[]);
    assert!(read.settings.is_ok());
    assert_eq!(
        read.warnings(),
        [
            "GRISTMILL_STORE: is empty, and is read as if it were not set",
            "memory_limit: 15GiB is more than 90 % of the 16GiB that this process may use",
            "workers: 9 workers share 4 cores",
            "hooks: there is no program `/no/such/program` here",
        ]
    );
    let unknown = Machine { cores: 1, memory: None };
    let read = assemble::reading(file::Layer::default(), &Environment::of([]), &[], &unknown);
    assert!(read.warnings()[0].contains("does not say how much memory"), "{:?}", read.warnings());
}

#[test]
fn the_default_file_may_be_missing_and_a_named_one_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("mine.toml");
    let environment = Environment::of([]);
    let missing = read(Some(&named), &environment, &[], &MACHINE);
    assert!(missing.mistakes()[0].contains("cannot be read"), "{:?}", missing.mistakes());
    std::fs::write(&named, "workers = 1").unwrap();
    let found = read(Some(&named), &environment, &[], &MACHINE);
    assert_eq!(found.settings.unwrap().workers.get(), 1);
    // The tests run in the folder of the crate, where there is no such file.
    assert!(read(None, &environment, &[], &MACHINE).settings.is_ok());
}
