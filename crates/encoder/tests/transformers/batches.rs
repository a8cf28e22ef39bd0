//! A vector depends on its text alone.

use encoder::transformer::{Memory, Options, Precision, Side, Tokens, Transformer};
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::agreement::embed;
use crate::folder::{FAMILIES, Folder};

const WORDS: [&str; 12] =
    ["cat", "dogs", "the", "river", "fox", ",", "red", "zebra", "quick", "tree", "(", "one"];

static MODELS: LazyLock<Vec<Transformer>> = LazyLock::new(|| {
    let load = |(family, precision)| {
        Folder::copy(family).load_with(Options { precision, ..Options::default() }).unwrap()
    };
    let each = |family| Precision::ALL.map(|precision| (family, precision));
    FAMILIES.into_iter().flat_map(each).map(load).collect()
});

fn bits(vectors: &[Vec<f32>]) -> Vec<Vec<u32>> {
    vectors.iter().map(|vector| vector.iter().map(|value| value.to_bits()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn vectors_have_the_same_bits_in_any_batch_order_and_memory(
        lengths in prop::collection::vec(1usize..32, 1..14),
        order in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
    ) {
        let model = &MODELS[which.index(MODELS.len())];
        let text = |(seed, &length): (usize, &usize)| {
            let words = (0..length).map(|at| WORDS[(seed * 5 + at * 7 + at * at) % WORDS.len()]);
            format!("cat {}", words.collect::<Vec<_>>().join(" "))
        };
        let texts: Vec<String> = lengths.iter().enumerate().map(text).collect();
        let alone: Vec<Vec<f32>> = texts.iter().map(|text| embed(model, text)).collect();
        let tokens: Vec<Tokens> =
            texts.iter().map(|text| model.tokens(Side::Document, text).unwrap()).collect();

        // All at once in another order, with memory that larger batches have used before.
        let mut memory = Memory::default();
        let turn = order.index(tokens.len());
        let mut turned: Vec<&Tokens> = tokens.iter().collect();
        turned.rotate_left(turn);
        let mut together = model.embed(&turned, &mut memory);
        together.rotate_right(turn);
        prop_assert_eq!(bits(&together), bits(&alone));

        let (left, right) = tokens.split_at(cut.index(tokens.len()));
        let mut parts = model.embed(&left.iter().collect::<Vec<_>>(), &mut memory);
        parts.extend(model.embed(&right.iter().collect::<Vec<_>>(), &mut memory));
        prop_assert_eq!(bits(&parts), bits(&alone));
    }
}

#[test]
fn vectors_have_the_same_bits_on_any_thread() {
    let model = &MODELS[0];
    let texts: Vec<String> =
        (1..28).map(|length| format!("cat {}", "dog ".repeat(length))).collect();
    let alone: Vec<Vec<f32>> = texts.iter().map(|text| embed(model, text)).collect();
    std::thread::scope(|scope| {
        let work = || texts.iter().map(|text| embed(model, text)).collect::<Vec<_>>();
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            assert_eq!(bits(&worker.join().unwrap()), bits(&alone));
        }
    });
}

#[test]
fn the_fingerprint_changes_with_whatever_changes_vectors() {
    let of = |folder: &Folder, options| folder.load_with(options).unwrap().fingerprint().to_owned();
    let folder = Folder::copy("bert");
    let first = of(&folder, Options::default());
    assert_eq!(first, of(&Folder::copy("bert"), Options::default()), "wherever it lies");
    let precision = Options { precision: Precision::I16, ..Options::default() };
    let prompt = Options { query_prompt: Some("one ".into()), ..Options::default() };
    let mut seen = vec![first, of(&folder, precision), of(&folder, prompt)];
    folder.edit("1_Pooling/config.json", |config| {
        config["pooling_mode_mean_tokens"] = false.into();
        config["pooling_mode_cls_token"] = true.into();
    });
    seen.push(of(&folder, Options::default()));
    folder.edit("sentence_bert_config.json", |config| config["max_seq_length"] = 20.into());
    seen.push(of(&folder, Options::default()));
    folder.patch("model.safetensors", |bytes| *bytes.last_mut().unwrap() ^= 1);
    seen.push(of(&folder, Options::default()));
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len());
}
