//! Numbers of chunks, taken in blocks, so that a batch of rows needs no question for each.

use super::error::Outcome;
use super::session::{Columns as _, Session};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Chunks that one number of the sequence stands for.
const BLOCK: i64 = 4096;

/// Numbers that are ours; those that a failed transaction used are never given again.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    ranges: Mutex<VecDeque<Range<i64>>>,
}

impl Ids {
    fn ranges(&self) -> MutexGuard<'_, VecDeque<Range<i64>>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many numbers, each larger than the one before.
    pub(crate) async fn take(&self, session: &Session, n: usize) -> Outcome<Vec<i64>> {
        let mut taken = Vec::with_capacity(n);
        loop {
            taken.extend(self.take_ours(n - taken.len()));
            if taken.len() == n {
                return Ok(taken);
            }
            let row = session.one("SELECT nextval('chunk_block')", &[]).await?;
            let block: i64 = row.at(0)?;
            self.ranges().push_back(block * BLOCK..(block + 1) * BLOCK);
        }
    }

    fn take_ours(&self, n: usize) -> Vec<i64> {
        let mut ranges = self.ranges();
        let mut taken = Vec::new();
        while taken.len() < n
            && let Some(range) = ranges.front_mut()
        {
            match range.next() {
                Some(id) => taken.push(id),
                None => drop(ranges.pop_front()),
            }
        }
        taken
    }
}
