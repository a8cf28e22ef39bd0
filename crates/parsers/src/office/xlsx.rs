//! Workbooks: each sheet a page, each row a text with the names of its columns.
//!
//! Cells come one by one and only rows are held: a workbook with one far cell would make a whole range of 17 billion.

mod precheck;
mod value;

use self::value::text_of;
use super::container::{broken, missing};
use super::parts;
use crate::outlet::Outlet;
use crate::stop::Step;
use crate::structured::header::Header;
use calamine::{Reader, Xlsx, XlsxError};
use std::io::{Read, Seek, SeekFrom};
use types::block::{TEXT_BYTES_MAX, TextKind};
use types::document::Body;
use types::failure::{Failure, FailureClass};

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    precheck::precheck(&mut *body, precheck::Limits::DEFAULT)?;
    body.seek(SeekFrom::Start(0))?;
    let mut zip = super::container::Container::open(&mut *body)?;
    if !zip.has("xl/workbook.xml")
        && (zip.has("word/document.xml") || zip.has("ppt/presentation.xml"))
    {
        return Err(missing("xl/workbook.xml").into());
    }
    parts::properties(&mut zip, outlet)?;
    drop(zip);
    body.seek(SeekFrom::Start(0))?;
    let mut workbook =
        Xlsx::new(std::io::BufReader::new(body)).map_err(|error| unreadable(&error))?;
    for (number, name) in (1..).zip(workbook.sheet_names()) {
        outlet.page(number)?;
        outlet.extracted_heading(1, &name)?;
        sheet(&mut workbook, &name, number, outlet)?;
    }
    Ok(())
}

/// A sheet that is damaged or is no table (a chart) costs only itself.
fn sheet<R: Read + Seek>(
    workbook: &mut Xlsx<R>,
    name: &str,
    number: u32,
    outlet: &mut Outlet<'_>,
) -> Step {
    let mut cells = match workbook.worksheet_cells_reader(name) {
        Ok(cells) => cells,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(()),
        Err(error) => return outlet.warning(format!("sheet {number}: {}", unreadable(&error))),
    };
    let mut rows = Rows::default();
    loop {
        match cells.next_cell() {
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                rows.cell(row, column, text_of(cell.get_value()), outlet)?;
            }
            Ok(None) => break,
            Err(error) => {
                outlet.warning(format!("sheet {number}: {}", unreadable(&error)))?;
                break;
            }
        }
    }
    rows.flush(outlet)
}

/// The row that is being read, under the header of the sheet.
#[derive(Debug, Default)]
struct Rows {
    number: u32,
    cells: Vec<(u32, String)>,
    /// Of the texts of `cells`: many cells may share one long text, so a row is cut where a block would be.
    bytes: usize,
    header: Option<Header>,
}

impl Rows {
    fn cell(&mut self, row: u32, column: u32, text: String, outlet: &mut Outlet<'_>) -> Step {
        if row != self.number || self.bytes > TEXT_BYTES_MAX {
            self.flush(outlet)?;
            self.number = row;
        }
        if !text.trim().is_empty() {
            self.bytes += text.len();
            self.cells.push((column, text));
        }
        Ok(())
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) -> Step {
        let cells = std::mem::take(&mut self.cells);
        self.bytes = 0;
        if cells.is_empty() {
            return Ok(());
        }
        let first = self.header.is_none();
        let header = self.header.get_or_insert_with(|| Header::of_cells(&cells));
        // Every row repeats the names; their own row has no other names to stand under.
        if first && header.is_named() {
            let names: Vec<&str> = cells.iter().map(|(_, text)| text.trim()).collect();
            return outlet.extracted_text(TextKind::TableRow, &names.join(" | "));
        }
        outlet.extracted_text(TextKind::TableRow, &header.row(&cells))
    }
}

fn unreadable(error: &XlsxError) -> Failure {
    match error {
        XlsxError::Zip(error) => broken(error),
        XlsxError::Password => Failure::new(
            FailureClass::Encrypted,
            "the workbook is protected with a password",
            "remove the password and save it again",
        ),
        _ => Failure::bad_document(
            "the workbook's structure is damaged",
            "open it in a spreadsheet program and save it again",
        ),
    }
}

#[cfg(test)]
mod tests;
