//! One pair read out as consolidated entries.

use super::error::{Cause, Outcome};
use super::session::{Columns as _, Param, Session};
use super::{labels, meta, vectors};
use crate::entry::{Book, NoObject};
use crate::sums::{self, Value, text_hash_of};
use futures_util::TryStreamExt as _;
use std::ops::ControlFlow;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::document::Label;
use types::ledger::Entry;
use types::seam::{EntryVectors, ModelNumber};

/// Where the counts and the entries go.
pub(crate) struct Visit<'a> {
    pub(crate) head: &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    pub(crate) entry: &'a mut dyn FnMut(Entry) -> ControlFlow<()>,
}

/// Columns of a chunk `c` that its checksum covers, in the order of [`sum_of`]; 13 of them.
pub(crate) const SUMMED: &str =
    "c.seq, uuid_send(c.uuid), c.text_hash, c.tokens, c.start, c.\"end\", c.page,
    c.weight, c.own_domain, c.own_category, c.chapter, c.section, c.metadata";

/// Holds one document and some rows at a time. The caller's transaction makes it one snapshot.
pub(crate) async fn read(
    session: &Session,
    label: &Label,
    with: EntryVectors,
    visit: &mut Visit<'_>,
) -> Outcome<bool> {
    let Some(pair) = labels::find(session, label).await? else { return Ok(false) };
    let count =
        "SELECT count(*), coalesce(sum(chunks), 0)::bigint FROM document_pair WHERE pair=$1";
    let row = session.one(count, &[(&pair, Type::INT8)]).await?;
    let (documents, entries): (i64, i64) = (row.at(0)?, row.at(1)?);
    if documents == 0 {
        return Ok(false);
    }
    if (visit.head)(entries as u64, documents as u64).is_break() {
        return Ok(true);
    }
    let (given, stopped) = read_rows(session, (pair, label), with, visit).await?;
    if stopped.is_break() || given == entries {
        Ok(true)
    } else {
        Err(Cause::damaged(format!("{given} chunks of a pair were found of {entries}")))
    }
}

async fn read_rows(
    session: &Session,
    (pair, label): (i64, &Label),
    with: EntryVectors,
    visit: &mut Visit<'_>,
) -> Outcome<(i64, ControlFlow<()>)> {
    let vectors = match (with, meta::bound(session).await?) {
        (EntryVectors::With, Some(bound)) => {
            format!("LEFT JOIN {} v ON v.chunk=c.id", bound.table)
        }
        _ => "LEFT JOIN (SELECT 0::bigint AS chunk, 0::bigint AS check_sum, NULL::vector AS v) v ON false"
            .to_owned(),
    };
    let sql = format!(
        "SELECT d.id, d.name, d.title, d.metadata, d.warnings, d.check_sum, c.text, c.check_sum, v.check_sum,
           vector_send(v.v), {SUMMED}
         FROM document_pair x JOIN document d ON d.id=x.document JOIN source s ON s.id=d.source
         JOIN pair p ON p.id=d.label
         JOIN chunk c ON c.document=d.id AND c.version=d.version {vectors}
         WHERE x.pair=$1 AND (NOT d.mixed OR
           (coalesce(c.own_domain, p.domain)=$2 AND coalesce(c.own_category, p.category)=$3))
         ORDER BY x.name, s.name, c.seq"
    );
    let (domain, category) =
        (super::texts::escaped(&label.domain), super::texts::escaped(&label.category));
    let params: [Param<'_>; 3] =
        [(&pair, Type::INT8), (&domain, Type::TEXT), (&category, Type::TEXT)];
    let mut rows = pin!(session.stream(&sql, &params).await?);
    let mut shelved: Option<(i64, Book)> = None;
    let mut given = 0;
    while let Some(row) = rows.try_next().await? {
        let document: i64 = row.at(0)?;
        let book = match shelved.take() {
            Some((of, book)) if of == document => book,
            _ => book(&row)?,
        };
        given += 1;
        let entry = entry(&row, &book)?;
        if (visit.entry)(entry).is_break() {
            return Ok((given, ControlFlow::Break(())));
        }
        shelved = Some((document, book));
    }
    Ok((given, ControlFlow::Continue(())))
}

fn book(row: &Row) -> Outcome<Book> {
    let name = row.text(1)?;
    let title = row.text_or_none(2)?;
    let metadata = row.text(3)?;
    if row.at::<i64>(5)? != sums::of_document(title.as_deref(), &metadata, &row.text(4)?) {
        return Err(damaged(&name, "the row"));
    }
    Book::new(name.clone(), title, &metadata).map_err(|NoObject| no_object(&name))
}

fn entry(row: &Row, book: &Book) -> Outcome<Entry> {
    let text = row.text(6)?;
    if row.short(12)? != text_hash_of(text.as_bytes()) {
        return Err(damaged(&book.name, "a text"));
    }
    if row.at::<i64>(7)? != sum_of(row, 10)? {
        return Err(damaged(&book.name, "a chunk"));
    }
    let embedding = match row.at::<Option<i64>>(8)? {
        None => None,
        Some(sum) => {
            let values = vectors::decode(row.at(9)?);
            if vectors::check_sum(&values) != sum {
                return Err(damaged(&book.name, "a vector"));
            }
            Some(values)
        }
    };
    Ok(Entry {
        id: row.short(11)?,
        text,
        source_book: book.title.clone(),
        source_chapter: row.text_or_none(20)?,
        page: row.at::<Option<i64>>(16)?.and_then(|page| u32::try_from(page).ok()),
        weight: row.at(17)?,
        metadata: book.merged(&row.text(22)?).map_err(|NoObject| no_object(&book.name))?,
        document: book.name.clone(),
        embedding,
        model: ModelNumber::OWN,
    })
}

/// Checksum of the columns [`SUMMED`], of which `first` is the first.
pub(crate) fn sum_of(row: &Row, first: usize) -> Outcome<i64> {
    let integer = |column: usize| row.at::<i64>(first + column).map(Value::Integer);
    let bytes = |column: usize| row.at::<&[u8]>(first + column).map(Value::Blob);
    let texts = (8..13)
        .map(|column| row.text_or_none(first + column))
        .collect::<Outcome<Vec<Option<String>>>>()?;
    let page = match row.at::<Option<i64>>(first + 6)? {
        None => Value::Null,
        Some(page) => Value::Integer(page),
    };
    let mut values = vec![
        integer(0)?,
        bytes(1)?,
        bytes(2)?,
        integer(3)?,
        integer(4)?,
        integer(5)?,
        page,
        Value::Real(f64::from(row.at::<f32>(first + 7)?)),
    ];
    values.extend(texts.iter().map(|text| Value::from(text.as_deref())));
    Ok(sums::of(values))
}

fn damaged(document: &str, what: &str) -> Cause {
    Cause::damaged(format!("{what} of document {document} is not what was stored"))
}

fn no_object(document: &str) -> Cause {
    Cause::damaged(format!("metadata of document {document} is not a JSON object"))
}
