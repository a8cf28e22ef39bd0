//! Lending.

use crate::statistics::Meter;
use crate::{AcquireError, Connect, Lease, Limits, Statistics};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

/// Shared by its clones.
pub struct Pool<C: Connect> {
    pub(crate) shared: Arc<Shared<C>>,
}

impl<C: Connect> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C: Connect> std::fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("statistics", &self.statistics()).finish_non_exhaustive()
    }
}

pub(crate) struct Shared<C: Connect> {
    pub(crate) connect: C,
    pub(crate) limits: Limits,
    /// One permit for each connection that may be lent; given out in order.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) creates: Semaphore,
    /// Who has a permit and waits for a turn to make a connection: what is given back goes to them first, so
    /// that nobody who came later is served before.
    pub(crate) wanting: Mutex<VecDeque<oneshot::Sender<Idle<C::Connection>>>>,
    /// The most recently used last.
    pub(crate) idle: Mutex<VecDeque<Idle<C::Connection>>>,
    pub(crate) meter: Meter,
}

/// A connection that nobody uses.
pub(crate) struct Idle<T> {
    pub(crate) connection: T,
    pub(crate) made: Instant,
    pub(crate) since: Instant,
}

impl<C: Connect> Shared<C> {
    pub(crate) fn idle(&self) -> MutexGuard<'_, VecDeque<Idle<C::Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the next who has no connection, or for later.
    pub(crate) fn offer(&self, mut idle: Idle<C::Connection>) {
        loop {
            let next = self.wanting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(next) = next else { return self.idle().push_back(idle) };
            match next.send(idle) {
                Ok(()) => return,
                Err(gone) => idle = gone,
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }
}

impl<C: Connect> Pool<C> {
    /// An empty pool; [`Pool::fill`] makes the first connections.
    ///
    /// # Panics
    /// If `max` or `creates` is 0.
    pub fn new(connect: C, limits: Limits) -> Self {
        assert!(limits.max > 0 && limits.creates > 0, "a pool needs room for a connection");
        let shared = Shared {
            connect,
            limits,
            permits: Arc::new(Semaphore::new(limits.max)),
            creates: Semaphore::new(limits.creates),
            wanting: Mutex::default(),
            idle: Mutex::default(),
            meter: Meter::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Takes in a connection that was made elsewhere.
    pub fn adopt(&self, connection: C::Connection) {
        let now = Instant::now();
        self.shared.meter.made();
        self.shared.offer(Idle { connection, made: now, since: now });
    }

    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub fn statistics(&self) -> Statistics {
        let idle = self.shared.idle().len();
        self.shared.meter.read(idle, self.shared.limits.max)
    }

    /// Lends a connection, after all who asked before, waiting up to `wait`.
    pub async fn acquire(&self, wait: Duration) -> Result<Lease<C>, AcquireError<C::Error>> {
        let asked = Instant::now();
        let lent = self.lend(asked, asked + wait).await;
        if lent.is_ok() {
            self.shared.meter.asked(asked.elapsed());
        } else {
            self.shared.meter.refused(asked.elapsed());
        }
        lent
    }

    async fn lend(
        &self,
        asked: Instant,
        deadline: Instant,
    ) -> Result<Lease<C>, AcquireError<C::Error>> {
        let shared = &self.shared;
        let permit = match timeout_at(deadline, Arc::clone(&shared.permits).acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(AcquireError::Closed),
            Err(_elapsed) => {
                return Err(AcquireError::Exhausted {
                    max: shared.limits.max,
                    waited: asked.elapsed(),
                });
            }
        };
        if let Some(idle) = self.take_idle(deadline).await {
            return Ok(self.lease(idle.connection, idle.made, permit));
        }
        match timeout_at(deadline, self.given_or_made()).await {
            Ok(Ok(idle)) => Ok(self.lease(idle.connection, idle.made, permit)),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(AcquireError::TimedOut { waited: asked.elapsed() }),
        }
    }

    fn lease(
        &self,
        connection: C::Connection,
        made: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Lease<C> {
        Lease::new(Arc::clone(&self.shared), connection, made, permit)
    }

    /// The most recently used one that is good for use; others on the way to it are closed.
    async fn take_idle(&self, deadline: Instant) -> Option<Idle<C::Connection>> {
        let shared = &self.shared;
        loop {
            let mut idle = shared.idle().pop_back()?;
            if !self.is_usable(&idle) {
                shared.meter.closed();
                continue;
            }
            if idle.since.elapsed() < shared.limits.check_after {
                return Some(idle);
            }
            let limit = shared.limits.check_limit.min(deadline - Instant::now());
            let answered = timeout(limit, shared.connect.answers(&mut idle.connection)).await;
            if answered == Ok(true) {
                return Some(idle);
            }
            shared.meter.failed_check();
        }
    }

    pub(crate) fn is_usable(&self, idle: &Idle<C::Connection>) -> bool {
        idle.made.elapsed() < self.shared.limits.lifetime
            && self.shared.connect.is_sound(&idle.connection)
    }

    /// One that is given back before it is our turn to make one, else a new one.
    async fn given_or_made(&self) -> Result<Idle<C::Connection>, AcquireError<C::Error>> {
        let (give, mut given) = oneshot::channel();
        self.shared.wanting.lock().unwrap_or_else(PoisonError::into_inner).push_back(give);
        let turn = tokio::select! {
            biased;
            Ok(idle) = &mut given => return Ok(idle),
            turn = self.shared.creates.acquire() => turn.map_err(|_closed| AcquireError::Closed)?,
        };
        given.close();
        if let Ok(idle) = given.try_recv() {
            return Ok(idle);
        }
        let connection = self.make(turn).await?;
        let now = Instant::now();
        Ok(Idle { connection, made: now, since: now })
    }

    /// A new connection; `turn` is one of the few that may be made at once.
    pub(crate) async fn make(
        &self,
        _turn: SemaphorePermit<'_>,
    ) -> Result<C::Connection, AcquireError<C::Error>> {
        let shared = &self.shared;
        match shared.connect.connect().await {
            Ok(connection) => {
                shared.meter.made();
                Ok(connection)
            }
            Err(error) => {
                shared.meter.failed_to_make();
                Err(AcquireError::Connect(error))
            }
        }
    }
}
