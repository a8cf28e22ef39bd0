//! What a child process costs beside parsing in this one: `pdf_child FILE.pdf [ROUNDS]`.
//!
//! Prints processor seconds of user and system for each way, rounds interleaved, and their ratio. A child is used for
//! one document here, so its start is in the figure; in a run it is used for many.

use connectors::parse::FormatWorker;
use sandbox::{Job, Sandbox, SandboxSettings, memory_needed};
use std::error::Error;
use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;
use types::block::Block;
use types::document::{Body, RawDocument};

/// Bytes that the parser holds for each byte of a PDF.
const FOR_EACH_BYTE: u64 = 6;

fn main() -> ExitCode {
    // The child is this program too.
    if let Some(code) = sandbox::child::entry(&FormatWorker) {
        return code;
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when this cannot be written either.
            drop(writeln!(std::io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: pdf_child FILE.pdf [ROUNDS]")?;
    let rounds: u32 = arguments.next().map_or(Ok(5), |rounds| rounds.parse())?;
    let bytes = std::fs::read(path)?;
    let (mut own, mut children) = (0.0, 0.0);
    for _ in 0..rounds {
        own += spent(|| in_process(&bytes))?;
        children += spent(|| in_child(&bytes))?;
    }
    writeln!(
        std::io::stdout(),
        "{:.3} s in this process, {:.3} s in a child: {:.3} times as much",
        own / f64::from(rounds),
        children / f64::from(rounds),
        children / own
    )?;
    Ok(())
}

fn in_process(bytes: &[u8]) -> Result<usize, Box<dyn Error>> {
    let mut blocks = 0;
    pdf::parse(bytes.to_vec(), 1, &mut |_: Block| {
        blocks += 1;
        ControlFlow::Continue(())
    })
    .map_err(|failure| failure.to_string())?;
    Ok(blocks)
}

fn in_child(bytes: &[u8]) -> Result<usize, Box<dyn Error>> {
    let sandbox = Sandbox::new(SandboxSettings::recommended())?;
    let size = bytes.len() as u64;
    let body = Body::Memory(Cursor::new(bytes.to_vec()));
    let mut raw = RawDocument { name: "file.pdf".to_owned(), path: None, size, body };
    let job = Job { format: &parsers::Format::Pdf.id(), name: "file.pdf" };
    let mut blocks = 0;
    sandbox
        .parse(&job, &mut raw, memory_needed(size, FOR_EACH_BYTE), &mut |_| {
            blocks += 1;
            ControlFlow::Continue(())
        })
        .map_err(|failure| failure.to_string())?;
    Ok(blocks)
}

/// Processor seconds of this process and of the children that it has waited for.
fn spent(work: impl FnOnce() -> Result<usize, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let before = processor_seconds()?;
    if work()? == 0 {
        return Err("the file gave no text".into());
    }
    Ok(processor_seconds()? - before)
}

/// Fields 14 to 17 of `/proc/self/stat` (proc(5)), in ticks of a hundredth of a second.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat is not what proc(5) says")?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}
