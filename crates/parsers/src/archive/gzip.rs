//! Compressed files: a tar inside, or one file.

use super::members::Members;
use super::tar;
use crate::stop::Step;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Cursor, Read};
use types::document::Body;
use types::failure::Failure;

/// A tar's first header.
const BLOCK_BYTES: u64 = 512;

pub(super) fn unpack(name: &str, body: &mut Body, members: &mut Members<'_>) -> Step {
    let mut content = Inflated::new(body);
    let mut first = Vec::new();
    // What is wrong is told again by the read that follows.
    let opened = content.by_ref().take(BLOCK_BYTES).read_to_end(&mut first);
    if opened.is_err() && first.is_empty() {
        return Err(broken().into());
    }
    let inner = inner_name(name);
    let is_tar = first.get(257..262) == Some(b"ustar") || ends_in(&inner, "tar");
    let mut bounded =
        Bounded { inner: content, limits: members.ratio(), unpacked: first.len() as u64 };
    let mut whole = Cursor::new(first).chain(&mut bounded);
    if is_tar {
        return tar::unpack(&mut whole, members);
    }
    if members.surveys() {
        return Ok(());
    }
    match members.admit(inner.as_bytes())? {
        Some(name) => members.content(&name, None, &mut whole),
        None => Ok(()),
    }
}

/// What a compressed file is called without its ending.
fn inner_name(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((stem, ending)) if ending.eq_ignore_ascii_case("tgz") => format!("{stem}.tar"),
        Some((stem, ending)) if ending.eq_ignore_ascii_case("gz") && !stem.is_empty() => {
            stem.to_owned()
        }
        _ => file.to_owned(),
    }
}

fn ends_in(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
}

fn broken() -> Failure {
    Failure::bad_document(
        "the compressed file cannot be unpacked",
        "the file is damaged or cut off: fetch or pack it again",
    )
}

/// The unpacked bytes, and how many packed ones they took.
struct Inflated<'a> {
    decoder: MultiGzDecoder<BufReader<Counted<'a>>>,
}

impl<'a> Inflated<'a> {
    fn new(body: &'a mut Body) -> Self {
        Self { decoder: MultiGzDecoder::new(BufReader::new(Counted { body, count: 0 })) }
    }

    fn packed(&self) -> u64 {
        self.decoder.get_ref().get_ref().count
    }
}

impl Read for Inflated<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer)
    }
}

struct Counted<'a> {
    body: &'a mut Body,
    count: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// Ends a stream that gives too many bytes for those it takes.
struct Bounded<'a> {
    inner: Inflated<'a>,
    limits: super::members::Ratio,
    unpacked: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        self.limits.check(self.unpacked, self.inner.packed()).map_err(io::Error::other)?;
        Ok(read)
    }
}
