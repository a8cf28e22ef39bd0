//! Transformers on NVIDIA cards: the forward pass of [`encoder::Transformer`] in kernels of our own.
//!
//! Nothing of CUDA is needed to build this, and only the driver to run it: its library is looked for at run time, and
//! compiles the PTX in `kernels/` for the card that is there. Sequences are packed without padding, weights and
//! activations are halves, sums, softmax, norms and the residual stream are floats. Every sum has one order, so that a
//! vector does not depend on its neighbours in a batch.
//!
//! What decides is written against `card::Card`, so that it runs without a card: the tests give it the same kernels
//! compiled for the processor.
//!
//! `unsafe` stands in one file, `driver.rs`.

mod batch;
mod card;
mod driver;
mod forward;
mod memory;
mod open;
mod shape;
mod weights;

#[cfg(test)]
mod emulator;
#[cfg(test)]
mod made;

pub use open::{Opened, Unavailable, Which, check, has_driver, open};
