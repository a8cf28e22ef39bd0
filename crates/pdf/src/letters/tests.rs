use super::*;

#[test]
fn glyph_text_is_cleaned() {
    let cases = [
        ("a\u{a0}b", "a b"),
        ("\u{f0b7}", "\u{2022}"),
        ("x\u{0}y\u{200b}z", "xyz"),
        ("\u{ad}", "\u{ad}"),
        ("\u{3000}", " "),
    ];
    for (raw, clean) in cases {
        let mut out = String::new();
        push_clean(&mut out, raw);
        assert_eq!(out, clean, "{raw:?}");
    }
}

#[test]
fn accents_and_letters_make_one() {
    let cases = [
        ('\u{a8}', '\u{131}', Some('\u{ef}')),
        ('\u{b4}', 'e', Some('\u{e9}')),
        ('\u{b4}', 't', None),
        ('e', '\u{b4}', None),
        ('a', 'b', None),
    ];
    for (accent, letter, expected) in cases {
        assert_eq!(accented(accent, letter), expected, "{accent} {letter}");
    }
}

#[test]
fn forms_become_the_letters_that_a_searcher_types() {
    let cases = [
        ("plain", "plain"),
        ("e\u{fb03}cient \u{fb01}les", "efficient files"),
        ("\u{fefb}", "\u{644}\u{627}"),
        ("soft\u{ad}ware", "software"),
        ("soft\u{ad}", "soft\u{ad}"),
        ("\u{bd} caf\u{e9}", "\u{bd} caf\u{e9}"),
    ];
    for (drawn, typed) in cases {
        assert_eq!(plain_forms(drawn), typed, "{drawn:?}");
    }
}
