//! What can run a transformer beside the processor: a seam, so that the library that drives a card stays in a crate of
//! its own, and so that what happens around a card is tested without one.
//!
//! A device makes the pooled rows of a batch. Tokens, dense layers and the length of 1 stay with the [`Transformer`],
//! which also makes the vectors of every text that no device can take.
#![forbid(unsafe_code)]

mod agreement;
mod devices;

pub use agreement::{AGREEMENT, Disagreement, agrees};
pub use devices::{DeviceReport, Devices, Notice, Pooled};

#[cfg(doc)]
use crate::Transformer;

/// A card with a model's weights on it. One thread uses it at a time.
pub trait Device: Send + std::fmt::Debug {
    /// As users name it, with what it is: `cuda:0 NVIDIA L4`.
    fn name(&self) -> &str;

    /// Tokens of the largest batch for which it should have memory.
    fn tokens_max(&self) -> usize;

    /// Shape: sequences × width, one pooled row for each sequence, in their order. A row depends on its sequence
    /// alone.
    fn pooled(&mut self, sequences: &[&[u32]]) -> Result<Vec<f32>, DeviceError>;
}

/// Why a batch has no rows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// A smaller batch may fit.
    #[error("out of memory")]
    OutOfMemory,
    /// The device cannot be relied on any more.
    #[error("{message}")]
    Failed { message: String },
}
