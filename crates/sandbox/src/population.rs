//! The children that are alive, for the memory account.

use crate::process_status::bytes_of;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Clone, Default)]
pub(crate) struct Population(Arc<Mutex<BTreeSet<u32>>>);

impl Population {
    pub(crate) fn add(&self, process: u32) {
        self.processes().insert(process);
    }

    /// Before the process is reaped, because its number can belong to another process afterwards.
    pub(crate) fn remove(&self, process: u32) {
        self.processes().remove(&process);
    }

    /// Memory of the children that no file backs. A child that ends meanwhile counts nothing.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let processes = self.processes().clone();
        processes.into_iter().map(resident_bytes_of).sum()
    }

    fn processes(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn resident_bytes_of(process: u32) -> u64 {
    bytes_of(&process.to_string(), "RssAnon").ok().flatten().unwrap_or(0)
}
