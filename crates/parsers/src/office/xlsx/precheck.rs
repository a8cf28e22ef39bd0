//! Whether a workbook can be handed to its library, which has no bounds of its own: unpacks each member once,
//! keeps nothing, and counts.

use crate::office::container::{broken, damaged};
use crate::stop::Step;
use std::io::{self, Read, Seek, Write};
use types::failure::{Failure, FailureClass};
use zip::ZipArchive;

/// All in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Unpacked bytes of all members.
    pub(super) total: u64,
    /// Bytes without a tag between them: the library holds each text whole.
    pub(super) run: u64,
    /// Unpacked bytes of the shared texts, which the library holds all at once.
    pub(super) shared: u64,
}

impl Limits {
    /// Sheets of 6 M cells have 400 MB of XML and are streamed; texts of cells end at 32 KiB in the programs.
    pub(super) const DEFAULT: Self =
        Self { total: 1024 * 1024 * 1024, run: 8 * 1024 * 1024, shared: 128 * 1024 * 1024 };
}

pub(super) fn precheck<R: Read + Seek>(body: R, limits: Limits) -> Step {
    let mut zip = ZipArchive::new(body).map_err(|error| broken(&error))?;
    let mut left = limits.total;
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).map_err(|error| broken(&error))?;
        let name = member.name().map_or_else(|_| format!("{index}"), std::borrow::Cow::into_owned);
        let is_shared = name.to_ascii_lowercase().ends_with("sharedstrings.xml");
        if !is_xml(&name) {
            continue;
        }
        let mut meter = Meter::default();
        let bytes = io::copy(&mut (&mut member).take(left + 1), &mut meter)
            .map_err(|error| damaged(&name, &error))?;
        meter.end();
        left = left.checked_sub(bytes).ok_or_else(|| too_large(limits.total))?;
        meter.check(&name, bytes, limits)?;
        if is_shared && bytes > limits.shared {
            return Err(too_large(limits.shared).into());
        }
    }
    Ok(())
}

/// Pictures and the like are never unpacked.
fn is_xml(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case("xml") || ending.eq_ignore_ascii_case("rels")
}

fn too_large(limit: u64) -> Failure {
    Failure::new(
        FailureClass::Bomb,
        format!("the workbook unpacks to more than {} MiB", limit >> 20),
        "if the workbook is sound, split it or export its sheets as CSV",
    )
}

/// Measures XML as it passes.
#[derive(Debug, Default)]
struct Meter {
    /// Bytes since the last `<`.
    run: u64,
    longest: u64,
    /// The start of the tag that is passing, as far as it is of interest.
    tag: Vec<u8>,
    in_tag: bool,
    /// What `uniqueCount` of the table of shared texts claims.
    claimed: Option<u64>,
}

/// Enough of a tag to find a claim in it; a longer one that opens the table is refused.
const TAG_BYTES_MAX: usize = 4 * 1024;
/// `<si/>` is the shortest entry.
const ENTRY_BYTES_MIN: u64 = 5;

impl Meter {
    fn end(&mut self) {
        self.longest = self.longest.max(self.run);
    }

    /// The library makes room for as many texts as are claimed.
    fn check(&self, name: &str, bytes: u64, limits: Limits) -> Result<(), Failure> {
        if self.longest > limits.run {
            return Err(Failure::new(
                FailureClass::Bomb,
                format!("{name} holds a text or tag of {} bytes", self.longest),
                "if the workbook is sound, export its sheets as CSV",
            ));
        }
        match self.claimed {
            Some(claimed) if claimed > bytes / ENTRY_BYTES_MIN => Err(Failure::bad_document(
                format!("{name} claims {claimed} texts in {bytes} bytes"),
                "open the workbook in a spreadsheet program and save it again",
            )),
            _ => Ok(()),
        }
    }

    fn end_tag(&mut self) {
        if is_table(&self.tag) && self.claimed.is_none() {
            let full = self.tag.len() == TAG_BYTES_MAX;
            self.claimed = if full { Some(u64::MAX) } else { claim(&self.tag) };
        }
        self.tag.clear();
        self.in_tag = false;
    }
}

impl Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.run += 1;
            match byte {
                b'<' => {
                    self.longest = self.longest.max(self.run);
                    self.run = 0;
                    self.tag.clear();
                    self.in_tag = true;
                }
                b'>' if self.in_tag => self.end_tag(),
                _ if self.in_tag && self.tag.len() < TAG_BYTES_MAX => self.tag.push(*byte),
                _ => {}
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The tag's name without prefix is `sst`.
fn is_table(tag: &[u8]) -> bool {
    let end = tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len());
    let name = &tag[..end];
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    local == b"sst"
}

fn claim(tag: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(tag);
    let (_, value) = text.split_once("uniqueCount")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let digits: String = value.chars().skip(1).take_while(|c| *c != '"' && *c != '\'').collect();
    digits.trim().parse().ok()
}
