//! The store in a schema of a Postgres server with pgvector.
//!
//! Every call is one transaction on a connection of a pool. A transaction that the network, the server or another
//! writer broke is made again, for as long as the store may wait; one whose COMMIT was sent and never answered is
//! asked about first (`writes.rs`), so that nothing is stored twice. The layout is in `schema/1.sql`.

mod address;
mod apply;
mod batch;
mod cache;
mod condition;
mod copy;
mod documents;
mod driver;
mod entries;
mod error;
mod files;
mod flush;
mod group;
mod ids;
mod inflow;
mod labels;
mod leases;
mod letters;
mod lock;
mod meta;
mod migration;
mod removal;
mod routed;
mod schema;
mod search;
mod segment;
mod session;
mod stored;
mod terms;
mod texts;
mod tidy;
mod tls;
mod together;
mod tokens;
mod totals;
mod uploads;
mod vectors;
mod verify;
mod writes;

#[cfg(test)]
mod tests;

pub use uploads::PostgresUploads;

use crate::sqlite::{Access, FullText};
use address::Address;
use apply::Shared;
use cache::{Answer, QueryCache, Question};
use driver::Driver;
use error::{Cause, Outcome};
use pool::{Limits, Pool, Statistics};
use session::{Connector, Session};
use std::any::Any;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tls::Private;
use types::document::Label;
use types::embedding::{Embedding, ModelId};
use types::lease::Lease;
use types::ledger::{
    Applied, Change, DeadLetter, DocumentId, DocumentState, Entry, FileState, Finish, PairState,
    SourceId, Violation,
};
use types::query::{Hit, Mode, Query, Spelled};
use types::record::Record;
use types::seam::{
    Condition, Counts, EntryVectors, Migration, Repair, RunRow, Store, StoreError, StoreErrorKind,
    Switch, Target,
};
use writes::Writes;

/// Connections that are kept open, if as many may be.
const CONNECTIONS_MIN: usize = 5;
/// What a store that is being closed waits for its connections.
const GOODBYE: Duration = Duration::from_secs(2);
/// Between two tries to reach a server that is starting.
const START_PAUSE: Duration = Duration::from_millis(100);
/// A server that says so long that it is starting, or full, is not waited for when the store is opened.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A store in a Postgres schema.
#[derive(Debug)]
pub struct PostgresStore {
    address: Address,
    access: Access,
    pool: Pool<Connector>,
    tls: Private,
    shared: Shared,
    writes: Writes,
    hits: QueryCache<Vec<Hit>>,
    spellings: QueryCache<Spelled>,
    /// Last, so that connections end before the thread that moves their bytes.
    driver: Driver,
}

impl PostgresStore {
    /// Connects, and makes or migrates the schema if `access` allows it; `full_text` counts only when it is made.
    pub fn open(url: &str, access: Access, full_text: FullText) -> Result<Self, StoreError> {
        let address = Address::parse(url).map_err(|cause| cause.at("postgres://…"))?;
        let shown = address.shown.clone();
        Self::try_open(address, access, full_text).map_err(|cause| cause.at(&shown))
    }

    fn try_open(address: Address, access: Access, full_text: FullText) -> Outcome<Self> {
        fault::point("store.open.begin")?;
        let driver = Driver::start()?;
        let tls = Private::of(&address)?;
        let (session, full_text) = driver.run(async {
            let session = first_session(&address, &tls, &driver).await?;
            let full_text = schema::prepare(&session, &address, (access, full_text)).await?;
            Outcome::Ok((session, full_text))
        })?;
        let connector = Connector {
            address: address.clone(),
            tls: tls.clone(),
            handle: driver.handle().clone(),
        };
        // One connection holds the right to write.
        let max = address.connections - 1;
        let limits = Limits { min: CONNECTIONS_MIN.min(max), max, ..Limits::default() };
        let pool = Pool::new(connector, limits);
        pool.adopt(session);
        if access != Access::Read {
            let kept = pool.clone();
            driver.handle().spawn(async move { kept.keep_in_order().await });
        }
        let slot = i64::from(std::process::id()) % totals::SLOTS;
        let shared = Shared { full_text, slot, ..Shared::default() };
        let writes = Writes::new(instance_bytes());
        let (hits, spellings) = (QueryCache::default(), QueryCache::default());
        Ok(Self { address, access, pool, tls, shared, writes, hits, spellings, driver })
    }

    /// What the connections did.
    pub fn pool_statistics(&self) -> Statistics {
        self.pool.statistics()
    }

    /// Builds the index of vectors now, however few there are.
    pub fn build_index(&self) -> Result<(), StoreError> {
        self.write(async |session| match meta::bound(session).await? {
            Some(bound) => {
                tidy::build_index(session, &bound.table, bound.model.dimensions, 0).await
            }
            None => Ok(()),
        })
    }

    fn told<T>(&self, outcome: Outcome<T>) -> Result<T, StoreError> {
        outcome.map_err(|cause| cause.at(&self.address.shown))
    }

