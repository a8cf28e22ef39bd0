//! CSV: each record a document of its own, fields named by the header.

mod fields;
mod records;

use self::fields::{FIELDS_MAX, Fields};
use self::records::{Delimiter, Record, Records};
use super::capped::{Capped, hash_id};
use super::header::Header;
use super::item;
use crate::outlet::{Outlet, metadata_text, one_line};
use crate::stop::Step;
use crate::text::plain;
use crate::text::utf8::Utf8Reader;
use serde_json::{Map, Value};
use std::io::BufReader;
use types::block::{Block, Item, TextKind};
use types::document::{Body, OwnLabel};
use types::failure::{Failure, FailureClass};

/// Columns that make a first row a header, even alone.
const KNOWN: [&str; 7] = ["id", "title", "domain", "category", "content", "text", "body"];

pub(crate) fn parse(name: &str, body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let reader = Utf8Reader::new(body)?;
    let (start, end) = (reader.start, reader.line_end);
    let mut records = Records::new(BufReader::with_capacity(64 * 1024, reader), start, end);
    if is_tab_separated(name) {
        records = records.with_delimiter(Delimiter::TAB);
    }
    let (mut table, mut splitter) = (None, None);
    let mut count = 0_u64;
    while let Some(record) = records.next()? {
        let record = match record {
            Record::Whole(record) => record,
            Record::Bad(record, failure) => {
                count += 1;
                item::bad(&record, failure, outlet)?;
                continue;
            }
        };
        let splitter = splitter.get_or_insert_with(|| Fields::new(records.delimiter()));
        let Ok(fields) = splitter.of(record.held()) else {
            count += 1;
            item::bad(&record, too_many_fields(), outlet)?;
            continue;
        };
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let Some(table) = &table else {
            let first = Table::of(&fields);
            if !first.header.is_named() {
                count += 1;
                first.push(&record, &fields, outlet)?;
            }
            table = Some(first);
            continue;
        };
        count += 1;
        table.push(&record, &fields, outlet)?;
    }
    if count == 0 {
        outlet.warning("the file holds no records")?;
    }
    Ok(())
}

/// The ending says so; a `.csv` may have any delimiter.
fn is_tab_separated(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case("tsv") || ending.eq_ignore_ascii_case("tab")
}

fn too_many_fields() -> Failure {
    Failure::new(
        FailureClass::TooLarge,
        format!("record has more than {FIELDS_MAX} fields"),
        "split the table by its columns, or check which character separates them",
    )
}

/// What the columns mean.
#[derive(Debug)]
struct Table {
    header: Header,
    columns: usize,
    /// A column is named for the text.
    has_text: bool,
}

impl Table {
    fn of(fields: &[&str]) -> Self {
        let cells = cells(fields);
        let header = Header::of_cells(&cells);
        let known =
            cells.iter().any(|(_, name)| KNOWN.contains(&name.trim().to_lowercase().as_str()));
        let header = if known && !header.is_named() { Header::forced(&cells) } else { header };
        let has_text =
            (0..).zip(fields).any(|(column, _)| header.name(column).is_some_and(is_text));
        Self { header, columns: fields.len(), has_text }
    }

    fn push(&self, record: &Capped, fields: &[&str], outlet: &mut Outlet<'_>) -> Step {
        let mut row = Row::default();
        let cells = cells(fields);
        for (column, value) in &cells {
            row.field(self.header.name(*column), value);
        }
        let content = record.content();
        let id = row.id.unwrap_or_else(|| hash_id(&content));
        if self.has_text && row.text.is_none() {
            let failure = Failure::new(
                FailureClass::BadItem,
                "record has nothing in its text column",
                "give the record a text, or remove it",
            );
            return outlet.block(Block::BadItem { id, failure });
        }
        let metadata = metadata_text(&row.others);
        outlet.block(Block::Item(Item {
            id,
            title: row.title,
            label: row.label,
            metadata,
            content,
        }))?;
        if fields.len() != self.columns {
            let (has, columns) = (fields.len(), self.columns);
            outlet.warning(format!("record has {has} fields, the first row has {columns}"))?;
        }
        if let Some(text) = row.text {
            return plain::paragraphs(text, record.span(), outlet);
        }
        outlet.text(TextKind::TableRow, &self.header.row(&cells), record.span())
    }
}

fn is_text(name: &str) -> bool {
    item::TEXT_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

/// The columns that hold something.
fn cells<'f>(fields: &[&'f str]) -> Vec<(u32, &'f str)> {
    (0..).zip(fields.iter().copied()).filter(|(_, text)| !text.trim().is_empty()).collect()
}

/// The fields of a record by their meaning.
#[derive(Debug, Default)]
struct Row<'a> {
    id: Option<String>,
    title: Option<String>,
    label: OwnLabel,
    text: Option<&'a str>,
    others: Map<String, Value>,
}

impl<'a> Row<'a> {
    fn field(&mut self, name: Option<&str>, value: &'a str) {
        let Some(name) = name else { return };
        let word = || Some(one_line(value));
        match name.to_lowercase().as_str() {
            "id" => self.id = word(),
            "title" => self.title = word(),
            "domain" => self.label.domain = word(),
            "category" => self.label.category = word(),
            name if is_text(name) && self.text.is_none() => self.text = Some(value),
            _ => {
                self.others.insert(name.to_owned(), Value::String(value.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
