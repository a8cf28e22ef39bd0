//! How many workers of a pool may begin something new, and the rule by which that follows the machine's load.
//!
//! The rule is that of the earlier systems (CPU or memory above 80 %: half; above 60 %: three quarters; both below
//! 30 %: double, at most 64), with two changes. What this process itself computes is no reason to compute less: for
//! going down, the processor time of *others* counts. And a change needs the same answer several times in a row, and a
//! way back of five points, so that a width does not swing with a load that it makes itself.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Samples in a row that must agree before the width changes.
const AGREEING: u32 = 3;

/// So far below its threshold a load must fall before a narrower width is given up.
const WAY_BACK: f64 = 0.05;

/// Between the thresholds for three quarters and for half.
const STEP: f64 = 0.2;

/// Below this share of both, and with work waiting, the machine has room for twice as many.
const IDLE: f64 = 0.3;

/// However much room there is.
pub const WIDTH_MAX: usize = 64;

/// A pool's width: its workers are numbered from 0, and those from the width on wait before they begin something new.
#[derive(Debug)]
pub struct Width {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    now: usize,
    closed: bool,
}

impl Width {
    /// At least 1: worker 0 never waits.
    pub fn new(now: usize) -> Self {
        Self {
            state: Mutex::new(State { now: now.max(1), closed: false }),
            changed: Condvar::new(),
        }
    }

    pub fn now(&self) -> usize {
        self.lock().now
    }

    /// What is begun goes on.
    pub fn set(&self, now: usize) {
        self.lock().now = now.max(1);
        self.changed.notify_all();
    }

