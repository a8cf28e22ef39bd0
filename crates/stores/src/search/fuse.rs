//! Ranked lists into one, by reciprocal ranks.
//!
//! Scores of BM25 and cosines have no common scale; ranks have. Source: Cormack, Clarke and Büttcher,
//! "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods" (2009), k = 60.

use std::collections::HashMap;

/// Damps the first ranks.
const K: f64 = 60.0;

/// Chunks of all lists with the sum of `1 / (60 + rank)`, best first; of equals the older chunk first.
pub(crate) fn by_reciprocal_ranks<L: AsRef<[i64]>>(lists: &[L]) -> Vec<(i64, f64)> {
    let mut sums: HashMap<i64, f64> = HashMap::new();
    for list in lists {
        for (place, chunk) in list.as_ref().iter().enumerate() {
            *sums.entry(*chunk).or_default() += 1.0 / (K + 1.0 + place as f64);
        }
    }
    let mut fused: Vec<(i64, f64)> = sums.into_iter().collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(lists: &[&[i64]]) -> Vec<i64> {
        by_reciprocal_ranks(lists).into_iter().map(|(chunk, _)| chunk).collect()
    }

    #[test]
    fn what_both_lists_hold_comes_first() {
        assert_eq!(order(&[&[1, 2, 3], &[4, 3, 5]]), [3, 1, 4, 2, 5]);
    }

    #[test]
    fn equals_are_in_the_order_of_their_ids() {
        assert_eq!(order(&[&[9, 7], &[8, 6]]), [8, 9, 6, 7]);
        assert_eq!(order(&[&[8, 6], &[9, 7]]), [8, 9, 6, 7]);
    }

    #[test]
    fn the_score_is_the_sum_of_reciprocal_ranks() {
        let fused = by_reciprocal_ranks(&[&[1][..], &[2, 1]]);
        assert!((fused[0].1 - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-12);
        assert!(by_reciprocal_ranks::<[i64; 0]>(&[[], []]).is_empty());
    }
}
