use super::*;
use crate::settings::pattern::NamePattern;

fn own(domain: Option<&str>, category: Option<&str>) -> OwnLabel {
    OwnLabel { domain: domain.map(str::to_owned), category: category.map(str::to_owned) }
}

fn rule(pattern: &str, domain: Option<&str>, category: Option<&str>) -> Rule {
    Rule {
        pattern: NamePattern::parse(pattern).unwrap(),
        domain: domain.map(str::to_owned),
        category: category.map(str::to_owned),
    }
}

fn said(labeller: &Labeller, name: &str, own: &OwnLabel) -> (String, String) {
    let Label { domain, category } = labeller.label(name, own);
    (domain, category)
}

#[test]
fn folders_give_labels() {
    let labeller = Labeller::new(OwnLabel::default(), Vec::new());
    for (name, domain, category) in [
        ("x.md", "general", "unknown"),
        ("strategy/x.md", "strategy", "unknown"),
        ("strategy/war/x.md", "strategy", "war"),
        ("strategy/war/old/older/x.md", "strategy", "war"),
        ("pack.zip/x.md", "general", "unknown"),
        ("pack.zip/strategy/x.md", "strategy", "unknown"),
        ("books/pack.tar.gz/strategy/x.md", "books", "strategy"),
        ("books/PACK.ZIP/inner.zip/strategy/x.md", "books", "strategy"),
        ("pack.zip", "general", "unknown"),
        ("a/b/items.jsonl#7", "a", "b"),
        ("a/b/items.jsonl#id/with/slashes", "a", "b"),
        ("stdin.jsonl#id/with/slashes", "general", "unknown"),
        ("a/items.CSV#x#y", "a", "unknown"),
        ("c#/lists/x.md", "c#", "lists"),
        ("c#/lists/x.json#1/2/3", "c#", "lists"),
    ] {
        let expected = (domain.to_owned(), category.to_owned());
        assert_eq!(said(&labeller, name, &OwnLabel::default()), expected, "{name}");
    }
}

#[test]
fn the_first_that_says_something_wins_for_each_of_the_two() {
    let rules = vec![
        rule("strategy/**", None, Some("ruled c")),
        rule("*.md", Some("ruled d"), Some("later c")),
    ];
    let none = own(None, None);
    for (case, flags, rules, own, expected) in [
        (
            "all four",
            own(Some("flag d"), Some("flag c")),
            &rules,
            own(Some("own d"), Some("own c")),
            ("own d", "own c"),
        ),
        (
            "own domain, category by flag",
            own(None, Some("flag c")),
            &rules,
            own(Some("own d"), None),
            ("own d", "flag c"),
        ),
        (
            "own category, domain by rule",
            none.clone(),
            &rules,
            own(None, Some("own c")),
            ("ruled d", "own c"),
        ),
        (
            "flags before rules",
            own(Some("flag d"), None),
            &rules,
            none.clone(),
            ("flag d", "ruled c"),
        ),
        ("rules before folders", none.clone(), &rules, none.clone(), ("ruled d", "ruled c")),
        ("folders at last", none.clone(), &Vec::new(), none.clone(), ("strategy", "war")),
        (
            "blank is silent",
            none.clone(),
            &Vec::new(),
            own(Some(" "), Some("")),
            ("strategy", "war"),
        ),
    ] {
        let labeller = Labeller::new(flags, rules.clone());
        let (domain, category) = said(&labeller, "strategy/war/x.md", &own);
        assert_eq!((domain.as_str(), category.as_str()), expected, "{case}");
    }
}

#[test]
fn rules_see_the_file_and_on_demand_the_item() {
    let rules = vec![
        rule("*.jsonl#draft-*", None, Some("drafts")),
        rule("*.jsonl", Some("records"), Some("final")),
        rule("pack.zip/**", Some("packed"), None),
    ];
    let labeller = Labeller::new(OwnLabel::default(), rules);
    for (name, domain, category) in [
        ("a.jsonl#draft-1", "records", "drafts"),
        ("a.jsonl#1", "records", "final"),
        ("pack.zip/x/y.md", "packed", "unknown"),
    ] {
        let expected = (domain.to_owned(), category.to_owned());
        assert_eq!(said(&labeller, name, &OwnLabel::default()), expected, "{name}");
    }
}

#[test]
fn every_change_of_flags_and_rules_changes_the_fingerprint() {
    let a = || rule("a/**", Some("x"), None);
    let b = || rule("b/**", None, Some("x"));
    let none = OwnLabel::default;
    let labellers = [
        Labeller::new(none(), Vec::new()),
        Labeller::new(own(Some("x"), None), Vec::new()),
        Labeller::new(own(None, Some("x")), Vec::new()),
        Labeller::new(own(Some(""), Some("x")), Vec::new()),
        Labeller::new(none(), vec![a()]),
        Labeller::new(none(), vec![b()]),
        Labeller::new(none(), vec![a(), b()]),
        Labeller::new(none(), vec![b(), a()]),
        Labeller::new(none(), vec![rule("a/**", None, Some("x"))]),
    ];
    for (i, one) in labellers.iter().enumerate() {
        assert_eq!(one.fingerprint(), one.clone().fingerprint());
        for other in &labellers[..i] {
            assert_ne!(one.fingerprint(), other.fingerprint(), "{one:?} {other:?}");
        }
    }
}
