use super::*;
use proptest::prelude::*;

const RUST: &str = "pub fn parse(text: &str) -> Option<u32> {\n    let mut sum = 0;\n    for c in text.chars() {\n        sum += c.to_digit(10)?;\n    }\n    Some(sum)\n}";
const PYTHON: &str = "import os\n\ndef load(path):\n    with open(path) as f:\n        return f.read()\n\nif __name__ == \"__main__\":\n    print(load(os.environ[\"FILE\"]))";
const C: &str =
    "#include <stdio.h>\n\nint main(void) {\n    printf(\"%d\\n\", 42);\n    return 0;\n}";
const JAVASCRIPT: &str =
    "const x = await fetch(url);\nif (x.ok && !x.redirected) {\n  items.map((i) => i.name);\n}";

const PROSE: [&str; 7] = [
    "The river rose in spring; the farmers moved their cattle to the hills.",
    "For years (so she said) nothing had changed: the same trains, the same rain.",
    "From here the path leads north. Let us return to the question of the Treaty (1713).",
    "Use of the material is free, class by class, as long as the source is named.",
    "The eigenvalues $\\lambda_i$ satisfy \\frac{a}{b} = c, where {a, b} are given;",
    "Import duties were raised, and the public returned to the markets.",
    "Die Bank (gegründet 1870) hat ihren Sitz in Frankfurt; sie zahlt keine Dividende.",
];

#[test]
fn code_in_several_languages_is_code_and_prose_is_not() {
    for text in [RUST, PYTHON, C, JAVASCRIPT] {
        assert_eq!(Code::of(text), Code::Mostly, "{}: {text}", share(text));
    }
    for text in PROSE {
        assert_eq!(Code::of(text), Code::Hardly, "{}: {text}", share(text));
    }
}

#[test]
fn the_share_is_that_of_bytes() {
    assert!(share("") == 0.0 && share(" \n\n") == 0.0);
    let line = "let x = call(y);";
    let prose = "It is a fine day";
    assert_eq!(line.len(), prose.len());
    assert!((share(&format!("{line}\n{prose}")) - 0.5).abs() < 1e-9);
    assert_eq!(Code::of(&format!("{line}\n{prose}")), Code::Hardly, "half is not most");
    assert!(share("```\nwhatever stands here\n```") > 0.99, "a fence says it itself");
}

proptest! {
    #[test]
    fn any_text_has_a_share(text in "\\PC{0,200}") {
        let share = share(&text);
        prop_assert!((0.0..=1.0).contains(&share));
    }

    #[test]
    fn indentation_says_nothing(spaces in 0_usize..8) {
        let indented: Vec<String> =
            RUST.lines().map(|line| format!("{}{line}", " ".repeat(spaces))).collect();
        prop_assert!((share(&indented.join("\n")) - share(RUST)).abs() < 1e-9);
    }
}