    /// Blocks this worker until the width reaches it, or nobody needs to wait any more.
    pub fn wait(&self, worker: usize) {
        let mut state = self.lock();
        while worker >= state.now && !state.closed {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// There is nothing more to begin: lets everybody go.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Closes it when dropped, also where a worker panics: nobody must wait for one that is gone.
    pub fn closing(&self) -> Closing<'_> {
        Closing(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Width::closing`].
#[derive(Debug)]
#[must_use]
pub struct Closing<'w>(&'w Width);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Shares of what this process may use, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Processor time of all.
    pub cpu: f64,
    /// Processor time of all but this process and its children.
    pub cpu_of_others: f64,
    pub memory: f64,
    pub waiting: Waiting,
}

/// Whether there is work that nobody has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    Nothing,
    Something,
}

/// Between what a width may move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Where nothing speaks for more or less; at least 1.
    pub usual: usize,
    /// At most [`WIDTH_MAX`].
    pub most: usize,
    /// Share of the processors above which the width is halved.
    pub cpu_max: f64,
    /// Share of the memory above which the width is halved.
    pub memory_max: f64,
}

/// Why a width is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Processor or memory above the limit.
    Full,
    /// A fifth below that.
    Busy,
    Usual,
    /// Both are idle and work waits.
    Idle,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Usual => "usual",
            Self::Idle => "idle",
        }
    }
}

/// A change of a width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    pub from: usize,
    pub to: usize,
    pub reason: Reason,
    pub load: Load,
}

/// The rule, without a clock: one sample after another.
#[derive(Debug)]
pub struct Follower {
    bounds: Bounds,
    now: usize,
    reason: Reason,
    proposed: Reason,
    agreeing: u32,
}

impl Follower {
    pub fn new(bounds: Bounds) -> Self {
        let bounds = Bounds { usual: bounds.usual.max(1), ..bounds };
        let (reason, now) = (Reason::Usual, bounds.usual);
        Self { bounds, now, reason, proposed: reason, agreeing: 0 }
    }

    /// Another usual width, from the next change on; the user has decided.
    pub fn set_usual(&mut self, usual: usize) -> usize {
        *self = Self::new(Bounds { usual, most: self.bounds.most.max(usual), ..self.bounds });
        self.now
    }

    /// What changes after this sample, if anything.
    pub fn sample(&mut self, load: Load) -> Option<Decision> {
        let reason = self.reason_of(&load);
        if reason != self.proposed {
            (self.proposed, self.agreeing) = (reason, 0);
        }
        self.agreeing += 1;
        let (from, to) = (self.now, self.width_for(reason));
        if self.agreeing < AGREEING || to == from {
            return None;
        }
        (self.now, self.reason, self.agreeing) = (to, reason, 0);
        Some(Decision { from, to, reason, load })
    }

    fn reason_of(&self, load: &Load) -> Reason {
        let Bounds { cpu_max, memory_max, .. } = self.bounds;
        // Where the width is narrow already, the way back is longer than the way there.
        let above = |below: f64, of: Reason| {
            let narrow = self.reason == Reason::Full || self.reason == of;
            let back = if narrow { WAY_BACK } else { 0.0 };
            load.cpu_of_others > cpu_max - below - back || load.memory > memory_max - below - back
        };
        if above(0.0, Reason::Full) {
            Reason::Full
        } else if above(STEP, Reason::Busy) {
            Reason::Busy
        } else if load.cpu < IDLE && load.memory < IDLE && load.waiting == Waiting::Something {
            Reason::Idle
        } else {
            Reason::Usual
        }
    }

    fn width_for(&self, reason: Reason) -> usize {
        let Bounds { usual, most, .. } = self.bounds;
        match reason {
            Reason::Full => (usual / 2).max(1),
            Reason::Busy => (usual * 3 / 4).max(1),
            // What was doubled for want of load stays, as the load is what it made of it.
            Reason::Usual if self.reason == Reason::Idle => self.now,
            Reason::Usual => usual,
            Reason::Idle => (2 * self.now).min(most.min(WIDTH_MAX)).max(self.now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    const BOUNDS: Bounds = Bounds { usual: 8, most: 32, cpu_max: 0.8, memory_max: 0.8 };

    fn load(others: f64, memory: f64) -> Load {
        Load { cpu: 0.9, cpu_of_others: others, memory, waiting: Waiting::Something }
    }

    const IDLE_LOAD: Load =
        Load { cpu: 0.1, cpu_of_others: 0.0, memory: 0.1, waiting: Waiting::Something };

    /// Widths after each load was sampled so often that it counts.
    fn widths(loads: &[Load]) -> Vec<usize> {
        let mut follower = Follower::new(BOUNDS);
        loads
            .iter()
            .map(|load| {
                for _ in 0..AGREEING {
                    follower.sample(*load);
                }
                follower.now
            })
            .collect()
    }

    #[test]
    fn a_width_is_halved_and_cut_by_a_quarter_and_comes_back() {
        let own_work = load(0.0, 0.4);
        assert_eq!(
            widths(&[own_work, load(0.7, 0.1), load(0.9, 0.1), load(0.7, 0.1), own_work]),
            [8, 6, 4, 6, 8]
        );
        assert_eq!(widths(&[load(0.0, 0.61), load(0.0, 0.81), own_work]), [6, 4, 8]);
    }

    #[test]
    fn an_idle_machine_with_work_waiting_gets_twice_the_width_up_to_the_most() {
        assert_eq!(widths(&[IDLE_LOAD; 4]), [16, 32, 32, 32]);
        let nothing = Load { waiting: Waiting::Nothing, ..IDLE_LOAD };
        assert_eq!(widths(&[nothing; 2]), [8, 8]);
        // The load that the wider pool makes is no reason to narrow it; that of others is.
        assert_eq!(widths(&[IDLE_LOAD, load(0.0, 0.4), load(0.9, 0.1)]), [16, 16, 4]);
    }

    #[test]
    fn a_load_that_comes_and_goes_changes_nothing() {
        let mut follower = Follower::new(BOUNDS);
        for _ in 0..20 {
            for load in [load(0.9, 0.1), load(0.9, 0.1), load(0.1, 0.5)] {
                assert_eq!(follower.sample(load), None);
            }
        }
    }

    #[test]
    fn the_way_back_is_longer_than_the_way_there() {
        assert_eq!(widths(&[load(0.81, 0.1), load(0.77, 0.1), load(0.74, 0.1)]), [4, 4, 6]);
        assert_eq!(widths(&[load(0.61, 0.1), load(0.57, 0.1), load(0.54, 0.1)]), [6, 6, 8]);
    }

    #[test]
    fn what_the_user_says_holds_at_once() {
        let mut follower = Follower::new(BOUNDS);
        assert_eq!(follower.set_usual(3), 3);
        assert_eq!(follower.set_usual(0), 1);
    }

    #[test]
    fn workers_beyond_the_width_wait_until_it_grows_or_nothing_is_left() {
        let width = Arc::new(Width::new(1));
        width.wait(0);
        let begun = Arc::new(Mutex::new(Vec::new()));
        let workers: Vec<_> = [1, 2]
            .into_iter()
            .map(|worker| {
                let (width, begun) = (Arc::clone(&width), Arc::clone(&begun));
                std::thread::spawn(move || {
                    width.wait(worker);
                    begun.lock().unwrap().push(worker);
                })
            })
            .collect();
        assert_eq!(*begun.lock().unwrap(), Vec::<usize>::new());
        width.set(2);
        while begun.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(*begun.lock().unwrap(), [1]);
        width.close();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(*begun.lock().unwrap(), [1, 2]);
    }

    proptest! {
        #[test]
        fn a_width_stays_between_half_and_the_most(
            loads in prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0, any::<bool>()), 1..200),
            usual in 1usize..64,
            more in 0usize..64,
        ) {
            let most = usual + more;
            let mut follower = Follower::new(Bounds { usual, most, ..BOUNDS });
            for (cpu, others, memory, waits) in loads {
                let waiting = if waits { Waiting::Something } else { Waiting::Nothing };
                let before = follower.now;
                let decision = follower.sample(Load { cpu, cpu_of_others: others, memory, waiting });
                prop_assert!(decision.is_none_or(|d| d.from == before && d.to == follower.now && d.to != before));
                prop_assert!(follower.now >= (usual / 2).max(1) && follower.now <= most.max(usual));
            }
        }
    }
}
