//! Contenders on scenarios, side by side: what `gristmill simulate` prints and draws.

mod drawing;
mod sweep;
mod table;

pub use drawing::drawing;
pub use sweep::BEST_FIXED;
pub use table::table;

use crate::contender::{Contender, Role};
use crate::scenario::Scenario;
use crate::score::{Miss, Score, Scores, score_seeds};

/// Who takes part.
#[derive(Debug, Clone, Copy)]
pub enum Entrant {
    Contender(&'static Contender),
    /// The number of calls at once that does best on the scenario, found by trying.
    BestFixed,
}

impl Entrant {
    pub fn name(self) -> &'static str {
        match self {
            Self::Contender(contender) => contender.name,
            Self::BestFixed => BEST_FIXED,
        }
    }

    pub fn role(self) -> Role {
        match self {
            Self::Contender(contender) => contender.role,
            Self::BestFixed => Role::Reference,
        }
    }

    pub fn about(self) -> &'static str {
        match self {
            Self::Contender(contender) => contender.about,
            Self::BestFixed => "the number of calls at once that a sweep finds best",
        }
    }
}

/// One policy on one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub policy: &'static str,
    pub role: Role,
    /// Calls at once, where a sweep chose them.
    pub width: Option<usize>,
    pub scores: Scores,
    /// Each bar that a seed missed, by the seed that missed it furthest.
    pub missed: Vec<Miss>,
}

/// All policies on one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub scenario: Scenario,
    pub entries: Vec<Entry>,
}

/// Simulates seeds 1 to `seeds` of one scenario with every entrant.
pub fn compare(scenario: &Scenario, entrants: &[Entrant], seeds: u64) -> Comparison {
    let entries = entrants.iter().map(|entrant| enter(scenario, *entrant, seeds)).collect();
    Comparison { scenario: scenario.clone(), entries }
}

fn enter(scenario: &Scenario, entrant: Entrant, seeds: u64) -> Entry {
    let (width, scores) = match entrant {
        Entrant::Contender(contender) => (None, score_seeds(scenario, seeds, &contender.make)),
        Entrant::BestFixed => {
            let (width, scores) = sweep::best_fixed(scenario, seeds);
            (Some(width), scores)
        }
    };
    let missed = missed(scenario, &scores);
    Entry { policy: entrant.name(), role: entrant.role(), width, scores, missed }
}

fn missed(scenario: &Scenario, scores: &Scores) -> Vec<Miss> {
    let mut furthest: Vec<Miss> = Vec::new();
    for miss in scores.0.iter().flat_map(|score| scenario.bars.misses(score)) {
        match furthest.iter_mut().find(|known| known.bar == miss.bar) {
            None => furthest.push(miss),
            Some(known) if (miss.got - miss.wanted).abs() > (known.got - known.wanted).abs() => {
                *known = miss;
            }
            Some(_) => {}
        }
    }
    furthest
}

/// The figures of one entry that people compare: medians, and the worst, over its seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Of what was possible.
    pub utilisation: f64,
    pub utilisation_worst: f64,
    /// Of all attempts.
    pub throttled: f64,
    pub throttled_worst: f64,
    /// Worst seconds until 90 % of the limit again after a change; infinite: never; none: nothing changes.
    pub reconverged: Option<f64>,
    /// Of answered calls, seconds.
    pub p50: f64,
    pub p99: f64,
    /// [`Score::combined`].
    pub combined: f64,
    pub combined_worst: f64,
}

impl Entry {
    pub fn figures(&self) -> Figures {
        let scores = &self.scores;
        Figures {
            utilisation: scores.median(|score| score.utilisation),
            utilisation_worst: scores.least(|score| score.utilisation),
            throttled: scores.median(|score| score.throttled),
            throttled_worst: scores.most(|score| score.throttled),
            reconverged: reconverged(scores),
            p50: scores.median(|score| score.p50),
            p99: scores.median(|score| score.p99),
            combined: scores.median(Score::combined),
            combined_worst: scores.least(Score::combined),
        }
    }
}

fn reconverged(scores: &Scores) -> Option<f64> {
    let all = scores.0.iter().flat_map(|score| &score.reconverged);
    all.map(|secs| secs.unwrap_or(f64::INFINITY)).reduce(f64::max)
}

/// One policy over all scenarios: means of the medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    pub policy: &'static str,
    pub role: Role,
    pub utilisation: f64,
    pub throttled: f64,
    pub combined: f64,
    /// The least combined score of any scenario and seed.
    pub combined_worst: f64,
    /// Scenarios of which all bars were met by all seeds.
    pub met: usize,
    pub scenarios: usize,
}

/// Best first. Every comparison has the same entrants.
pub fn means(comparisons: &[Comparison]) -> Vec<Mean> {
    let policies = comparisons.first().map_or(&[][..], |comparison| &comparison.entries);
    let mut means: Vec<Mean> = policies
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let entries = comparisons.iter().map(|comparison| &comparison.entries[index]);
            mean(entry, &entries.collect::<Vec<_>>())
        })
        .collect();
    means.sort_by(|a, b| b.combined.total_cmp(&a.combined));
    means
}

fn mean(entry: &Entry, entries: &[&Entry]) -> Mean {
    let figures: Vec<Figures> = entries.iter().map(|entry| entry.figures()).collect();
    let mean = |of: fn(&Figures) -> f64| figures.iter().map(of).sum::<f64>() / figures.len() as f64;
    Mean {
        policy: entry.policy,
        role: entry.role,
        utilisation: mean(|figures| figures.utilisation),
        throttled: mean(|figures| figures.throttled),
        combined: mean(|figures| figures.combined),
        combined_worst: figures.iter().map(|one| one.combined_worst).fold(f64::INFINITY, f64::min),
        met: entries.iter().filter(|entry| entry.missed.is_empty()).count(),
        scenarios: entries.len(),
    }
}

#[cfg(test)]
mod tests;
