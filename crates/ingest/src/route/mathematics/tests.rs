use super::*;
use proptest::prelude::*;

#[test]
fn formulas_are_found_however_they_are_written() {
    for text in [
        "Then \\int_0^1 f(x) dx = \\frac{1}{2} holds for all x in the interval.",
        "Let ∀x ∈ ℝ: x² ≥ 0, and let ∑ aₙ be the sum of all terms.",
        "The roots are x = (-b ± √(b² - 4ac)) / 2a for each quadratic.",
        "It follows that a_1 + a_2 = b^{n} where n > 3.",
        "Die Energie ist E = mc^2 und der Impuls p = mv.",
        "对于所有 x ∈ ℝ，有 x² + y² ≥ 2xy 成立。",
        "Энергия E = mc² и импульс p = mv связаны.",
    ] {
        assert_eq!(Mathematics::of(text), Mathematics::Mathematical, "{}: {text}", density(text));
    }
}

#[test]
fn prose_in_any_script_holds_no_formulas() {
    for text in [
        "The theorem says that every even number is a sum of two primes, which nobody has proved.",
        "Sales rose by 12 % in 2024/25; costs fell (see page 3), and the C++ team moved to Bonn.",
        "η τράπεζα και ο πελάτης: το επιτόκιο αυξήθηκε ξανά, τα δάνεια έγιναν ακριβότερα.",
        "中央银行再次提高了利率，贷款变得更加昂贵。",
        "ธนาคารกลางขึ้นอัตราดอกเบี้ยอีกครั้ง",
        "> quoted <b>words</b> -> here, a_file_name.txt and snake_case_too",
        "- first\n+ second\n* third",
        "",
    ] {
        assert!(density(text) == 0.0, "{}: {text}", density(text));
        assert_eq!(Mathematics::of(text), Mathematics::General);
    }
}

#[test]
fn operators_of_code_are_not_mathematics() {
    let code = "let sum = a + b;\nif (x == 3 && y < 4) {\n    total += list.len();\n}";
    assert_eq!(Mathematics::of(code), Mathematics::General, "{}", density(code));
}

#[test]
fn the_class_changes_just_above_the_shares_of_the_earlier_systems() {
    let of = |signs: usize, words: usize| {
        Mathematics::of(&format!("{}{}", "∑ ".repeat(signs), "word ".repeat(words)))
    };
    assert_eq!(of(1, 99), Mathematics::General, "1 % is not more than 1 %");
    assert_eq!(of(1, 98), Mathematics::Mixed);
    assert_eq!(of(5, 95), Mathematics::Mixed, "5 % is not more than 5 %");
    assert_eq!(of(5, 94), Mathematics::Mathematical);
}

#[test]
fn characters_of_scripts_without_spaces_are_parts_of_words() {
    // 200 characters are about 100 words, among which one sign is not much.
    let text = format!("{}∑", "利率".repeat(100));
    assert!((density(&text) - 1.0 / 101.0).abs() < 1e-9, "{}", density(&text));
}

#[test]
fn the_commands_are_in_order_so_that_they_are_found() {
    assert!(COMMANDS.is_sorted());
    assert!(COMMANDS.iter().all(|name| density(&format!("\\{name} x")) > 0.4));
    assert!(density("\\section and \\textbf are layout") == 0.0);
}

proptest! {
    #[test]
    fn any_text_has_a_density(text in "\\PC{0,200}") {
        let density = density(&text);
        prop_assert!((0.0..=1.0).contains(&density));
    }

    #[test]
    fn more_words_never_make_a_text_more_mathematical(
        text in "[a-z∑∫=+ ]{0,80}", words in 1_usize..20,
    ) {
        let longer = format!("{text}\n{}", "word ".repeat(words));
        prop_assert!(density(&longer) <= density(&text) + 1e-12);
    }
}
