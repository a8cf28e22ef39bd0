//! Who can take part in a comparison, by name.

use crate::baseline::arc::Arc;
use crate::baseline::aws::AwsAdaptive;
use crate::baseline::fixed::Fixed;
use crate::baseline::gradient2::Gradient2;
use crate::baseline::paced::Paced;
use crate::baseline::relative::RelativeAimd;
use crate::baseline::vegas::Vegas;
use crate::client::{Client, Dispatched, Driven};
use crate::scenario::Scenario;
use flow::adaptive::{Adaptive, Bounds};
use flow::aimd::Aimd;
use flow::policy::Policy;

/// What a contender is in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What this program uses, and what the bars are for.
    Ours,
    /// Ours without some part, to see what the part is worth.
    Variant,
    /// What others use, knowing no more than ours.
    Rival,
    /// Knows what no client is told.
    Reference,
}

/// A kind of client.
#[derive(Debug, Clone, Copy)]
pub struct Contender {
    pub name: &'static str,
    pub role: Role,
    /// One line for people.
    pub about: &'static str,
    /// Scenario, seed, number of the worker.
    pub make: fn(&Scenario, u64, usize) -> Box<dyn Client>,
}

/// All that can be asked for.
pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "adaptive",
        role: Role::Ours,
        about: "measures the limit at its walls and asks for more with single calls",
        make: |_, seed, worker| dispatched(adaptive(seed, worker), seed, worker),
    },
    Contender {
        name: "adaptive-driven",
        role: Role::Variant,
        about: "the same without breaker, timeouts and retry budget",
        make: |_, seed, worker| driven(adaptive(seed, worker), seed, worker),
    },
    Contender {
        name: "aws",
        role: Role::Rival,
        about: "the adaptive retry mode of AWS SDKs",
        make: |_, seed, worker| driven(AwsAdaptive::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "arc",
        role: Role::Rival,
        about: "adaptive request concurrency as in Vector",
        make: |_, seed, worker| driven(Arc::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "aimd",
        role: Role::Rival,
        about: "the earlier system: 20 calls at once, +2 / x0.9 by latency, x0.7 after three 429s",
        make: |_, seed, worker| driven(Aimd::default(), seed, worker),
    },
    Contender {
        name: "aimd-relative",
        role: Role::Rival,
        about: "the earlier system's rule each second, on latency relative to its fastest second",
        make: |_, seed, worker| driven(RelativeAimd::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "gradient2",
        role: Role::Rival,
        about: "Gradient2 of Netflix concurrency-limits",
        make: |_, seed, worker| driven(Gradient2::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "vegas",
        role: Role::Rival,
        about: "Vegas of Netflix concurrency-limits",
        make: |_, seed, worker| driven(Vegas::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "fixed-5",
        role: Role::Rival,
        about: "5 calls at once",
        make: |_, seed, worker| fixed(5, seed, worker),
    },
    Contender {
        name: "fixed-20",
        role: Role::Rival,
        about: "20 calls at once",
        make: |_, seed, worker| fixed(20, seed, worker),
    },
    Contender {
        name: "fixed-100",
        role: Role::Rival,
        about: "100 calls at once",
        make: |_, seed, worker| fixed(100, seed, worker),
    },
    Contender {
        name: "paced",
        role: Role::Reference,
        about: "knows the true limit at every moment and spreads 98 % of it evenly",
        make: |scenario, seed, worker| driven(Paced::new(scenario), seed, worker),
    },
];

pub fn contender(name: &str) -> Option<&'static Contender> {
    CONTENDERS.iter().find(|contender| contender.name == name)
}

fn adaptive(seed: u64, worker: usize) -> Adaptive {
    Adaptive::new(Bounds::default(), of_worker(seed, worker))
}

/// A client that asks this policy.
pub fn driven(policy: impl Policy + 'static, seed: u64, worker: usize) -> Box<dyn Client> {
    Box::new(Driven::new(Box::new(policy), of_worker(seed, worker)))
}

/// The client that runs in production, with this policy.
pub fn dispatched(policy: impl Policy + 'static, seed: u64, worker: usize) -> Box<dyn Client> {
    Box::new(Dispatched::new(Box::new(policy), of_worker(seed, worker)))
}

/// So many calls at once, always.
pub fn fixed(width: usize, seed: u64, worker: usize) -> Box<dyn Client> {
    driven(Fixed::new(width, of_worker(seed, worker)), seed, worker)
}

/// Workers of one run draw apart.
pub fn of_worker(seed: u64, worker: usize) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(worker as u64)
}