    /// One snapshot.
    fn read<T>(&self, work: impl AsyncFn(&Session) -> Outcome<T>) -> Result<T, StoreError> {
        self.told(self.driver.run(self.read_patiently(work)))
    }

    /// As [`Self::read`], unless the same was answered while the store was as it is.
    fn answered<A: Answer>(
        &self,
        cache: &QueryCache<A>,
        question: Question,
        work: &impl AsyncFn(&Session) -> Outcome<A>,
    ) -> Result<A, StoreError> {
        self.read(async |session| {
            let revision = cache::revision(session).await?;
            if let Some(known) = cache.find(&revision, question) {
                return Ok(known);
            }
            let answer = work(session).await?;
            cache.keep(&revision, question, &answer);
            Ok(answer)
        })
    }

    /// One durable transaction that is rolled back on an error.
    fn write<T>(&self, work: impl AsyncFn(&Session) -> Outcome<T>) -> Result<T, StoreError> {
        if self.access == Access::Read {
            let cause = Cause::told(
                StoreErrorKind::ReadOnly,
                format!("store {} is open for reading only", self.address.shown),
                "open it for writing",
            );
            return self.told(Err(cause));
        }
        self.told(self.driver.run(self.write_patiently(work)))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.driver.run(self.pool.shut_down(GOODBYE));
    }
}

/// Waits only for a server that is on its way up, or has no connection left.
async fn first_session(address: &Address, tls: &Private, driver: &Driver) -> Outcome<Session> {
    let begun = tokio::time::Instant::now();
    loop {
        match Session::open(address, tls, driver.handle()).await {
            Err(cause)
                if cause.code().is_some_and(|code| matches!(code.code(), "57P03" | "53300"))
                    && begun.elapsed() < START_LIMIT =>
            {
                writes::pause(START_PAUSE).await;
            }
            other => return other.map_err(|cause| name_the_host(cause, address)),
        }
    }
}

