//! The laws of a pool, with connections that are numbers and a clock that is moved by hand.

use crate::{AcquireError, Connect, Limits, Pool};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep_until};

/// What the other side sees.
#[derive(Debug, Default)]
struct Server {
    made: AtomicUsize,
    open: AtomicUsize,
    open_most: AtomicUsize,
    making: AtomicUsize,
    making_most: AtomicUsize,
    takes: Mutex<Duration>,
    refuses: Mutex<HashSet<usize>>,
    /// Numbers of connections that are broken, and of those that only do not answer.
    broken: Mutex<HashSet<usize>>,
    silent: Mutex<HashSet<usize>>,
    said_goodbye: AtomicUsize,
}

#[derive(Debug)]
struct Wire {
    number: usize,
    server: Arc<Server>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

struct To(Arc<Server>);

impl Connect for To {
    type Connection = Wire;
    type Error = Refused;

    async fn connect(&self) -> Result<Wire, Refused> {
        let server = Arc::clone(&self.0);
        let making = server.making.fetch_add(1, Ordering::SeqCst) + 1;
        server.making_most.fetch_max(making, Ordering::SeqCst);
        let takes = *server.takes.lock().unwrap();
        pause(takes).await;
        server.making.fetch_sub(1, Ordering::SeqCst);
        let number = server.made.fetch_add(1, Ordering::SeqCst);
        if server.refuses.lock().unwrap().contains(&number) {
            return Err(Refused);
        }
        let open = server.open.fetch_add(1, Ordering::SeqCst) + 1;
        server.open_most.fetch_max(open, Ordering::SeqCst);
        Ok(Wire { number, server })
    }

    fn is_sound(&self, wire: &Wire) -> bool {
        !self.0.broken.lock().unwrap().contains(&wire.number)
    }

    async fn answers(&self, wire: &mut Wire) -> bool {
        !self.0.silent.lock().unwrap().contains(&wire.number)
    }

