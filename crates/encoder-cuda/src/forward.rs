//! A forward pass as launches, and the device that makes them.
#![forbid(unsafe_code)]

use encoder::{
    device::{Device, DeviceError},
    transformer::Parts,
};

use crate::{
    batch::Batch,
    card::{Buffer, Card, Kernel, Launch},
    memory::{self, Arena},
    shape::{FLOAT, HALF, INT, Shape},
    weights::{Normed, Product, Weights},
};

/// Rows of a block of the norms, rows and outputs of a tile of a product, dimensions of a block of pooling: all as in
/// kernels.cu.
const NORM_ROWS: usize = 4;
const TILE: usize = 128;
const POOL_COLUMNS: usize = 128;

/// A model on a card.
#[derive(Debug)]
pub(crate) struct Loaded<C> {
    card: C,
    name: String,
    shape: Shape,
    weights: Weights,
    tokens_max: usize,
    arena: Option<Arena>,
}

impl<C: Card> Loaded<C> {
    /// Copies the weights.
    ///
    /// Errors: the kernels cannot do the model, or the memory is not enough for it and its longest text.
    pub(crate) fn new(mut card: C, name: String, parts: &Parts<'_>) -> Result<Self, DeviceError> {
        let shape = Shape::of(parts).map_err(|message| DeviceError::Failed { message })?;
        let weights = Weights::copy(parts, shape, &mut card)?;
        let free = card.free_bytes()?;
        let tokens_max = memory::tokens_max(&shape, free).ok_or(DeviceError::OutOfMemory)?;
        Ok(Self { card, name, shape, weights, tokens_max, arena: None })
    }

    fn forward(&mut self, batch: &Batch, arena: &Arena) -> Result<(), DeviceError> {
        let (shape, tokens) = (self.shape, batch.tokens);
        let Arena { hidden, halved, wide, narrow, .. } = *arena;
        self.embed(batch, arena)?;
        for at in 0..self.weights.layers.len() {
            let layer = &self.weights.layers[at];
            let (mixed_norm, down_norm) = (layer.mixed_norm, layer.down_norm);
            let steps = [
                product(layer.projection, [halved, wide], tokens, 0),
                self.attend(batch, arena),
                product(layer.mixed, [narrow, wide], tokens, 0),
                self.add_norm(mixed_norm, [hidden, wide, halved], tokens),
                product(layer.up, [halved, wide], tokens, shape.activation_code()),
                product(layer.down, [wide, narrow], tokens, 0),
                self.add_norm(down_norm, [hidden, narrow, halved], tokens),
            ];
            for launch in &steps {
                self.card.launch(launch)?;
            }
        }
        self.pool(batch, arena)
    }

    fn embed(&mut self, batch: &Batch, arena: &Arena) -> Result<(), DeviceError> {
        let (shape, tokens, weights) = (self.shape, batch.tokens, &self.weights);
        let launch = Launch::new(Kernel::EmbedNorm, [tokens.div_ceil(NORM_ROWS), 1])
            .memory(arena.plan, [batch.plan.len(), INT])
            .memory(weights.words, [shape.vocabulary * shape.width, HALF])
            .memory(weights.positions, [shape.sequence_max * shape.width, FLOAT])
            .memory(weights.norm.scale, [shape.width, FLOAT])
            .memory(weights.norm.shift, [shape.width, FLOAT])
            .memory(arena.hidden, [tokens * shape.width, FLOAT])
            .memory(arena.halved, [tokens * shape.stride(), HALF])
            .float(weights.norm.epsilon)
            .whole(tokens)
            .whole(shape.width)
            .whole(shape.stride());
        self.card.launch(&launch)
    }

    fn attend(&self, batch: &Batch, arena: &Arena) -> Launch {
        let shape = self.shape;
        let distances = shape.reach.map_or(1, |reach| shape.heads * (2 * reach + 1));
        Launch::new(shape.attention(), [batch.blocks, shape.heads])
            .memory(arena.plan, [batch.plan.len(), INT])
            .memory(arena.wide, [batch.tokens * 3 * shape.mixed(), HALF])
            .memory(self.weights.distances, [distances, FLOAT])
            .memory(arena.narrow, [batch.tokens * shape.mixed(), HALF])
            .float((shape.head as f32).sqrt().recip())
            .whole(batch.blocks_at())
            .whole(shape.heads)
            .int(shape.reach.map_or(-1, |reach| reach as i32))
    }

    fn add_norm(
        &self,
        norm: Normed,
        [hidden, added, halved]: [Buffer; 3],
        tokens: usize,
    ) -> Launch {
        let shape = self.shape;
        Launch::new(Kernel::AddNorm, [tokens.div_ceil(NORM_ROWS), 1])
            .memory(hidden, [tokens * shape.width, FLOAT])
            .memory(added, [tokens * shape.stride(), HALF])
            .memory(halved, [tokens * shape.stride(), HALF])
            .memory(norm.scale, [shape.width, FLOAT])
            .memory(norm.shift, [shape.width, FLOAT])
            .float(norm.epsilon)
            .whole(tokens)
            .whole(shape.width)
            .whole(shape.stride())
    }

    fn pool(&mut self, batch: &Batch, arena: &Arena) -> Result<(), DeviceError> {
        let shape = self.shape;
        let launch =
            Launch::new(Kernel::Pool, [batch.sequences, shape.width.div_ceil(POOL_COLUMNS)])
                .memory(arena.plan, [batch.plan.len(), INT])
                .memory(arena.hidden, [batch.tokens * shape.width, FLOAT])
                .memory(arena.pooled, [batch.sequences * shape.width, FLOAT])
                .whole(batch.sequences_at())
                .whole(shape.width)
                .int(shape.pooling_code());
        self.card.launch(&launch)
    }

    /// What the kernels rely on.
    fn check(&self, sequences: &[&[u32]]) -> Result<(), DeviceError> {
        let Shape { sequence_max, vocabulary, .. } = self.shape;
        let fits = |ids: &&[u32]| {
            (1..=sequence_max).contains(&ids.len())
                && ids.iter().all(|&id| (id as usize) < vocabulary)
        };
        if sequences.iter().all(fits) {
            return Ok(());
        }
        let message = "a sequence that the model does not know".to_owned();
        Err(DeviceError::Failed { message })
    }
}

/// output = activation(input × weights + bias).
fn product(layer: Product, [input, output]: [Buffer; 2], rows: usize, activation: i32) -> Launch {
    let Product { weights, bias, inputs, outputs } = layer;
    Launch::new(Kernel::Linear, [outputs.div_ceil(TILE), rows.div_ceil(TILE)])
        .memory(input, [rows * inputs, HALF])
        .memory(weights, [outputs * inputs, HALF])
        .memory(bias, [outputs, FLOAT])
        .memory(output, [rows * outputs, HALF])
        .whole(rows)
        .whole(outputs)
        .whole(inputs)
        .int(activation)
}

impl<C: Card> Device for Loaded<C> {
    fn name(&self) -> &str {
        &self.name
    }

    fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError> {
        self.check(sequences)?;
        let batch = Batch::new(sequences);
        let arena = Arena::for_tokens(&mut self.arena, batch.tokens, &self.shape, &mut self.card)?;
        self.card.write(arena.plan, bytemuck::cast_slice(&batch.plan))?;
        self.forward(&batch, &arena)?;
        let mut rows = vec![0.0f32; batch.sequences * self.shape.width];
        self.card.read(arena.pooled, bytemuck::cast_slice_mut(&mut rows))?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
