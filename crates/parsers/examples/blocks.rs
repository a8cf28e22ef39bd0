//! Prints the blocks of a file, or the members of an archive: `cargo run -p gristmill-parsers --example blocks FILE`.

#![expect(clippy::print_stdout, reason = "the output is the purpose")]

use parsers::{Budget, HEAD_BYTES, ParseOptions, detect, parse, unpack};
use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use types::document::Body;
use types::failure::Failure;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: blocks FILE")?;
    let mut file = File::open(&path)?;
    let size = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let format = detect(&path, &head, size).map_err(explained)?;
    println!("format {}", format.identity());
    let mut body = Body::File(file);
    if format.is_archive() {
        let mut visit = |event: types::seam::MemberEvent<'_>| {
            match event {
                types::seam::MemberEvent::Data(bytes) => println!("  {} bytes", bytes.len()),
                other => println!("{other:?}"),
            }
            ControlFlow::Continue(())
        };
        unpack(&format, &path, &mut body, &Budget::default(), &mut visit).map_err(explained)?;
        return Ok(());
    }
    let mut push = |block| {
        println!("{block:?}");
        ControlFlow::Continue(())
    };
    parse(&format, &path, &mut body, ParseOptions::default(), &mut push).map_err(explained)?;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` calls")]
fn explained(failure: Failure) -> String {
    format!("{}: {} ({})", failure.class, failure.message, failure.hint)
}
