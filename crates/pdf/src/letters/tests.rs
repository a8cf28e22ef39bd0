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
fn rows_of_dots_are_cut_short() {
    let cases = [
        ("Fins ........................ 12", "Fins ... 12"),
        ("Fins . . . . . . . . 12", "Fins . . . 12"),
        ("Name:_____________ Date:______", "Name:___ Date:___"),
        ("and so on... and on", "and so on... and on"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("a. b. c. d. e.", "a. b. c. d. e."),
    ];
    for (drawn, kept) in cases {
        assert_eq!(without_leaders(drawn.to_owned()), kept, "{drawn:?}");
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