fn name_the_host(cause: Cause, address: &Address) -> Cause {
    match &cause {
        Cause::Postgres(error) if error.as_db_error().is_none() => Cause::told(
            StoreErrorKind::Unreachable,
            format!("store {}: {} does not answer: {cause}", address.shown, address.host()),
            "check that the server runs and can be reached; a certificate of its own authority is \
             trusted with ?sslrootcert=FILE",
        ),
        _ => cause,
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

/// Differs between stores opened at different times or by different processes.
fn instance_bytes() -> [u8; 16] {
    static OPENED: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let opened = OPENED.fetch_add(1, Ordering::SeqCst);
    let seed = format!("{now} {} {opened}", std::process::id());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(seed.as_bytes()).as_bytes()[..16]);
    bytes
}

impl Store for PostgresStore {
    fn url(&self) -> &str {
        &self.address.shown
    }

    fn model(&self) -> Result<Option<ModelId>, StoreError> {
        let bound = self.read(async |session| meta::bound(session).await)?;
        Ok(bound.map(|bound| bound.model))
    }

    fn bind_model(&self, model: &ModelId) -> Result<(), StoreError> {
        self.write(async |session| meta::bind_model(session, model).await)
    }

    fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.read(async |session| meta::setting(session, key).await)
    }

    fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write(async |session| meta::set_setting(session, key, value).await)
    }

    fn settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(async |session| meta::settings(session).await)
    }

    fn lock_for_writing(&self, wait: Duration) -> Result<Box<dyn Any + Send>, StoreError> {
        self.told(self.driver.run(self.take_right(wait)))
    }

    fn wait_in_writing(&self, limit: Duration) -> Result<(), StoreError> {
        self.writes.be_patient(limit);
        Ok(())
    }

    fn begin_run(&self, run_id: &str) -> Result<i64, StoreError> {
        self.write(async |session| meta::begin_run(session, run_id, now()).await)
    }

    fn end_run(&self, run: i64, result_json: &str) -> Result<(), StoreError> {
        self.write(async |session| meta::end_run(session, run, result_json, now()).await)
    }

    fn runs(&self, limit: usize) -> Result<Vec<RunRow>, StoreError> {
        self.read(async |session| meta::runs(session, limit).await)
    }

    fn source(&self, name: &str) -> Result<SourceId, StoreError> {
        match self.read(async |session| meta::find_source(session, name).await)? {
            Some(id) => Ok(id),
            None => self.write(async |session| meta::make_source(session, name).await),
        }
    }

    fn sources(&self) -> Result<Vec<(SourceId, String)>, StoreError> {
        self.read(async |session| meta::sources(session).await)
    }

    fn files_after(
        &self,
        source: SourceId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<FileState>, StoreError> {
        self.read(async |session| files::after(session, source, after, limit).await)
    }

    fn document(&self, source: SourceId, name: &str) -> Result<Option<DocumentState>, StoreError> {
        let mut states =
            self.read(async |session| documents::states(session, source, &[name]).await)?;
        Ok(states.pop().flatten())
    }

    fn documents(
        &self,
        source: SourceId,
        names: &[String],
    ) -> Result<Vec<Option<DocumentState>>, StoreError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.read(async |session| documents::states(session, source, &names).await)
    }

    fn documents_of(
        &self,
        source: SourceId,
        file: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DocumentState>, StoreError> {
        self.read(async |session| documents::of_file(session, (source, file), after, limit).await)
    }

    fn stale_documents(
        &self,
        source: SourceId,
        file: &str,
        limit: usize,
    ) -> Result<Vec<DocumentId>, StoreError> {
        self.read(async |session| documents::stale(session, source, file, limit).await)
    }

    fn known_vectors(&self, document: DocumentId) -> Result<HashMap<[u8; 16], i64>, StoreError> {
        self.read(async |session| vectors::known(session, document).await)
    }

    fn vectors_at(&self, places: &[i64]) -> Result<Vec<Option<Embedding>>, StoreError> {
        self.read(async |session| vectors::at(session, places).await)
    }

    fn migration(&self) -> Result<Option<Migration>, StoreError> {
        self.read(async |session| migration::find(session).await)
    }

    fn begin_migration(&self, to: &Target) -> Result<(), StoreError> {
        self.write(async |session| migration::begin(session, to).await)
    }

    fn forget_migration(&self) -> Result<(), StoreError> {
        self.write(async |session| migration::forget(session).await)
    }

    fn unmigrated(&self, after: i64, limit: usize) -> Result<Vec<(i64, String)>, StoreError> {
        self.read(async |session| migration::left(session, after, limit).await)
    }

    fn migrate(&self, vectors: &[(i64, Option<Embedding>)]) -> Result<(), StoreError> {
        self.write(async |session| migration::put(session, vectors).await)
    }

    fn finish_migration(&self, switch: &Switch) -> Result<(), StoreError> {
        self.write(async |session| migration::finish(session, switch).await)
    }

    fn claim(
        &self,
        documents: &[DocumentId],
        run: i64,
        time: Duration,
    ) -> Result<Vec<Option<Lease>>, StoreError> {
        self.write(async |session| leases::claim(session, documents, run, time).await)
    }

    fn renew_leases(&self, run: i64, time: Duration) -> Result<u64, StoreError> {
        self.write(async |session| leases::renew(session, run, time).await)
    }

    fn release_leases(&self, run: i64) -> Result<u64, StoreError> {
        self.write(async |session| leases::release(session, run).await)
    }

    fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        self.write(async |session| apply::apply(session, &self.shared, changes).await)
    }

    fn sweep(&self) -> Result<bool, StoreError> {
        self.write(async |session| removal::sweep(session).await)
    }

    fn tidy(&self) -> Result<(), StoreError> {
        self.write(async |session| tidy::tidy(session).await)
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        self.read(async |session| totals::counts(session).await)
    }

    fn condition(&self) -> Result<Condition, StoreError> {
        let indexes = self.read(async |session| condition::indexes(session).await)?;
        let connections = condition::connections(self.pool.statistics(), self.pool.limits().max);
        Ok(Condition { connections: Some(connections), indexes })
    }

    fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        self.read(async |session| letters::list(session).await)
    }

    fn mark_for_retry(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.write(async |session| letters::mark_for_retry(session, ids).await)
    }

    fn purge(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.write(async |session| letters::purge(session, ids).await)
    }

    fn pairs(&self) -> Result<Vec<PairState>, StoreError> {
        self.read(async |session| labels::all(session).await)
    }

    fn read_pair(
        &self,
        label: &Label,
        vectors: EntryVectors,
        head: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
        entry: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let mut visit = entries::Visit { head, entry };
        let read = self
            .read_once(async |session| entries::read(session, label, vectors, &mut visit).await);
        self.told(self.driver.run(read))
    }

    fn read_document(
        &self,
        document: DocumentId,
        record: &mut dyn FnMut(Record) -> ControlFlow<()>,
    ) -> Result<Option<Finish>, StoreError> {
        let read = self.read_once(async |session| stored::read(session, document, record).await);
        self.told(self.driver.run(read))
    }

    fn spell(&self, words: &str) -> Result<Spelled, StoreError> {
        let question = Question::spelling(words);
        self.answered(&self.spellings, question, &async |session: &Session| {
            search::spell(session, words).await
        })
    }

    fn search(&self, query: &Query) -> Result<Vec<Hit>, StoreError> {
        if query.mode == Mode::Keyword && self.shared.full_text == FullText::Off {
            return Err(StoreError {
                kind: StoreErrorKind::Internal,
                message: format!("store {} was made without full text", self.address.shown),
                hint: "search with --mode semantic, or make the store again".to_owned(),
            });
        }
        let question = Question::search(query);
        self.answered(&self.hits, question, &async |session: &Session| {
            search::search(session, query).await
        })
    }

    fn verify(&self, repair: Repair) -> Result<Vec<Violation>, StoreError> {
        match repair {
            Repair::No => {
                self.read(async |session| verify::verify(session, &self.shared, repair).await)
            }
            Repair::Yes => {
                self.write(async |session| verify::verify(session, &self.shared, repair).await)
            }
        }
    }
}
