//! A connection in somebody's hands.

use crate::Connect;
use crate::pool::{Idle, Shared};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

/// Gives its connection back when dropped.
pub struct Lease<C: Connect> {
    shared: Arc<Shared<C>>,
    /// Some until it is given back.
    connection: Option<C::Connection>,
    made: Instant,
    lent: Instant,
    /// Dropped after the connection is back, so that who waits finds it.
    _permit: OwnedSemaphorePermit,
}

impl<C: Connect> Lease<C> {
    pub(crate) fn new(
        shared: Arc<Shared<C>>,
        connection: C::Connection,
        made: Instant,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        shared.meter.lent();
        Self { shared, connection: Some(connection), made, lent: Instant::now(), _permit: permit }
    }

    /// Takes the connection out of the pool for good.
    pub fn keep(mut self) -> C::Connection {
        self.shared.meter.closed();
        self.connection.take().expect("a lease holds its connection until it is dropped")
    }
}

impl<C: Connect> Deref for Lease<C> {
    type Target = C::Connection;

    fn deref(&self) -> &C::Connection {
        self.connection.as_ref().expect("a lease holds its connection until it is dropped")
    }
}

impl<C: Connect> DerefMut for Lease<C> {
    fn deref_mut(&mut self) -> &mut C::Connection {
        self.connection.as_mut().expect("a lease holds its connection until it is dropped")
    }
}

impl<C: Connect> std::fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("made", &self.made).finish_non_exhaustive()
    }
}

impl<C: Connect> Drop for Lease<C> {
    fn drop(&mut self) {
        self.shared.meter.given_back(self.lent.elapsed());
        let Some(connection) = self.connection.take() else { return };
        let now = Instant::now();
        let idle = Idle { connection, made: self.made, since: now };
        let young = idle.made.elapsed() < self.shared.limits.lifetime;
        if young && !self.shared.is_closed() && self.shared.connect.is_sound(&idle.connection) {
            self.shared.offer(idle);
        } else {
            self.shared.meter.closed();
        }
    }
}
