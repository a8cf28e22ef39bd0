//! Whether numbers in a scenario make sense together: whatever passes here can be simulated, and ends.

use super::{Scenario, Size, Span};
use crate::provider::{HintSettings, LimitKind, LimitSettings, Limited, ServiceSettings};

/// A day; longer ones only take longer.
const DURATION_SECS_MAX: f64 = 86_400.0;
const WORKERS_MAX: usize = 100;
/// Calls that a scenario may let through in all: each takes memory and time.
const CALLS_MAX: f64 = 10_000_000.0;
/// The shortest reply; without any time passing, hammering would never end.
const REPLY_SECS_MIN: f64 = 0.001;

type Checked = Result<(), String>;

/// The first thing that cannot be, in words that name the key.
pub(super) fn check(scenario: &Scenario) -> Checked {
    within("duration_secs", scenario.duration_secs, 1.0, DURATION_SECS_MAX)?;
    within("workers", scenario.workers as f64, 1.0, WORKERS_MAX as f64)?;
    spans("suspended", &scenario.suspended)?;
    scenario.limits.iter().try_for_each(limit)?;
    hints(&scenario.hints)?;
    service(&scenario.service)?;
    size("work.tokens", &scenario.work.tokens)?;
    size("work.items", &scenario.work.items)?;
    spans("work.pause", &scenario.work.pauses)?;
    for shift in &scenario.work.shifts {
        within("work.shift.factor", shift.factor, 0.001, 1000.0)?;
    }
    if let Some(rate) = scenario.work.urgent_per_sec {
        within("work.urgent_per_sec", rate, 0.0001, 1000.0)?;
    }
    calls(scenario)
}

/// Endless work must meet something that holds it up.
fn calls(scenario: &Scenario) -> Checked {
    let mean = |limited: Limited| match limited {
        Limited::InputTokens => scenario.work.tokens.mean(),
        Limited::Items => scenario.work.items.mean(),
        Limited::Requests | Limited::InFlight | Limited::Day => 1.0,
    };
    let shrinks = scenario.work.shifts.iter().map(|shift| shift.factor).fold(1.0, f64::min);
    let most = |limit: &LimitSettings| {
        limit.changes.iter().map(|change| change.limit).fold(limit.limit, f64::max)
    };
    let held = |limit: &LimitSettings| {
        let size = match limit.dimension {
            Limited::InputTokens => (mean(limit.dimension) * shrinks).max(1.0),
            _ => mean(limit.dimension),
        };
        let per_sec = match limit.dimension {
            Limited::InFlight => most(limit) / scenario.service.latency_secs,
            Limited::Day => most(limit) / 86_400.0,
            _ => most(limit) / 60.0,
        };
        per_sec * (scenario.duration_secs + limit.secs) / size
    };
    let slots = scenario
        .service
        .slots
        .map(|slots| slots as f64 * scenario.duration_secs / scenario.service.latency_secs);
    let arrivals = &scenario.work.arrivals;
    let arrived = (!arrivals.is_empty())
        .then(|| arrivals.iter().map(|arrival| arrival.requests as f64).sum());
    let calls =
        scenario.limits.iter().map(held).chain(slots).chain(arrived).fold(f64::INFINITY, f64::min);
    if calls.is_infinite() {
        return Err(
            "endless work needs a limit, service.slots or work.arrival to hold it up".to_owned()
        );
    }
    if calls > CALLS_MAX {
        return Err(format!(
            "{calls:.0} calls could be made, more than {CALLS_MAX} cannot be simulated"
        ));
    }
    Ok(())
}

