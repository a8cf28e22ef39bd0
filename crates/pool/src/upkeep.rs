//! Filling, renewing and shutting down.

use crate::pool::{Idle, Pool};
use crate::{AcquireError, Connect};
use futures_util::future::join_all;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Between two rounds of upkeep.
const ROUND: Duration = Duration::from_mins(1);

impl<C: Connect> Pool<C> {
    /// Makes connections until `min` are there, several at once; the first error ends it.
    pub async fn fill(&self) -> Result<(), AcquireError<C::Error>> {
        let there = self.statistics().connections();
        let missing = self.shared.limits.min.min(self.shared.limits.max).saturating_sub(there);
        let made = join_all((0..missing).map(|_| self.add_idle())).await;
        made.into_iter().collect()
    }

    /// A connection for those to come, if there is room for one.
    async fn add_idle(&self) -> Result<(), AcquireError<C::Error>> {
        let shared = &self.shared;
        let Ok(_room) = shared.permits.try_acquire() else { return Ok(()) };
        if shared.idle().len() > shared.permits.available_permits() {
            return Ok(());
        }
        let turn = shared.creates.acquire().await.map_err(|_closed| AcquireError::Closed)?;
        let connection = self.make(turn).await?;
        let now = Instant::now();
        shared.offer(Idle { connection, made: now, since: now });
        Ok(())
    }

    /// Keeps the pool in order for ever: drop the future to end it.
    pub async fn keep_in_order(&self) {
        let mut rounds = tokio::time::interval(ROUND);
        rounds.tick().await;
        loop {
            rounds.tick().await;
            self.put_in_order().await;
        }
    }

    /// Closes what is broken, too old, or was not wanted for long, asks those that rested whether they still
    /// answer, and makes new ones up to `min`.
    pub async fn put_in_order(&self) {
        let shared = &self.shared;
        let resting: Vec<_> = shared.idle().drain(..).collect();
        let mut kept = self.statistics().connections();
        let mut checked = Vec::new();
        for idle in resting {
            let unwanted = kept > shared.limits.min && idle.since.elapsed() >= shared.limits.idle;
            if unwanted || !self.is_usable(&idle) {
                kept = kept.saturating_sub(1);
                shared.meter.closed();
            } else {
                checked.push(self.checked(idle));
            }
        }
        let sound = join_all(checked).await;
        for connection in sound.into_iter().flatten().rev() {
            // Those given back meanwhile were used more recently.
            shared.idle().push_front(connection);
        }
        // Who cannot be reached now is asked again in the next round, and by the next user.
        drop(self.fill().await);
    }

    async fn checked(&self, mut idle: Idle<C::Connection>) -> Option<Idle<C::Connection>> {
        let shared = &self.shared;
        // While it is asked it counts as lent: nobody makes one in its place.
        let Ok(_room) = shared.permits.try_acquire() else { return Some(idle) };
        if idle.since.elapsed() < shared.limits.check_after {
            return Some(idle);
        }
        let answers = shared.connect.answers(&mut idle.connection);
        if timeout(shared.limits.check_limit, answers).await == Ok(true) {
            return Some(idle);
        }
        shared.meter.failed_check();
        None
    }

    /// Lends nothing any more, closes idle connections all at once, and waits up to `limit` for those that are
    /// in use. True when all are closed.
    pub async fn shut_down(&self, limit: Duration) -> bool {
        let shared = &self.shared;
        shared.permits.close();
        let idle: Vec<_> = shared.idle().drain(..).collect();
        let goodbyes = idle.into_iter().map(|idle| async {
            shared.connect.close(idle.connection).await;
            shared.meter.closed();
        });
        timeout(limit, async {
            join_all(goodbyes).await;
            shared.meter.wait_until_none_is_lent().await;
        })
        .await
        .is_ok()
    }
}
