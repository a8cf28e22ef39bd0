//! Values of a plan that make no sense.

use super::{Lie, Misdeed, Plan};
use flow_sim::provider::{LimitKind, Limited};

/// Largest dimension that is given: far above any real model's.
pub(crate) const DIMS_MAX: usize = 16_384;

/// A plan that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("the plan cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("{0}")]
    Senseless(String),
}

fn senseless<T>(message: impl Into<String>) -> Result<T, PlanError> {
    Err(PlanError::Senseless(message.into()))
}

impl Plan {
    pub(crate) fn check(&self) -> Result<(), PlanError> {
        if self.dims == 0 || self.dims > DIMS_MAX {
            return senseless(format!("dims is {}, must be 1 to {DIMS_MAX}", self.dims));
        }
        self.check_times()?;
        self.check_limits()?;
        self.faults.iter().try_for_each(|fault| self.check_fault(&fault.what, &fault.when))
    }

    fn check_times(&self) -> Result<(), PlanError> {
        let service = &self.service;
        let times = [
            ("latency_secs", service.latency_secs),
            ("latency_sigma", service.latency_sigma),
            ("secs_per_token", service.secs_per_token),
            ("refusal_secs", service.refusal_secs[0]),
            ("refusal_secs", service.refusal_secs[1]),
            ("content.processing_secs", self.content.processing_secs),
            ("content.stuck_share", self.content.stuck_share),
            ("content.upload_secs", self.content.upload_secs),
            ("content.generate_secs", self.content.generate_secs),
        ];
        match times.iter().find(|(_, value)| !sensible(*value)) {
            Some((name, value)) => senseless(format!("service.{name} is {value}")),
            None if service.slots == Some(0) => senseless("service.slots is 0: nothing is served"),
            None => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), PlanError> {
        for limit in &self.limits {
            let calls = [limit.kind == LimitKind::InFlight, limit.dimension == Limited::InFlight];
            if calls[0] != calls[1] {
                return senseless("kind in_flight belongs to dimension in_flight and to no other");
            }
            if !sensible(limit.limit) || !sensible(limit.secs) || limit.secs == 0.0 {
                return senseless(format!("limit {} over {} s", limit.limit, limit.secs));
            }
        }
        Ok(())
    }

    fn check_fault(&self, what: &Misdeed, when: &super::When) -> Result<(), PlanError> {
        if when.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return senseless("probability of a fault must be 0 to 1");
        }
        match what {
            Misdeed::Status(error) | Misdeed::SlowDown(error)
                if !(400..600).contains(&error.code) =>
            {
                senseless(format!("status {} of a fault must be 400 to 599", error.code))
            }
            Misdeed::Status(error) | Misdeed::SlowDown(error)
                if !error.retry_after.is_none_or(sensible) =>
            {
                senseless("retry_after of a fault must be 0 or more seconds")
            }
            Misdeed::Drip { bytes, every } if *bytes == 0 || !sensible(*every) => {
                senseless("a drip needs bytes above 0 and every of 0 or more seconds")
            }
            Misdeed::Poison(_) if when.marker.is_none() => {
                senseless("poison needs a marker: which texts are it?")
            }
            Misdeed::Lie(Lie::Shuffled | Lie::DoubledIndex) if !self.dialect.has_indexes() => {
                senseless("this dialect has no indexes to lie about")
            }
            _ => Ok(()),
        }
    }
}

/// Neither negative nor endless.
fn sensible(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
