//! After a refusal: is what was believed still the explanation of all of the last ones?

use super::Adaptive;
use super::explain::{Case, Explained, Met};
use super::limit::{Limit, Standing};
use super::part::Part;
use super::shape::{Instead, Shape};
use crate::cost::RATES;

/// Refusals that are looked back at.
const MET_MAX: usize = 12;

/// The last ones, by which it is seen that what was believed does not hold; and what another explanation must explain.
const LATELY: usize = 2;
const ENOUGH: usize = 3;

impl Adaptive {
    /// A refusal is over, or was one of a call beyond the limit.
    pub(super) fn review(&mut self, met: Met) {
        if self.met.len() == MET_MAX {
            self.met.remove(0);
        }
        self.met.push(met);
        if !self.has(Part::Explanation) {
            return;
        }
        for index in 0..RATES.len() {
            let limit = &self.limits[index];
            if limit.binds() && limit.standing != Standing::Told && limit.shape.length().is_some() {
                self.review_one(index);
            }
        }
    }

    fn review_one(&mut self, index: usize) {
        let sent = self.ledger.history(index);
        let limit = &mut self.limits[index];
        let case = Case { sent: &sent, met: &self.met, unit: limit.unit };
        match limit.shape {
            Shape::Log { length } => {
                if case.log_holds(length, LATELY) {
                    let surely = case.log(length).is_some() && case.not_fixed(length);
                    limit.instead = if surely { Instead::Nothing } else { Instead::Windows };
                    return;
                }
            }
            Shape::Fixed(edges) => {
                if case.windows_hold(edges, LATELY) {
                    return;
                }
            }
            Shape::Unknown | Shape::Paced => return,
        }
        for first in 0..=self.met.len().saturating_sub(ENOUGH) {
            let case = Case { sent: &sent, met: &self.met[first..], unit: limit.unit };
            let fits = case.fits();
            if !fits.is_empty() {
                limit.explained(&fits);
                return;
            }
        }
    }
}

impl Limit {
    /// What was believed does not hold: takes over another explanation, of the same length if one is.
    fn explained(&mut self, fits: &[Explained]) {
        let of_length = |fit: &&Explained| fit.shape.length() == self.shape.length();
        let chosen = fits.iter().find(of_length).unwrap_or(&fits[0]);
        self.shape = chosen.shape;
        self.maybe_fixed = None;
        self.instead = Instead::Windows;
        self.set_rate(chosen.rate);
        self.sure = true;
    }
}
