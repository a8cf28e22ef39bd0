use super::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Wake;
use std::time::Duration;

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

/// A waker that remembers that it was called.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task {
    name: usize,
    bytes: u64,
    pending: PendingLease,
    bell: Arc<Bell>,
}

impl Task {
    /// Polls if it was woken since, as an executor does.
    fn run(&mut self) -> Option<Lease> {
        if !self.bell.0.swap(false, Ordering::SeqCst) {
            return None;
        }
        let waker = Waker::from(Arc::clone(&self.bell));
        match Pin::new(&mut self.pending).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(lease) => Some(lease),
            Poll::Pending => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Ask(u64),
    /// The future of this number, modulo those that wait, is dropped.
    Cancel(usize),
    /// Likewise with the leases.
    Free(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u64..150).prop_map(Step::Ask),
        any::<usize>().prop_map(Step::Cancel),
        any::<usize>().prop_map(Step::Free),
        any::<usize>().prop_map(Step::Free),
    ]
}

/// Polls who was woken until nobody is.
fn settle(waiting: &mut Vec<Task>, leases: &mut Vec<(usize, Lease)>) {
    while let Some((at, lease)) =
        waiting.iter_mut().enumerate().find_map(|(at, task)| Some((at, task.run()?)))
    {
        leases.push((waiting.remove(at).name, lease));
    }
}

proptest! {
    #[test]
    fn tasks_are_served_in_the_order_of_asking_as_soon_as_their_bytes_are_free(
        steps in prop::collection::vec(step(), 1..100),
    ) {
        let pool = MemoryPool::new(100);
        let (mut waiting, mut leases) = (Vec::<Task>::new(), Vec::new());
        for (name, step) in steps.into_iter().enumerate() {
            match step {
                Step::Ask(bytes) => waiting.push(Task {
                    name,
                    bytes: bytes.min(100),
                    pending: pool.lease_async(bytes),
                    bell: Arc::new(Bell(AtomicBool::new(true))),
                }),
                Step::Cancel(which) if !waiting.is_empty() => {
                    drop(waiting.remove(which % waiting.len()));
                }
                Step::Free(which) if !leases.is_empty() => {
                    drop(leases.remove(which % leases.len()));
                }
                Step::Cancel(_) | Step::Free(_) => {}
            }
            settle(&mut waiting, &mut leases);
            let used: u64 = leases.iter().map(|(_, lease): &(usize, Lease)| lease.bytes()).sum();
            prop_assert_eq!(pool.used(), used);
            // Whoever waits, the first of them does so for want of bytes.
            if let Some(first) = waiting.first() {
                prop_assert!(used + first.bytes > 100);
                prop_assert!(leases.iter().all(|(name, _)| *name < first.name));
            }
            prop_assert_eq!(pool.shared.lock().waiting.len(), waiting.len());
        }
        drop((waiting, leases));
        prop_assert_eq!(pool.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_waits_until_the_bytes_come_back() {
    let pool = MemoryPool::new(10);
    let first = pool.lease_async(8).await;
    let waits = tokio::time::timeout(Duration::from_mins(1), pool.lease_async(5)).await;
    assert!(waits.is_err());
    let (lease, ()) = tokio::join!(pool.lease_async(5), async { drop(first) });
    assert_eq!((lease.bytes(), pool.used(), pool.peak()), (5, 5, 8));
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_lets_the_next_in() {
    let pool = MemoryPool::new(10);
    let _held = pool.lease(6);
    let large = tokio::time::timeout(Duration::from_secs(5), pool.lease_async(10));
    let small = tokio::time::timeout(Duration::from_secs(6), pool.lease_async(4));
    let (large, small) = tokio::join!(large, small);
    assert!(large.is_err());
    assert_eq!(small.unwrap().bytes(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_lease_larger_than_the_pool_gets_all_of_it() {
    let pool = MemoryPool::new(10);
    let lease = pool.lease_async(1000).await;
    assert_eq!((lease.bytes(), pool.used()), (10, 10));
}

#[test]
fn threads_and_tasks_stand_in_one_line() {
    let pool = MemoryPool::new(10);
    let held = pool.lease(10);
    let mut tasks: Vec<Task> = Vec::new();
    let order = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for name in 0..6 {
            let before = pool.shared.lock().waiting.len();
            if name % 2 == 0 {
                let (pool, order) = (&pool, &order);
                scope.spawn(move || {
                    let lease = pool.lease(10);
                    order.lock().unwrap().push(name);
                    drop(lease);
                });
                while pool.shared.lock().waiting.len() == before {
                    std::thread::yield_now();
                }
            } else {
                let bell = Arc::new(Bell(AtomicBool::new(true)));
                let pending = pool.lease_async(10);
                let mut task = Task { name, bytes: 10, pending, bell };
                assert!(task.run().is_none());
                tasks.push(task);
            }
        }
        drop(held);
        while !tasks.is_empty() {
            if let Some(lease) = tasks[0].run() {
                order.lock().unwrap().push(tasks.remove(0).name);
                drop(lease);
            }
            std::thread::yield_now();
        }
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(pool.used(), 0);
}
