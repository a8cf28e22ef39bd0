//! The memory of a batch on a card: planned from what is free, allocated for the largest batch so far.
#![forbid(unsafe_code)]

use encoder::device::DeviceError;

use crate::{
    card::{Buffer, Card},
    shape::{FLOAT, HALF, INT, Shape},
};

/// Larger batches fill no card better: their products have thousands of tiles already.
const TOKENS_MOST: usize = 32_768;

/// What is left to others, who take and give memory while we work: a fifth.
const SHARE: usize = 5;

/// Integers of the plan for each token, at most: its id and position, a block of three, a sequence of two.
const PLAN: usize = 2 + 3 + 2;

/// Bytes that a token of a batch takes, at most: one that is a sequence by itself.
pub(crate) fn token_bytes(shape: &Shape) -> usize {
    FLOAT * (2 * shape.width) + HALF * (shape.stride() + shape.wide() + shape.narrow()) + INT * PLAN
}

/// Tokens of the largest batch for which `free` bytes are enough; none if that is less than the longest text.
pub(crate) fn tokens_max(shape: &Shape, free: usize) -> Option<usize> {
    let fit = (free - free / SHARE) / token_bytes(shape);
    (fit >= shape.sequence_max).then(|| fit.min(TOKENS_MOST.max(shape.sequence_max)))
}

/// The buffers of a forward pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arena {
    tokens: usize,
    pub(crate) plan: Buffer,
    /// tokens × width floats: the residual stream.
    pub(crate) hidden: Buffer,
    /// tokens × stride halves: the same, as the products take it.
    pub(crate) halved: Buffer,
    pub(crate) wide: Buffer,
    pub(crate) narrow: Buffer,
    /// sequences × width floats.
    pub(crate) pooled: Buffer,
}

impl Arena {
    /// The arena in `held` if it is large enough, else a larger one in its place; none in `held` after an error.
    pub(crate) fn for_tokens(
        held: &mut Option<Self>,
        tokens: usize,
        shape: &Shape,
        card: &mut dyn Card,
    ) -> Result<Self, DeviceError> {
        if let Some(arena) = held {
            if arena.tokens >= tokens {
                return Ok(*arena);
            }
            arena.release(card);
            *held = None;
        }
        // In steps, so that batches that grow token by token do not allocate each time.
        let arena = Self::allocate(tokens.next_multiple_of(4096), shape, card)
            .or_else(|_| Self::allocate(tokens, shape, card))?;
        *held = Some(arena);
        Ok(arena)
    }

    fn allocate(tokens: usize, shape: &Shape, card: &mut dyn Card) -> Result<Self, DeviceError> {
        let sizes = [
            INT * PLAN,
            FLOAT * shape.width,
            HALF * shape.stride(),
            HALF * shape.wide(),
            HALF * shape.narrow(),
            FLOAT * shape.width,
        ];
        let mut buffers = Vec::with_capacity(sizes.len());
        for size in sizes {
            match card.allocate(size * tokens) {
                Ok(buffer) => buffers.push(buffer),
                Err(error) => {
                    for buffer in buffers {
                        card.release(buffer);
                    }
                    return Err(error);
                }
            }
        }
        let [plan, hidden, halved, wide, narrow, pooled] =
            buffers.try_into().expect("one buffer for each size");
        Ok(Self { tokens, plan, hidden, halved, wide, narrow, pooled })
    }

    fn release(self, card: &mut dyn Card) {
        for buffer in [self.plan, self.hidden, self.halved, self.wide, self.narrow, self.pooled] {
            card.release(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoder::{kernels::Activation, transformer::Pooling};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_planned_batch_fits_into_four_fifths_of_what_is_free(
            (width, heads, head) in (1usize..2000, 1usize..40, 1usize..128),
            inner in 1usize..5000,
            sequence_max in 3usize..9000,
            free in 0usize..1 << 34,
        ) {
            let shape = Shape {
                width, inner, heads, head, vocabulary: 10, sequence_max, reach: None,
                activation: Activation::Gelu, pooling: Pooling::Mean,
            };
            match tokens_max(&shape, free) {
                Some(tokens) => {
                    prop_assert!(tokens >= sequence_max);
                    prop_assert!(tokens * token_bytes(&shape) <= free - free / 5);
                    prop_assert!(tokens <= TOKENS_MOST.max(sequence_max));
                }
                None => prop_assert!(sequence_max * token_bytes(&shape) > free - free / 5),
            }
        }
    }

    #[test]
    fn a_small_model_gets_large_batches_on_a_small_card() {
        let shape = Shape {
            width: 384,
            inner: 1536,
            heads: 12,
            head: 32,
            vocabulary: 30_522,
            sequence_max: 512,
            reach: None,
            activation: Activation::Gelu,
            pooling: Pooling::Mean,
        };
        assert_eq!(token_bytes(&shape), 7708);
        assert_eq!(tokens_max(&shape, 4 << 30), Some(TOKENS_MOST));
        assert_eq!(tokens_max(&shape, 100 << 20), Some(10_882));
        assert_eq!(tokens_max(&shape, 4 << 20), None);
    }
}
