use super::*;
use std::fs;

fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/example.toml");
    fs::read_to_string(path).unwrap()
}

/// Keys without a fixed default are comments without a space behind the `#`.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(code) if !code.is_empty() && !code.starts_with(' ') => code,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_says_what_holds_without_it() {
    let with = reading(&example(), [], &[]);
    let without = reading("", [], &[]);
    assert!(with.settings.is_ok(), "{:?}", with.settings);
    let values = |reading: &Reading| -> Vec<(String, serde_json::Value)> {
        let mut rows: Vec<_> =
            reading.effective.iter().map(|row| (row.key.clone(), row.value.clone())).collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        rows
    };
    for (stated, default) in values(&with).into_iter().zip(values(&without)) {
        assert_eq!(stated.0, default.0);
        let equal = match (stated.1.as_f64(), default.1.as_f64()) {
            (Some(stated), Some(default)) => stated.to_bits() == default.to_bits(),
            _ => stated.1 == default.1,
        };
        assert!(equal, "{}: {} is not {}", stated.0, stated.1, default.1);
    }
    assert_eq!(with.effective.len(), without.effective.len());
}

#[test]
fn the_example_names_every_key() {
    let with = reading(&uncommented(&example()), [], &[]);
    assert!(with.settings.is_ok(), "{:?}", with.settings);
    for row in &with.effective {
        assert!(matches!(row.origin, Origin::File { .. }), "{} is {}", row.key, row.origin);
    }
    let settings = with.settings.unwrap();
    assert_eq!((settings.rules.len(), settings.parsers.len(), settings.hooks.len()), (1, 1, 2));
    assert_eq!((settings.endpoints.len(), settings.routes.len()), (2, 1));
}

#[test]
fn the_keys_are_shown_in_their_order() {
    let shown = reading("", [], &[]).effective;
    let shown: Vec<&str> = shown.iter().map(|row| row.key.as_str()).collect();
    let keys: Vec<&str> = key::KEYS.into_iter().map(|key| key.name).collect();
    assert_eq!(shown[..keys.len()], keys);
    assert_eq!(shown[keys.len()], "prices.builtin");
    assert_eq!(
        shown[shown.len() - 5..],
        [key::RULES, key::PARSERS, key::HOOKS, key::ENDPOINTS, key::ROUTES]
    );
}
