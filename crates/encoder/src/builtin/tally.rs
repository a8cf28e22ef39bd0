//! How often each piece occurs, and what weight that gives it.
#![forbid(unsafe_code)]

use crate::{kernels::Pick, table::Table};

/// Terms of the series of [`log_weight`]; the first one left out is below the last bit of an `f64`.
const TERMS: u32 = 17;

#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Occurrences in the text at hand, by id; all zero between texts.
    counts: Vec<u32>,
    picks: Vec<Pick>,
}

impl Tally {
    /// The distinct `ids` but `unknown`, in the order of their first occurrence, with their weights.
    pub(super) fn picks(&mut self, ids: &[u32], unknown: u32, table: &Table) -> &[Pick] {
        self.counts.resize(table.rows(), 0);
        self.picks.clear();
        for &id in ids {
            let count = &mut self.counts[id as usize];
            if *count == 0 && id != unknown {
                self.picks.push(Pick { row: id, weight: table.scale(id) });
            }
            *count += 1;
        }
        for pick in &mut self.picks {
            let count = std::mem::take(&mut self.counts[pick.row as usize]);
            if count > 1 {
                pick.weight *= log_weight(count);
            }
        }
        self.counts[unknown as usize] = 0;
        &self.picks
    }
}

/// 1 + ln `count`, for `count` ≥ 1: the second occurrence says less than the first.
///
/// Worked out here and not by the platform's `ln`, whose last bit differs between C libraries:
/// with `count` = m·2ᵉ it is 1 + e·ln 2 + 2·artanh((m−1)/(m+1)).
pub(super) fn log_weight(count: u32) -> f32 {
    let exponent = count.ilog2();
    let mantissa = f64::from(count) / f64::from(1u32 << exponent);
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let artanh =
        (0..TERMS).rev().fold(0.0, |sum, term| sum * t * t + 1.0 / f64::from(2 * term + 1)) * t;
    (1.0 + f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * artanh) as f32
}
