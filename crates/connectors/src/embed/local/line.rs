//! The line in front of a model's workers: queries before documents, each in the order of arrival, and bounded.

use super::Outcome;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, oneshot};
use types::seam::Purpose;

/// Searches that wait at once; more of them wait outside.
const QUERIES_MAX: usize = 64;

pub(super) struct Job {
    pub(super) purpose: Purpose,
    pub(super) texts: Vec<String>,
    pub(super) reply: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
pub(super) struct Line {
    waiting: Mutex<Waiting>,
    arrival: Condvar,
    rooms: [Semaphore; 2],
}

#[derive(Default)]
struct Waiting {
    queries: VecDeque<Job>,
    documents: VecDeque<Job>,
    closed: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Texts are nobody's business.
        f.debug_struct("Waiting")
            .field("queries", &self.queries.len())
            .field("documents", &self.documents.len())
            .field("closed", &self.closed)
            .finish()
    }
}

impl Line {
    /// Room for so many calls with documents.
    pub(super) fn new(documents_max: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            arrival: Condvar::new(),
            rooms: [Semaphore::new(QUERIES_MAX), Semaphore::new(documents_max)],
        }
    }

    /// Waits for room. Dropping the future gives up the place.
    pub(super) async fn enter(&self, job: Job) {
        let room = self.rooms[place(job.purpose)].acquire().await;
        room.expect("a line's rooms are never closed").forget();
        let mut waiting = self.lock();
        match job.purpose {
            Purpose::Query => waiting.queries.push_back(job),
            Purpose::Document => waiting.documents.push_back(job),
        }
        drop(waiting);
        self.arrival.notify_one();
    }

    /// The next job, waited for; none once the line is closed.
    pub(super) fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            let waiting_now = &mut *waiting;
            let job = waiting_now.queries.pop_front().or_else(|| waiting_now.documents.pop_front());
            if let Some(job) = job {
                return Some(self.leave(job));
            }
            waiting = self.arrival.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A query that waits now.
    pub(super) fn next_query(&self) -> Option<Job> {
        let query = self.lock().queries.pop_front();
        query.map(|query| self.leave(query))
    }

    /// Drops what waits and lets the workers go.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        *waiting = Waiting { closed: true, ..Waiting::default() };
        drop(waiting);
        self.arrival.notify_all();
    }

    fn leave(&self, job: Job) -> Job {
        self.rooms[place(job.purpose)].add_permits(1);
        job
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Query => 0,
        Purpose::Document => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(purpose: Purpose, name: &str) -> Job {
        Job { purpose, texts: vec![name.to_owned()], reply: oneshot::channel().0 }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    #[test]
    fn queries_go_first_and_each_kind_keeps_its_order() {
        let line = Line::new(8);
        block_on(async {
            for (purpose, name) in [
                (Purpose::Document, "a"),
                (Purpose::Document, "b"),
                (Purpose::Query, "c"),
                (Purpose::Query, "d"),
            ] {
                line.enter(job(purpose, name)).await;
            }
        });
        let order: Vec<String> = (0..4).map(|_| line.next().unwrap().texts.remove(0)).collect();
        assert_eq!(order, ["c", "d", "a", "b"]);
    }

    #[test]
    fn documents_wait_outside_a_full_line_and_queries_do_not() {
        let line = Line::new(1);
        block_on(async {
            line.enter(job(Purpose::Document, "a")).await;
            let mut second = Box::pin(line.enter(job(Purpose::Document, "b")));
            assert!(futures_now(&mut second).is_none());
            line.enter(job(Purpose::Query, "c")).await;
            assert!(line.next_query().is_some());
            assert!(futures_now(&mut second).is_none(), "a query's place is not a document's");
            assert_eq!(line.next().unwrap().texts, ["a"]);
            second.await;
        });
        assert_eq!(line.next().unwrap().texts, ["b"]);
        line.close();
        assert!(line.next().is_none());
    }

    /// One look at a future.
    fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }
}
