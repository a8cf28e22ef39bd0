use super::*;
use crate::config::value::Value as _;
use ingest::route::{Passage, Routes};

fn shipped() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/routing.example.toml");
    std::fs::read_to_string(path).unwrap()
}

/// Texts of one hundred words and signs.
fn text(signs: usize) -> String {
    format!("{}{}", "∑ ".repeat(signs), "word ".repeat(100 - signs))
}

/// The embedder that a chunk goes to, as the file names it.
fn destination(settings: &Settings, domain: &str, text: &str) -> String {
    let mut models = vec![&settings.embedder];
    let mut routes = Routes::default();
    for route in &settings.routes {
        let known = models.iter().position(|model| **model == route.embedder);
        let model = known.unwrap_or_else(|| {
            models.push(&route.embedder);
            models.len() - 1
        });
        routes.rules.push(ingest::route::Rule { when: route.when.clone(), model });
    }
    let passage = Passage { text, tokens: 100, domain, category: "any" };
    let first = routes.models(passage).next().unwrap();
    models[first].json().as_str().unwrap().to_owned()
}

#[test]
fn the_shipped_routes_send_each_class_where_the_table_says() {
    let read = reading(&shipped(), [], &[]);
    let odd: Vec<String> =
        read.warnings().into_iter().filter(|text| !text.contains("there is no model")).collect();
    assert_eq!(odd, Vec::<String>::new());
    let settings = read.settings.unwrap();
    let large = "openai:text-embedding-3-large";
    let (bge, mpnet) = ("local:models/bge-large-en-v1.5", "local:models/all-mpnet-base-v2");
    for (domain, general, mixed, mathematical) in [
        ("finance", bge, large, bge),
        ("technical", bge, large, mpnet),
        ("biology", large, large, mpnet),
        ("general", large, large, mpnet),
    ] {
        for (signs, expected) in [(0, general), (1, general), (2, mixed), (5, mixed)] {
            assert_eq!(destination(&settings, domain, &text(signs)), expected, "{domain} {signs}");
        }
        for signs in [6, 50] {
            let found = destination(&settings, domain, &text(signs));
            assert_eq!(found, mathematical, "{domain} {signs}");
        }
    }
}

#[test]
fn mistakes_in_routes_name_what_was_probably_meant() {
    for (fields, told) in [
        ("domian = \"a\"", "the nearest known key of [[routes]] is `domain`"),
        ("math = \"some\"", "expected general, mixed or mathematical"),
        ("math = []", "expected general, mixed or mathematical"),
        ("language = \"eng-US\"", "expected the code of a language that can be told"),
        ("code = \"rust\"", "expected true or false"),
        ("min_tokens = -1", "expected a whole number of tokens"),
        ("min_tokens = 9\nmax_tokens = 8", "no chunk is between the two"),
        ("", "expected what the chunks are like"),
    ] {
        let text = format!("[[routes]]\nembedder = \"builtin\"\n{fields}\n");
        let mistakes = reading(&text, [], &[]).mistakes();
        assert!(mistakes[0].contains(told), "{fields}: {mistakes:?}");
    }
    for (embedder, told) in [
        ("openai:text-embedding-3-lagre", "the nearest is `text-embedding-3-large`"),
        ("cohre:embed-v4.0", "expected openai:, gemini:, cohere: or voyage:"),
        ("local:", "the folder is missing"),
    ] {
        let text = format!("[[routes]]\nembedder = \"{embedder}\"\ndomain = \"a\"\n");
        let mistakes = reading(&text, [], &[]).mistakes();
        assert!(mistakes[0].contains(told), "{embedder}: {mistakes:?}");
    }
    let own = "[[routes]]\nembedder = \"openai:mine@http://localhost:1/v1\"\ndomain = \"a\"\n";
    assert!(reading(own, [], &[]).settings.is_ok(), "a server's models are its own affair");
    let many = (0..9)
        .map(|n| format!("[[routes]]\nembedder = \"local:m{n}\"\ndomain = \"d{n}\"\n"))
        .collect::<Vec<_>>()
        .concat();
    assert!(reading(&many, [], &[]).mistakes()[0].contains("expected at most 8 models"));
}

#[test]
fn routes_that_are_never_reached_or_unclear_are_told() {
    let routes = |list: &[(&str, &str)]| {
        let text = list
            .iter()
            .map(|(embedder, fields)| format!("[[routes]]\nembedder = \"{embedder}\"\n{fields}\n"))
            .collect::<Vec<_>>()
            .concat();
        reading(&text, [], &[]).warnings()
    };
    let (a, b) = ("openai:a@http://localhost:1/v1", "openai:b@http://localhost:1/v1");
    let covered = routes(&[(a, "domain = [\"x\", \"y\"]"), (b, "domain = \"x\"\ncode = true")]);
    assert!(covered[0].contains("routes[2] is never reached: routes[1]"), "{covered:?}");
    let crossed = routes(&[(a, "domain = \"x\""), (b, "code = true")]);
    assert!(crossed[0].contains("routes[1] and routes[2] share chunks"), "{crossed:?}");
    for clear in [
        [(a, "domain = \"x\"\ncode = true"), (b, "code = true")],
        [(a, "domain = \"x\""), (b, "domain = \"y\"\ncode = true")],
        [(a, "domain = \"x\""), (a, "code = true")],
    ] {
        assert_eq!(routes(&clear), Vec::<String>::new(), "{clear:?}");
    }
}
