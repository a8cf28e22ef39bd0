//! How a limit is counted, from several refusals at once.
//!
//! One refusal is explained by anything. But whatever counts, counts the same each time that it refuses: the right
//! explanation is the one by which all refusals stood at the same number, and nothing accepted ever exceeded it.

use super::edges::Edges;
use super::ledger::History;
use super::shape::Shape;

/// Lengths of windows that are in use, seconds.
const LENGTHS: [f64; 6] = [5.0, 10.0, 15.0, 20.0, 30.0, 60.0];

/// Beginnings of windows that are tried.
const PHASES: usize = 480;

/// And of those in the span in which one is believed to begin.
const DOUBTS: usize = 40;

/// Numbers that differ by so many calls, or by this share, are the same.
const OFF_CALLS: f64 = 1.5;
const OFF_SHARE: f64 = 0.008;

/// Sent at once.
const SAME_SECS: f64 = 1e-9;

/// A free beginning explains two refusals by chance.
const FIXED_MIN: usize = 3;

/// A refusal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) at: f64,
    /// Nothing had come back by then: when the last refused canary was sent, or the refused call itself.
    pub(super) shut: f64,
    /// Something had come back: when the accepted canary was sent.
    pub(super) open: Option<f64>,
}

/// An explanation that fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Explained {
    pub(super) shape: Shape,
    /// Units per second.
    pub(super) rate: f64,
}

/// Everything by which one dimension's refusals are judged.
pub(super) struct Case<'a> {
    pub(super) sent: &'a History,
    /// In order of time, all with a window's length of history before them.
    pub(super) met: &'a [Met],
    /// What a call costs.
    pub(super) unit: f64,
}

impl Case<'_> {
    /// The log, or windows, that fit; logs come first, since what suits a log suits windows of its length.
    pub(super) fn fits(&self) -> Vec<Explained> {
        let logs = LENGTHS.iter().filter_map(|length| self.log(*length));
        let fixed = LENGTHS.iter().filter_map(|length| self.fixed(*length));
        logs.chain(fixed).collect()
    }

    /// The refusals that the history reaches back far enough for.
    fn known(&self, length: f64) -> &[Met] {
        let from = self.sent.begins() + length;
        let first = self.met.partition_point(|met| met.at < from);
        &self.met[first..]
    }

    /// Whether a log explains the last refusals.
    pub(super) fn log_holds(&self, length: f64, lately: usize) -> bool {
        let met = self.known(length);
        let met = &met[met.len().saturating_sub(lately)..];
        met.len() < 2
            || self
                .same(met.iter().map(|met| self.log_number(met, length)))
                .is_some_and(|number| !self.early(met, length, number))
    }

    /// Whether windows that begin where they are believed to explain the last refusals.
    pub(super) fn windows_hold(&self, edges: Edges, lately: usize) -> bool {
        let met = self.known(edges.length);
        let met = &met[met.len().saturating_sub(lately)..];
        let phases = (0..=DOUBTS)
            .map(|part| edges.low + (edges.high - edges.low) * part as f64 / DOUBTS as f64);
        met.len() < 2
            || phases.into_iter().any(|phase| {
                let begun = |at: f64| at - (at - phase).rem_euclid(edges.length);
                possible(met, begun)
                    && self
                        .same(
                            met.iter()
                                .map(|met| self.sent.within(begun(met.at), met.at + SAME_SECS)),
                        )
                        .is_some()
            })
    }

    fn log_number(&self, met: &Met, length: f64) -> f64 {
        self.sent.within(met.at - length + SAME_SECS, met.at + SAME_SECS)
    }

    pub(super) fn log(&self, length: f64) -> Option<Explained> {
        let met = self.known(length);
        if met.len() < 2 {
            return None;
        }
        let number = self.same(met.iter().map(|met| self.log_number(met, length)))?;
        let since = met[0].at;
        let most = self.sent.most_within(since, length);
        let fits = most <= number + self.off(number) && !self.early(met, length, number);
        fits.then(|| Explained { shape: Shape::Log { length }, rate: number / length })
    }

    /// Whether something got through when a log that holds `number` had no room.
    fn early(&self, met: &[Met], length: f64, number: f64) -> bool {
        met.iter().filter_map(|met| met.open).any(|open| {
            self.sent.within(open - length, open) > number + self.off(number) - self.unit
        })
    }

    /// Whether windows of this length are ruled out, wherever they begin.
    pub(super) fn not_fixed(&self, length: f64) -> bool {
        self.known(length).len() >= FIXED_MIN && self.fixed(length).is_none()
    }

    pub(super) fn fixed(&self, length: f64) -> Option<Explained> {
        let met = self.known(length);
        if met.len() < FIXED_MIN {
            return None;
        }
        let phase = |index: usize| length * index as f64 / PHASES as f64;
        let fits: Vec<Option<f64>> =
            (0..PHASES).map(|index| self.begun_at(met, length, phase(index))).collect();
        let (from, to) = longest_run(&fits)?;
        let numbers = (from..=to).filter_map(|index| fits[index % PHASES]);
        let number = numbers.fold(f64::INFINITY, f64::min);
        let at = met[met.len() - 1].at;
        let low = at - (at - phase(from)).rem_euclid(length);
        let edges = Edges { length, low, high: low + phase(to - from + 1) };
        Some(Explained { shape: Shape::Fixed(edges), rate: number / length })
    }

    /// What windows hold if one of them begins at `phase`; none if that explains nothing.
    fn begun_at(&self, met: &[Met], length: f64, phase: f64) -> Option<f64> {
        let begun = |at: f64| at - (at - phase).rem_euclid(length);
        if !possible(met, begun) {
            return None;
        }
        let number =
            self.same(met.iter().map(|met| self.sent.within(begun(met.at), met.at + SAME_SECS)))?;
        let (mut at, last) = (begun(met[0].at), begun(met[met.len() - 1].at));
        while at <= last {
            if self.sent.within(at, at + length) > number + self.off(number) {
                return None;
            }
            at += length;
        }
        Some(number)
    }

    /// The number that all are, if they are the same.
    fn same(&self, numbers: impl Iterator<Item = f64>) -> Option<f64> {
        let (least, most) = numbers
            .fold((f64::INFINITY, 0.0f64), |(least, most), one| (least.min(one), most.max(one)));
        (most - least <= self.off(most) && least >= self.unit).then_some(least)
    }

    fn off(&self, number: f64) -> f64 {
        (OFF_CALLS * self.unit).max(OFF_SHARE * number)
    }
}

/// Whether windows that begin so were shut as long as nothing came back, and not when something had.
fn possible(met: &[Met], begun: impl Fn(f64) -> f64) -> bool {
    met.iter().all(|met| {
        let begun_then = begun(met.at);
        begun(met.shut) <= begun_then && met.open.is_none_or(|open| begun(open) > begun_then)
    })
}

/// First and last index of the longest run of values, on a circle: the last may be beyond the end.
fn longest_run(values: &[Option<f64>]) -> Option<(usize, usize)> {
    let count = values.len();
    let start = values.iter().position(Option::is_none).unwrap_or(0);
    let mut best: Option<(usize, usize)> = None;
    let mut run: Option<(usize, usize)> = None;
    for index in start..start + count {
        run = values[index % count].map(|_| (run.map_or(index, |run| run.0), index));
        if let Some((from, to)) = run
            && best.is_none_or(|best| to - from > best.1 - best.0)
        {
            best = Some((from, to));
        }
    }
    best
}

#[cfg(test)]
mod tests;
