//! The sizes of a model as the kernels see them: heads and rows are filled up to what a tile takes.
#![forbid(unsafe_code)]

use encoder::{
    kernels::Activation,
    transformer::{Parts, Pooling},
};

use crate::card::Kernel;

/// Rows of halves have a stride that is a multiple of this: the kernels read so many inputs at a step.
const STEP: usize = 32;

pub(crate) const HALF: usize = size_of::<u16>();
pub(crate) const FLOAT: usize = size_of::<f32>();
pub(crate) const INT: usize = size_of::<i32>();

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub(crate) width: usize,
    pub(crate) inner: usize,
    pub(crate) heads: usize,
    /// Values of a head.
    pub(crate) head: usize,
    pub(crate) vocabulary: usize,
    pub(crate) sequence_max: usize,
    pub(crate) activation: Activation,
    pub(crate) pooling: Pooling,
    /// Farthest distance with a bias; none: no bias at all.
    pub(crate) reach: Option<usize>,
}

impl Shape {
    /// Errors: what the kernels cannot do, in words.
    pub(crate) fn of(parts: &Parts<'_>) -> Result<Self, String> {
        let head = parts.width / parts.heads;
        if head > 128 {
            return Err(format!("heads of {head} values are too wide, at most 128 fit"));
        }
        if parts.activation == Activation::Tanh {
            return Err("there is no kernel for tanh between the layers".to_owned());
        }
        Ok(Self {
            width: parts.width,
            inner: parts.inner,
            heads: parts.heads,
            head,
            vocabulary: parts.words.len() / parts.width,
            sequence_max: parts.sequence_max,
            activation: parts.activation,
            pooling: parts.pooling,
            reach: parts.bias.map(encoder::kernels::DistanceBias::reach),
        })
    }

    /// Stride of the rows of halves.
    pub(crate) fn stride(&self) -> usize {
        self.width.next_multiple_of(STEP)
    }

    pub(crate) fn inner_stride(&self) -> usize {
        self.inner.next_multiple_of(STEP)
    }

    /// Values of a head as the attention takes them, the last ones zeros.
    pub(crate) fn head_size(&self) -> usize {
        match self.head {
            ..=32 => 32,
            33..=64 => 64,
            _ => 128,
        }
    }

    pub(crate) fn attention(&self) -> Kernel {
        match self.head_size() {
            32 => Kernel::Attend32,
            64 => Kernel::Attend64,
            _ => Kernel::Attend128,
        }
    }

    /// Values of all heads.
    pub(crate) fn mixed(&self) -> usize {
        self.heads * self.head_size()
    }

    /// Halves of the wider buffer, for each token: projections, an update, inner rows.
    pub(crate) fn wide(&self) -> usize {
        (3 * self.mixed()).max(self.stride()).max(self.inner_stride())
    }

    /// Halves of the narrower buffer, for each token: what attention mixed, an update.
    pub(crate) fn narrow(&self) -> usize {
        self.mixed().max(self.stride())
    }

    /// The activation by the kernel's numbers.
    pub(crate) fn activation_code(&self) -> i32 {
        match self.activation {
            Activation::Gelu => 1,
            Activation::GeluTanh => 2,
            Activation::Relu => 3,
            Activation::Tanh => unreachable!("refused when the shape was made"),
        }
    }

    pub(crate) fn pooling_code(&self) -> i32 {
        match self.pooling {
            Pooling::Cls => 0,
            Pooling::Mean => 1,
            Pooling::Max => 2,
            Pooling::MeanSqrtLength => 3,
        }
    }
}
