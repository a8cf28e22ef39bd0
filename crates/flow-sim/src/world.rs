//! The discrete-event loop: clients, network, limits and service in virtual time.

mod events;
mod run;

pub use run::{Admitted, Run, Sample, Sent};

use crate::client::{Call, Client, Step};
use crate::provider::{Fate, Limits, Ruling, Served, Service, hint_of_reply};
use crate::scenario::Scenario;
use crate::work::Backlog;
use events::{Event, Events};
use flow::policy::{Outcome, Verdict};
use quota::{Dimension, Hint};

/// Apart by seed, so that no part's draws shift those of another.
pub(crate) mod streams {
    pub(crate) const LIMITS: u64 = 0x9e37_79b9_7f4a_7c15;
    pub(crate) const SERVICE: u64 = 0xbf58_476d_1ce4_e5b9;
    pub(crate) const WORK: u64 = 0x94d0_49bb_1331_11eb;
    pub(crate) const JITTER: u64 = 0xa076_1d64_78bd_642f;
    pub(crate) const HINTS: u64 = 0xd6e8_feb8_6659_fd93;
}

/// Where clients come from: scenario, seed and the worker's number.
pub type MakeClient<'a> = dyn Fn(&Scenario, u64, usize) -> Box<dyn Client> + Sync + 'a;

/// A time that a client names is at least this far away, so that the world goes on.
const TICK_SECS: f64 = 1e-6;

/// Connections that all clients together may have: a client without any bound must end somewhere.
const CONNECTIONS_MAX: usize = 5_000;

/// Lets clients meet the scenario.
///
/// Deterministic: the same arguments give the same [`Run`], its log included.
pub fn simulate(scenario: &Scenario, seed: u64, make: &MakeClient<'_>) -> Run {
    let mut world = World::new(scenario, seed, make);
    for worker in 0..world.workers.len() {
        world.poll(0.0, worker);
    }
    world.events.push(0.0, Event::Sample);
    while let Some((now, event)) = world.events.pop()
        && now < scenario.duration_secs
    {
        world.step(now, event);
    }
    world.run.end = scenario.duration_secs;
    world.run.edges = world.limits.edges(scenario.duration_secs);
    world.run
}

struct Worker {
    client: Box<dyn Client>,
    wakes_at: Option<f64>,
}

