//! How much of the order of words two texts share.

use std::collections::HashMap;

/// F1 of the multisets of three successive words: 1 for the same text, 0 for nothing in common.
pub(crate) fn f1(a: &str, b: &str) -> f64 {
    let (a, b) = (grams(a), grams(b));
    let shared: usize = a.iter().map(|(gram, count)| *count.min(b.get(gram).unwrap_or(&0))).sum();
    let all = a.values().sum::<usize>() + b.values().sum::<usize>();
    if all == 0 { 0.0 } else { 2.0 * shared as f64 / all as f64 }
}

fn grams(text: &str) -> HashMap<[&str; 3], usize> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut grams = HashMap::new();
    for gram in words.windows(3) {
        *grams.entry([gram[0], gram[1], gram[2]]).or_insert(0) += 1;
    }
    grams
}
