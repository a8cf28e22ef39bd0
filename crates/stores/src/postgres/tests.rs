//! The laws of every store on a real server, and what is particular to one.

mod faults;
mod privacy;
mod sharing;

use crate::conformance;
use crate::postgres::PostgresUploads;
use crate::{Access, FullText, PostgresStore};
use postgres_server::{Pooler, shared};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use types::seam::Store as _;
use types::seam::upload::UploadJournal as _;

/// Schemas of one database; an empty store takes one.
struct Shelf {
    url: String,
    schemas: AtomicUsize,
}

impl Shelf {
    fn new() -> Self {
        Self::through(shared().port())
    }

    fn through(port: u16) -> Self {
        let database = shared().database();
        Self { url: shared().url_through(port, &database), schemas: AtomicUsize::new(0) }
    }

    /// URL of a store that is not there yet.
    fn next(&self) -> String {
        let number = self.schemas.fetch_add(1, Ordering::SeqCst);
        format!("{}?schema=s{number}", self.url)
    }

    /// An empty store, bound to the tests' model.
    fn store(&self) -> PostgresStore {
        let store = open(&self.next(), Access::Create);
        store.bind_model(&conformance::model()).unwrap();
        store
    }
}

fn open(url: &str, access: Access) -> PostgresStore {
    PostgresStore::open(url, access, FullText::On).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_law_of_stores_holds() {
    laws_hold(&Shelf::new(), "");
}

#[test]
fn the_laws_of_the_journal_of_uploads_hold() {
    let shelf = Shelf::new();
    for options in ["", "&pgbouncer=true"] {
        let url = format!("{}{options}", shelf.next());
        conformance::uploads::laws_hold(&|| Box::new(PostgresUploads::open(&url).unwrap()));
    }
}

#[test]
fn a_store_in_use_takes_uploads_and_stays_sound() {
    let shelf = Shelf::new();
    let url = shelf.next();
    let store = open(&url, Access::Create);
    store.bind_model(&conformance::model()).unwrap();
    let _writer = store.lock_for_writing(std::time::Duration::ZERO).unwrap();
    let journal = PostgresUploads::open(&url).unwrap();
    journal.open(&conformance::uploads::entry("a", 1)).unwrap();
    assert_eq!(journal.all("here").unwrap().len(), 1);
    conformance::assert_sound(&store);
}

#[test]
fn every_law_holds_without_named_statements() {
    laws_hold(&Shelf::new(), "&pgbouncer=true");
}

/// Where there is none, `tests/postgres_faults.rs` says so aloud.
#[test]
fn every_law_holds_behind_a_pooler() {
    if let Some(pooler) = Pooler::start(shared()) {
        laws_hold(&Shelf::through(pooler.port()), "&pgbouncer=true");
    }
}

fn laws_hold(shelf: &Shelf, options: &str) {
    let mut broken = Vec::new();
    for (name, law) in conformance::laws() {
        let store = open(&format!("{}{options}", shelf.next()), Access::Create);
        store.bind_model(&conformance::model()).unwrap();
        let obeyed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            law(&store);
            conformance::assert_sound(&store);
        }));
        if obeyed.is_err() {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn any_changes_leave_what_the_model_says() {
    let shelf = Shelf::new();
    let config =
        ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in conformance::steps())| {
        conformance::obeys_the_model(&shelf.store(), &steps);
    });
}
