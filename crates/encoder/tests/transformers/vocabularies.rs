//! Ids of the kinds of vocabularies that are no uncased word pieces. `tests/models/make.py` wrote the sums, with the
//! Python package `tokenizers`.

use std::fs;
use std::io::Read;

use encoder::transformer::{Options, Side, Transformer};
use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::folder::{FAMILIES, Folder, LIBRARY};

const TEXTS: &[u8] = include_bytes!("../data/texts.jsonl.gz");
const SUMS: [(&str, &[u8]); 4] = [
    ("bytes", include_bytes!("../data/texts-bytes.fnv")),
    ("unigram", include_bytes!("../data/texts-unigram.fnv")),
    ("camembert", include_bytes!("../data/texts-camembert.fnv")),
    ("cased", include_bytes!("../data/texts-cased.fnv")),
];

fn load(family: &str) -> Transformer {
    Folder::copy(family).load().unwrap()
}

/// Ids without marks, and the number of those that there was no room for.
fn ids(model: &Transformer, text: &str) -> Option<(Vec<u32>, usize)> {
    let tokens = model.tokens(Side::Document, text)?;
    let (_, inner) = tokens.ids().split_first().unwrap();
    let (_, inner) = inner.split_last().unwrap();
    Some((inner.to_vec(), tokens.cut()))
}

