//! Rows and cells of the tables that are open.

/// Cells of one row; more go into the last one.
const CELLS_MAX: usize = 4096;

/// The open tables from the outermost on; only the innermost collects.
#[derive(Debug, Default)]
pub(super) struct Tables {
    open: Vec<Table>,
}

#[derive(Debug, Default)]
struct Table {
    cells: Vec<String>,
    in_cell: bool,
    /// It arranges the page and has no rows worth the name.
    layout: bool,
}

impl Tables {
    pub(super) fn open(&mut self) {
        self.open.push(Table::default());
    }

    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Text belongs to a cell of a real table.
    pub(super) fn in_cell(&self) -> bool {
        self.open.last().is_some_and(|table| table.in_cell)
    }

    pub(super) fn begin_cell(&mut self) {
        if let Some(table) = self.open.last_mut() {
            table.in_cell = !table.layout;
        }
    }

    pub(super) fn end_cell(&mut self, text: String) {
        let Some(table) = self.open.last_mut() else { return };
        table.in_cell = false;
        let full = table.cells.len() == CELLS_MAX;
        match table.cells.last_mut() {
            Some(last) if full => {
                last.push(' ');
                last.push_str(&text);
            }
            _ => table.cells.push(text),
        }
    }

    /// Ends the row; `None` when it holds no text.
    pub(super) fn end_row(&mut self) -> Option<String> {
        let cells = std::mem::take(&mut self.open.last_mut()?.cells);
        let end = cells.iter().rposition(|cell| !cell.is_empty())? + 1;
        Some(cells[..end].join(" | "))
    }

    /// The innermost table only arranges the page: gives back what its row has collected.
    pub(super) fn become_layout(&mut self) -> Vec<String> {
        let Some(table) = self.open.last_mut() else { return Vec::new() };
        table.layout = true;
        table.in_cell = false;
        std::mem::take(&mut table.cells)
    }
}