    async fn close(&self, wire: Wire) {
        pause(Duration::from_secs(1)).await;
        self.0.said_goodbye.fetch_add(1, Ordering::SeqCst);
        drop(wire);
    }
}

async fn pause(time: Duration) {
    sleep_until(Instant::now() + time).await;
}

fn pool(limits: Limits) -> (Pool<To>, Arc<Server>) {
    let server = Arc::new(Server::default());
    (Pool::new(To(Arc::clone(&server)), limits), server)
}

const WAIT: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again() {
    let (pool, server) = pool(Limits::default());
    for _ in 0..3 {
        assert_eq!(pool.acquire(WAIT).await.unwrap().number, 0);
    }
    assert_eq!(server.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn five_hundred_share_twenty_in_order_and_none_fails() {
    let (pool, server) = pool(Limits { min: 20, max: 20, creates: 3, ..Limits::default() });
    pool.fill().await.unwrap();
    assert!(five_hundred(&pool, &server).await <= 20, "somebody was passed by others");
}

/// Who makes a connection may be passed by others for as long as that takes; nobody else may.
#[tokio::test(start_paused = true)]
async fn five_hundred_share_an_empty_pool_and_none_fails() {
    let (pool, server) = pool(Limits { min: 0, max: 20, creates: 3, ..Limits::default() });
    *server.takes.lock().unwrap() = Duration::from_millis(50);
    let passed_by = five_hundred(&pool, &server).await;
    assert!(passed_by <= 20 * 50 / 5, "somebody was passed by {passed_by} others");
    assert!(server.making_most.load(Ordering::SeqCst) <= 3);
}

/// Each holds a connection for 5 ms; returns by how many others somebody was passed.
async fn five_hundred(pool: &Pool<To>, server: &Server) -> usize {
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut users = tokio::task::JoinSet::new();
    for user in 0..500 {
        let (pool, order) = (pool.clone(), Arc::clone(&order));
        users.spawn(async move {
            let lease = pool.acquire(Duration::from_mins(5)).await.unwrap();
            order.lock().unwrap().push(user);
            pause(Duration::from_millis(5)).await;
            drop(lease);
        });
        tokio::task::yield_now().await;
    }
    users.join_all().await;
    assert!(server.open_most.load(Ordering::SeqCst) <= 20);
    let order = order.lock().unwrap();
    let late = order.iter().enumerate().map(|(place, user)| place.abs_diff(*user)).max().unwrap();
    let statistics = pool.statistics();
    assert_eq!((statistics.total_requests, statistics.failed_requests), (500, 0));
    assert!(statistics.active_connections == 0 && statistics.peak_active <= 20);
    assert!(statistics.avg_response_time > 0.004 && statistics.avg_wait_time > 0.0);
    assert!(statistics.last_updated > 1e9);
    late
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_and_leaves_the_line() {
    let (pool, _) = pool(Limits { max: 1, min: 0, ..Limits::default() });
    let held = pool.acquire(WAIT).await.unwrap();
    let error = pool.acquire(Duration::from_secs(2)).await.unwrap_err();
    assert!(matches!(error, AcquireError::Exhausted { max: 1, .. }), "{error}");
    assert_eq!(error.to_string(), "none of 1 connections became free in 2000 ms");
    assert!((pool.statistics().pool_utilization - 1.0).abs() < f64::EPSILON);
    drop(held);
    pool.acquire(Duration::ZERO).await.unwrap();
    assert_eq!(pool.statistics().failed_requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_takes_too_long_to_make_is_an_error_in_time() {
    let (pool, server) = pool(Limits::default());
    *server.takes.lock().unwrap() = Duration::from_mins(1);
    let error = pool.acquire(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, AcquireError::TimedOut { .. }), "{error}");
    *server.takes.lock().unwrap() = Duration::ZERO;
    pool.acquire(WAIT).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn broken_and_silent_and_old_ones_are_replaced() {
    let limits = Limits { lifetime: Duration::from_mins(10), ..Limits::default() };
    let (pool, server) = pool(limits);
    let first = pool.acquire(WAIT).await.unwrap();
    server.broken.lock().unwrap().insert(first.number);
    drop(first);
    assert_eq!(server.open.load(Ordering::SeqCst), 0, "not kept");
    assert_eq!(pool.acquire(WAIT).await.unwrap().number, 1);
    server.silent.lock().unwrap().insert(1);
    assert_eq!(pool.acquire(WAIT).await.unwrap().number, 1, "used a moment ago: not asked");
    advance(limits.check_after).await;
    assert_eq!(pool.acquire(WAIT).await.unwrap().number, 2);
    advance(limits.lifetime).await;
    assert_eq!(pool.acquire(WAIT).await.unwrap().number, 3);
    let statistics = pool.statistics();
    assert_eq!((statistics.closed, statistics.failed_checks), (3, 1));
    assert_eq!(server.open.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_costs_its_asker_only() {
    let (pool, server) = pool(Limits { max: 1, ..Limits::default() });
    server.refuses.lock().unwrap().insert(0);
    let error = pool.acquire(WAIT).await.unwrap_err();
    assert!(matches!(error, AcquireError::Connect(Refused)), "{error}");
    pool.acquire(WAIT).await.unwrap();
    assert_eq!(pool.statistics().failed_creates, 1);
}

#[tokio::test(start_paused = true)]
async fn filled_then_kept_at_the_least() {
    let limits = Limits { min: 3, max: 6, creates: 2, ..Limits::default() };
    let (pool, server) = pool(limits);
    pool.fill().await.unwrap();
    assert_eq!(pool.statistics().idle_connections, 3);
    assert!(server.making_most.load(Ordering::SeqCst) <= 2);
    let all: Vec<_> = futures_util::future::join_all((0..6).map(|_| pool.acquire(WAIT)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    drop(all);
    assert_eq!(pool.statistics().idle_connections, 6);
    advance(limits.idle).await;
    pool.put_in_order().await;
    assert_eq!(pool.statistics().idle_connections, 3);
    server.silent.lock().unwrap().extend(0..6);
    advance(limits.check_after).await;
    pool.put_in_order().await;
    assert_eq!(pool.statistics().idle_connections, 3, "silent ones were replaced");
    assert_eq!(server.open.load(Ordering::SeqCst), 3);
    assert!(server.open_most.load(Ordering::SeqCst) <= 6);
}

#[tokio::test(start_paused = true)]
async fn shut_down_ends_all_at_once_and_waits_for_users() {
    let (pool, server) = pool(Limits { min: 4, ..Limits::default() });
    pool.fill().await.unwrap();
    let held = pool.acquire(WAIT).await.unwrap();
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        pause(Duration::from_secs(3)).await;
        drop(held);
    });
    assert!(pool.shut_down(Duration::from_secs(9)).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(3), "three goodbyes take one second together");
    assert_eq!(server.said_goodbye.load(Ordering::SeqCst), 3);
    assert_eq!(server.open.load(Ordering::SeqCst), 0);
    assert!(matches!(pool.acquire(WAIT).await, Err(AcquireError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn shut_down_does_not_wait_for_ever() {
    let (pool, _) = pool(Limits::default());
    let held = pool.acquire(WAIT).await.unwrap();
    assert!(!pool.shut_down(Duration::from_secs(1)).await);
    drop(held);
    assert_eq!(pool.statistics().idle_connections, 0, "closed, not kept");
}
