use super::*;
use proptest::prelude::*;

fn passage<'a>(text: &'a str, domain: &'a str) -> Passage<'a> {
    Passage { text, tokens: 50, domain, category: "c" }
}

fn rule(model: usize, when: Condition) -> Rule {
    Rule { when, model }
}

fn first(routes: &Routes, passage: Passage<'_>) -> usize {
    routes.models(passage).next().unwrap()
}

#[test]
fn the_first_rule_that_holds_wins_and_the_own_model_takes_the_rest() {
    let of = |domain: &str| Condition { domain: vec![domain.to_owned()], ..Condition::default() };
    let german =
        Condition { language: vec![Language::from_code("de").unwrap()], ..Condition::default() };
    let routes = Routes { rules: vec![rule(1, of("law")), rule(2, german), rule(3, of("law"))] };
    let text = "Die Zentralbank hat den Leitzins erneut erhöht, und Kredite sind teurer geworden. \
        Wer ein Haus bauen wollte, musste warten, während sich die Sparer über die Änderung freuten.";
    assert_eq!(routes.models(passage(text, "law")).collect::<Vec<_>>(), [1, 2, 3, 0]);
    assert_eq!(first(&routes, passage(text, "art")), 2);
    assert_eq!(first(&routes, passage("A short text in English, as it were.", "art")), 0);
    assert_eq!(first(&Routes::default(), passage(text, "law")), 0);
}

#[test]
fn everything_that_a_rule_asks_must_hold() {
    let when = Condition {
        category: vec!["c".to_owned()],
        math: vec![Mathematics::Mixed, Mathematics::Mathematical],
        code: Some(Code::Hardly),
        min_tokens: Some(40),
        max_tokens: Some(60),
        ..Condition::default()
    };
    let routes = Routes { rules: vec![rule(1, when)] };
    let fits = passage("∑ of a few words", "d");
    assert_eq!(first(&routes, fits), 1);
    for other in [
        Passage { category: "e", ..fits },
        Passage { tokens: 39, ..fits },
        Passage { tokens: 61, ..fits },
        Passage { text: "just a few words", ..fits },
        Passage { text: "∑\nlet x = f(y);\nlet y = f(z);", ..fits },
    ] {
        assert_eq!(first(&routes, other), 0, "{other:?}");
    }
}

#[test]
fn the_identity_is_of_rules_and_models_and_not_of_the_order_in_a_list() {
    let math = |list: &[Mathematics]| Condition { math: list.to_vec(), ..Condition::default() };
    let of = |model: usize, list: &[Mathematics]| Routes { rules: vec![rule(model, math(list))] };
    let named = |index: usize| ["a", "b", "c"][index].to_owned();
    let (general, mixed) = (Mathematics::General, Mathematics::Mixed);
    let one = of(1, &[general, mixed]).identity(&named);
    assert_eq!(one, of(1, &[mixed, general]).identity(&named));
    assert_ne!(one, of(2, &[general, mixed]).identity(&named));
    assert_ne!(one, of(1, &[general]).identity(&named));
    assert_ne!(one, Routes::default().identity(&named));
}

fn lists() -> impl Strategy<Value = Condition> {
    let domain = prop::collection::vec(prop::sample::select(vec!["a", "b"]), 0..3);
    let math = prop::collection::vec(prop::sample::select(Mathematics::ALL.to_vec()), 0..3);
    let code = prop::option::of(prop::sample::select(vec![Code::Hardly, Code::Mostly]));
    let bound = || prop::option::of(0_u32..4);
    (domain, math, code, bound(), bound()).prop_map(|(domain, math, code, min, max)| Condition {
        domain: domain.into_iter().map(str::to_owned).collect(),
        math,
        code,
        min_tokens: min,
        max_tokens: max,
        ..Condition::default()
    })
}

/// One passage for each thing that the conditions of [`lists`] can tell apart.
fn passages() -> Vec<Passage<'static>> {
    let mut all = Vec::new();
    for text in ["plain words", "∑ ∑ words", "∑\nlet x = f(yy);\nlet y = f(zz);"] {
        for domain in ["a", "b", "other"] {
            let of = |tokens| Passage { text, tokens, domain, category: "c" };
            all.extend((0..5).map(of));
        }
    }
    all
}

proptest! {
    #[test]
    fn a_rule_that_another_covers_never_holds_without_it(a in lists(), b in lists()) {
        let holds = |when: &Condition, passage| {
            first(&Routes { rules: vec![rule(1, when.clone())] }, passage) == 1
        };
        let (covers, meets) = (a.covers(&b), a.meets(&b));
        for passage in passages() {
            let (by_a, by_b) = (holds(&a, passage), holds(&b, passage));
            prop_assert!(!covers || !by_b || by_a, "{a:?} does not cover {b:?}: {passage:?}");
            prop_assert!(meets || !(by_a && by_b), "{a:?} meets {b:?}: {passage:?}");
        }
        prop_assert_eq!(a.meets(&b), b.meets(&a));
        prop_assert!(a.covers(&a));
    }
}
