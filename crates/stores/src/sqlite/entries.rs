//! One pair read out as consolidated entries.

use super::error::{Cause, Outcome};
use super::sums::{OF_CHUNK, OF_CHUNK_COLUMNS, OF_DOCUMENT, OF_DOCUMENT_COLUMNS, of_columns};
use super::{labels, routed, vectors};
use crate::entry::{Book, NoObject};
use crate::sums::{of_bytes, text_hash_of};
use rusqlite::{Connection, Row, params};
use std::ops::ControlFlow;
use types::document::Label;
use types::ledger::Entry;
use types::seam::{EntryVectors, ModelNumber};

/// A document, and where its chunks are.
struct Shelved {
    book: Book,
    document: i64,
    version: i64,
    /// Pair of the document's label.
    label: i64,
}

/// Where the counts and the entries go.
pub(crate) struct Visit<'a> {
    pub(crate) head: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    pub(crate) entry: &'a mut dyn FnMut(Entry) -> ControlFlow<()>,
}

/// Holds one document and one entry at a time. The caller's transaction makes it one snapshot.
pub(crate) fn read(
    conn: &Connection,
    label: &Label,
    with: EntryVectors,
    visit: &mut Visit<'_>,
) -> Outcome<bool> {
    let Some(pair) = labels::find(conn, label)? else { return Ok(false) };
    let (documents, entries): (u64, u64) = conn
        .prepare_cached(
            "SELECT count(*), coalesce(sum(chunks), 0) FROM document_pair WHERE pair=?1",
        )?
        .query_row([pair], |r| Ok((r.get(0)?, r.get(1)?)))?;
    if documents == 0 {
        return Ok(false);
    }
    if (visit.head)(entries, documents).is_break() {
        return Ok(true);
    }
    // CROSS keeps the order of the join, so that rows come sorted by name and nothing is gathered.
    let mut books = conn.prepare_cached(&format!(
        "SELECT d.name, d.title, d.metadata, d.id, d.version, d.label, d.check_sum, {OF_DOCUMENT}
         FROM document_pair p CROSS JOIN document d ON d.id=p.document CROSS JOIN source s ON s.id=d.source
         WHERE p.pair=?1 ORDER BY p.name, s.name"
    ))?;
    let mut rows = books.query([pair])?;
    let mut given = 0;
    let mut count = |entry| {
        given += 1;
        (visit.entry)(entry)
    };
    while let Some(row) = rows.next()? {
        if read_book(conn, &book(row)?, pair, with, &mut count)?.is_break() {
            return Ok(true);
        }
    }
    if given == entries {
        Ok(true)
    } else {
        Err(Cause::damaged(format!("{given} chunks of a pair were found of {entries}")))
    }
}

fn book(r: &Row<'_>) -> Outcome<Shelved> {
    let name: String = r.get(0)?;
    if r.get::<_, i64>(6)? != of_columns(r, 7, OF_DOCUMENT_COLUMNS)? {
        return Err(damaged(&name, "the row"));
    }
    let metadata = r.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let book = Book::new(name.clone(), r.get(1)?, metadata).map_err(|NoObject| no_object(&name))?;
    Ok(Shelved { book, document: r.get(3)?, version: r.get(4)?, label: r.get(5)? })
}

fn read_book(
    conn: &Connection,
    shelved: &Shelved,
    pair: i64,
    with: EntryVectors,
    visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Outcome<ControlFlow<()>> {
    let model = routed::model_of_chunk(conn)?;
    let mut chunks = conn.prepare_cached(&format!(
        "SELECT c.uuid, c.text, c.text_hash, c.chapter, c.page, c.weight, c.metadata, v.check_sum, v.v,
           c.check_sum, {model}, {OF_CHUNK}
         FROM chunk c LEFT JOIN vector v ON v.chunk=iif(?5, c.id, NULL)
         WHERE c.document=?1 AND c.version=?2 AND coalesce(c.pair, ?3)=?4 ORDER BY c.seq"
    ))?;
    let wanted = with == EntryVectors::With;
    let mut rows =
        chunks.query(params![shelved.document, shelved.version, shelved.label, pair, wanted])?;
    while let Some(row) = rows.next()? {
        if visit(entry(row, &shelved.book)?).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn entry(r: &Row<'_>, book: &Book) -> Outcome<Entry> {
    let text: String = r.get(1)?;
    if r.get::<_, [u8; 16]>(2)? != text_hash_of(text.as_bytes()) {
        return Err(damaged(&book.name, "a text"));
    }
    if r.get::<_, i64>(9)? != of_columns(r, 11, OF_CHUNK_COLUMNS)? {
        return Err(damaged(&book.name, "a chunk"));
    }
    let embedding = match r.get::<_, Option<i64>>(7)? {
        None => None,
        Some(sum) => {
            let blob = r.get_ref(8)?.as_blob().map_err(rusqlite::Error::from)?;
            if of_bytes(blob) != sum {
                return Err(damaged(&book.name, "a vector"));
            }
            Some(vectors::decode(blob))
        }
    };
    let own = r.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(Entry {
        id: r.get(0)?,
        text,
        source_book: book.title.clone(),
        source_chapter: r.get(3)?,
        page: r.get(4)?,
        weight: r.get(5)?,
        metadata: book.merged(own).map_err(|NoObject| no_object(&book.name))?,
        document: book.name.clone(),
        embedding,
        model: ModelNumber(r.get(10)?),
    })
}

fn damaged(document: &str, what: &str) -> Cause {
    Cause::damaged(format!("{what} of document {document} is not what was stored"))
}

fn no_object(document: &str) -> Cause {
    Cause::damaged(format!("metadata of document {document} is not a JSON object"))
}
