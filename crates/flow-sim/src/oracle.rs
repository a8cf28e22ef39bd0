//! What was possible: a client that knows every limit and every time of trouble beforehand.

use crate::provider::{Limits, Ruling, Service, ServiceSettings, Trouble};
use crate::scenario::Scenario;
use crate::work::Backlog;
use crate::world::{Admitted, streams};
use flow::cost::Cost;
use quota::Dimension;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// So that the search for the next free moment goes on where rounding would hold it.
const TICK_SECS: f64 = 1e-9;

/// The most that can be admitted, at every time: each call as early as a clone of the same limits lets it in, and
/// the same sizes in the same order.
///
/// As early as possible is best at every time at once, for all the limiters here: what comes early refills or
/// leaves the window early. Where calls at once are limited, the oracle keeps exactly that many under way as a
/// client sees it, network included, since no client can know when a call will end; where slots are limited, all
/// of them are busy always. Calls that would fail anyway count for the share that does not.
pub fn possible(scenario: &Scenario, seed: u64) -> Vec<Admitted> {
    let mut oracle = Oracle::new(scenario, seed);
    let mut backlog = Backlog::new(&scenario.work, seed ^ streams::WORK);
    let mut now = scenario.service.network_secs_each_way;
    let share = 1.0 - scenario.service.failed_share;
    let mut admitted = Vec::new();
    while let Some(at) = backlog.next_at(now).filter(|at| *at < scenario.duration_secs) {
        now = now.max(at);
        let Some(work) = backlog.take(now) else { break };
        let Some(at) = oracle.admit(now, &work.cost) else { break };
        now = at;
        let amount = work.cost.of(scenario.measured()) * share;
        admitted.push(Admitted { at, amount });
    }
    admitted
}

struct Oracle<'a> {
    scenario: &'a Scenario,
    limits: Limits,
    service: Service,
    /// When each call under way ends: bits of times, which have the times' order above 0.
    busy: BinaryHeap<Reverse<u64>>,
}

impl<'a> Oracle<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let settings = ServiceSettings { slots: None, ..scenario.service.clone() };
        Self {
            scenario,
            limits: Limits::new(&scenario.limits, seed ^ streams::LIMITS),
            service: Service::new(&settings, seed ^ streams::SERVICE),
            busy: BinaryHeap::new(),
        }
    }

    /// When the call is let in; none: not before the end.
    fn admit(&mut self, from: f64, cost: &Cost) -> Option<f64> {
        let mut now = from;
        while now < self.scenario.duration_secs {
            let open = self.open_at(now, cost);
            if open > now {
                now = open.max(now + TICK_SECS);
                continue;
            }
            self.limits.admit(now, cost, 0);
            if self.capacity(now).is_some() {
                let network = if self.capped(now).is_some() {
                    2.0 * self.scenario.service.network_secs_each_way
                } else {
                    0.0
                };
                let done = self.service.serve(now, cost.of(Dimension::InputTokens)).done + network;
                self.busy.push(Reverse(done.to_bits()));
            }
            return Some(now);
        }
        None
    }

    /// The next time worth trying: `now` where nothing stands in the way, infinite where no time will do.
    fn open_at(&mut self, now: f64, cost: &Cost) -> f64 {
        let outage = |trouble: &&Trouble| trouble.contains(now) && trouble.overloaded_share >= 1.0;
        if let Some(trouble) = self.scenario.service.troubles.iter().find(outage) {
            return trouble.until_secs;
        }
        // What arrives now was sent while the machine stood still.
        let sent = now - self.scenario.service.network_secs_each_way;
        if let Some(span) = self.scenario.suspended.iter().find(|span| span.contains(sent)) {
            return span.until_secs + self.scenario.service.network_secs_each_way;
        }
        let step = self.limits.next_step(now).unwrap_or(f64::INFINITY);
        if let Some(capacity) = self.capacity(now) {
            while self.busy.peek().is_some_and(|Reverse(done)| f64::from_bits(*done) <= now) {
                self.busy.pop();
            }
            if self.busy.len() >= capacity {
                return self.busy.peek().map_or(step, |Reverse(done)| f64::from_bits(*done));
            }
        }
        match self.limits.would(now, cost, 0) {
            Ruling::Admitted => now,
            Ruling::Refused { wait, .. } => {
                wait.map_or(step, |wait| step.min(now + wait)).max(now + TICK_SECS)
            }
        }
    }

    /// Calls at once, by slots or by limit.
    fn capacity(&mut self, now: f64) -> Option<usize> {
        [self.scenario.service.slots, self.capped(now)].into_iter().flatten().min()
    }

    fn capped(&mut self, now: f64) -> Option<usize> {
        let states = self.limits.state(now, 0);
        let cap = states.iter().find(|state| state.dimension == Dimension::InFlight);
        cap.map(|state| state.limit as usize)
    }
}

#[cfg(test)]
mod tests;
