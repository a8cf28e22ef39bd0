//! Who goes next: weighted fair queueing over classes of urgency, in units of cost.
//!
//! Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): every class has a virtual start, the backlogged
//! class with the lowest one is served, and serving moves it on by cost / weight. Virtual time is the start of
//! what was served last, and a class that comes back from idleness starts there, so that idling earns nothing.
//! Over any time in which two classes both have work, their services per weight differ by at most one item of
//! each (theorem 1 there). Within a class the order is that of arrival.
//!
//! Ageing is ours, because refunds ([`FairQueue::push_front`]) and items that cost as much as thousands of others
//! are outside that theorem: a class of [`Class::ALL`]'s rank r (1 to 4) that had work but was not served for
//! `r * ageing` seconds goes next whatever its virtual start, which is set back to virtual time. Hence no head
//! waits longer than `r * ageing` and three more calls of [`FairQueue::pop`]. It counts from the last service
//! of the class, not from the arrival of an item: behind an hour of backlog everything is old, and age of items
//! would turn the queue into first come, first served.
//!
//! All operations take time proportional to the number of classes, which is four.

use std::collections::VecDeque;

/// Seconds without service per rank before a class is served out of turn. A minute lets the slowest known quota
/// (three requests per minute) keep the shares of the weights.
pub const AGEING: f64 = 60.0;

/// Urgency of work, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Urgent,
    High,
    Normal,
    Low,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Urgent, Self::High, Self::Normal, Self::Low];

    /// Share of service while all have work, relative to the others: each class has twice that of the next.
    pub fn weight(self) -> f64 {
        match self {
            Self::Urgent => 8.0,
            Self::High => 4.0,
            Self::Normal => 2.0,
            Self::Low => 1.0,
        }
    }

    fn rank(self) -> f64 {
        self as usize as f64 + 1.0
    }
}

/// An item given out, with what is needed to put it back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Served<T> {
    pub class: Class,
    pub cost: f64,
    pub item: T,
}

/// Items of four classes, each with a cost. See the module for the order.
#[derive(Debug)]
pub struct FairQueue<T> {
    lines: [Line<T>; Class::ALL.len()],
    virtual_time: f64,
    ageing: f64,
}

#[derive(Debug)]
struct Line<T> {
    items: VecDeque<(f64, T)>,
    cost: f64,
    /// Virtual start of the head.
    start: f64,
    /// When the class was last served or, if later, came to have work.
    waiting_since: f64,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self::new(AGEING)
    }
}

impl<T> FairQueue<T> {
    /// `ageing` in seconds, see the module; infinite for none.
    pub fn new(ageing: f64) -> Self {
        let line = |_| Line { items: VecDeque::new(), cost: 0.0, start: 0.0, waiting_since: 0.0 };
        Self { lines: Class::ALL.map(line), virtual_time: 0.0, ageing }
    }

    /// Behind all others of its class. `cost` in any unit, the same for all items; finite and not negative.
    pub fn push(&mut self, now: f64, class: Class, cost: f64, item: T) {
        self.enter(now, class, cost).items.push_back((cost, item));
    }

    /// Before all others of its class: for what was served and comes back, whole or as a part. What its service
    /// was charged is given back, so that it pays once; several go back last one first.
    pub fn push_front(&mut self, now: f64, class: Class, cost: f64, item: T) {
        let line = self.enter(now, class, cost);
        line.items.push_front((cost, item));
        line.start -= cost / class.weight();
    }

    fn enter(&mut self, now: f64, class: Class, cost: f64) -> &mut Line<T> {
        assert!(cost.is_finite() && cost >= 0.0, "the cost of an item is {cost}");
        let line = &mut self.lines[class as usize];
        if line.items.is_empty() {
            line.start = line.start.max(self.virtual_time);
            line.waiting_since = now;
        }
        line.cost += cost;
        line
    }

    /// The class of the item that [`FairQueue::pop`] would give.
    pub fn head(&self, now: f64) -> Option<Class> {
        let backlogged =
            || Class::ALL.into_iter().filter(|class| !self.line(*class).items.is_empty());
        backlogged()
            .filter(|class| self.due(*class) <= now)
            .min_by(|a, b| self.due(*a).total_cmp(&self.due(*b)))
            .or_else(|| backlogged().min_by(|a, b| self.start(*a).total_cmp(&self.start(*b))))
    }

    /// The item that [`FairQueue::pop`] would give.
    pub fn peek(&self, now: f64) -> Option<&T> {
        self.waiting(self.head(now)?).next()
    }

    /// Takes the item that goes next.
    pub fn pop(&mut self, now: f64) -> Option<Served<T>> {
        let class = self.head(now)?;
        self.pop_if(now, class, |_| true)
    }

    /// Takes the first item of this class if it is `wanted`: how a batch takes more of the class of its head.
    /// The class pays for it as if its turn had come.
    pub fn pop_if(
        &mut self,
        now: f64,
        class: Class,
        wanted: impl FnOnce(&T) -> bool,
    ) -> Option<Served<T>> {
        let overdue = self.due(class) <= now;
        let line = &mut self.lines[class as usize];
        let (cost, item) = line.items.pop_front_if(|(_, item)| wanted(item))?;
        if overdue {
            line.start = line.start.min(self.virtual_time);
        }
        self.virtual_time = self.virtual_time.max(line.start);
        line.start += cost / class.weight();
        line.waiting_since = now;
        // Sums of floating-point numbers drift; what is empty costs nothing.
        line.cost = if line.items.is_empty() { 0.0 } else { (line.cost - cost).max(0.0) };
        if self.is_empty() {
            self.begin_anew();
        }
        Some(Served { class, cost, item })
    }

    /// Items of one class, first the one to be served first.
    pub fn waiting(&self, class: Class) -> impl ExactSizeIterator<Item = &T> {
        self.line(class).items.iter().map(|(_, item)| item)
    }

    pub fn len(&self) -> usize {
        self.lines.iter().map(|line| line.items.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.items.is_empty())
    }

    /// Sum of the costs of all that wait.
    pub fn total_cost(&self) -> f64 {
        self.lines.iter().map(|line| line.cost).sum()
    }

    fn line(&self, class: Class) -> &Line<T> {
        &self.lines[class as usize]
    }

    fn start(&self, class: Class) -> f64 {
        self.line(class).start
    }

    /// When this class is to be served out of turn.
    fn due(&self, class: Class) -> f64 {
        self.line(class).waiting_since + class.rank() * self.ageing
    }

    /// Nobody waits, so nobody is ahead of anybody; and virtual time stays small enough to add small costs to it.
    fn begin_anew(&mut self) {
        self.virtual_time = 0.0;
        for line in &mut self.lines {
            line.start = 0.0;
        }
    }
}

#[cfg(test)]
mod tests;
