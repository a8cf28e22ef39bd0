//! Who can take part in a comparison, by name.

use crate::baseline::arc::Arc;
use crate::baseline::aws::AwsAdaptive;
use crate::baseline::fixed::Fixed;
use crate::baseline::gradient2::Gradient2;
use crate::baseline::paced::Paced;
use crate::baseline::relative::RelativeAimd;
use crate::baseline::vegas::Vegas;
use crate::client::{Client, Driven};
use crate::scenario::Scenario;
use flow::policy::Policy;

/// A kind of client.
#[derive(Debug, Clone, Copy)]
pub struct Contender {
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// Scenario, seed, number of the worker.
    pub make: fn(&Scenario, u64, usize) -> Box<dyn Client>,
}

/// All that can be asked for.
pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "paced",
        about: "knows the true limit and spreads 98 % of it evenly",
        make: |scenario, seed, worker| driven(Paced::new(&scenario.limits), seed, worker),
    },
    Contender {
        name: "fixed-5",
        about: "5 calls at once",
        make: |_, seed, worker| driven(Fixed::new(5, of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "fixed-20",
        about: "20 calls at once",
        make: |_, seed, worker| driven(Fixed::new(20, of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "aws",
        about: "the adaptive retry mode of AWS SDKs",
        make: |_, seed, worker| driven(AwsAdaptive::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "aimd-relative",
        about: "AIMD on latency relative to the fastest seen",
        make: |_, seed, worker| driven(RelativeAimd::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "arc",
        about: "adaptive request concurrency as in Vector",
        make: |_, seed, worker| driven(Arc::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "gradient2",
        about: "Gradient2 of Netflix concurrency-limits",
        make: |_, seed, worker| driven(Gradient2::new(of_worker(seed, worker)), seed, worker),
    },
    Contender {
        name: "vegas",
        about: "Vegas of Netflix concurrency-limits",
        make: |_, seed, worker| driven(Vegas::new(of_worker(seed, worker)), seed, worker),
    },
];

pub fn contender(name: &str) -> Option<&'static Contender> {
    CONTENDERS.iter().find(|contender| contender.name == name)
}

/// A client that asks this policy.
pub fn driven(policy: impl Policy + 'static, seed: u64, worker: usize) -> Box<dyn Client> {
    Box::new(Driven::new(Box::new(policy), of_worker(seed, worker)))
}

/// Workers of one run draw apart.
pub fn of_worker(seed: u64, worker: usize) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(worker as u64)
}
