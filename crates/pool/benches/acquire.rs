//! 500 users of 20 connections to a real server: how long each waits, and whether somebody is passed by others.
//!
//! `cargo bench -p gristmill-pool --bench acquire` puts the same load on this pool, on bb8 and on deadpool, in turns.
//! Each pool is as its authors set it: bb8 asks the server before every use, deadpool and this one look at what
//! they know of the connection. A request is passed by all that asked after it and were served before it.
#![expect(clippy::unwrap_used, reason = "a failing step fails the measurement")]
#![expect(clippy::print_stdout, reason = "the result is what it prints")]

use futures_util::future::join_all;
use pool::{Connect, Limits, Pool};
use postgres_server::{Release, Server};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, Error, NoTls};

const USERS: usize = 500;
const CONNECTIONS: usize = 20;
/// Times that each user asks for a connection.
const TURNS: usize = 20;
/// Turns of all pools.
const ROUNDS: usize = 5;
const WAIT: Duration = Duration::from_mins(1);
/// What a user does with its connection: some milliseconds of the server.
const WORK: &str = "SELECT pg_sleep(0.002)";

/// Makes connections for all three.
#[derive(Debug, Clone)]
struct To(String);

impl To {
    async fn open(&self) -> Result<Client, Error> {
        let (client, connection) = tokio_postgres::connect(&self.0, NoTls).await?;
        tokio::runtime::Handle::current().spawn(connection);
        Ok(client)
    }
}

impl Connect for To {
    type Connection = Client;
    type Error = Error;

    async fn connect(&self) -> Result<Client, Error> {
        self.open().await
    }

    fn is_sound(&self, client: &Client) -> bool {
        !client.is_closed()
    }

    async fn answers(&self, client: &mut Client) -> bool {
        client.check_connection().await.is_ok()
    }

    async fn close(&self, client: Client) {
        drop(client);
    }
}

impl bb8::ManageConnection for To {
    type Connection = Client;
    type Error = Error;

    async fn connect(&self) -> Result<Client, Error> {
        self.open().await
    }

    async fn is_valid(&self, client: &mut Client) -> Result<(), Error> {
        client.check_connection().await
    }

    fn has_broken(&self, client: &mut Client) -> bool {
        client.is_closed()
    }
}

impl deadpool::managed::Manager for To {
    type Type = Client;
    type Error = Error;

    async fn create(&self) -> Result<Client, Error> {
        self.open().await
    }

    async fn recycle(
        &self,
        client: &mut Client,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Error> {
        if client.is_closed() {
            return Err(deadpool::managed::RecycleError::message("closed"));
        }
        Ok(())
    }
}

/// What one load gave.
#[derive(Debug, Default)]
struct Load {
    waits: RefCell<Vec<Duration>>,
    failures: Cell<usize>,
    /// Requests that have asked and were not served yet, by their numbers.
    waiting: RefCell<BTreeSet<usize>>,
    asked: Cell<usize>,
    /// How many requests each request was passed by; the most of all.
    passed: RefCell<Vec<usize>>,
    took: Cell<Duration>,
}

impl Load {
    async fn put_on<G: Deref<Target = Client>>(acquire: impl AsyncFn() -> Option<G>) -> Self {
        let load = Self::default();
        let begun = Instant::now();
        join_all((0..USERS).map(|_| load.user(&acquire))).await;
        load.took.set(begun.elapsed());
        load
    }

    async fn user<G: Deref<Target = Client>>(&self, acquire: &impl AsyncFn() -> Option<G>) {
        for _ in 0..TURNS {
            let number = self.asked.replace(self.asked.get() + 1);
            self.waiting.borrow_mut().insert(number);
            self.passed.borrow_mut().push(0);
            let asked = Instant::now();
            let lent = acquire().await;
            self.waits.borrow_mut().push(asked.elapsed());
            self.served(number);
            match lent {
                Some(client) => drop(client.simple_query(WORK).await.unwrap()),
                None => self.failures.set(self.failures.get() + 1),
            }
        }
    }

    /// All that asked before and still wait were passed.
    fn served(&self, number: usize) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.remove(&number);
        let mut passed = self.passed.borrow_mut();
        for earlier in waiting.range(..number) {
            passed[*earlier] += 1;
        }
    }

    fn told(&self, name: &str) {
        let mut waits = self.waits.borrow_mut();
        waits.sort_unstable();
        let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
        println!(
            "{name:>9}: {} of {} failed; waited p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms; passed by {} at most; {:.0} uses/s",
            self.failures.get(),
            waits.len(),
            at(0.5),
            at(0.99),
            at(1.0),
            self.passed.borrow().iter().max().unwrap(),
            waits.len() as f64 / self.took.get().as_secs_f64()
        );
    }
}

fn main() {
    let server = Server::start(Release::Sixteen, &[]);
    let to = To(server.url(&server.database()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..ROUNDS {
            ours(&to).await.told("gristmill");
            bb8_of(&to).await.told("bb8");
            deadpool_of(&to).await.told("deadpool");
        }
    });
}

async fn ours(to: &To) -> Load {
    let limits = Limits { min: CONNECTIONS, max: CONNECTIONS, ..Limits::default() };
    let pool = Pool::new(to.clone(), limits);
    pool.fill().await.unwrap();
    let load = Load::put_on(async || pool.acquire(WAIT).await.ok()).await;
    assert!(pool.shut_down(WAIT).await);
    load
}

async fn bb8_of(to: &To) -> Load {
    let size = CONNECTIONS as u32;
    let pool = bb8::Pool::builder()
        .max_size(size)
        .min_idle(size)
        .connection_timeout(WAIT)
        .build(to.clone())
        .await
        .unwrap();
    Load::put_on(async || pool.get_owned().await.ok()).await
}

async fn deadpool_of(to: &To) -> Load {
    let pool =
        deadpool::managed::Pool::<To>::builder(to.clone()).max_size(CONNECTIONS).build().unwrap();
    // Filled as the others are.
    drop(join_all((0..CONNECTIONS).map(|_| pool.get())).await);
    Load::put_on(async || pool.get().await.ok()).await
}
