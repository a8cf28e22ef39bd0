#![forbid(unsafe_code)]

use proptest::prelude::*;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{Builtin, ModelError, Scratch, TABLE, VOCABULARY, foreign::Foreign, tally::log_weight};
use crate::kernels::{Isa, Kernels};

thread_local!(static MODEL: Builtin = Builtin::load());

/// Texts that have broken embedders: scripts, marks, controls, nothing, too much.
fn nasty() -> Vec<String> {
    let plain = [
        "The cat sits on the mat, the mat on the floor.",
        "кошка сидит на окне, кошка спит",
        "η γάτα κάθεται",
        "สวัสดีชาวโลก",
        "猫が好きです。猫は可愛い。",
        "고양이가 창가에 앉아 있다",
        "القط يجلس على النافذة",
        "बिल्ली खिड़की पर बैठी है",
        "Zürich, Łódź, e\u{301}te\u{301}, Việt Nam, Hawai\u{2bb}i",
        "mixed слово and 言葉 and \u{fb01}rst",
        "α + β = γ",
        "a\u{0}b\u{85}c\u{200b}d\u{feff}e",
        "\u{202e}desrever",
        "٣٤٥",
        "!?",
    ];
    plain
        .into_iter()
        .map(str::to_owned)
        .chain(["z".repeat(101), "слово".repeat(3000), "x ".repeat(70_000)])
        .collect()
}

fn embed(text: &str) -> Option<Vec<f32>> {
    MODEL.with(|model| model.embed(text, &mut Scratch::default()))
}

fn cosine(a: &str, b: &str) -> f32 {
    embed(a).unwrap().iter().zip(embed(b).unwrap()).map(|(a, b)| a * b).sum()
}

fn bits(vector: Option<Vec<f32>>) -> Option<Vec<u32>> {
    vector.map(|vector| vector.into_iter().map(f32::to_bits).collect())
}

fn is_unit(vector: &[f32]) -> bool {
    let square: f64 = vector.iter().map(|&value| f64::from(value).powi(2)).sum();
    vector.len() == Builtin::DIMENSIONS
        && vector.iter().all(|value| value.is_finite())
        && (square - 1.0).abs() < 1e-5
}

fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn the_revision_names_the_files() {
    let files = fnv(VOCABULARY.bytes().chain(TABLE.iter().copied()));
    assert_eq!(Builtin::REVISION, format!("static256-1-{files:016x}"));
}

/// If this fails, vectors in stores no longer fit those that are made now: undo the change, or give the
/// revision the next number and write the new sum here.
#[test]
fn vectors_are_those_of_the_revision() {
    let vectors =
        nasty().into_iter().flat_map(|text| embed(&text).expect("each of them has a vector"));
    let sum = fnv(vectors.flat_map(f32::to_le_bytes));
    assert_eq!(format!("{sum:016x}"), "70a9c873e93d1751");
}

#[test]
fn a_vector_has_length_one() {
    for text in nasty() {
        assert!(is_unit(&embed(&text).unwrap()), "{text:.40}");
    }
}

#[test]
fn a_text_of_nothing_has_no_vector() {
    for text in [
        "",
        " ",
        "\n\t",
        "\u{0}\u{1}",
        "\u{200b}\u{feff}",
        "\u{fffd}",
        "\u{1f389}\u{1f389}",
        "\u{e000}",
        "\u{301}",
    ] {
        assert_eq!(embed(text), None, "{text:?}");
    }
}

#[test]
fn every_instruction_set_makes_the_same_vectors() {
    let mut scratch = Scratch::default();
    let mut vectors = |isa| {
        let model = Kernels::on(isa).map(|kernels| Builtin::load().with_kernels(kernels))?;
        Some(nasty().iter().map(|text| bits(model.embed(text, &mut scratch))).collect::<Vec<_>>())
    };
    let portable = vectors(Isa::Portable);
    for isa in [Isa::Avx2, Isa::Avx512] {
        if let Some(other) = vectors(isa) {
            assert_eq!(Some(other), portable, "{}", isa.name());
        }
    }
}

