//! Scores of BM25 (k1 1.2, b 0.75, Lucene's idf) over lower-case words.
#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashMap};

use crate::{evaluation::Evaluation, ranking::Scores};

const K1: f64 = 1.2;
const B: f64 = 0.75;

pub(crate) fn scores(evaluation: &Evaluation) -> Vec<Scores> {
    let passages: Vec<Bag> =
        evaluation.passages.iter().map(|passage| Bag::new(&passage.text)).collect();
    let collection = Collection::new(&passages);
    let score = |query: &crate::evaluation::Query| {
        let words: BTreeSet<String> = words(&query.text).collect();
        let mut scores: Scores =
            passages.iter().map(|passage| collection.score(&words, passage)).collect();
        if let Some(rest) = &query.rest {
            scores[query.relevant[0]] = collection.score(&words, &Bag::new(rest));
        }
        scores
    };
    evaluation.queries.iter().map(score).collect()
}

/// The words of a passage with their counts.
struct Bag {
    counts: HashMap<String, f64>,
    length: f64,
}

impl Bag {
    fn new(text: &str) -> Self {
        let mut bag = Self { counts: HashMap::new(), length: 0.0 };
        for word in words(text) {
            *bag.counts.entry(word).or_default() += 1.0;
            bag.length += 1.0;
        }
        bag
    }
}

struct Collection {
    idf: HashMap<String, f64>,
    length_mean: f64,
}

impl Collection {
    fn new(passages: &[Bag]) -> Self {
        let mut frequency: HashMap<String, f64> = HashMap::new();
        for word in passages.iter().flat_map(|passage| passage.counts.keys()) {
            *frequency.entry(word.clone()).or_default() += 1.0;
        }
        let size = passages.len() as f64;
        let idf =
            |passages_with: f64| (1.0 + (size - passages_with + 0.5) / (passages_with + 0.5)).ln();
        Self {
            idf: frequency
                .into_iter()
                .map(|(word, passages_with)| (word, idf(passages_with)))
                .collect(),
            length_mean: passages.iter().map(|passage| passage.length).sum::<f64>() / size,
        }
    }

    fn score(&self, words: &BTreeSet<String>, passage: &Bag) -> f64 {
        let damping = K1 * (1.0 - B + B * passage.length / self.length_mean);
        let term = |word: &String| {
            let count = passage.counts.get(word)?;
            Some(self.idf.get(word)? * count * (K1 + 1.0) / (count + damping))
        };
        words.iter().filter_map(term).sum()
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}