fn limit(limit: &LimitSettings) -> Checked {
    within("limit.limit", limit.limit, 0.0, 1e12)?;
    within("limit.secs", limit.secs, 0.1, 1e6)?;
    if limit.dimension == Limited::InFlight && limit.kind != LimitKind::InFlight
        || limit.dimension != Limited::InFlight && limit.kind == LimitKind::InFlight
    {
        return Err(
            "limit.kind in_flight belongs to limit.dimension in_flight, and to no other".to_owned()
        );
    }
    for change in &limit.changes {
        within("limit.change.at_secs", change.at_secs, 0.0, 1e9)?;
        within("limit.change.limit", change.limit, 0.0, 1e12)?;
        within("limit.change.over_secs", change.over_secs, 0.0, 1e9)?;
    }
    if let Some(edge) = limit.first_edge_secs {
        within("limit.first_edge_secs", edge, 0.0, limit.secs)?;
    }
    if let Some(wave) = limit.wave {
        within("limit.wave.period_secs", wave.period_secs, 1.0, 1e9)?;
        within("limit.wave.depth", wave.depth, 0.0, 0.99)?;
    }
    let Some(tenant) = limit.tenant else { return Ok(()) };
    within("limit.tenant.share", tenant.share, 0.0, 1.0)?;
    within("limit.tenant.from_secs", tenant.from_secs, 0.0, 1e9)?;
    tenant.pulse_secs.map_or(Ok(()), |pulse| within("limit.tenant.pulse_secs", pulse, 1.0, 1e9))
}

fn hints(hints: &HintSettings) -> Checked {
    within("hints.missing_share", hints.missing_share, 0.0, 1.0)?;
    within("hints.retry_after_factor", hints.retry_after_factor.unwrap_or(1.0), 0.0, 1000.0)?;
    within("hints.retry_after_secs", hints.retry_after_secs.unwrap_or(0.0), 0.0, 1e9)
}

fn service(service: &ServiceSettings) -> Checked {
    within("service.latency_secs", service.latency_secs, REPLY_SECS_MIN, 1e6)?;
    within("service.latency_sigma", service.latency_sigma, 0.0, 3.0)?;
    within("service.secs_per_token", service.secs_per_token, 0.0, 1.0)?;
    within("service.slots", service.slots.map_or(1.0, |slots| slots as f64), 1.0, 10_000.0)?;
    within("service.network_secs_each_way", service.network_secs_each_way, 0.0, 60.0)?;
    within("service.network_jitter_secs", service.network_jitter_secs, 0.0, 60.0)?;
    within("service.failed_share", service.failed_share, 0.0, 0.99)?;
    let [from, to] = service.refusal_secs;
    within("service.refusal_secs", from, REPLY_SECS_MIN, 60.0)?;
    within("service.refusal_secs", to, from, 60.0)?;
    if let Some(tail) = service.tail {
        within("service.tail.share", tail.share, 0.0, 1.0)?;
        within("service.tail.factor", tail.factor, REPLY_SECS_MIN, 1e6)?;
    }
    for trouble in &service.troubles {
        span("service.trouble", trouble.from_secs, trouble.until_secs)?;
        within("service.trouble.slowdown", trouble.slowdown, REPLY_SECS_MIN, 1e6)?;
        within("service.trouble.overloaded_share", trouble.overloaded_share, 0.0, 1.0)?;
        within("service.trouble.slow_down_share", trouble.slow_down_share, 0.0, 1.0)?;
    }
    Ok(())
}

fn size(key: &str, size: &Size) -> Checked {
    within(&format!("{key}.median"), size.median, 0.001, 1e9)?;
    within(&format!("{key}.sigma"), size.sigma, 0.0, 3.0)?;
    within(&format!("{key}.min"), size.min, 0.0, size.max.unwrap_or(f64::INFINITY))
}

fn spans(key: &str, spans: &[Span]) -> Checked {
    spans.iter().try_for_each(|one| span(key, one.from_secs, one.until_secs))
}

fn span(key: &str, from: f64, until: f64) -> Checked {
    within(&format!("{key}.from_secs"), from, 0.0, until)?;
    within(&format!("{key}.until_secs"), until, from, 1e9)
}

/// Also refuses what is no number.
fn within(key: &str, value: f64, least: f64, most: f64) -> Checked {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(format!("{key} is {value}, must be from {least} to {most}"))
}
