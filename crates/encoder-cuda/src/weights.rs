//! A model's weights on a card: halves for the products, floats for what is added and normed.
#![forbid(unsafe_code)]

use encoder::{
    device::DeviceError,
    kernels::Norm,
    transformer::{LayerParts, LinearParts, Parts},
};
use half::f16;

use crate::{
    card::{Buffer, Card},
    shape::Shape,
};

#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) words: Buffer,
    pub(crate) positions: Buffer,
    pub(crate) norm: Normed,
    pub(crate) layers: Vec<Layer>,
    /// Of all heads; one value that nobody reads in models without.
    pub(crate) distances: Buffer,
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) projection: Product,
    pub(crate) mixed: Product,
    pub(crate) mixed_norm: Normed,
    pub(crate) up: Product,
    pub(crate) down: Product,
    pub(crate) down_norm: Normed,
}

/// A linear layer with its inputs and outputs filled up with zeros.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) weights: Buffer,
    pub(crate) bias: Buffer,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Normed {
    pub(crate) scale: Buffer,
    pub(crate) shift: Buffer,
    pub(crate) epsilon: f32,
}

/// Groups of neighbours, each at the beginning of a wider place: the heads of a row, or a whole row.
#[derive(Debug, Clone, Copy)]
struct Spread {
    group: usize,
    place: usize,
    groups: usize,
}

impl Spread {
    fn whole(values: usize, places: usize) -> Self {
        Self { group: values, place: places, groups: 1 }
    }

    fn places(self) -> usize {
        self.place * self.groups
    }

    fn at(self, value: usize) -> usize {
        value / self.group * self.place + value % self.group
    }
}

/// Copies weights to a card, one tensor at a time.
struct Copier<'c> {
    card: &'c mut dyn Card,
    shape: Shape,
}

impl Weights {
    pub(crate) fn copy(
        parts: &Parts<'_>,
        shape: Shape,
        card: &mut dyn Card,
    ) -> Result<Self, DeviceError> {
        let mut to = Copier { card, shape };
        let words: Vec<f16> = parts.words.iter().map(|&value| f16::from_f32(value)).collect();
        Ok(Self {
            words: to.bytes(bytemuck::cast_slice(&bits(&words)))?,
            positions: to.floats(parts.positions)?,
            norm: to.norm(parts.norm)?,
            layers: parts.layers.iter().map(|layer| to.layer(layer)).collect::<Result<_, _>>()?,
            distances: to.floats(parts.bias.map_or(&[0.0], |bias| bias.table()))?,
        })
    }
}

impl Copier<'_> {
    fn layer(&mut self, layer: &LayerParts<'_>) -> Result<Layer, DeviceError> {
        let shape = self.shape;
        let row = Spread::whole(shape.width, shape.stride());
        let inner = Spread::whole(shape.inner, shape.inner_stride());
        let heads = |rows| Spread {
            group: shape.head,
            place: shape.head_size(),
            groups: rows * shape.heads,
        };
        Ok(Layer {
            projection: self.product(layer.projection, heads(3), row)?,
            mixed: self.product(layer.mixed, row, heads(1))?,
            mixed_norm: self.norm(layer.mixed_norm)?,
            up: self.product(layer.up, inner, row)?,
            down: self.product(layer.down, row, inner)?,
            down_norm: self.norm(layer.down_norm)?,
        })
    }

    fn product(
        &mut self,
        layer: LinearParts<'_>,
        outputs: Spread,
        inputs: Spread,
    ) -> Result<Product, DeviceError> {
        let mut weights = vec![f16::ZERO; outputs.places() * inputs.places()];
        for (output, row) in layer.weights().chunks_exact(layer.inputs()).enumerate() {
            let place = &mut weights[outputs.at(output) * inputs.places()..];
            for (input, &weight) in row.iter().enumerate() {
                place[inputs.at(input)] = f16::from_f32(weight);
            }
        }
        let mut bias = vec![0.0; outputs.places()];
        for (output, &value) in layer.bias().iter().enumerate() {
            bias[outputs.at(output)] = value;
        }
        Ok(Product {
            weights: self.bytes(bytemuck::cast_slice(&bits(&weights)))?,
            bias: self.floats(&bias)?,
            inputs: inputs.places(),
            outputs: outputs.places(),
        })
    }

    fn norm(&mut self, norm: &Norm) -> Result<Normed, DeviceError> {
        Ok(Normed {
            scale: self.floats(norm.scale())?,
            shift: self.floats(norm.shift())?,
            epsilon: norm.epsilon(),
        })
    }

    fn floats(&mut self, values: &[f32]) -> Result<Buffer, DeviceError> {
        self.bytes(bytemuck::cast_slice(values))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<Buffer, DeviceError> {
        let buffer = self.card.allocate(bytes.len())?;
        self.card.write(buffer, bytes)?;
        Ok(buffer)
    }
}

fn bits(halves: &[f16]) -> Vec<u16> {
    halves.iter().map(|half| half.to_bits()).collect()
}
