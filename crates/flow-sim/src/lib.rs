//! Simulated providers, a clairvoyant oracle and baselines: how flow control is judged.
//!
//! All of it runs in virtual time and from a seed: the same scenario, seed and client give the same events, byte for
//! byte. The provider models have no clock and no socket either, so that a server on a real socket can use them.
//!
//! A [`scenario::Scenario`] says what the provider does, what work there is and which bars must be met;
//! [`world::simulate`] lets a [`client::Client`] meet it; [`oracle`] says what was possible; [`score`] judges.

pub mod provider;
pub mod scenario;
pub mod work;
pub mod client;
pub mod baseline;
pub mod contender;
pub mod world;
pub mod oracle;
pub mod score;
pub mod comparison;
pub mod chart;
