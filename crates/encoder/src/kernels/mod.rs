//! Loops over numbers, compiled once per instruction set and chosen at run time.
//!
//! Integer sums are exact, and float sums run in lanes whose number and order are fixed in the text and not by
//! the width of a register. So scans, dot products and weighted sums, where no multiplication is fused with an
//! addition, give the same bits on every path, and a transformer's kernels on every path that fuses: on x86-64
//! all but the portable one.

mod dispatch;
mod job;
mod precision;
mod layout;
mod quantise;
mod gemm;
mod attention;
mod pointwise;
mod portable;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(test)]
mod tests;

pub use attention::DistanceBias;
pub use dispatch::{Isa, Kernels};
pub use job::{Buffers, Pick, dot_f32, scan_i8};
pub use layout::Linear;
pub use pointwise::{Activation, Norm};
pub use precision::Precision;
