//! Decides what becomes of each request: no clock, no socket.

use crate::ask::Ask;
use crate::plan::{Fault, Hints, Lie, Misdeed, Naming, Oversize, Plan, PlanError, Refused, Share};
use crate::records::Records;
use crate::refusal::{Refusal, Wall};
use flow::cost::Cost;
use flow_sim::provider::{Fate, Limits, Ruling, Service, State};
use quota::Dimension;
use std::collections::HashMap;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// The provider's state. Times are seconds and never go back.
#[derive(Debug)]
pub(crate) struct Desk {
    plan: Arc<Plan>,
    rng: fastrand::Rng,
    service: Service,
    groups: Vec<Group>,
    group_of_name: HashMap<String, usize>,
    /// How often each fault of the plan took effect.
    strikes: Vec<u64>,
    pub(crate) records: Records,
}

/// Keys that share limits.
#[derive(Debug)]
struct Group {
    limits: Limits,
    /// Requests that passed the limits and are not answered yet.
    working: usize,
    accepted: u64,
}

/// What becomes of one request.
#[derive(Debug)]
pub(crate) struct Decision<'a> {
    pub(crate) ticket: Ticket,
    /// When the reply is sent.
    pub(crate) due: f64,
    pub(crate) ending: Ending<'a>,
    pub(crate) hints: Hints,
    /// The limits after this request.
    pub(crate) states: Vec<State>,
}

#[derive(Debug)]
pub(crate) enum Ending<'a> {
    Answer {
        ask: Ask<'a>,
        tokens: u64,
        lie: Option<Lie>,
        pace: Pace,
    },
    Refuse {
        refusal: Refusal,
        /// Empty where the request could not be read.
        model: String,
    },
    /// The connection is reset without a reply.
    Reset,
    /// No reply, ever.
    Silence,
}

/// How a body goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    Whole,
    /// Half of it, then a reset.
    CutHalfway,
    Drip {
        bytes: usize,
        every: f64,
    },
}

/// A request under way; to be handed back with [`Desk::leave`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ticket {
    /// The group it works for, if it passed the limits.
    working_for: Option<usize>,
}

