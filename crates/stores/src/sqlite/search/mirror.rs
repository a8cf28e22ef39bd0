//! Where a search reads codes: in the file for a process that asks once, in memory for one that asks again.
//!
//! Blocks never change and their numbers are never given twice, so what is held is always right; each
//! search only looks which blocks its snapshot has.

use super::super::error::{Cause, Outcome};
use super::blocks::damaged;
use super::shelf::Shelf;
use crate::search::codes::{BlockView, CodeBlock, CodedQuery, OtherDimensions, Scan};
use crate::search::top::Scored;
use ahash::{AHashMap, AHashSet};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use types::seam::StoreErrorKind;

/// Codes of larger stores are read from the file each time: four million chunks of 256 dimensions.
const HELD_BYTES_MAX: u64 = 1 << 30;
/// Fewer codes are not worth a second thread.
const CODES_PER_THREAD_MIN: usize = 50_000;
const THREADS_MAX: usize = 4;

/// Blocks held in memory, for the life of a store, by model.
#[derive(Debug, Default)]
pub(crate) struct CodeMirror {
    held: Mutex<AHashMap<Shelf, Held>>,
}

#[derive(Debug, Default)]
struct Held {
    asked: bool,
    bytes: u64,
    blocks: BTreeMap<i64, Arc<CodeBlock>>,
}

/// The codes of one snapshot.
pub(crate) enum Codes<'c> {
    InFile(&'c Connection, Shelf),
    InMemory(Vec<(i64, Arc<CodeBlock>)>),
}

impl CodeMirror {
    /// The snapshot's codes; the first time in the file, since reading them once is what one search needs.
    pub(crate) fn codes<'c>(&self, conn: &'c Connection, shelf: Shelf) -> Outcome<Codes<'c>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut listed = conn.prepare_cached(&format!(
            "SELECT block, length(chunks) + length(data) FROM {}{}",
            shelf.table(),
            shelf.condition()
        ))?;
        let listed: Vec<(i64, u64)> = listed
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let bytes: u64 = listed.iter().map(|(_, bytes)| bytes).sum();
        let others = held.iter().filter(|(other, _)| **other != shelf);
        let others: u64 = others.map(|(_, held)| held.bytes).sum();
        let held = held.entry(shelf).or_default();
        if !std::mem::replace(&mut held.asked, true) || bytes + others > HELD_BYTES_MAX {
            held.blocks.clear();
            held.bytes = 0;
            return Ok(Codes::InFile(conn, shelf));
        }
        held.bytes = bytes;
        held.follow(conn, shelf, &listed)
    }
}

impl Held {
    fn follow<'c>(
        &mut self,
        conn: &Connection,
        shelf: Shelf,
        listed: &[(i64, u64)],
    ) -> Outcome<Codes<'c>> {
        let wanted: AHashSet<i64> = listed.iter().map(|(block, _)| *block).collect();
        self.blocks.retain(|block, _| wanted.contains(block));
        let sql = format!("SELECT n, chunks, data FROM {} WHERE block = ?1", shelf.table());
        let mut statement = conn.prepare_cached(&sql)?;
        for block in wanted {
            if let Entry::Vacant(place) = self.blocks.entry(block) {
                let read = statement.query_row([block], |row| {
                    Ok(CodeBlock { n: row.get(0)?, chunks: row.get(1)?, data: row.get(2)? })
                })?;
                place.insert(Arc::new(read));
            }
        }
        let blocks = self.blocks.iter().map(|(number, block)| (*number, Arc::clone(block)));
        Ok(Codes::InMemory(blocks.collect()))
    }
}

impl Codes<'_> {
    /// The best `size` chunks of those in `only`, or of all, by their codes.
    pub(crate) fn best(
        &self,
        query: &CodedQuery,
        only: Option<&AHashSet<i64>>,
        size: usize,
    ) -> Outcome<Vec<Scored>> {
        let scan = || Scan::new(query, only, size);
        match self {
            Self::InFile(conn, shelf) => in_file(conn, *shelf, scan()),
            Self::InMemory(blocks) => in_memory(blocks, &scan),
        }
    }
}

/// One sweep over the table, in the order in which its pages were written.
fn in_file(conn: &Connection, shelf: Shelf, mut scan: Scan<'_>) -> Outcome<Vec<Scored>> {
    let (table, of_shelf) = (shelf.table(), shelf.condition());
    let mut statement = conn.prepare_cached(&format!(
        "SELECT block, n, chunks, data FROM {table}{of_shelf} ORDER BY block"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let block = row.get(0)?;
        let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
        let view = BlockView::new(row.get(1)?, blob(2)?, blob(3)?).map_err(|_| damaged(block))?;
        scan.block(&view).map_err(other_model)?;
    }
    Ok(scan.into_top().into_sorted())
}

fn in_memory<'q>(
    blocks: &[(i64, Arc<CodeBlock>)],
    scan: &(dyn Fn() -> Scan<'q> + Sync),
) -> Outcome<Vec<Scored>> {
    let codes: usize = blocks.iter().map(|(_, block)| block.n).sum();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = (codes / CODES_PER_THREAD_MIN).clamp(1, THREADS_MAX.min(cores));
    let share = blocks.len().div_ceil(threads).max(1);
    let mut parts = blocks.chunks(share);
    let first = parts.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> =
            parts.map(|part| scope.spawn(move || scan_part(part, scan()))).collect();
        let mut top = scan_part(first, scan())?.into_top();
        for other in others {
            top.merge(other.join().expect("a scan does not panic")?.into_top());
        }
        Ok(top.into_sorted())
    })
}

fn scan_part<'q>(part: &[(i64, Arc<CodeBlock>)], mut scan: Scan<'q>) -> Outcome<Scan<'q>> {
    for (number, block) in part {
        let view = block.view().map_err(|_| damaged(*number))?;
        scan.block(&view).map_err(other_model)?;
    }
    Ok(scan)
}

fn other_model(found: OtherDimensions) -> Cause {
    Cause::told(
        StoreErrorKind::OtherModel,
        format!("query vector has {} values, the store's have {}", found.query, found.codes),
        "search with the model that made the store",
    )
}
