//! The times over which utilisation can be judged fairly.

use crate::provider::LimitKind;
use crate::scenario::Scenario;
use crate::world::Run;

/// The oracle spends a window at its very edge, where rounding may put it on either side.
const EDGE_SECS: f64 = 1e-6;

/// Spans of time, in order: all of the run, and where the first limit counts in fixed windows its whole windows
/// without those in which it changes.
///
/// A window that the run begins or ends in, or the rest of one after a rise, is open for a moment of unknown length.
/// The oracle takes all of it in that moment; whoever does not know the limit must not, or would be refused far more
/// than 1 % of the calls where the limit is lower. Nor can one take what a window holds at its beginning and no
/// longer holds at its end, unless one knows of the fall beforehand or spends each window at once. Buckets and
/// sliding windows keep what was not taken, so there the whole run counts.
pub fn judged(scenario: &Scenario, run: &Run) -> Vec<(f64, f64)> {
    let Some(edges) = &run.edges else { return vec![(0.0, run.end)] };
    let edges = edges.iter().map(|edge| edge - EDGE_SECS);
    let windows = edges.clone().zip(edges.skip(1));
    windows.filter(|(from, until)| !changes_between(scenario, *from, *until)).collect()
}

fn changes_between(scenario: &Scenario, from: f64, until: f64) -> bool {
    let first = scenario.limits.first().filter(|limit| limit.kind == LimitKind::FixedWindow);
    let Some(limit) = first else { return false };
    let changes =
        limit.changes.iter().map(|change| (change.at_secs, change.at_secs + change.over_secs));
    let tenant =
        limit.tenant.into_iter().flat_map(|tenant| [Some(tenant.from_secs), tenant.until_secs]);
    let tenant = tenant.flatten().map(|at| (at, at));
    changes.chain(tenant).any(|(begins, ends)| from < ends && begins < until)
}
