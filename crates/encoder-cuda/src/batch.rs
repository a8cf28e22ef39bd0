//! What the kernels have to know of a batch: where each sequence lies, and which block takes which part of it.
#![forbid(unsafe_code)]

/// Queries of a block of attention, as in kernels.cu.
const QUERIES: usize = 64;

/// The integers of one batch, in the order in which they lie on the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) tokens: usize,
    pub(crate) sequences: usize,
    pub(crate) blocks: usize,
    /// Ids; positions; for each block its sequence's first row, tokens and the block's first query; for each sequence
    /// its first row and tokens.
    pub(crate) plan: Vec<i32>,
}

impl Batch {
    /// Panics if a sequence is empty.
    pub(crate) fn new(sequences: &[&[u32]]) -> Self {
        let lengths = || sequences.iter().map(|ids| ids.len());
        let mut plan: Vec<i32> = sequences.iter().copied().flatten().map(|&id| id as i32).collect();
        plan.extend(lengths().flat_map(|length| 0..length as i32));
        let tokens = plan.len() / 2;
        let starts = lengths().scan(0, |next, length| {
            assert!(length > 0, "a sequence has tokens");
            let start = *next;
            *next += length;
            Some((start, length))
        });
        let mut blocks = 0;
        for (start, length) in starts.clone() {
            for first in (0..length).step_by(QUERIES) {
                plan.extend([start, length, first].map(|value| value as i32));
                blocks += 1;
            }
        }
        plan.extend(starts.flat_map(|(start, length)| [start as i32, length as i32]));
        Self { tokens, sequences: sequences.len(), blocks, plan }
    }

    /// Where the blocks begin in the plan.
    pub(crate) fn blocks_at(&self) -> usize {
        2 * self.tokens
    }

    /// Where the sequences begin in the plan.
    pub(crate) fn sequences_at(&self) -> usize {
        self.blocks_at() + 3 * self.blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_where_sequences_lie_and_who_takes_what() {
        let long: Vec<u32> = (100..230).collect();
        let batch = Batch::new(&[&[7, 8], &long, &[9]]);
        assert_eq!((batch.tokens, batch.sequences, batch.blocks), (133, 3, 5));
        assert_eq!(batch.plan[..4], [7, 8, 100, 101]);
        assert_eq!(batch.plan[133..137], [0, 1, 0, 1]);
        assert_eq!(batch.plan[265], 0, "the last token is the first of its sequence");
        let blocks = [0, 2, 0, 2, 130, 0, 2, 130, 64, 2, 130, 128, 132, 1, 0];
        assert_eq!(batch.plan[batch.blocks_at()..batch.sequences_at()], blocks);
        assert_eq!(batch.plan[batch.sequences_at()..], [0, 2, 2, 130, 132, 1]);
    }
}
