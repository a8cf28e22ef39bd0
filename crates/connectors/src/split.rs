//! Cutting PDFs into sections, in a limited child.
//!
//! One child reads the document once and gives the sections one after the other; the pipe holds it up while nobody
//! takes them, so that however many there are, one is held. What a section has in common with the document is named
//! by its place there (see [`types::section_file`]), and copied by whoever takes it.

mod pieces;
mod write;

pub use write::write;

use pdf::split::Source;
use sandbox::{ArchiveJob, Sandbox, UnpackBudget, memory_needed};
use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use types::document::{Body, RawDocument};
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::MemberEvent;
use types::seam::split::{Cut, Facts, Splitter, Wanted};

/// How the job is called in the child; the ranges follow, or [`CHAPTERS`].
const FORMAT: &str = "pdf-split:";

/// Instead of ranges.
const CHAPTERS: &str = "chapters";

/// The member that holds the facts; the others are called by the index of their range.
const FACTS: &str = "facts";

/// Bytes that a reader holds for each byte of a document: its own, those of the objects, and what object streams
/// inflate to.
const FOR_EACH_BYTE: u64 = 12;

/// Copies of a document that a reader holds at the least: its bytes, and the streams of its objects.
const COPIES_MIN: u64 = 2;

/// Sections of one child: their ranges travel in its arguments.
const RANGES_MAX: usize = 2_000;

/// A document that kills a child again and again is not worth another one.
const DEATHS_MAX: usize = 3;

/// Cuts PDFs.
#[derive(Debug)]
pub struct PdfSplitter {
    sandbox: Arc<Sandbox>,
    /// Bytes that a child may have.
    memory_max: u64,
}

impl PdfSplitter {
    pub fn new(sandbox: Arc<Sandbox>, memory_max: u64) -> Self {
        Self { sandbox, memory_max }
    }

    fn child(
        &self,
        document: &File,
        asked: &str,
        sections: &mut Sections<'_, '_>,
    ) -> Result<(), Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::bad_document(format!("cannot be read: {error}"), "check the file and its disk")
        };
        let size = document.metadata().map_err(unreadable)?.len();
        sections.size = size;
        if size.saturating_mul(COPIES_MIN) > self.memory_max {
            return Err(too_large(size, self.memory_max));
        }
        let body = Body::File(document.try_clone().map_err(unreadable)?);
        let mut raw = RawDocument { name: String::new(), path: None, size, body };
        let format = format!("{FORMAT}{asked}");
        let budget = UnpackBudget {
            members_max: u64::MAX,
            member_bytes_max: u64::MAX,
            total_bytes_max: u64::MAX,
        };
        let job = ArchiveJob { format: &format, name: "", budget };
        let memory = memory_needed(size, FOR_EACH_BYTE).min(self.memory_max);
        self.sandbox.unpack(&job, &mut raw, memory, &mut |event| sections.visit(event))
    }
}

impl Splitter for PdfSplitter {
    fn revision(&self) -> &'static str {
        pdf::split::REVISION
    }

    fn split(
        &self,
        document: &File,
        wanted: Wanted<'_>,
        take: &mut dyn FnMut(Cut) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let mut sections = Sections::new(wanted, take);
        let mut deaths = 0;
        loop {
            let before = sections.next;
            let asked = sections.begin();
            let ended = self.child(document, &asked, &mut sections);
            if sections.gone || sections.are_done() && (ended.is_ok() || sections.next > before) {
                return Ok(());
            }
            match ended {
                // The ranges of one child are done.
                Ok(()) if sections.next > before => {}
                Ok(()) => return Err(lost()),
                // One section has cost the child its life; the others may be sound.
                Err(_) if sections.next > before && deaths + 1 < DEATHS_MAX => deaths += 1,
                Err(failure) => return Err(failure),
            }
        }
    }
}

fn too_large(size: u64, memory_max: u64) -> Failure {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Failure::new(
        FailureClass::TooLarge,
        format!(
            "the document has {} MiB, and cutting it takes twice as much memory, of which {} MiB are allowed",
            mib(size),
            mib(memory_max)
        ),
        "raise `limits.parse_memory`, or cut the document into parts with another program first",
    )
}

fn lost() -> Failure {
    Failure::new(
        FailureClass::Internal,
        "the splitter ended before its last section",
        "this is a defect of gristmill: please report it",
    )
}

fn written(ranges: &[PageRange]) -> String {
    ranges.iter().map(PageRange::to_string).collect::<Vec<_>>().join(",")
}

/// Whether a child has told the facts of the document, which come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    No,
    Yes,
}

/// Members of the child's archive as sections of the document.
struct Sections<'t, 'f> {
    take: &'t mut (dyn FnMut(Cut) -> ControlFlow<()> + 'f),
    /// All of them; none while it is for the document's outline to say.
    ranges: Option<Vec<PageRange>>,
    /// Of all ranges, the one that comes next.
    next: usize,
    /// Of all ranges, the first of this child.
    first: usize,
    /// Bytes of the document.
    size: u64,
    open: Vec<u8>,
    facts: Told,
    gone: bool,
}

