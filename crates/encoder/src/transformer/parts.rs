//! A model's weights as a device needs them: each once, with its shape, in the order of a forward pass.
#![forbid(unsafe_code)]

use super::pooling::Pooling;
use crate::kernels::{Activation, DistanceBias, Linear, Norm};

/// Everything between ids and pooled rows.
#[derive(Debug)]
pub struct Parts<'m> {
    pub width: usize,
    /// Width of the feed-forward part.
    pub inner: usize,
    pub heads: usize,
    pub activation: Activation,
    pub pooling: Pooling,
    /// Tokens of the longest sequence, marks included: rows of `positions`.
    pub sequence_max: usize,
    /// vocabulary × width.
    pub words: &'m [f32],
    /// `sequence_max` × width, with what every token has of its type.
    pub positions: &'m [f32],
    pub norm: &'m Norm,
    pub layers: Vec<LayerParts<'m>>,
    pub bias: Option<&'m DistanceBias>,
}

#[derive(Debug)]
pub struct LayerParts<'m> {
    /// Queries, keys and values below each other: 3·width × width.
    pub projection: LinearParts<'m>,
    pub mixed: LinearParts<'m>,
    pub mixed_norm: &'m Norm,
    pub up: LinearParts<'m>,
    pub down: LinearParts<'m>,
    pub down_norm: &'m Norm,
}

/// A linear layer that holds floats. The weights are copied when they are asked for, one layer at a time.
#[derive(Debug, Clone, Copy)]
pub struct LinearParts<'m>(&'m Linear);

impl<'m> LinearParts<'m> {
    /// None if its weights are integers.
    pub(super) fn of(linear: &'m Linear) -> Option<Self> {
        linear.is_float().then_some(Self(linear))
    }

    /// outputs × inputs, row-major.
    pub fn weights(&self) -> Vec<f32> {
        self.0.weights().expect("checked when it was made: they are floats")
    }

    pub fn bias(&self) -> &'m [f32] {
        self.0.bias()
    }

    pub fn inputs(&self) -> usize {
        self.0.inputs()
    }

    pub fn outputs(&self) -> usize {
        self.0.outputs()
    }
}
