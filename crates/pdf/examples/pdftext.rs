//! Prints the text of a PDF, pages parted by form feeds: `pdftext FILE [--blocks]`.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use types::block::Block;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), mode) = (arguments.next(), arguments.next()) else {
        return complain("usage: pdftext FILE [--blocks]");
    };
    let write = match mode.as_deref() {
        None => write_text,
        Some("--blocks") => write_block,
        Some(other) => {
            return complain(&format!(
                "unknown argument {other:?}; usage: pdftext FILE [--blocks]"
            ));
        }
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return complain(&format!("cannot read {path:?}: {error}")),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut push = |block| match write(&mut out, &block) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    match pdf::parse(bytes, 1, &mut push) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(&format!("{}: {failure}; {}", failure.class, failure.hint)),
    }
}

fn write_text(out: &mut impl Write, block: &Block) -> io::Result<()> {
    match block {
        Block::Page(1) => Ok(()),
        Block::Page(_) => writeln!(out, "\u{c}"),
        Block::Heading { text, .. } | Block::Text { text, .. } => writeln!(out, "{text}\n"),
        _ => Ok(()),
    }
}

fn write_block(out: &mut impl Write, block: &Block) -> io::Result<()> {
    writeln!(out, "{block:?}")
}

fn complain(message: &str) -> ExitCode {
    let written = writeln!(io::stderr(), "{message}");
    // 2 is the code of wrong usage and of failed input; there is nobody to tell when stderr is closed.
    written.map_or(ExitCode::from(2), |()| ExitCode::from(2))
}
