//! What waits, and what travels together.

use super::CutShort;
use super::route::Tried;
use crate::fair::Class;

/// How much of a call one item takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Input tokens, as estimated.
    pub tokens: f64,
    /// Of the request's body.
    pub bytes: usize,
}

/// How an item wants to travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    pub class: Class,
    pub size: Size,
    /// Not sent later than this.
    pub deadline: Option<f64>,
}

/// An item with all that decides when it is sent.
#[derive(Debug)]
pub(super) struct Unit<T> {
    pub item: T,
    pub size: Size,
    /// When it was handed in.
    pub entered: f64,
    /// Not sent later than this.
    pub deadline: Option<f64>,
}

/// Items that travel in one call, and go on together when it fails.
#[derive(Debug)]
pub(super) struct Parcel<T> {
    pub units: Vec<Unit<T>>,
    pub class: Class,
    /// Ends that count against it: the provider answered others meanwhile.
    pub blamed: u32,
    pub tried: Tried,
}

/// Waits for its retry.
#[derive(Debug)]
pub(super) struct Delayed<T> {
    pub due: f64,
    pub price: f64,
    /// Whose budget pays.
    pub route: usize,
    /// Due, but the budget is used up.
    pub postponed: Postponed,
    pub parcel: Parcel<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Postponed {
    No,
    Yes,
}

impl<T> Parcel<T> {
    pub(super) fn tokens(&self) -> f64 {
        self.units.iter().map(|unit| unit.size.tokens).sum()
    }

    /// Halves, both to be sent as they are: the refused item is found in log2(n) steps.
    pub(super) fn split(mut self) -> (Self, Self) {
        let units = self.units.split_off(self.units.len() / 2);
        (Self::new(self.units, self.class), Self::new(units, self.class))
    }

    pub(super) fn new(units: Vec<Unit<T>>, class: Class) -> Self {
        Self {
            units,
            class,
            blamed: 0,
            tried: Tried { failures: 0, paid: 0.0, cut_short: CutShort::No },
        }
    }

    pub(super) fn deadline(&self) -> Option<f64> {
        self.units.iter().filter_map(|unit| unit.deadline).min_by(f64::total_cmp)
    }
}

/// What waits in line: something new, or a call that has to be made again.
#[derive(Debug)]
pub(super) enum Entry<T> {
    Fresh(Unit<T>),
    Again(Parcel<T>),
}
