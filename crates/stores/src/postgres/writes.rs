//! Transactions that outlive connections.
//!
//! Every transaction of a writer has a number, which it writes into the writer's row before it commits. A COMMIT
//! whose answer got lost may have taken place or not; the next try looks into that row, and if the number stands
//! there, what the lost transaction did is what is returned. The row is locked first, so that a transaction that
//! the server is still working on is waited for, not overtaken.

use super::PostgresStore;
use super::error::{Again, Cause, Outcome, refusal};
use super::lock;
use super::session::{Columns as _, Connector, Mode, Session};
use super::together::together;
use pool::Lease;
use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_postgres::types::Type;

/// How long a transaction is tried, until somebody says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first pause before another try, doubled each time.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// What the writer of one store knows of itself.
#[derive(Debug)]
pub(super) struct Writes {
    /// Key of the writer's row.
    writer: [u8; 16],
    /// Number of the last transaction; held while one is under way, since the row tells of the last one only.
    number: tokio::sync::Mutex<i64>,
    patience: Mutex<Duration>,
    /// Some transaction of this writer took place: the server is no standby by choice.
    written: AtomicBool,
    right: Mutex<Weak<Right>>,
}

/// The right to write: a transaction that holds the lock.
#[derive(Debug)]
struct Right {
    session: Mutex<Session>,
}

/// Waits.
pub(super) async fn pause(time: Duration) {
    // Nothing comes: only the time ends it.
    drop(timeout(time, std::future::pending::<()>()).await);
}

/// How long there is still a try to be made.
struct Tries {
    deadline: Instant,
    pause: Duration,
}

impl Tries {
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Waits as the cause demands; gives it back when there is no point in another try.
    async fn after(&mut self, cause: Cause, again: Again) -> Outcome<()> {
        if matches!(again, Again::Never | Again::WhenItTakesWrites) || self.left().is_zero() {
            return Err(cause);
        }
        if again == Again::WhenItIsBack {
            pause(self.pause.min(self.left())).await;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        Ok(())
    }
}

impl Writes {
    pub(super) fn new(writer: [u8; 16]) -> Self {
        Self {
            writer,
            number: tokio::sync::Mutex::new(0),
            patience: Mutex::new(PATIENCE),
            written: AtomicBool::new(false),
            right: Mutex::default(),
        }
    }

    pub(super) fn be_patient(&self, limit: Duration) {
        *locked(&self.patience) = limit;
    }

    fn again(&self, cause: &Cause) -> Again {
        match cause.again() {
            Again::WhenItTakesWrites if self.written.load(Ordering::SeqCst) => Again::WhenItIsBack,
            again => again,
        }
    }

