//! The load of the machine, sampled while a run goes on, and what follows from it: how many workers begin documents.
//!
//! Every decision is said, and stands in the result of the run, which `status` shows.

mod sample;

use crate::settings::{Follow, Following, Settings};
use flow::width::{Bounds, Decision, Follower, WIDTH_MAX, Waiting, Width};
use ingest::progress::Progress;
use sample::Sampler;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// As often as the earlier systems measured. Three samples make a decision.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// A wish to read the configuration again is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// More threads than this for each core only wait for each other.
const WORKERS_PER_CORE_MAX: usize = 2;

/// Decisions kept for the result; a run of a day that swings once a minute has more, and the last ones count.
const DECISIONS_MAX: usize = 100;

/// The pool of a run's workers.
#[derive(Debug)]
pub(crate) struct Pool {
    pub width: Arc<Width>,
    bounds: Bounds,
    follow: Follow,
    log: Mutex<Vec<Value>>,
    begun: Instant,
}

/// What the user changed while the run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The new number of workers; none: it did not change.
    pub workers: Option<usize>,
    /// What to say of it.
    pub said: String,
}

impl Pool {
    /// As many workers as the settings say; if nobody wrote a number, on an idle machine with work waiting up to two
    /// a core.
    pub(crate) fn of(settings: &Settings) -> Self {
        let Following { follow, cpu_max, cores } = settings.following;
        let documents = settings.documents_in_flight.get();
        let usual = settings.workers.get().min(documents);
        let most = match follow {
            Follow::Load => usual.max((WORKERS_PER_CORE_MAX * cores).min(documents).min(WIDTH_MAX)),
            Follow::Nothing => usual,
        };
        let bounds = Bounds { usual, most, cpu_max, memory_max: MEMORY_MAX };
        let width = Arc::new(Width::new(usual));
        Self { width, bounds, follow, log: Mutex::default(), begun: Instant::now() }
    }

    /// Threads to have at hand.
    pub(crate) fn most(&self) -> usize {
        self.bounds.most
    }

    /// For the result of a run.
    pub(crate) fn json(&self) -> Value {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        json!({
            "workers": { "usual": self.bounds.usual, "most": self.bounds.most, "now": self.width.now() },
            "follows_load": self.follow == Follow::Load,
            "decisions": *log,
        })
    }

    fn note(&self, decision: &Value) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == DECISIONS_MAX {
            log.remove(0);
        }
        log.push(decision.clone());
    }

    fn decided(&self, decision: &Decision, progress: &Progress) {
        self.width.set(decision.to);
        let Decision { from, to, reason, load } = decision;
        self.note(&json!({
            "seconds": self.begun.elapsed().as_secs_f64(),
            "from": from,
            "to": to,
            "reason": reason.as_str(),
            "cpu": load.cpu,
            "cpu_of_others": load.cpu_of_others,
            "memory": load.memory,
        }));
        progress.tell(format!(
            "{to} workers instead of {from}: {:.0} % of the processor used by others, {:.0} % of the memory in use",
            load.cpu_of_others * 100.0,
            load.memory * 100.0,
        ));
    }

    fn changed(&self, change: Change, follower: &mut Follower, progress: &Progress) {
        let mut said = change.said;
        if let Some(workers) = change.workers {
            let most = self.bounds.most;
            if workers > most {
                write!(said, " ({most} in this run)").expect("a String takes everything");
            }
            let (from, to) = (self.width.now(), follower.set_usual(workers.min(most)));
            self.width.set(to);
            self.note(&json!({
                "seconds": self.begun.elapsed().as_secs_f64(),
                "from": from,
                "to": to,
                "reason": "configuration",
            }));
        }
        progress.tell(said);
    }
}

/// Above this the width is halved, as in the earlier systems.
const MEMORY_MAX: f64 = 0.8;

/// Watches until it is dropped.
pub(crate) struct Watch {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// `changed` gives what the user changed since it was asked last.
    pub(crate) fn start(
        pool: Arc<Pool>,
        progress: Arc<Progress>,
        changed: impl Fn() -> Option<Change> + Send + 'static,
    ) -> Self {
        let (stop, stopped) = sync_channel::<()>(0);
        let thread = std::thread::spawn(move || {
            let mut follower = Follower::new(pool.bounds);
            let mut sampler = Sampler::new(Path::new("/"));
            let mut last = Instant::now();
            let mut follow = pool.follow;
            while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if let Some(change) = changed() {
                    if change.workers.is_some() {
                        follow = Follow::Nothing;
                    }
                    pool.changed(change, &mut follower, &progress);
                }
                if follow == Follow::Nothing || last.elapsed() < SAMPLE_EVERY {
                    continue;
                }
                last = Instant::now();
                let Some(load) = sampler.sample(waiting(&progress)) else { continue };
                if let Some(decision) = follower.sample(load) {
                    pool.decided(&decision, &progress);
                }
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked decides nothing more.
            drop(thread.join());
        }
    }
}

fn waiting(progress: &Progress) -> Waiting {
    if progress.work_done.get() < progress.work_known.get() {
        Waiting::Something
    } else {
        Waiting::Nothing
    }
}
