//! Cutting PDFs into sections, in a limited child.
//!
//! One child reads the document once and gives the sections one after the other; the pipe holds it up while nobody
//! takes them, so that however many there are, one is held.

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
use types::seam::split::{Bookmark, Cut, Facts, Splitter};

/// How the job is called in the child; the ranges follow.
const FORMAT: &str = "pdf-split:";

/// The member that holds the facts; the others are called by the index of their range.
const FACTS: &str = "facts";

/// Bytes that a reader holds for each byte of a document: its own, those of the objects, and what object streams
/// inflate to.
const FOR_EACH_BYTE: u64 = 12;

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
        ranges: &[PageRange],
        sections: &mut Sections<'_, '_>,
    ) -> Result<(), Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::bad_document(format!("cannot be read: {error}"), "check the file and its disk")
        };
        let size = document.metadata().map_err(unreadable)?.len();
        let body = Body::File(document.try_clone().map_err(unreadable)?);
        let mut raw = RawDocument { name: String::new(), path: None, size, body };
        let format = format!("{FORMAT}{}", written(ranges));
        let budget = UnpackBudget {
            members_max: RANGES_MAX as u64 + 1,
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
        ranges: &[PageRange],
        take: &mut dyn FnMut(Cut) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let mut sections =
            Sections { take, next: 0, first: 0, open: Vec::new(), facts: Told::No, gone: false };
        let mut deaths = 0;
        loop {
            let before = sections.next;
            sections.first = before;
            sections.facts = Told::No;
            let batch = ranges.get(before..(before + RANGES_MAX).min(ranges.len()));
            let ended = self.child(document, batch.unwrap_or_default(), &mut sections);
            if sections.gone {
                return Ok(());
            }
            match ended {
                Ok(()) if sections.next >= ranges.len() => return Ok(()),
                // The ranges of one child are done.
                Ok(()) if sections.next > before => {}
                Ok(()) => return Err(lost()),
                // One section has cost the child its life; the others may be sound.
                Err(_)
                    if sections.next > before
                        && sections.next < ranges.len()
                        && deaths + 1 < DEATHS_MAX =>
                {
                    deaths += 1;
                }
                Err(_) if sections.next > before && sections.next >= ranges.len() => return Ok(()),
                Err(failure) => return Err(failure),
            }
        }
    }
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
    /// Of all ranges, the one that comes next.
    next: usize,
    /// Of all ranges, the first of this child.
    first: usize,
    open: Vec<u8>,
    facts: Told,
    gone: bool,
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
        match std::mem::replace(&mut self.facts, Told::Yes) {
            Told::Yes => {}
            // A second child tells them again.
            Told::No if self.next > 0 => return ControlFlow::Continue(()),
            Told::No => {
                return match serde_json::from_slice(&bytes) {
                    Ok(facts) => self.give(Cut::Facts(facts)),
                    Err(_) => ControlFlow::Break(()),
                };
            }
        }
        let index = self.next;
        self.next += 1;
        self.give(Cut::Section { index, bytes })
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
    let ranges = job.format.strip_prefix(FORMAT)?;
    Some(cut(ranges, body, visit))
}

fn cut(
    ranges: &str,
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
    let ranges = ranges.split(',').filter(|range| !range.is_empty());
    let ranges = ranges.map(|range| range.parse::<PageRange>().map_err(|_| lost()));
    let facts = serde_json::to_vec(&facts(&source)).expect("numbers and texts are JSON");
    let told = [MemberEvent::Begin { name: FACTS }, MemberEvent::Data(&facts), MemberEvent::End];
    if told.into_iter().any(|event| visit(event).is_break()) {
        return Ok(());
    }
    for (index, range) in ranges.enumerate() {
        let name = index.to_string();
        let range = range?;
        // Before the work begins, so that a death is blamed on the right section.
        if visit(MemberEvent::Begin { name: &name }).is_break() {
            return Ok(());
        }
        let flow = match source.section(range) {
            Ok(bytes) => {
                visit(MemberEvent::Data(&bytes)).is_continue().then(|| visit(MemberEvent::End))
            }
            Err(failure) => Some(visit(MemberEvent::Failed { name: &name, failure })),
        };
        if flow.is_none_or(|flow| flow.is_break()) {
            return Ok(());
        }
    }
    Ok(())
}

fn facts(source: &Source) -> Facts {
    let outline = source.bookmarks().into_iter();
    let outline =
        outline.map(|one| Bookmark { title: one.title, level: one.level, page: one.page });
    Facts { pages: source.page_count(), outline: outline.collect() }
}