impl Desk {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(plan.seed),
            service: Service::new(&plan.service.settings(), plan.seed),
            groups: Vec::new(),
            group_of_name: HashMap::new(),
            strikes: vec![0; plan.faults.len()],
            records: Records::default(),
            plan,
        }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Goes on with another plan; slots in use are forgotten. Errors: another dialect.
    pub(crate) fn replan(&mut self, plan: Plan) -> Result<(), PlanError> {
        if plan.dialect != self.plan.dialect {
            return Err(PlanError::Senseless("a running provider keeps its dialect".to_owned()));
        }
        for group in &mut self.groups {
            group.limits.retune(&plan.limits);
        }
        self.service = Service::new(&plan.service.settings(), plan.seed);
        self.strikes = vec![0; plan.faults.len()];
        self.plan = Arc::new(plan);
        Ok(())
    }

    /// `key` is the credential, as it was sent; `asked` the request, or why it could not be read.
    pub(crate) fn arrive<'a>(
        &mut self,
        now: f64,
        key: Option<&str>,
        asked: Result<Ask<'a>, Refusal>,
    ) -> Decision<'a> {
        self.records.arrived(now);
        let group = self.group(key);
        let (strike, hints) = self.strike(now, asked.as_ref().ok());
        let call = Call { now, key, group, tokens: self.tokens(asked.as_ref().ok()), strike };
        let (ending, due, ticket) = match asked {
            Ok(ask) => self.decide(&call, ask),
            Err(refusal) => self.refuse(now, refusal, String::new()),
        };
        let working = self.groups[group].working;
        let states = self.groups[group].limits.state(now, working);
        Decision { ticket, due, ending, hints, states }
    }

    /// The request is over, whether the reply was sent or the client has gone.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        self.records.left();
        if let Some(group) = ticket.working_for {
            self.groups[group].working -= 1;
        }
    }

    fn decide<'a>(&mut self, call: &Call<'_>, ask: Ask<'a>) -> (Ending<'a>, f64, Ticket) {
        let &Call { now, group, tokens, strike, .. } = call;
        if let Err(refusal) = self.judge(call, &ask) {
            return self.refuse(now, refusal, ask.model.into_owned());
        }
        self.groups[group].working += 1;
        let ticket = Ticket { working_for: Some(group) };
        let plan = self.plan.clone();
        let misdeed = strike.map(|index| {
            self.lands(index);
            &plan.faults[index].what
        });
        let (lie, pace) = match misdeed {
            Some(Misdeed::ResetBefore) => return (Ending::Reset, now, ticket),
            Some(Misdeed::NeverAnswer) => return (Ending::Silence, now, ticket),
            Some(Misdeed::ResetDuring) => (None, Pace::CutHalfway),
            Some(Misdeed::Drip { bytes, every }) => {
                (None, Pace::Drip { bytes: *bytes, every: *every })
            }
            Some(Misdeed::Lie(lie)) => (Some(*lie), Pace::Whole),
            _ => (None, Pace::Whole),
        };
        self.groups[group].accepted += 1;
        self.records.accepted(&ask.keys, tokens);
        let due = self.service.serve(now, tokens as f64).done;
        (Ending::Answer { ask, tokens, lie, pace }, due, ticket)
    }

    fn refuse<'a>(
        &mut self,
        now: f64,
        refusal: Refusal,
        model: String,
    ) -> (Ending<'a>, f64, Ticket) {
        self.records.refused(refusal.name());
        let due = now + self.service.refusal();
        (Ending::Refuse { refusal, model }, due, Ticket { working_for: None })
    }

    fn tokens(&self, ask: Option<&Ask<'_>>) -> u64 {
        let texts = ask.map_or(&[][..], |ask| &ask.texts);
        texts.iter().map(|text| self.plan.tokens.count(text)).sum()
    }

    /// In the order of a real provider: who calls, what is asked, whether there is room, whether limits let it pass,
    /// whether the work succeeds.
    fn judge(&mut self, call: &Call<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
        self.admit_key(call)?;
        self.admit_batch(call, ask)?;
        let plan = self.plan.clone();
        let strike = call.strike.map(|index| (index, &plan.faults[index]));
        if let Some((index, Fault { what: Misdeed::InsufficientQuota, .. })) = strike {
            self.lands(index);
            return Err(Refusal::Spent);
        }
        if let Some((index, Fault { what: Misdeed::Poison(naming), when })) = strike {
            self.lands(index);
            let marker = when.marker.as_deref().unwrap_or_default();
            let place = ask.texts.iter().position(|text| text.contains(marker));
            return Err(Refusal::Poisoned { index: place.filter(|_| *naming == Naming::Named) });
        }
        match self.service.on_arrival(call.now) {
            Fate::Passed => {}
            Fate::Overloaded => return Err(Refusal::Broken { status: 503, retry_after: None }),
            Fate::SlowDown => return Err(Refusal::SlowDown { status: 429, retry_after: None }),
        }
        self.admit_cost(call, ask)?;
        match strike {
            Some((index, Fault { what: Misdeed::Status(error), .. })) => {
                self.lands(index);
                Err(Refusal::Broken { status: error.code, retry_after: error.retry_after })
            }
            Some((index, Fault { what: Misdeed::SlowDown(error), .. })) => {
                self.lands(index);
                Err(Refusal::SlowDown { status: error.code, retry_after: error.retry_after })
            }
            _ => Ok(()),
        }
    }

    fn admit_key(&self, call: &Call<'_>) -> Result<(), Refusal> {
        let known = &self.plan.keys.known;
        if known.is_empty() {
            return Ok(());
        }
        let Some(key) = known.iter().find(|one| Some(one.key.as_str()) == call.key) else {
            return Err(Refusal::Unauthorized);
        };
        match key.refused {
            Some(Refused::Unauthorized) => return Err(Refusal::Unauthorized),
            Some(Refused::Forbidden) => return Err(Refusal::Forbidden),
            None => {}
        }
        match key.spent_after {
            Some(max) if self.groups[call.group].accepted >= max => Err(Refusal::Spent),
            _ => Ok(()),
        }
    }

    fn admit_batch(&self, call: &Call<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
        let plan = &self.plan;
        if !plan.models.is_empty() && !plan.models.iter().any(|model| *model == ask.model) {
            return Err(Refusal::NoSuchModel(ask.model.clone().into_owned()));
        }
        let status = match plan.batch.refused_with {
            Oversize::BadRequest => 400,
            Oversize::TooLarge => 413,
        };
        let items = ask.texts.len();
        if let Some(max) = plan.batch.items_max.filter(|max| items > *max) {
            return Err(Refusal::TooManyItems { items, max, status });
        }
        if let Some(max) = plan.batch.text_tokens_max {
            let count = |text: &str| plan.tokens.count(text);
            let long = ask.texts.iter().map(|text| count(text)).enumerate().find(|one| one.1 > max);
            if let Some((index, tokens)) = long {
                return Err(Refusal::TextTooLong { index, tokens, max, status });
            }
        }
        if let Some(max) = plan.batch.tokens_max.filter(|max| call.tokens > *max) {
            return Err(Refusal::TooManyTokens { tokens: call.tokens, max, status });
        }
        Ok(())
    }

    fn admit_cost(&mut self, call: &Call<'_>, ask: &Ask<'_>) -> Result<(), Refusal> {
        let group = &mut self.groups[call.group];
        let cost = Cost::request(call.tokens as f64, ask.texts.len() as f64);
        let before = group.limits.state(call.now, group.working);
        match group.limits.admit(call.now, &cost, group.working) {
            Ruling::Admitted => Ok(()),
            Ruling::Refused { dimension, wait } => {
                let (state, settings) = before
                    .into_iter()
                    .zip(&self.plan.limits)
                    .find(|(state, _)| state.dimension == dimension)
                    .expect("a limit that refuses has a state");
                let requested = match dimension {
                    Dimension::InFlight | Dimension::Day => 1.0,
                    _ => cost.of(dimension),
                };
                let used = state.limit - state.remaining * per_secs(dimension) / settings.secs;
                Err(Refusal::Limited(Wall { state, used: used.max(0.0), requested, wait }))
            }
        }
    }

    /// The group of a key, made when it first calls.
    fn group(&mut self, key: Option<&str>) -> usize {
        let keys = &self.plan.keys;
        let known = keys.known.iter().find(|one| Some(one.key.as_str()) == key);
        let name = match (known.and_then(|one| one.group.as_deref()), keys.share) {
            (Some(group), _) => format!("group {group}"),
            (None, Share::Everyone) => String::new(),
            (None, Share::Key) => format!("key {}", key.unwrap_or_default()),
        };
        if let Some(index) = self.group_of_name.get(&name) {
            return *index;
        }
        let index = self.groups.len();
        let limits = Limits::new(&self.plan.limits, self.plan.seed.wrapping_add(index as u64));
        self.groups.push(Group { limits, working: 0, accepted: 0 });
        self.group_of_name.insert(name, index);
        index
    }

    /// The fault that strikes, and the hints that hold.
    fn strike(&mut self, now: f64, ask: Option<&Ask<'_>>) -> (Option<usize>, Hints) {
        let plan = self.plan.clone();
        let mut strike = None;
        let mut hints = Hints::default();
        for (index, fault) in plan.faults.iter().enumerate() {
            let shown = matches!(fault.what, Misdeed::Hints(_));
            if (!shown && strike.is_some()) || !self.happens(now, index, fault, ask) {
                continue;
            }
            match &fault.what {
                Misdeed::Hints(other) => {
                    self.lands(index);
                    hints = hints.or(other);
                }
                _ => strike = Some(index),
            }
        }
        (strike, hints.or(&plan.hints))
    }

    fn happens(&mut self, now: f64, index: usize, fault: &Fault, ask: Option<&Ask<'_>>) -> bool {
        let when = &fault.when;
        let marked = |marker: &String| {
            ask.is_some_and(|ask| ask.texts.iter().any(|text| text.contains(marker)))
        };
        (when.nth.is_empty() || when.nth.contains(&self.records.requests()))
            && when.from.is_none_or(|from| now >= from)
            && when.until.is_none_or(|until| now < until)
            && when.times.is_none_or(|times| self.strikes[index] < times)
            && when.marker.as_ref().is_none_or(marked)
            && when.route.as_deref().is_none_or(|word| ask.is_some_and(|ask| ask.route == word))
            && when.probability.is_none_or(|share| self.rng.f64() < share)
    }

    fn lands(&mut self, index: usize) {
        self.strikes[index] += 1;
        let name = self.plan.faults[index].what.name();
        self.records.struck(name);
    }
}

/// Seconds that a limit's number stands for.
fn per_secs(dimension: Dimension) -> f64 {
    if dimension == Dimension::Day { 86_400.0 } else { 60.0 }
}

/// What the checks look at, besides the request.
struct Call<'a> {
    now: f64,
    key: Option<&'a str>,
    group: usize,
    tokens: u64,
    strike: Option<usize>,
}
