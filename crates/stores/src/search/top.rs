//! The best few of many scored chunks.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A chunk and how well it fits; greater is better, and of equals the older chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scored {
    pub(crate) score: f32,
    pub(crate) chunk: i64,
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.chunk.cmp(&self.chunk))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scored {}

/// Keeps the best `size` of what it is offered. The order of the offers does not change the result.
#[derive(Debug)]
pub(crate) struct Top {
    size: usize,
    /// The worst that is kept lies on top.
    kept: BinaryHeap<Reverse<Scored>>,
}

impl Top {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, kept: BinaryHeap::new() }
    }

    /// What scores less is not kept.
    pub(crate) fn floor(&self) -> f32 {
        match self.kept.peek() {
            Some(Reverse(worst)) if self.kept.len() >= self.size => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(crate) fn offer(&mut self, offered: Scored) {
        if self.kept.len() < self.size {
            self.kept.push(Reverse(offered));
        } else if let Some(mut worst) = self.kept.peek_mut()
            && offered > worst.0
        {
            *worst = Reverse(offered);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for Reverse(scored) in other.kept {
            self.offer(scored);
        }
    }

    /// Best first.
    pub(crate) fn into_sorted(self) -> Vec<Scored> {
        self.kept.into_sorted_vec().into_iter().map(|Reverse(scored)| scored).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_best_are_kept_whatever_the_order(
            scores in prop::collection::vec(-3_i8..3, 0..60),
            size in 0_usize..20,
            cut in 0_usize..60,
        ) {
            let all: Vec<Scored> = scores
                .iter()
                .enumerate()
                .map(|(chunk, score)| Scored { score: f32::from(*score), chunk: chunk as i64 })
                .collect();
            let mut expected = all.clone();
            expected.sort_by(|a, b| b.cmp(a));
            expected.truncate(size);
            let (first, second) = all.split_at(cut.min(all.len()));
            let mut one = Top::new(size);
            let mut other = Top::new(size);
            for scored in second.iter().rev() {
                one.offer(*scored);
            }
            for scored in first {
                other.offer(*scored);
            }
            one.merge(other);
            prop_assert_eq!(one.into_sorted(), expected);
        }
    }

    #[test]
    fn the_floor_rises_once_the_list_is_full() {
        let mut top = Top::new(2);
        top.offer(Scored { score: 1.0, chunk: 1 });
        assert!(top.floor() < f32::MIN);
        top.offer(Scored { score: 3.0, chunk: 2 });
        top.offer(Scored { score: 2.0, chunk: 3 });
        assert!((top.floor() - 2.0).abs() < f32::EPSILON);
    }
}
