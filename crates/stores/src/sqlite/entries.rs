//! One pair read out as consolidated entries.

use super::error::{Cause, Outcome};
use super::sums::{self, OF_CHUNK, OF_CHUNK_COLUMNS, OF_DOCUMENT, OF_DOCUMENT_COLUMNS};
use super::{labels, vectors};
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};
use std::ops::ControlFlow;
use types::document::Label;
use types::ledger::Entry;
use types::seam::EntryVectors;

/// What the entries of one document share.
struct Book {
    name: String,
    /// Its title, else the stem of its name.
    title: String,
    metadata: Map<String, Value>,
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

fn book(r: &Row<'_>) -> Outcome<Book> {
    let name: String = r.get(0)?;
    let title: Option<String> = r.get(1)?;
    if r.get::<_, i64>(6)? != sums::of_columns(r, 7, OF_DOCUMENT_COLUMNS)? {
        return Err(damaged(&name, "the row"));
    }
    let metadata = object(r.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?, &name)?;
    let title = title.unwrap_or_else(|| stem(&name).to_owned());
    Ok(Book { name, title, metadata, document: r.get(3)?, version: r.get(4)?, label: r.get(5)? })
}

fn read_book(
    conn: &Connection,
    book: &Book,
    pair: i64,
    with: EntryVectors,
    visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Outcome<ControlFlow<()>> {
    let mut chunks = conn.prepare_cached(&format!(
        "SELECT c.uuid, c.text, c.text_hash, c.chapter, c.page, c.weight, c.metadata, v.check_sum, v.v,
           c.check_sum, {OF_CHUNK}
         FROM chunk c LEFT JOIN vector v ON v.chunk=iif(?5, c.id, NULL)
         WHERE c.document=?1 AND c.version=?2 AND coalesce(c.pair, ?3)=?4 ORDER BY c.seq"
    ))?;
    let wanted = with == EntryVectors::With;
    let mut rows = chunks.query(params![book.document, book.version, book.label, pair, wanted])?;
    while let Some(row) = rows.next()? {
        if visit(entry(row, book)?).is_break() {
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
    if r.get::<_, i64>(9)? != sums::of_columns(r, 10, OF_CHUNK_COLUMNS)? {
        return Err(damaged(&book.name, "a chunk"));
    }
    let embedding = match r.get::<_, Option<i64>>(7)? {
        None => None,
        Some(sum) => {
            let blob = r.get_ref(8)?.as_blob().map_err(rusqlite::Error::from)?;
            if sums::of_bytes(blob) != sum {
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
        metadata: merged(book, own)?,
        document: book.name.clone(),
        embedding,
    })
}

fn damaged(document: &str, what: &str) -> Cause {
    Cause::damaged(format!("{what} of document {document} is not what was stored"))
}

/// First 16 bytes of the BLAKE3, as chunks carry it.
pub(crate) fn text_hash_of(text: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(text);
    hash.as_bytes()[..16].try_into().expect("a BLAKE3 has 32 bytes")
}

/// The document's fields, then the chunk's; where both say something the chunk wins.
fn merged(book: &Book, own: &str) -> Outcome<String> {
    let mut whole = book.metadata.clone();
    whole.extend(object(own, &book.name)?);
    Ok(Value::Object(whole).to_string())
}

fn object(json: &str, document: &str) -> Outcome<Map<String, Value>> {
    if json.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(json).map_err(|_| {
        Cause::damaged(format!("metadata of document {document} is not a JSON object"))
    })
}

/// Last part of the path without its ending.
fn stem(name: &str) -> &str {
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    match last.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn the_stem_is_the_last_part_without_its_ending() {
        for (name, expected) in [
            ("books/a.md", "a"),
            ("a", "a"),
            (".hidden", ".hidden"),
            ("x.y/a.tar.gz", "a.tar"),
            ("items.jsonl#7", "items"),
            ("", ""),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
