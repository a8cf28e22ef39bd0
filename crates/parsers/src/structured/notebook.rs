//! Notebooks (`.ipynb`): their prose as Markdown and their code, without outputs (images in Base64, mostly).

use crate::outlet::Outlet;
use crate::stop::{Step, Stop};
use crate::text::markdown;
use crate::text::utf8::Utf8Reader;
use serde::Deserialize;
use std::io::{BufReader, Cursor, Seek};
use std::ops::ControlFlow;
use types::block::{Block, TextKind};
use types::document::Body;

/// What is read of a notebook; outputs are skipped without being held.
#[derive(Debug, Deserialize)]
struct Notebook {
    cells: Vec<Cell>,
}

#[derive(Debug, Deserialize)]
struct Cell {
    cell_type: String,
    source: Source,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    Lines(Vec<String>),
    Text(String),
}

impl Source {
    fn into_text(self) -> String {
        match self {
            Self::Lines(lines) => lines.concat(),
            Self::Text(text) => text,
        }
    }
}

/// False, and the body at its start again, when this is no notebook (of a known version).
pub(super) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step<bool> {
    let reader = BufReader::new(Utf8Reader::new(&mut *body)?);
    let read: Result<Notebook, _> = serde_json::from_reader(reader);
    let Ok(notebook) = read else {
        body.rewind()?;
        return Ok(false);
    };
    for cell in notebook.cells {
        let text = cell.source.into_text();
        match cell.cell_type.as_str() {
            "markdown" => prose(text, outlet)?,
            "code" => outlet.extracted_text(TextKind::Code, &text)?,
            _ => outlet.extracted_text(TextKind::Paragraph, &text)?,
        }
    }
    Ok(true)
}

/// Places in a cell become places in the text of the notebook.
fn prose(text: String, outlet: &mut Outlet<'_>) -> Step {
    let mut step = Ok(());
    let mut push = |block| {
        step = match block {
            Block::Heading { level, text, .. } => outlet.extracted_heading(level, &text),
            Block::Text { kind, text, .. } => outlet.extracted_text(kind, &text),
            Block::Title(_) => Ok(()),
            other => outlet.block(other),
        };
        if step.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let read = markdown::parse(
        &mut Body::Memory(Cursor::new(text.into_bytes())),
        &mut Outlet::new(&mut push),
    );
    step?;
    match read {
        Ok(()) | Err(Stop::Gone) => Ok(()),
        Err(failed) => Err(failed),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::short;
    use crate::{Format, ParseOptions, parse};
    use std::io::Cursor;
    use std::ops::ControlFlow;
    use types::document::Body;

    fn read(text: &str) -> Vec<String> {
        let mut blocks = Vec::new();
        let mut body = Body::Memory(Cursor::new(text.as_bytes().to_vec()));
        parse(&Format::Json, "a.ipynb", &mut body, ParseOptions::default(), &mut |block| {
            blocks.push(block);
            ControlFlow::Continue(())
        })
        .unwrap();
        short(&blocks)
    }

    #[test]
    fn prose_and_code_come_without_outputs() {
        let text = r##"{"cells":[{"cell_type":"markdown","source":["# Head\n","\n","Some *text*."]},
            {"cell_type":"code","source":"x = 1","outputs":[{"data":{"image/png":"iVBORw0KGgo"}}]}],"nbformat":4}"##;
        assert_eq!(read(text), ["# Head", "p Some text.", "> x = 1"]);
    }

    #[test]
    fn what_is_no_notebook_is_json() {
        assert_eq!(read(r#"{"worksheets":[{"n":1}]}"#), ["p worksheets[0].n: 1"]);
    }
}