    fn tries(&self) -> Tries {
        Tries { deadline: Instant::now() + *locked(&self.patience), pause: PAUSE_MIN }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PostgresStore {
    pub(super) async fn write_patiently<T>(
        &self,
        work: impl AsyncFn(&Session) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut number = self.writes.number.lock().await;
        *number += 1;
        let mut tries = self.writes.tries();
        // What the transaction did whose COMMIT was sent and not answered.
        let mut unknown = None;
        loop {
            match self.try_to_write(&work, *number, &mut unknown, tries.left()).await {
                Ok(done) => {
                    self.writes.written.store(true, Ordering::SeqCst);
                    return Ok(done);
                }
                Err(cause) => {
                    self.shared.terms.forget();
                    let again = self.writes.again(&cause);
                    tries.after(cause, again).await?;
                }
            }
        }
    }

    async fn try_to_write<T>(
        &self,
        work: &impl AsyncFn(&Session) -> Outcome<T>,
        number: i64,
        unknown: &mut Option<T>,
        wait: Duration,
    ) -> Outcome<T> {
        self.keep_right(wait).await?;
        let session = self.pool.acquire(wait).await?;
        let tried = async {
            let ((), last) = together(session.begin(Mode::Write), self.last_done(&session)).await?;
            if last == number
                && let Some(done) = unknown.take()
            {
                session.roll_back().await?;
                return Ok(done);
            }
            let done = work(&session).await?;
            fault::point("store.commit.before")?;
            *unknown = Some(done);
            session.commit_after(&self.signature(number)).await.inspect_err(|cause| {
                if refusal(cause).is_some() {
                    // The server said no: it did not take place.
                    *unknown = None;
                }
            })?;
            fault::point("store.commit.after")?;
            unknown.take().ok_or_else(|| Cause::contract("a result has gone"))
        };
        let tried = tried.await;
        // A connection to a server that takes no writes stays read-only, whatever becomes of the server.
        let read_only = matches!(&tried, Err(cause) if cause.again() == Again::WhenItTakesWrites);
        if tried.is_err() && !read_only && !session.is_closed() {
            // A connection that cannot do even this is closed when it is given back.
            drop(session.roll_back().await);
        }
        tried
    }

    /// Locks the writer's row; gives the number of its last transaction.
    async fn last_done(&self, session: &Session) -> Outcome<i64> {
        let sql = "INSERT INTO writer(id, done) VALUES(encode($1, 'hex')::uuid, 0)
            ON CONFLICT(id) DO UPDATE SET seen=writer.seen RETURNING done";
        session.one(sql, &[(&&self.writes.writer[..], Type::BYTEA)]).await?.at(0)
    }

    /// What writes the number of a transaction into the writer's row.
    fn signature(&self, number: i64) -> String {
        let writer = uuid::Uuid::from_bytes(self.writes.writer);
        format!("UPDATE writer SET done={number}, seen=clock_timestamp() WHERE id='{writer}'")
    }

    pub(super) async fn read_patiently<T>(
        &self,
        work: impl AsyncFn(&Session) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut tries = self.writes.tries();
        loop {
            let tried = async {
                let session = self.snapshot(tries.left()).await?;
                ended(&session, work(&session).await).await
            };
            match tried.await {
                Ok(done) => return Ok(done),
                Err(cause) => {
                    let again = cause.again();
                    tries.after(cause, again).await?;
                }
            }
        }
    }

    /// For work that cannot be done twice: only the way to its snapshot is tried again.
    pub(super) async fn read_once<T>(
        &self,
        work: impl AsyncFnOnce(&Session) -> Outcome<T>,
    ) -> Outcome<T> {
        let mut tries = self.writes.tries();
        loop {
            match self.snapshot(tries.left()).await {
                Ok(session) => return ended(&session, work(&session).await).await,
                Err(cause) => {
                    let again = cause.again();
                    tries.after(cause, again).await?;
                }
            }
        }
    }

    async fn snapshot(&self, wait: Duration) -> Outcome<Lease<Connector>> {
        let session = self.pool.acquire(wait).await?;
        session.begin(Mode::Snapshot).await?;
        Ok(session)
    }

    pub(super) async fn take_right(&self, wait: Duration) -> Outcome<Box<dyn Any + Send>> {
        let session = self.session_with_lock(wait).await?;
        let right = Arc::new(Right { session: Mutex::new(session) });
        *locked(&self.writes.right) = Arc::downgrade(&right);
        Ok(Box::new(right))
    }

    async fn session_with_lock(&self, wait: Duration) -> Outcome<Session> {
        let session = Session::open(&self.address, &self.tls, self.driver.handle()).await?;
        lock::take(&session, &self.address.schema, wait).await?;
        Ok(session)
    }

    /// The lock went with its connection: takes it again, or learns that another writer has it now.
    async fn keep_right(&self, wait: Duration) -> Outcome<()> {
        let Some(right) = locked(&self.writes.right).upgrade() else { return Ok(()) };
        if locked(&right.session).is_closed() {
            let session = self.session_with_lock(wait).await?;
            *locked(&right.session) = session;
        }
        Ok(())
    }
}

/// Ends a snapshot; nothing was written, so that how does not matter.
async fn ended<T>(session: &Session, done: Outcome<T>) -> Outcome<T> {
    if !session.is_closed() {
        let ended = session.roll_back().await;
        if done.is_ok() {
            ended?;
        }
    }
    done
}