impl<'t, 'f> Sections<'t, 'f> {
    fn new(wanted: Wanted<'_>, take: &'t mut (dyn FnMut(Cut) -> ControlFlow<()> + 'f)) -> Self {
        let ranges = match wanted {
            Wanted::Ranges(ranges) => Some(ranges.to_vec()),
            Wanted::Chapters => None,
        };
        let (open, facts) = (Vec::new(), Told::No);
        Self { take, ranges, next: 0, first: 0, size: 0, open, facts, gone: false }
    }

    /// What a new child is asked for: the sections that have not come, or as many of them as it takes.
    fn begin(&mut self) -> String {
        self.first = self.next;
        self.facts = Told::No;
        let Some(ranges) = &self.ranges else { return CHAPTERS.to_owned() };
        let end = (self.next + RANGES_MAX).min(ranges.len());
        written(ranges.get(self.next..end).unwrap_or_default())
    }

    /// All that were wanted have come.
    fn are_done(&self) -> bool {
        self.ranges.as_ref().is_some_and(|ranges| self.next >= ranges.len())
    }
}

impl Sections<'_, '_> {
    fn visit(&mut self, event: MemberEvent<'_>) -> ControlFlow<()> {
        match event {
            MemberEvent::Begin { name } => {
                self.open.clear();
                if name != FACTS && name.parse() != Ok(self.next - self.first) {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            }
            MemberEvent::Data([]) => self.give(Cut::StillThere),
            MemberEvent::Data(data) => {
                self.open.extend_from_slice(data);
                ControlFlow::Continue(())
            }
            MemberEvent::End => self.end(),
            MemberEvent::Failed { failure, .. } => {
                let index = self.next;
                self.next += 1;
                self.give(Cut::Failed { index, failure })
            }
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        let bytes = std::mem::take(&mut self.open);
        if std::mem::replace(&mut self.facts, Told::Yes) == Told::No {
            return self.take_facts(&bytes);
        }
        let index = self.next;
        self.next += 1;
        match pieces::decoded(&bytes, self.size) {
            Some(file) => self.give(Cut::Section { index, file }),
            None => self.give(Cut::Failed { index, failure: lost() }),
        }
    }

    fn take_facts(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        // A second child tells them again.
        if self.next > 0 {
            return ControlFlow::Continue(());
        }
        let Ok(facts) = serde_json::from_slice::<Facts>(bytes) else {
            return ControlFlow::Break(());
        };
        if self.ranges.is_none() {
            self.ranges = Some(facts.chapters().iter().map(|chapter| chapter.range).collect());
        }
        self.give(Cut::Facts(facts))
    }

    fn give(&mut self, cut: Cut) -> ControlFlow<()> {
        let flow = (self.take)(cut);
        self.gone = flow.is_break();
        flow
    }
}

/// The child's side: none when the job is none of ours.
pub(crate) fn serve(
    job: &ArchiveJob<'_>,
    body: &mut Body,
    visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
) -> Option<Result<(), Failure>> {
    let asked = job.format.strip_prefix(FORMAT)?;
    Some(cut(asked, body, visit))
}

fn cut(
    asked: &str,
    body: &mut Body,
    visit: &mut dyn FnMut(MemberEvent<'_>) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).map_err(|error| {
        Failure::bad_document(format!("cannot be read: {error}"), "check the file and its disk")
    })?;
    let source = Source::open(&bytes)?;
    // What the sections are made of is in the objects now.
    drop(bytes);
    let facts = source.facts();
    let ranges = ranges(asked, &facts)?;
    let facts = serde_json::to_vec(&facts).expect("numbers and texts are JSON");
    let told = [MemberEvent::Begin { name: FACTS }, MemberEvent::Data(&facts), MemberEvent::End];
    if told.into_iter().any(|event| visit(event).is_break()) {
        return Ok(());
    }
    for (index, range) in ranges.into_iter().enumerate() {
        let name = index.to_string();
        // Before the work begins, so that a death is blamed on the right section.
        if visit(MemberEvent::Begin { name: &name }).is_break() {
            return Ok(());
        }
        let flow = match source.section(range) {
            Ok(file) => visit(MemberEvent::Data(&pieces::encoded(&file)))
                .is_continue()
                .then(|| visit(MemberEvent::End)),
            Err(failure) => Some(visit(MemberEvent::Failed { name: &name, failure })),
        };
        if flow.is_none_or(|flow| flow.is_break()) {
            return Ok(());
        }
    }
    Ok(())
}

fn ranges(asked: &str, facts: &Facts) -> Result<Vec<PageRange>, Failure> {
    if asked == CHAPTERS {
        return Ok(facts.chapters().into_iter().map(|chapter| chapter.range).collect());
    }
    let ranges = asked.split(',').filter(|range| !range.is_empty());
    ranges.map(|range| range.parse().map_err(|_| lost())).collect()
}
