//! Lines to a provider: calls go in, each is answered once, and flow control decides when it is made.

mod callee;
mod told;
#[cfg(test)]
mod tests;

pub(crate) use callee::{Got, Op};
pub use told::Trouble;

use callee::{Job, Missed, Provider};
use flow::dispatch::{BatchCaps, Counts, Dispatcher, Route, Settings, Size};
use flow::fair::Class;
use flow::lane::{End, Finished, Halted, Lane};
use flow::policy::Outcome;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use told::Told;
use types::error_kind::ErrorKind;
use types::seam::llm::{CallError, Llm};

/// What a failed call means for flow control.
pub type VerdictOf = fn(ErrorKind, &quota::Hint) -> Outcome;

/// Makes the routes of a line anew.
pub type Routes = Arc<dyn Fn() -> Vec<Route> + Send + Sync>;

/// A provider that refuses us, or does not answer at all, is asked again after so long, when somebody wants something.
const REST: Duration = Duration::from_secs(30);

/// Calls that wait to be handed to the line; whoever wants more waits.
const QUEUE: usize = 64;

/// One line. Clones share it.
#[derive(Clone)]
pub(crate) struct Line {
    jobs: mpsc::Sender<Job>,
    told: Arc<Told>,
}

/// What a call is worth to flow control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) class: Class,
    /// Input tokens.
    pub(crate) tokens: f64,
    /// Not sent later than in this time.
    pub(crate) within: Duration,
}

/// What a line is made of.
pub(crate) struct LineParts {
    pub(crate) llm: Arc<dyn Llm>,
    pub(crate) verdict: VerdictOf,
    pub(crate) routes: Routes,
    pub(crate) patience: Duration,
    pub(crate) failures_max: u32,
    pub(crate) seed: u64,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// The line, and the work that keeps it going until all clones are gone.
    pub(crate) fn new(parts: LineParts) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let told = Arc::new(Told::default());
        let work = work(parts, queue, Arc::clone(&told));
        (Self { jobs, told }, work)
    }

    /// Dropping the future gives up the call, also when it is under way.
    pub(crate) async fn call(&self, op: Op, terms: Terms) -> Result<Got, CallError> {
        if let Some(error) = self.told.halted() {
            return Err(error);
        }
        let (reply, answer) = oneshot::channel();
        // Dropped with this future: the call sees that nobody waits for it.
        let (waiting, wanted) = watch::channel(());
        let job = Job { op, terms, reply, wanted };
        if self.jobs.send(job).await.is_err() {
            return Err(self.told.ended());
        }
        let got = answer.await;
        drop(waiting);
        got.unwrap_or_else(|_| Err(self.told.ended()))
    }

    pub(crate) fn counts(&self) -> Counts {
        self.told.counts()
    }

    /// Tokens of answers, where the provider says how many.
    pub(crate) fn tokens_out(&self) -> u64 {
        self.told.tokens_out()
    }

    /// Since when nothing was answered, although something was asked, and why.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.told.trouble()
    }

    /// When the provider has answered last.
    pub(crate) fn heard_at(&self) -> Option<Instant> {
        self.told.heard_at()
    }
}

async fn work(parts: LineParts, mut jobs: mpsc::Receiver<Job>, told: Arc<Told>) {
    let (llm, verdict) = (parts.llm, parts.verdict);
    let provider = Arc::new(Provider { llm, verdict, told: Arc::clone(&told) });
    let settings = Settings {
        batch: BatchCaps { items: 1, tokens: f64::INFINITY, bytes: usize::MAX },
        linger: 0.0,
        failures_max: parts.failures_max,
        patience: parts.patience.as_secs_f64(),
        seed: parts.seed,
    };
    loop {
        let dispatcher = Dispatcher::new(settings, (parts.routes)(), None);
        let lane: Lane<Provider> = Lane::new(dispatcher, Arc::clone(&provider));
        let Some(error) = drive(lane, &mut jobs, &told).await else { return };
        // Nobody is left without an answer while the line rests.
        let until = Instant::now() + rest(&error);
        while let Ok(job) = tokio::time::timeout_at(until, jobs.recv()).await {
            let Some(job) = job else { return };
            drop(job.reply.send(Err(error.clone())));
        }
        told.resume();
    }
}

/// Nobody comes earlier than the provider has asked.
fn rest(error: &CallError) -> Duration {
    let told = error.quota.retry_after.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
    told.map_or(REST, |told| told.max(REST))
}

/// None when nobody can call any more; else why nothing can be sent for now. Who still waits hears it when the lane
/// is dropped with the replies.
async fn drive(
    mut lane: Lane<Provider>,
    jobs: &mut mpsc::Receiver<Job>,
    told: &Told,
) -> Option<CallError> {
    let before = told.counts();
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            job = jobs.recv(), if open => {
                if let Some(job) = job {
                    let size = Size { tokens: job.terms.tokens, bytes: 0 };
                    lane.push_within((job.terms.class, size), job.terms.within, job);
                } else {
                    open = false;
                    lane.close();
                }
            }
            ended = lane.next() => {
                told.count(sum(&before, &lane.counts()));
                match ended {
                    Ok(Some(finished)) => answer(finished),
                    Ok(None) => return None,
                    Err(halted) => {
                        let error = why(halted);
                        told.halt(error.clone());
                        return Some(error);
                    }
                }
            }
        }
    }
}

pub(crate) fn sum(a: &Counts, b: &Counts) -> Counts {
    Counts {
        requests: a.requests + b.requests,
        throttled: a.throttled + b.throttled,
        retried: a.retried + b.retried,
        failed: a.failed + b.failed,
        tokens: a.tokens + b.tokens,
    }
}

fn answer(finished: Finished<Provider>) {
    let Job { reply, terms, .. } = finished.item;
    let answer = match finished.end {
        End::Done(got) => Ok(got),
        End::Refused(missed) => Err(missed.error),
        End::Expired => Err(CallError {
            kind: ErrorKind::Timeout,
            message: format!("the provider had no room within {:.0} s", terms.within.as_secs_f64()),
            hint: "run again later".to_owned(),
            quota: quota::Hint::default(),
        }),
    };
    // Whoever asked may have gone meanwhile.
    drop(reply.send(answer));
}

fn why(halted: Halted<Missed>) -> CallError {
    match halted.error {
        Some(missed) => missed.error,
        None => CallError {
            kind: ErrorKind::Unavailable,
            message: format!("the provider cannot be used ({:?})", halted.why),
            hint: "run again later".to_owned(),
            quota: quota::Hint::default(),
        },
    }
}
