//! Loops over numbers, compiled once per instruction set and chosen at run time.
//!
//! Every path gives the same bits: integer sums are exact, and float sums run in lanes whose number and
//! order are fixed in `portable.rs` and not by the width of a register; no multiplication is fused with an
//! addition. So a vector or a score does not depend on the machine that made it.

mod dispatch;
mod job;
mod portable;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(test)]
mod tests;

pub use dispatch::{Isa, Kernels};
pub use job::{Pick, dot_f32, scan_i8};
