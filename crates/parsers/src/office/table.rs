//! Tables of word processors and slides: rows of cells, inner tables as text of their cell.

use crate::outlet::one_line;

/// Collects the cells of the outermost open table.
#[derive(Debug, Default)]
pub(super) struct Rows {
    depth: u32,
    cells: Vec<String>,
    cell: String,
}

impl Rows {
    pub(super) fn is_open(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn open(&mut self) {
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// A paragraph inside a cell.
    pub(super) fn paragraph(&mut self, text: &str) {
        if !self.cell.is_empty() {
            self.cell.push(' ');
        }
        self.cell.push_str(&one_line(text));
    }

    pub(super) fn end_cell(&mut self) {
        if self.depth == 1 {
            self.cells.push(std::mem::take(&mut self.cell).trim().to_owned());
        }
    }

    /// The row's text, when the outermost table ends one that is not empty.
    pub(super) fn end_row(&mut self) -> Option<String> {
        if self.depth != 1 {
            return None;
        }
        let cells = std::mem::take(&mut self.cells);
        let end = cells.iter().rposition(|cell| !cell.is_empty())? + 1;
        Some(cells[..end].join(" | "))
    }
}
