//! Pacing just below limits that are known: what a user can do who knows them at every moment.
//!
//! A reference, not a rival: no client is told its limits so exactly. Limits per day are not paced, since whoever
//! spreads a day's calls over the day waits for nothing.

use crate::provider::{LimitSettings, Limited, Schedule};
use crate::scenario::Scenario;
use flow::cost::Cost;
use flow::policy::{Admission, Attempt, Outcome, Policy, Reading, Verdict};
use quota::Dimension;

/// Share of the limit that is used.
const SHARE: f64 = 0.98;
/// Calls at once; a bound for providers that do not answer.
const IN_FLIGHT_MAX: usize = 1000;
/// Seconds after which a limit of nothing is looked at again.
const LOOK_AGAIN_SECS: f64 = 1.0;
/// Seconds without a call after a quota is used up, where the reply names no time.
const PARKED_SECS: f64 = 60.0;

#[derive(Debug)]
pub struct Paced {
    rates: Vec<(Dimension, Schedule)>,
    in_flight: Option<Schedule>,
    /// Calls that keep the server's slots busy, those on the way included.
    slots: Option<usize>,
    /// Of every limit: workers divide it evenly.
    share: f64,
    next: f64,
    /// The last time that it heard of.
    now: f64,
}

impl Paced {
    pub fn new(scenario: &Scenario) -> Self {
        let mut paced = Self::of(&scenario.limits, scenario.workers);
        let service = &scenario.service;
        if let Some(slots) = service.slots {
            let network = 2.0 * service.network_secs_each_way;
            let on_the_way = 1.0 + network / service.latency_secs;
            paced.slots = Some((paced.share * slots as f64 * on_the_way).ceil() as usize);
        }
        paced
    }

    fn of(limits: &[LimitSettings], workers: usize) -> Self {
        let those = |wanted: fn(Limited) -> bool| {
            limits.iter().filter(move |limit| wanted(limit.dimension))
        };
        let paced = |limited| !matches!(limited, Limited::InFlight | Limited::Day);
        Self {
            rates: those(paced)
                .map(|limit| (limit.dimension.dimension(), Schedule::new(limit)))
                .collect(),
            in_flight: those(|limited| limited == Limited::InFlight).map(Schedule::new).next(),
            slots: None,
            share: 1.0 / workers as f64,
            next: 0.0,
            now: 0.0,
        }
    }

    /// Seconds that a call takes of the tightest limit; infinite where nothing is left for us.
    fn takes(&self, now: f64, cost: &Cost) -> f64 {
        let each = self.rates.iter().map(|(dimension, limit)| {
            let units = cost.of(*dimension);
            if units > 0.0 { units * 60.0 / (SHARE * self.share * limit.ours(now)) } else { 0.0 }
        });
        each.fold(0.0, f64::max)
    }

    fn width(&self, now: f64) -> usize {
        let limited = self.in_flight.as_ref().map(|limit| (self.share * limit.ours(now)) as usize);
        [limited, self.slots].into_iter().flatten().min().unwrap_or(IN_FLIGHT_MAX)
    }
}

impl Policy for Paced {
    fn can_send(&mut self, now: f64, cost: &Cost, in_flight: usize) -> Admission {
        self.now = now;
        if now < self.next {
            Admission::NotBefore(self.next)
        } else if in_flight > 0 && in_flight >= self.width(now) {
            Admission::Wait
        } else if self.width(now) == 0 || self.takes(now, cost).is_infinite() {
            Admission::NotBefore(now + LOOK_AGAIN_SECS)
        } else {
            Admission::Send
        }
    }

    fn on_sent(&mut self, attempt: &Attempt) {
        let takes = self.takes(attempt.sent_at, &attempt.cost);
        self.next = self.next.max(attempt.sent_at) + takes;
    }

