//! Models of providers: hidden limits, what replies say of them, and how long and how well calls are served.
//!
//! Sans-IO: times are seconds on any clock that never goes back, handed in by the caller. Simulation and a fake
//! provider on a real socket share them.

mod hints;
mod limiter;
mod limits;
mod schedule;
mod service;
mod settings;

pub use hints::{Levels, hint_of_reply};
pub use limits::{Limits, Ruling, State};
pub use schedule::Schedule;
pub(crate) use service::normal;
pub use service::{Fate, Served, Service};
pub use settings::{
    Change, HintSettings, LimitKind, LimitSettings, Limited, ServiceSettings, Tail, Tenant,
    Trouble, Wave,
};

#[cfg(test)]
mod tests;
