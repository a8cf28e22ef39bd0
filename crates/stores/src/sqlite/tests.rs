//! The laws of every store, and what is particular to one file.

mod damage;
mod opening;
mod routed;
mod sharing;

use crate::conformance;
use crate::{Access, SqliteOptions, SqliteStore};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use types::seam::Store as _;

/// A store in a folder of its own, bound to the tests' model.
struct Kept {
    folder: TempDir,
    store: SqliteStore,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder.path().join("kb.db"), Access::Create);
        store.bind_model(&conformance::model()).unwrap();
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("kb.db")
    }
}

fn open(path: &Path, access: Access) -> SqliteStore {
    SqliteStore::open(path, access, SqliteOptions::default()).unwrap()
}

#[test]
fn every_law_of_stores_holds() {
    let laws = [conformance::laws(), conformance::laws_of_several_models()].concat();
    for (name, law) in laws {
        let kept = Kept::new();
        let obeyed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            law(&kept.store);
            conformance::assert_sound(&kept.store);
        }));
        assert!(obeyed.is_ok(), "{name}");
    }
}

/// What a law left is there, and sound, after the process is gone.
#[test]
fn every_law_holds_for_the_next_process() {
    for (name, law) in conformance::laws() {
        let Kept { folder, store } = Kept::new();
        law(&store);
        let counts = store.counts().unwrap();
        let pairs = store.pairs().unwrap();
        drop(store);
        let again = open(&folder.path().join("kb.db"), Access::Write);
        let counts_again = again.counts().unwrap();
        assert_eq!(
            (counts_again.documents, counts_again.chunks),
            (counts.documents, counts.chunks),
            "{name}"
        );
        assert_eq!(again.pairs().unwrap(), pairs, "{name}");
        conformance::assert_sound(&again);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_changes_leave_what_the_model_says(steps in conformance::steps()) {
        let kept = Kept::new();
        conformance::obeys_the_model(&kept.store, &steps);
    }
}