    fn on_result(&mut self, now: f64, _attempt: &Attempt, outcome: &Outcome) {
        let parked = (outcome.verdict == Verdict::Parked).then_some(PARKED_SECS);
        if let Some(wait) = outcome.hint.retry_after.or(parked) {
            self.next = self.next.max(now + wait);
        }
    }

    fn reading(&self) -> Reading {
        let rate = |dimension| {
            let known = self.rates.iter().find(|(one, _)| *one == dimension);
            known.map(|(_, limit)| SHARE * self.share * limit.ours(self.now) / 60.0)
        };
        Reading {
            rates: flow::cost::RATES.map(rate),
            in_flight: Some(self.width(self.now) as f64),
            closed_until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Change, LimitKind};

    fn limit(dimension: Limited, limit: f64) -> LimitSettings {
        LimitSettings {
            dimension,
            kind: LimitKind::Bucket,
            limit,
            secs: 60.0,
            first_edge_secs: None,
            refusals_count: false,
            changes: Vec::new(),
            wave: None,
            tenant: None,
        }
    }

    /// Calls sent from `from` to `until` if each takes no time.
    fn sent(paced: &mut Paced, cost: &Cost, from: f64, until: f64) -> u32 {
        let (mut now, mut sent) = (from, 0);
        while now < until {
            match paced.can_send(now, cost, 0) {
                Admission::Send => {
                    paced.on_sent(&Attempt { id: 0, sent_at: now, cost: *cost, in_flight: 1 });
                    sent += 1;
                }
                Admission::NotBefore(later) => now = later,
                Admission::Wait => panic!("too many in flight"),
            }
        }
        sent
    }

    #[test]
    fn a_minute_of_calls_is_98_percent_of_the_tightest_limit() {
        let limits = [limit(Limited::Requests, 600.0), limit(Limited::InputTokens, 30_000.0)];
        let cost = Cost::request(100.0, 1.0);
        assert_eq!(sent(&mut Paced::of(&limits, 1), &cost, 0.0, 60.0), 294);
    }

    #[test]
    fn a_change_is_followed_at_once_and_nothing_is_sent_at_a_limit_of_nothing() {
        let mut stops = limit(Limited::Requests, 600.0);
        stops.changes = vec![
            Change { at_secs: 60.0, limit: 0.0, over_secs: 0.0 },
            Change { at_secs: 90.0, limit: 1200.0, over_secs: 0.0 },
        ];
        let mut paced = Paced::of(&[stops], 1);
        let cost = Cost::request(1.0, 1.0);
        let minutes = [(0.0, 59.95), (60.5, 90.0), (90.5, 120.45)]
            .map(|(from, until)| sent(&mut paced, &cost, from, until));
        assert_eq!(minutes, [588, 0, 588]);
    }

    #[test]
    fn calls_at_once_stay_below_their_limit() {
        let mut paced = Paced::of(&[limit(Limited::InFlight, 12.0)], 1);
        let cost = Cost::request(1.0, 1.0);
        assert_eq!(paced.can_send(0.0, &cost, 11), Admission::Send);
        assert_eq!(paced.can_send(0.0, &cost, 12), Admission::Wait);
    }

    #[test]
    fn workers_divide_the_limit() {
        let limits = [limit(Limited::Requests, 600.0)];
        let cost = Cost::request(1.0, 1.0);
        assert_eq!(sent(&mut Paced::of(&limits, 4), &cost, 0.0, 59.95), 147);
    }

    #[test]
    fn slots_are_kept_busy_and_no_queue_grows() {
        let text = "about = \"slots\"\nduration_secs = 60\n[service]\nslots = 16\n";
        let scenario = crate::scenario::parse("slots", text).unwrap();
        let mut paced = Paced::new(&scenario);
        let cost = Cost::request(1.0, 1.0);
        assert_eq!(paced.can_send(0.0, &cost, 17), Admission::Send);
        assert_eq!(paced.can_send(0.0, &cost, 18), Admission::Wait);
    }
}
