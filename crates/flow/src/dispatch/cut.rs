//! What would travel next: a call made again as it was, or a batch cut from the head of a class.

use super::Dispatcher;
use super::unit::{Entry, Parcel};
use crate::cost::Cost;
use crate::fair::Class;

enum Front {
    /// So many entries of the class.
    Ready {
        count: usize,
        cost: Cost,
    },
    Lingers(f64),
}

impl<T> Dispatcher<T> {
    /// The class to serve, with what would travel: that of the head, or while its batch waits for company another
    /// whose batch is whole. Error: when the first of them closes.
    pub(super) fn foremost(&self, now: f64, head: Class) -> Result<(Class, usize, Cost), f64> {
        let others = Class::ALL.into_iter().filter(|class| *class != head);
        let mut closes = f64::INFINITY;
        for class in std::iter::once(head).chain(others) {
            match self.front(now, class) {
                Front::Ready { count: 0, .. } => {}
                Front::Ready { count, cost } => return Ok((class, count, cost)),
                Front::Lingers(until) => closes = closes.min(until),
            }
        }
        Err(closes)
    }

    pub(super) fn expired(&mut self, now: f64, class: Class) -> Option<T> {
        let gone = |deadline: Option<f64>| deadline.is_some_and(|deadline| deadline <= now);
        let late = match self.queue.waiting(class).next()? {
            Entry::Fresh(unit) => gone(unit.deadline),
            Entry::Again(parcel) => gone(parcel.deadline()),
        };
        if !late {
            return None;
        }
        match self.queue.pop_if(now, class, |_| true)?.item {
            Entry::Fresh(unit) => Some(unit.item),
            Entry::Again(mut parcel) => {
                let index = parcel.units.iter().position(|unit| gone(unit.deadline))?;
                let unit = parcel.units.remove(index);
                if !parcel.units.is_empty() {
                    self.put_back(now, parcel);
                }
                Some(unit.item)
            }
        }
    }

    /// What would travel next, without taking it.
    fn front(&self, now: f64, class: Class) -> Front {
        let caps = &self.settings.batch;
        let (mut count, mut tokens, mut bytes) = (0, 0.0, 0);
        let mut full = false;
        let mut oldest = now;
        for entry in self.queue.waiting(class) {
            match entry {
                Entry::Again(parcel) if count == 0 => {
                    return Front::Ready {
                        count: 1,
                        cost: self.cost(parcel.tokens(), parcel.units.len()),
                    };
                }
                Entry::Again(_) => full = true,
                Entry::Fresh(unit) => {
                    let over = tokens + unit.size.tokens > caps.tokens
                        || bytes + unit.size.bytes > caps.bytes
                        || count == caps.items;
                    full = over && count > 0;
                    if !full {
                        count += 1;
                        tokens += unit.size.tokens;
                        bytes += unit.size.bytes;
                        oldest = oldest.min(unit.entered);
                    }
                }
            }
            if full {
                break;
            }
        }
        let closes = oldest + self.settings.linger;
        if full || count == 0 || count >= caps.items || self.closed || closes <= now {
            Front::Ready { count, cost: self.cost(tokens, count) }
        } else {
            Front::Lingers(closes)
        }
    }

    fn cost(&self, tokens: f64, items: usize) -> Cost {
        Cost::request(tokens * self.scale, items as f64)
    }

    pub(super) fn take(&mut self, now: f64, class: Class, mut count: usize) -> Parcel<T> {
        let mut units = Vec::with_capacity(count);
        while units.len() < count {
            match self.queue.pop_if(now, class, |_| true).map(|served| served.item) {
                Some(Entry::Fresh(unit)) if unit.deadline.is_some_and(|at| at <= now) => {
                    count -= 1;
                    self.late.push(unit.item);
                }
                Some(Entry::Fresh(unit)) => units.push(unit),
                Some(Entry::Again(parcel)) => return parcel,
                None => break,
            }
        }
        Parcel::new(units, class)
    }
}
