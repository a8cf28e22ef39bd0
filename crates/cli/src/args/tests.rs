use super::*;
use clap::CommandFactory;
use clap::error::ErrorKind;
use types::failure::FailureClass;
use types::query::Mode;

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(std::iter::once("gristmill").chain(line.split_whitespace()))
}

fn refused(line: &str) -> ErrorKind {
    let error = parse(line).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{line}");
    error.kind()
}

#[test]
fn the_definition_is_consistent() {
    Args::command().debug_assert();
}

#[test]
fn ingest_takes_its_flags() {
    let line = "ingest a b - --store sqlite:x.db --embedder builtin --out o --with-embeddings --domain d \
                --category c --profile minimal --prune --dry-run --max-cost 1.5 --memory-limit 512MB \
                --run-id r-1 --json -vv --config f.toml";
    let args = parse(line).unwrap();
    assert_eq!(args.globals.format(), Format::Json);
    assert_eq!(args.globals.verbose, 2);
    assert_eq!(args.globals.config, Some("f.toml".into()));
    let flags = args.flags();
    let Command::Ingest(ingest) = args.command else { panic!("{:?}", args.command) };
    assert_eq!(ingest.sources, ["a", "b", "-"]);
    assert_eq!(ingest.prune, Some(Prune::Guarded));
    assert!(ingest.dry_run);
    assert_eq!(ingest.run.run_id.as_deref(), Some("r-1"));
    let labels = ingest.labels.labels();
    assert_eq!((labels.domain.as_deref(), labels.category.as_deref()), (Some("d"), Some("c")));
    let flags: Vec<_> = flags.iter().map(|f| (f.key.name, f.name, f.value.as_str())).collect();
    assert_eq!(
        flags,
        [
            ("store", "--store", "sqlite:x.db"),
            ("embedder", "--embedder", "builtin"),
            ("out", "--out", "o"),
            ("with_embeddings", "--with-embeddings", "true"),
            ("profile", "--profile", "minimal"),
            ("memory_limit", "--memory-limit", "512MB"),
            ("max_cost", "--max-cost", "1.5"),
        ]
    );
}

#[test]
fn prune_never_swallows_a_source() {
    for (line, prune) in [
        ("ingest a", None),
        ("ingest --prune a", Some(Prune::Guarded)),
        ("ingest --prune=all a", Some(Prune::All)),
    ] {
        let Command::Ingest(ingest) = parse(line).unwrap().command else { panic!("{line}") };
        assert_eq!((ingest.prune, ingest.sources), (prune, vec!["a".to_owned()]), "{line}");
    }
    assert_eq!(refused("ingest --prune=most a"), ErrorKind::InvalidValue);
}

#[test]
fn search_defaults_to_ten_hybrid_hits() {
    let Command::Search(search) = parse("search how to begin").unwrap().command else { panic!() };
    assert_eq!(
        (search.query().as_str(), search.mode(), search.k()),
        ("how to begin", Mode::Hybrid, 10)
    );
    let line = "search x --mode keyword --k 3 --domain d --category c --document *.md";
    let Command::Search(search) = parse(line).unwrap().command else { panic!() };
    assert_eq!((search.mode(), search.k()), (Mode::Keyword, 3));
    assert_eq!(search.filter().document.as_deref(), Some("*.md"));
    let Command::Search(search) = parse("search x -k 5").unwrap().command else { panic!() };
    assert_eq!(search.k(), 5);
}

#[test]
fn failures_are_chosen_by_number_class_or_all() {
    for (line, expected) in [
        ("failures retry --all", Targets::All),
        ("failures retry 3 9", Targets::Only { ids: vec![3, 9], classes: vec![] }),
        (
            "failures purge timeout 4",
            Targets::Only { ids: vec![4], classes: vec![FailureClass::Timeout] },
        ),
    ] {
        let Command::Failures(command) = parse(line).unwrap().command else { panic!("{line}") };
        let (FailuresCommand::Retry { selection, .. } | FailuresCommand::Purge { selection, .. }) =
            command
        else {
            panic!("{line}")
        };
        assert_eq!(selection.targets(), expected, "{line}");
    }
}

#[test]
fn wrong_usage_is_refused() {
    for (line, kind) in [
        ("", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("ingest", ErrorKind::MissingRequiredArgument),
        ("ingest a --run-id a/b", ErrorKind::ValueValidation),
        ("ingest a --domain=", ErrorKind::ValueValidation),
        ("search", ErrorKind::MissingRequiredArgument),
        ("search x -k 0", ErrorKind::ValueValidation),
        ("search x --mode fuzzy", ErrorKind::InvalidValue),
        ("failures retry", ErrorKind::MissingRequiredArgument),
        ("failures retry 1 --all", ErrorKind::ArgumentConflict),
        ("failures retry slow", ErrorKind::ValueValidation),
        ("status -q -v", ErrorKind::ArgumentConflict),
        ("worker", ErrorKind::InvalidSubcommand),
        ("config", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
    ] {
        assert_eq!(refused(line), kind, "{line}");
    }
}

#[test]
fn every_command_that_touches_a_store_takes_it() {
    for line in [
        "ingest a",
        "search x",
        "status",
        "failures list",
        "failures retry --all",
        "failures purge --all",
        "verify --repair",
        "config show",
        "config check",
    ] {
        let flags = parse(&format!("{line} --store sqlite:x.db")).unwrap().flags();
        assert_eq!(flags[0].value, "sqlite:x.db", "{line}");
    }
}
