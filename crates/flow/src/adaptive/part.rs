//! The parts that the limiter is made of, and what becomes of it without one: for measuring what each is worth.

use super::Adaptive;

/// A mechanism that can be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before the first refusal the rate grows with what has succeeded.
    Ramp,
    /// After a refusal one call goes alone. Without: when its time has come, all go.
    Canary,
    /// A log gives capacity back as an echo of what was sent. Without: it is paced at its rate.
    Ledger,
    /// Asking for more costs refusals, which must have been earned.
    Budget,
    /// Calls beyond a suspected dimension acquit it.
    Acquittal,
    /// A window's or bucket's extra calls are doubled no faster than what has succeeded pays for.
    Ceiling,
    /// No refusal in one and a half times of a refusal stands for an answer.
    Presumption,
    /// Several refusals are explained together.
    Explanation,
    /// What a second held before a refusal is what windows of a second hold. Without: what came in between two.
    Count,
    /// A limit per second that is sure stays beside a longer one that is met later. Without: the longer replaces it.
    Second,
}

impl Part {
    /// All of them, with the names by which people ask for them.
    pub const ALL: [(&'static str, Self); 10] = [
        ("ramp", Self::Ramp),
        ("canary", Self::Canary),
        ("ledger", Self::Ledger),
        ("budget", Self::Budget),
        ("acquittal", Self::Acquittal),
        ("ceiling", Self::Ceiling),
        ("presumption", Self::Presumption),
        ("explanation", Self::Explanation),
        ("count", Self::Count),
        ("second", Self::Second),
    ];
}

impl Adaptive {
    /// The same limiter without one of its parts.
    #[must_use]
    pub fn without(mut self, part: Part) -> Self {
        self.without = Some(part);
        for limit in &mut self.limits {
            limit.without = Some(part);
        }
        self
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.without != Some(part)
    }
}
