//! Words typed by a person.

use crate::support::Desk;

fn library() -> Desk {
    let desk = Desk::new();
    desk.write("sea/whale.md", "# Whales\n\nThe humpback whale sings for hours in the deep ocean.");
    desk.write(
        "sea/reef.md",
        "# Reefs\n\nCoral reefs are built by tiny animals over thousands of years.",
    );
    desk.write(
        "air/owl.md",
        "# Owls\n\nA barn owl hears a mouse under the snow and strikes without a sound.",
    );
    desk.write(
        "air/kite.md",
        "# Kites\n\nC++ and state-of-the-art sensors steer the kite's flight.",
    );
    desk.write("han/bird.txt", "猫头鹰在夜里捕捉老鼠。\n");
    desk.write("rus/sova.txt", "Сова слышит мышь под снегом.\n");
    desk.ingest(&[]).exits(0);
    desk
}

#[test]
fn every_mode_finds_and_filters_hold() {
    let desk = library();
    for mode in ["semantic", "keyword", "hybrid"] {
        assert_eq!(desk.found(&["barn owl", "--mode", mode, "-k", "1"]), ["air/owl.md"], "{mode}");
        assert!(
            desk.found(&["owl", "--mode", mode, "--domain", "sea"])
                .iter()
                .all(|name| name.starts_with("sea/"))
        );
    }
    assert_eq!(desk.found(&["animals", "--document", "sea/r*"]), ["sea/reef.md"]);
    assert_eq!(desk.search(&["whale", "-k", "2"]).len(), 2);
}

#[test]
fn a_store_without_full_text_is_searched_by_meaning_and_stays_so() {
    let desk = Desk::new();
    desk.write("a.md", "# Whales\n\nThe humpback whale sings for hours in the deep ocean.");
    desk.write("b.md", "# Bread\n\nKnead the dough until it is smooth, then let it rest.");
    std::fs::write(desk.path().join("gristmill.toml"), "full_text = false\n").unwrap();
    desk.ingest(&[]).exits(0);
    let answer = desk.run(["search", "songs of the whale", "--json"]).exits(0);
    assert_eq!(answer.json()["mode"], "semantic");
    assert_eq!(answer.json()["hits"][0]["document"], "a.md");
    let refused = desk.run(["search", "whale", "--mode", "keyword"]).exits(1);
    assert!(refused.stderr.contains("made without full text"), "{refused:?}");
    desk.verifies();
    std::fs::write(desk.path().join("gristmill.toml"), "full_text = true\n").unwrap();
    let refused = desk.ingest(&[]).exits(2);
    assert!(refused.stdout.contains("made with another value of full_text"), "{refused:?}");
    std::fs::remove_file(desk.path().join("gristmill.toml")).unwrap();
    desk.ingest(&[]).exits(0);
}

#[test]
fn the_built_in_model_tells_texts_apart() {
    let status = library().run(["status", "--json"]).exits(0);
    assert_eq!(status.json()["coherence"]["embedder"], "builtin");
    assert_eq!(status.json()["coherence"]["coherent"], true, "{status:?}");
}

#[test]
fn no_words_of_a_person_break_it() {
    let desk = library();
    let words = [
        "\"",
        "\"unclosed phrase",
        "owl AND",
        "NEAR(",
        "owl*",
        "-owl",
        "a OR",
        "NOT",
        "(((",
        "^owl",
        "col:owl",
        "C++",
        "state-of-the-art",
        "owl's",
        "'; DROP TABLE chunk; --",
        "%",
        "\\",
        "{}",
        "\u{0}",
        "🦉",
        " ",
        "猫头鹰",
        "Сова",
        "بوم",
    ];
    for word in words {
        if word.contains('\0') {
            continue;
        }
        for mode in ["semantic", "keyword", "hybrid"] {
            desk.run(["search", "--json", "--mode", mode, "--", word]).exits(0);
        }
    }
    assert_eq!(desk.found(&["C++ sensors", "-k", "1"]), ["air/kite.md"]);
    assert_eq!(desk.found(&["猫头鹰", "--mode", "keyword"]), ["han/bird.txt"]);
    assert_eq!(desk.found(&["сова", "--mode", "keyword"]), ["rus/sova.txt"]);
}

#[test]
fn a_mistyped_word_still_finds() {
    let desk = library();
    for typed in ["humbpack whlae", "humpbakc", "oecan"] {
        assert_eq!(desk.found(&[typed, "-k", "1"]), ["sea/whale.md"], "{typed}");
    }
    let answer = desk.run(["search", "--json", "humpbakc"]).exits(0).json();
    assert_eq!(answer["corrections"][0]["typed"], "humpbakc");
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let desk = Desk::new();
    let answer = desk.run(["search", "anything"]).exits(1);
    assert!(
        answer.stderr.contains("gristmill.db") && answer.stderr.contains("hint:"),
        "{answer:?}"
    );
    assert!(!desk.path().join("gristmill.db").exists());
}
