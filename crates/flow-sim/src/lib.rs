//! Simulated providers, a clairvoyant oracle and baselines: how flow control is judged.
//!
//! All of it runs in virtual time and from a seed: the same scenario, seed and client give the same events, byte for
//! byte. The provider models have no clock and no socket either, so that a server on a real socket can use them.

pub mod provider;
pub mod baseline;
pub mod chart;
