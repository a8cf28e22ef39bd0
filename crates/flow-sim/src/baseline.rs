//! Limiters of others, as policies: the marks that ours is measured against.
//!
//! Each is the published rule, driven per attempt, and none is weakened: where a rule leaves the retry to its user,
//! a refused call keeps its slot while it backs off, which costs every one of them the fewest refusals.

pub mod pool;
pub mod fixed;
pub mod relative;
pub mod arc;
pub mod window;
pub mod gradient2;
pub mod vegas;
pub mod aws;
pub mod paced;

#[cfg(test)]
mod drive;
