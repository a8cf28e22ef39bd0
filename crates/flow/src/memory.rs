//! Byte leases over everything that is alive in a pipeline.
//!
//! A [`Lease`] travels with the data it pays for. A pool never gives out more than its capacity; who asks for
//! more than is free waits in the order of asking, so that a large lease is not starved by small ones.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

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
    waiting: VecDeque<u64>,
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
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        while state.waiting.front() != Some(&ticket) || state.used + bytes > self.shared.capacity {
            state =
                self.shared.freed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        state.waiting.pop_front();
        state.used += bytes;
        state.peak = state.peak.max(state.used);
        drop(state);
        // The next in line may fit as well.
        self.shared.freed.notify_all();
        Lease { shared: Arc::clone(&self.shared), bytes }
    }
}

impl Shared {
    // A panic while the lock is held cannot leave the counters half changed, so a poisoned lock is taken over.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
        self.shared.lock().used -= self.bytes;
        self.shared.freed.notify_all();
    }
}

/// A value together with the bytes it occupies.
#[derive(Debug)]
pub struct Leased<T> {
    pub value: T,
    pub lease: Lease,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    proptest! {
        #[test]
        fn leases_never_exceed_the_capacity_and_return_to_zero(
            capacity in 1u64..1000,
            wants in proptest::collection::vec(0u64..1500, 1..40),
        ) {
            let pool = MemoryPool::new(capacity);
            let alive = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for part in wants.chunks(10) {
                    let (pool, alive) = (&pool, &alive);
                    scope.spawn(move || {
                        for want in part {
                            let lease = pool.lease(*want);
                            let now = alive.fetch_add(lease.bytes(), Ordering::SeqCst) + lease.bytes();
                            assert!(now <= capacity, "{now} > {capacity}");
                            alive.fetch_sub(lease.bytes(), Ordering::SeqCst);
                        }
                    });
                }
            });
            prop_assert_eq!(pool.used(), 0);
            prop_assert!(pool.peak() <= capacity);
        }
    }

    #[test]
    fn a_large_lease_is_served_before_later_small_ones() {
        let pool = MemoryPool::new(10);
        let first = pool.lease(5);
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let (pool, order) = (&pool, &order);
            scope.spawn(move || {
                let lease = pool.lease(10);
                order.lock().unwrap().push("large");
                drop(lease);
            });
            while pool.shared.lock().waiting.is_empty() {
                std::thread::yield_now();
            }
            scope.spawn(move || {
                let lease = pool.lease(1);
                order.lock().unwrap().push("small");
                drop(lease);
            });
            while pool.shared.lock().waiting.len() < 2 {
                std::thread::yield_now();
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), ["large", "small"]);
    }
}
