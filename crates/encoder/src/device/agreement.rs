//! Whether a device makes a model's vectors: asked once, before it makes any that are kept.
//!
//! A store is filled on one machine and searched on another, so a device whose vectors are not the processor's would
//! spoil it without a sound. A driver, a chip or a kernel that errs is found here and costs nothing but speed.
#![forbid(unsafe_code)]

use super::{Device, DeviceError};
use crate::transformer::{Memory, Transformer};

/// The least cosine between a device's vectors and the processor's. Halves instead of floats leave more than 0.9999
/// where the sums are right; a wrong sum leaves far less.
pub const AGREEMENT: f32 = 0.9995;

/// Lengths of the sequences that are compared, cut to what the model takes: one token, a part of every tile that
/// kernels work in, and one beyond a tile.
const LENGTHS: [usize; 3] = [1, 23, 67];

/// Why a device is not used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Disagreement {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("its vectors have a cosine of {cosine} to the processor's")]
    Vectors { cosine: f32 },
}

/// Compares the vectors of some sequences of arbitrary tokens. Costs the processor about a hundred tokens.
pub fn agrees(model: &Transformer, device: &mut dyn Device) -> Result<(), Disagreement> {
    let sequences = probes(model);
    let sequences: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let mut memory = Memory::default();
    let rows = device.pooled(&sequences)?;
    let theirs = model.vectors(rows, &mut memory);
    let rows = model.pooled(&sequences, &mut memory);
    let ours = model.vectors(rows, &mut memory);
    let worst = ours.iter().zip(&theirs).map(|(a, b)| model.kernels().dot_f32(a, b));
    // A value that is not finite is no agreement.
    let worst = worst.map(|cosine| if cosine.is_finite() { cosine } else { -1.0 });
    let worst = worst.fold(1.0f32, f32::min);
    if theirs.len() == ours.len() && worst >= AGREEMENT {
        return Ok(());
    }
    Err(Disagreement::Vectors { cosine: worst })
}

/// Ids that any model knows, in no order that a kernel could expect. Always the same ones.
fn probes(model: &Transformer) -> Vec<Vec<u32>> {
    let (vocabulary, longest) = (model.vocabulary() as u64, model.sequence_max());
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut id = || {
        // Knuth's linear congruential generator (MMIX); its high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % vocabulary) as u32
    };
    let length = |length: usize| length.min(longest);
    LENGTHS.map(|of| (0..length(of)).map(|_| id()).collect()).into()
}

#[cfg(test)]
mod tests;
