//! Reading order.

use crate::support::reading::{page_texts, parse};
use crate::support::{grams, layouts};

#[test]
fn every_layout_is_read_in_its_order() {
    for layout in layouts::all() {
        let blocks = parse(layout.file).unwrap();
        let pages = page_texts(&blocks);
        assert_eq!(pages.len(), layout.truth.len(), "{}", layout.name);
        let scores: Vec<f64> =
            pages.iter().zip(&layout.truth).map(|(page, truth)| grams::f1(page, truth)).collect();
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        assert!(mean >= 0.98, "{}: order F1 {mean:.3}", layout.name);
    }
}
