use super::*;
use crate::args::{Args, Command};
use crate::config::{Environment, read};
use crate::settings::machine::Machine;
use clap::Parser;

/// The answer of `gristmill LINE` in an environment of one variable.
fn answered(line: &str, variable: (&str, &str)) -> (Value, String, u8) {
    let args = Args::parse_from(std::iter::once("gristmill").chain(line.split_whitespace()));
    let machine = Machine { cores: 2, memory: Some(8 << 30) };
    let reading = read(None, &Environment::of([variable]), &args.flags(), &machine);
    let Command::Config(command) = &args.command else { panic!("{line}") };
    answer(command, &reading)
}

#[test]
fn show_names_value_and_origin() {
    let (json, text, exit) =
        answered("config show --store sqlite:x.db", ("GRISTMILL_CHUNK_TOKENS", "100"));
    assert_eq!(exit, 0);
    assert_eq!(json["store"], json!({"value": "sqlite:x.db", "origin": "flag --store"}));
    let expected = json!({"value": 100, "origin": "environment GRISTMILL_CHUNK_TOKENS"});
    assert_eq!(json["chunk.tokens"], expected);
    assert_eq!(json["workers"], json!({"value": 2, "origin": "profile auto"}));
    assert_eq!(json["max_cost"], json!({"value": null, "origin": "default"}));
    assert_eq!(json["prices.embed-v4"]["value"], json!(0.12));
    let line = text.lines().find(|line| line.starts_with("chunk.tokens ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["chunk.tokens", "environment", "GRISTMILL_CHUNK_TOKENS", "100"]);
}

#[test]
fn check_passes_with_warnings_and_fails_with_mistakes() {
    let (json, text, exit) = answered("config check", ("HOME", "/"));
    assert_eq!((json, exit), (json!({"ok": true, "errors": [], "warnings": []}), 0));
    assert_eq!(text, "the configuration is fine");

    let (json, text, exit) = answered("config check", ("DTESN_ENABLE_DOCS", "true"));
    assert_eq!((exit, &json["ok"], &json["errors"]), (0, &json!(true), &json!([])));
    assert_eq!(json["warnings"][0]["about"], "DTESN_ENABLE_DOCS");
    assert!(text.starts_with("warning: DTESN_ENABLE_DOCS: known, has no effect"), "{text}");

    for command in ["config check", "config show"] {
        let (json, text, exit) = answered(command, ("GRISTMILL_WORKERS", "none"));
        assert_eq!((exit, &json["ok"]), (2, &json!(false)), "{command}");
        assert_eq!(json["errors"][0]["key"], "workers");
        assert_eq!(json["errors"][0]["value"], "none");
        assert_eq!(json["errors"][0]["origin"], "environment GRISTMILL_WORKERS");
        assert!(text.starts_with("error: workers = none "), "{text}");
    }
}