#[test]
fn texts_of_one_script_differ() {
    for (near, a, b) in [
        ("кошка сидела", "кошка сидит", "налоговая декларация"),
        ("猫が好きだった", "猫が好きです", "今日の天気"),
        ("고양이는 잔다", "고양이가 잔다", "세금 신고"),
        ("kitten", "cat", "loan"),
    ] {
        assert!(
            cosine(near, a) > cosine(near, b) + 0.2,
            "{near}: {} {}",
            cosine(near, a),
            cosine(near, b)
        );
    }
    assert!(cosine("สวัสดี", "ขอบคุณ") < 0.5);
}

#[test]
fn the_form_of_a_latin_word_does_not_matter() {
    for (form, plain) in [
        ("\u{fb01}rst \u{fb02}oor", "first floor"),
        ("Việt Nam", "viet nam"),
        ("ｆｕｌｌ", "full"),
        ("e\u{301}te\u{301}", "\u{e9}t\u{e9}"),
    ] {
        assert_eq!(bits(embed(form)), bits(embed(plain)), "{form}");
    }
}

#[test]
fn the_form_of_a_foreign_word_does_not_matter() {
    for (form, plain) in [
        ("й", "и\u{306}"),
        ("КОШКА", "кошка"),
        ("می\u{200c}خواهم", "میخواهم"),
        ("한국", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
    ] {
        assert_eq!(bits(embed(form)), bits(embed(plain)), "{form}");
    }
}

#[test]
fn english_is_left_to_the_word_pieces() {
    let mut foreign = Foreign::default();
    for text in [
        "It\u{2019}s \u{201c}fine\u{201d} \u{2013} 20 \u{20ac} \u{2192} na\u{ef}ve",
        "plain",
        "Hawai\u{2bb}i",
    ] {
        assert_eq!(foreign.set_apart(text), text);
        assert!(foreign.is_empty());
    }
    assert_eq!(foreign.set_apart("a слово, b слово x言葉y."), "a  , b    .");
    assert_eq!(foreign.words().collect::<Vec<_>>(), [("x言葉y", 1), ("слово", 2)]);
}

#[test]
fn a_weight_is_one_and_the_logarithm() {
    assert_eq!(log_weight(1).to_bits(), 1.0f32.to_bits());
    for count in (2..3000).chain([65_535, 1 << 31, u32::MAX]) {
        let expected = 1.0 + f64::from(count).ln();
        assert!(
            (f64::from(log_weight(count)) - expected).abs() <= expected * f64::from(f32::EPSILON),
            "{count}"
        );
    }
}

#[test]
fn a_table_of_another_vocabulary_is_refused() {
    assert_eq!(
        Builtin::read("[UNK]\na", TABLE).unwrap_err(),
        ModelError::Pieces { rows: 30_522, pieces: 2 }
    );
    assert!(matches!(Builtin::read(VOCABULARY, b"no table"), Err(ModelError::Table(_))));
}

#[test]
fn every_letter_and_digit_has_a_vector_and_a_count() {
    use GeneralCategoryGroup::{Letter, Number};
    let mut scratch = Scratch::default();
    MODEL.with(|model| {
        for c in (char::MIN..=char::MAX)
            .filter(|c| matches!(c.general_category_group(), Letter | Number))
        {
            let text = c.to_string();
            assert!(model.count(&text) > 0, "{c:?} counts nothing");
            assert!(model.embed(&text, &mut scratch).is_some(), "{c:?} has no vector");
        }
    });
}

proptest! {
    #[test]
    fn any_text_has_a_unit_vector_or_none(text in any::<String>()) {
        let vector = embed(&text);
        prop_assert!(vector.as_deref().is_none_or(is_unit));
        if text.chars().any(|c| c.is_ascii_alphanumeric()) {
            prop_assert!(vector.is_some());
        }
    }

    #[test]
    fn neighbours_do_not_matter(texts in prop::collection::vec("\\PC{0,40}|[а-я ]{1,20}|[a-z ]{1,20}", 1..12), turn in any::<prop::sample::Index>()) {
        let alone: Vec<_> = texts.iter().map(|text| bits(embed(text))).collect();
        let mut scratch = Scratch::default();
        let turn = turn.index(texts.len());
        let turned: Vec<_> = (0..texts.len()).map(|at| (at + turn) % texts.len()).collect();
        for at in turned {
            prop_assert_eq!(&bits(MODEL.with(|model| model.embed(&texts[at], &mut scratch))), &alone[at]);
        }
    }
}
