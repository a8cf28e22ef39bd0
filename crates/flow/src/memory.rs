//! Byte leases over everything that is alive in a pipeline.
//!
//! A [`Lease`] travels with the data it pays for. A pool never gives out more than its capacity; who asks for
//! more than is free waits in the order of asking, so that a large lease is not starved by small ones. Threads
//! and tasks wait in one line.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// A bounded number of bytes to lease. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    capacity: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    peak: u64,
    next_ticket: u64,
    waiting: VecDeque<Place>,
}

/// A place in the line.
#[derive(Debug)]
struct Place {
    ticket: u64,
    /// Of the task that waits here; a thread waits on the condition.
    waker: Option<Waker>,
}

impl MemoryPool {
    /// A pool of `capacity` bytes.
    pub fn new(capacity: u64) -> Self {
        Self {
            shared: Arc::new(Shared { capacity, state: Mutex::default(), freed: Condvar::new() }),
        }
    }

    pub fn capacity(&self) -> u64 {
        self.shared.capacity
    }

    /// Bytes given out now.
    pub fn used(&self) -> u64 {
        self.shared.lock().used
    }

    /// Most bytes ever given out at once.
    pub fn peak(&self) -> u64 {
        self.shared.lock().peak
    }

    /// Waits until `bytes` are free. More than the capacity is clipped to it: such a lease has the pool for
    /// itself, and its holder learns from [`Lease::bytes`] how much it got.
    pub fn lease(&self, bytes: u64) -> Lease {
        let bytes = bytes.min(self.shared.capacity);
        let mut state = self.shared.lock();
        let ticket = state.enter();
        loop {
            if let Some(lease) = self.shared.grant(&mut state, ticket, bytes) {
                self.shared.move_up(state);
                return lease;
            }
            state =
                self.shared.freed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// As [`MemoryPool::lease`], for tasks. The place in the line is taken when the future is first polled, and
    /// given back when it is dropped. Who stops polling without dropping holds up all behind it.
    pub fn lease_async(&self, bytes: u64) -> PendingLease {
        let bytes = bytes.min(self.shared.capacity);
        PendingLease { shared: Arc::clone(&self.shared), bytes, ticket: None }
    }
}

/// A lease that is waited for, see [`MemoryPool::lease_async`].
#[derive(Debug)]
#[must_use = "nothing is leased until it is awaited"]
pub struct PendingLease {
    shared: Arc<Shared>,
    bytes: u64,
    /// While it stands in the line.
    ticket: Option<u64>,
}

impl Future for PendingLease {
    type Output = Lease;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Lease> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let ticket = *self.ticket.get_or_insert_with(|| state.enter());
        if let Some(lease) = shared.grant(&mut state, ticket, self.bytes) {
            self.ticket = None;
            shared.move_up(state);
            return Poll::Ready(lease);
        }
        if let Some(place) = state.waiting.iter_mut().find(|place| place.ticket == ticket) {
            place.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for PendingLease {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut state = self.shared.lock();
            state.waiting.retain(|place| place.ticket != ticket);
            self.shared.move_up(state);
        }
    }
}

impl State {
    fn enter(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.push_back(Place { ticket, waker: None });
        ticket
    }
}

impl Shared {
    // A panic while the lock is held cannot leave the counters half changed, so a poisoned lock is taken over.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The lease, if this ticket is first in the line and the bytes are free.
    fn grant(self: &Arc<Self>, state: &mut State, ticket: u64, bytes: u64) -> Option<Lease> {
        let first = state.waiting.front().is_some_and(|place| place.ticket == ticket);
        if !first || state.used + bytes > self.capacity {
            return None;
        }
        state.waiting.pop_front();
        state.used += bytes;
        state.peak = state.peak.max(state.used);
        Some(Lease { shared: Arc::clone(self), bytes })
    }

    /// Lets the first in the line look again: bytes came back, or it was not the first before.
    fn move_up(&self, mut state: MutexGuard<'_, State>) {
        let waker = state.waiting.front_mut().and_then(|place| place.waker.take());
        drop(state);
        match waker {
            Some(waker) => waker.wake(),
            None => self.freed.notify_all(),
        }
    }
}

/// Bytes in use; dropping gives them back.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    bytes: u64,
}

impl Lease {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.used -= self.bytes;
        self.shared.move_up(state);
    }
}

/// A value together with the bytes it occupies.
#[derive(Debug)]
pub struct Leased<T> {
    pub value: T,
    pub lease: Lease,
}

#[cfg(test)]
mod tests;