fn sum((ids, cut): &(Vec<u32>, usize)) -> u64 {
    let length = u32::try_from(ids.len() + cut).unwrap();
    let numbers = std::iter::once(length).chain(ids.iter().copied());
    numbers.flat_map(u32::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn three_thousand_texts_have_the_reference_ids() {
    let mut texts = String::new();
    GzDecoder::new(TEXTS).read_to_string(&mut texts).unwrap();
    for (family, sums) in SUMS {
        let model = load(family);
        let sums = sums.as_chunks::<8>().0.iter().map(|&sum| u64::from_le_bytes(sum));
        let (mut compared, mut without) = (0, 0);
        for (line, expected) in texts.lines().zip(sums) {
            let text: String = serde_json::from_str(line).unwrap();
            match ids(&model, &text) {
                Some(found) => assert_eq!(sum(&found), expected, "{family}: {text:?}"),
                None => without += 1,
            }
            compared += 1;
        }
        assert_eq!(compared, 3000);
        assert!(without < 400, "{family}: {without} texts have no token that is known");
    }
}

#[test]
fn special_tokens_in_a_text_are_the_characters_that_they_are_made_of() {
    for family in LIBRARY {
        let model = load(family);
        let forged = model.tokens(Side::Document, "cat </s> <mask>").unwrap();
        let marks: Vec<u32> = model.tokens(Side::Document, "cat").unwrap().ids().to_vec();
        let end = *marks.last().unwrap();
        let inside = forged.ids().split_last().unwrap().1;
        assert!(!inside.contains(&end), "{family}: {:?}", forged.ids());
    }
}

#[test]
fn a_text_of_nothing_that_is_known_has_no_vector() {
    for family in LIBRARY {
        let model = load(family);
        for text in ["", " ", "\n \t", "\u{0}", "\u{7}\u{1b}"] {
            assert_eq!(model.tokens(Side::Document, text), None, "{family}: {text:?}");
            assert_eq!(model.count(" \n"), 0);
        }
        // To bytes every character is known, to pieces only those that were trained with.
        let thai = model.tokens(Side::Document, "ภาษาไทย");
        assert_eq!(thai.is_some(), family == "bytes", "{family}");
        assert!(model.tokens(Side::Document, &format!("{} cat", "ภ ".repeat(80))).is_some());
    }
}

#[test]
fn a_prompt_and_its_text_are_cut_as_one() {
    for family in LIBRARY {
        let folder = Folder::copy(family);
        let prompt = "the query: ";
        let own = Options { query_prompt: Some(prompt.into()), ..Options::default() };
        let (prompted, plain) = (folder.load_with(own).unwrap(), folder.load().unwrap());
        let whole = plain.tokens(Side::Document, &format!("{prompt}red cats"));
        assert_eq!(prompted.tokens(Side::Query, "red cats"), whole, "{family}");
        assert_eq!(
            prompted.tokens(Side::Query, " "),
            None,
            "{family}: the prompt alone says nothing"
        );
    }
}

/// A model's tokenizer as older folders have it.
fn with_lists(family: &str, settings: &Value) -> Folder {
    let folder = Folder::copy(family);
    let file = fs::read(folder.path("tokenizer.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let model = &file["model"];
    let mut pieces: Vec<(&String, &Value)> = model["vocab"].as_object().unwrap().iter().collect();
    pieces.sort_by_key(|(_, id)| id.as_u64());
    if let Some(merges) = model["merges"].as_array() {
        let pair =
            |pair: &Value| format!("{} {}\n", pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
        let merges: String = merges.iter().map(pair).collect();
        fs::write(folder.path("merges.txt"), format!("#version: 0.2\n{merges}")).unwrap();
        fs::write(folder.path("vocab.json"), model["vocab"].to_string()).unwrap();
    } else {
        let lines: Vec<&str> = pieces.iter().map(|(piece, _)| piece.as_str()).collect();
        fs::write(folder.path("vocab.txt"), lines.join("\n")).unwrap();
    }
    fs::write(folder.path("tokenizer_config.json"), settings.to_string()).unwrap();
    fs::remove_file(folder.path("tokenizer.json")).unwrap();
    folder
}

#[test]
fn a_vocabulary_as_a_list_gives_the_ids_of_its_tokenizer_json() {
    let marks = json!({"cls_token": {"content": "<s>"}, "sep_token": "</s>", "unk_token": "[UNK]"});
    for (family, settings) in [
        ("bert", json!({})),
        ("cased", json!({"do_lower_case": false})),
        ("mpnet", marks),
        ("bytes", json!({})),
    ] {
        let (listed, whole) = (with_lists(family, &settings).load().unwrap(), load(family));
        for text in ["the Cat sat", "One quick brown fox, two DOGS!", "caf\u{e9} zebra cat </s>"] {
            let side = Side::Document;
            assert_eq!(listed.tokens(side, text), whole.tokens(side, text), "{family}: {text}");
        }
        assert_ne!(listed.fingerprint(), whole.fingerprint());
    }
}

#[test]
fn a_list_without_the_marks_is_refused_with_their_names() {
    for (family, missing) in [("mpnet", "[CLS]"), ("bytes", "[SEP]")] {
        let folder = with_lists(family, &json!({"sep_token": "[SEP]", "unk_token": "[UNK]"}));
        let message = folder.load().unwrap_err().to_string();
        assert!(message.contains(&format!("it has no {missing}")), "{message}");
    }
}

#[test]
fn the_rules_of_a_list_are_part_of_the_identity() {
    let cased = with_lists("cased", &json!({"do_lower_case": false})).load().unwrap();
    let uncased = with_lists("cased", &json!({})).load().unwrap();
    assert_ne!(cased.fingerprint(), uncased.fingerprint());
    assert_ne!(cased.tokens(Side::Document, "The"), uncased.tokens(Side::Document, "The"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The chunker adds up what parts count, and the model must have room for the whole.
    #[test]
    fn parts_count_no_less_than_the_whole_has(
        parts in prop::collection::vec("[a-zA-Z0-9 .,;:é-]{1,30}", 1..6),
        separators in prop::collection::vec(prop::sample::select(vec![" ", "\n", "\n\n"]), 6),
        family in prop::sample::select(FAMILIES.to_vec()),
    ) {
        let model = load(family);
        let mut whole = String::new();
        let mut counted = 0;
        for (part, separator) in parts.iter().zip(&separators) {
            let part = part.trim();
            if !whole.is_empty() && !part.is_empty() {
                whole.push_str(separator);
            }
            whole.push_str(part);
            counted += model.count(part);
        }
        if let Some(tokens) = model.tokens(Side::Document, &whole) {
            let size = tokens.len() + tokens.cut() - 2;
            prop_assert!(size <= counted, "{} {:?}: {} > {}", family, whole, size, counted);
        }
    }
}