struct World<'a> {
    scenario: &'a Scenario,
    workers: Vec<Worker>,
    backlog: Backlog,
    limits: Limits,
    service: Service,
    hints: fastrand::Rng,
    jitter: fastrand::Rng,
    events: Events,
    /// Being served, for the limit of calls at once.
    serving: usize,
    /// Under way as the clients see it.
    under_way: usize,
    run: Run,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, seed: u64, make: &MakeClient<'_>) -> Self {
        let worker = |number| Worker { client: make(scenario, seed, number), wakes_at: None };
        Self {
            scenario,
            workers: (0..scenario.workers).map(worker).collect(),
            backlog: Backlog::new(&scenario.work, seed ^ streams::WORK),
            limits: Limits::new(&scenario.limits, seed ^ streams::LIMITS),
            service: Service::new(&scenario.service, seed ^ streams::SERVICE),
            hints: fastrand::Rng::with_seed(seed ^ streams::HINTS),
            jitter: fastrand::Rng::with_seed(seed ^ streams::JITTER),
            events: Events::default(),
            serving: 0,
            under_way: 0,
            run: Run::new(seed, scenario.workers),
        }
    }

    fn step(&mut self, now: f64, event: Event) {
        if let Some(worker) = event.worker()
            && let Some(span) = self.scenario.suspended.iter().find(|span| span.contains(now))
        {
            if matches!(event, Event::Wake { .. }) {
                self.workers[worker].wakes_at = Some(span.until_secs);
            }
            return self.events.push(span.until_secs, event);
        }
        match event {
            Event::Wake { worker } => {
                if self.workers[worker].wakes_at.is_some_and(|at| at <= now) {
                    self.workers[worker].wakes_at = None;
                    self.poll(now, worker);
                }
            }
            Event::Arrived { worker, call } => self.arrived(now, worker, call),
            Event::Served => self.serving -= 1,
            Event::Replied { worker, call, outcome } => {
                self.under_way -= 1;
                self.run.log.replied(now, &call, &outcome);
                self.run.ended(now, worker, &call, &outcome);
                self.workers[worker].client.on_end(now, &call, &outcome);
                self.poll(now, worker);
            }
            Event::Sample => {
                let limits = self.limits.state(now, self.serving);
                self.run.sample(&limits, self.under_way, self.workers[0].client.reading());
                self.events.push(now + 1.0, Event::Sample);
            }
        }
    }

    /// Lets a client do all it wants to do now.
    fn poll(&mut self, now: f64, worker: usize) {
        let until = loop {
            if self.under_way >= CONNECTIONS_MAX {
                return;
            }
            match self.workers[worker].client.next(now, &mut self.backlog) {
                Step::Call(call) => self.send(now, worker, call),
                Step::Idle { until } => break until,
            }
        };
        let Some(until) = until.map(|until| until.max(now + TICK_SECS)) else { return };
        if self.workers[worker].wakes_at.is_none_or(|at| until < at) {
            self.workers[worker].wakes_at = Some(until);
            self.events.push(until, Event::Wake { worker });
        }
    }

    fn send(&mut self, now: f64, worker: usize, call: Call) {
        self.under_way += 1;
        self.run.sent(self.under_way);
        self.run.log.sent(now, worker, &call);
        let service = &self.scenario.service;
        let jitter = service.network_jitter_secs * self.jitter.f64();
        self.events
            .push(now + service.network_secs_each_way + jitter, Event::Arrived { worker, call });
    }

    fn arrived(&mut self, now: f64, worker: usize, call: Call) {
        let cost = &call.work.cost;
        let mut begun = None;
        let (done, outcome) = match self.service.on_arrival(now) {
            Fate::Overloaded => (now + self.service.refusal(), overloaded(Hint::default())),
            Fate::SlowDown => {
                let hint = Hint { overloaded: true, ..Hint::default() };
                (now + self.service.refusal(), overloaded(hint))
            }
            Fate::Passed => {
                let ruling = self.limits.admit(now, cost, self.serving);
                let states = self.limits.state(now, self.serving);
                let hint = hint_of_reply(&self.scenario.hints, &states, ruling, &mut self.hints);
                if let Ruling::Refused { dimension, .. } = ruling {
                    (now + self.service.refusal(), refused(dimension, hint))
                } else {
                    let served = self.service.serve(now, cost.of(Dimension::InputTokens));
                    begun = Some(served.begun);
                    (served.done, self.admitted(served, hint))
                }
            }
        };
        let network = self.scenario.service.network_secs_each_way;
        let (at, outcome) = replied(&call, done + network, outcome);
        if let Some(begun) = begun.filter(|_| outcome.verdict == Verdict::Answered) {
            self.run
                .admitted
                .push(Admitted { at: begun, amount: cost.of(self.scenario.measured()) });
        }
        self.events.push(at, Event::Replied { worker, call, outcome });
    }

    fn admitted(&mut self, served: Served, hint: Hint) -> Outcome {
        self.serving += 1;
        self.events.push(served.done, Event::Served);
        let verdict = if self.service.fails() { Verdict::Failed } else { Verdict::Answered };
        Outcome { verdict, hint, usage: None }
    }
}

/// When and how a call ends for its client: with the reply at `at`, or before that when it waits no longer.
fn replied(call: &Call, at: f64, outcome: Outcome) -> (f64, Outcome) {
    let gives_up = call.attempt.sent_at + call.timeout;
    if gives_up < at { (gives_up, Outcome::plain(Verdict::TimedOut)) } else { (at, outcome) }
}

fn overloaded(hint: Hint) -> Outcome {
    Outcome { verdict: Verdict::Overloaded, hint, usage: None }
}

/// A quota for the day, and a limit of nothing, are no reason to try again soon: the provider says so by its code.
fn refused(dimension: Dimension, hint: Hint) -> Outcome {
    let never = hint.level(dimension).is_some_and(|level| level.limit == Some(0.0));
    let verdict =
        if dimension == Dimension::Day || never { Verdict::Parked } else { Verdict::Throttled };
    Outcome { verdict, hint, usage: None }
}

#[cfg(test)]
mod tests;
