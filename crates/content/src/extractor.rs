//! All sections of a document: begun in their order, as many at once as may be, each result told as it comes.

#[cfg(test)]
mod timeouts;

use crate::call::{Line, LineParts, Routes, Trouble, VerdictOf, sum};
use crate::cleaner::Cleaner;
use crate::failure;
use crate::journal::Journal;
use crate::parts::{Cutting, Document};
use crate::pressure::{Pressure, Resident};
use crate::prompt::Prompts;
use crate::section::{Section, SectionResult};
use crate::settings::{Keep, Settings};
use crate::sweep::{Swept, sweep};
use crate::task::{Framing, Shared, Source, Task};
use crate::upload::Sending;
use flow::dispatch::Counts;
use flow::interrupt::Interrupt;
use flow::memory::MemoryPool;
use std::fs::File;
use std::io::{self, Seek};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use types::failure::Failure;
use types::seam::llm::{Llm, RemoteFile};
use types::seam::split::{Facts, Splitter};
use types::seam::transcript::Transcriber;
use types::seam::upload::{JournalError, UploadJournal};

/// How soon a wish to stop is seen.
const TICK: Duration = Duration::from_millis(50);

/// What an extractor is made of.
pub struct Parts {
    pub llm: Arc<dyn Llm>,
    pub splitter: Arc<dyn Splitter>,
    pub journal: Arc<dyn UploadJournal>,
    /// Has documents travel as text, for models that take no files.
    pub transcriber: Option<Arc<dyn Transcriber>>,
    /// Bytes of sections that are alive.
    pub pool: MemoryPool,
    pub resident: Resident,
    pub verdict: VerdictOf,
    /// Of the model: what the provider counts per model.
    pub asking: Routes,
    /// Of its files, which providers count apart: looks, deletions, listings.
    pub filing: Routes,
    /// And their bytes. What a call counts as tokens here are bytes, so that large files may take longer.
    pub sending: Routes,
    pub settings: Settings,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A document and what to ask about it.
#[derive(Debug, Clone)]
pub struct Extract {
    pub document: Arc<File>,
    pub sections: Vec<Section>,
    /// For sections without prompts of their own; none: each has its own.
    pub prompts: Option<Arc<Prompts>>,
    pub keep: Keep,
}

/// All results, in the order of the sections.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// Of the whole document.
    pub pages: u32,
    pub sections: Vec<SectionResult>,
    /// It was interrupted before all sections had ended.
    pub interrupted: bool,
}

impl Extracted {
    /// Interrupted before anything was begun.
    fn given_up(sections: usize) -> Self {
        let stopped = |index| SectionResult::failed(index, failure::stopped());
        Self { pages: 0, sections: (0..sections).map(stopped).collect(), interrupted: true }
    }
}

/// Returns when the user wants to stop.
async fn asked_to_stop(interrupt: &Interrupt) {
    let mut tick = tokio::time::interval(TICK);
    while !interrupt.is_set() {
        tick.tick().await;
    }
}

/// Extracts from any number of documents within one set of limits.
pub struct Extractor {
    pub(crate) shared: Shared,
    pub(crate) splitter: Arc<dyn Splitter>,
    pub(crate) pool: MemoryPool,
    pressure: Pressure,
    /// Places of sections under way.
    sections: Arc<Semaphore>,
    /// Places of documents that are being cut.
    splits: Arc<Semaphore>,
    /// The lines to the provider, and the cleaner.
    _work: JoinSet<()>,
}

impl std::fmt::Debug for Extractor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Extractor").finish_non_exhaustive()
    }
}

/// The sections that are not begun yet.
struct Queue {
    cutting: Cutting,
    /// From the last to the first.
    waiting: Vec<Waiting>,
}

struct Waiting {
    index: usize,
    section: Section,
    prompts: Option<Arc<Prompts>>,
    content: [u8; 32],
    kept: Option<RemoteFile>,
}

/// A section that has a place and its document, or why it has none.
type Begun = (OwnedSemaphorePermit, Result<Task, SectionResult>);

impl Extractor {
    /// To be called inside a runtime with time. Dropping it gives up all calls.
    pub fn start(parts: Parts) -> Self {
        let settings = Arc::new(parts.settings);
        let line = |routes: &Routes| {
            Line::new(LineParts {
                llm: Arc::clone(&parts.llm),
                verdict: parts.verdict,
                routes: Arc::clone(routes),
                patience: settings.patience,
                failures_max: settings.failures_max,
                seed: settings.seed,
            })
        };
        let (asking, asking_work) = line(&parts.asking);
        let (filing, filing_work) = line(&parts.filing);
        let (sending, sending_work) = line(&parts.sending);
        let cleaner = Cleaner::new(filing.clone(), Journal::new(parts.journal));
        let mut work = JoinSet::new();
        work.spawn(asking_work);
        work.spawn(filing_work);
        work.spawn(sending_work);
        work.spawn(Arc::clone(&cleaner).work());
        let uploads = Arc::new(Semaphore::new(settings.uploads.get()));
        let (max, low) = (settings.resident_max, settings.resident_low);
        let pressure = Pressure::new(parts.resident, max, low);
        Self {
            sections: Arc::new(Semaphore::new(settings.section_tasks.get())),
            splits: Arc::new(Semaphore::new(settings.splits.get())),
            shared: Shared {
                llm: parts.llm,
                asking,
                filing,
                sending,
                cleaner,
                uploads,
                transcriber: parts.transcriber,
                transcripts: Arc::new(Semaphore::new(settings.splits.get())),
                settings,
            },
            splitter: parts.splitter,
            pool: parts.pool,
            pressure,
            _work: work,
        }
    }

    /// Deletes what dead processes have left at the provider.
    pub async fn sweep(&self) -> Result<Swept, JournalError> {
        match self.shared.llm.files() {
            None => Ok(Swept::default()),
            Some(files) => sweep(&self.shared.filing, files, &self.shared.cleaner.journal).await,
        }
    }

    /// Waits until what sections left is deleted, at most so long; how many files are still there.
    pub async fn drain(&self, within: Duration) -> u64 {
        let cleaner = &self.shared.cleaner;
        // What is not done by then is in the journal.
        let (Ok(()) | Err(_)) = tokio::time::timeout(within, cleaner.idle()).await;
        cleaner.left()
    }

    /// Calls so far, of all lines together.
    pub fn counts(&self) -> Counts {
        let Shared { asking, filing, sending, .. } = &self.shared;
        let of_bytes = Counts { tokens: 0.0, ..sending.counts() };
        sum(&sum(&asking.counts(), &filing.counts()), &of_bytes)
    }

    /// Tokens of all answers, where the provider says how many.
    pub fn tokens_out(&self) -> u64 {
        self.shared.asking.tokens_out()
    }

    /// Since when the provider answers nothing, and what became of the last call; none while it answers.
    pub fn trouble(&self) -> Option<Trouble> {
        let lines = [&self.shared.asking, &self.shared.filing, &self.shared.sending];
        let trouble = lines.into_iter().filter_map(Line::trouble);
        let trouble = trouble.min_by_key(|trouble| trouble.since)?;
        // A provider that answers other calls is there.
        let heard = lines.into_iter().filter_map(Line::heard_at).max();
        let since = heard.map_or(trouble.since, |heard| heard.max(trouble.since));
        Some(Trouble { since, ..trouble })
    }

    /// What a document says of itself. Error: it cannot be read.
    pub async fn facts(&self, document: &Arc<File>) -> Result<Facts, Failure> {
        let place = self.splits.acquire().await.expect("the semaphore is never closed");
        let facts = self.cutting(document, Vec::new())?.facts().await;
        drop(place);
        facts
    }

    /// Tells each result as it comes.
    ///
    /// # Errors
    /// The document cannot be read at all; failures of sections are results.
    pub async fn extract(
        &self,
        job: Extract,
        interrupt: &Interrupt,
        tell: &mut (dyn FnMut(&SectionResult) + Send),
    ) -> Result<Extracted, Failure> {
        let cutting = self.splits.acquire().await.expect("the semaphore is never closed");
        let mut cutting = Some(cutting);
        let count = job.sections.len();
        let queue = tokio::select! {
            queue = self.queue(job.clone()) => queue?,
            () = asked_to_stop(interrupt) => return Ok(Extracted::given_up(count)),
        };
        let (mut queue, pages) = queue;
        let mut results: Vec<Option<SectionResult>> = vec![None; count];
        let mut running: JoinSet<SectionResult> = JoinSet::new();
        let mut stop = pin!(asked_to_stop(interrupt));
        while !queue.waiting.is_empty() || !running.is_empty() {
            let may_begin = !queue.waiting.is_empty();
            if !may_begin {
                drop(cutting.take());
            }
            let ended = tokio::select! {
                biased;
                Some(joined) = running.join_next() => match joined {
                    Ok(result) => result,
                    Err(_) => continue,
                },
                begun = self.begin(&mut queue, job.keep), if may_begin => {
                    let (permit, task) = begun;
                    match task {
                        Err(result) => result,
                        Ok(task) => {
                            let shared = self.shared.clone();
                            running.spawn(async move {
                                let result = task.run(&shared).await;
                                drop(permit);
                                result
                            });
                            continue;
                        }
                    }
                }
                () = &mut stop => break,
            };
            if let Err(failure) = &ended.result
                && failure::is_final(failure)
            {
                // Nobody else will do better: each that is not begun says the same.
                for waiting in queue.waiting.drain(..).rev() {
                    let result = SectionResult::failed(waiting.index, failure.clone());
                    tell(&result);
                    results[waiting.index] = Some(result);
                }
            }
            tell(&ended);
            let index = ended.index;
            results[index] = Some(ended);
        }
        // Sections that are given up hand over what they left.
        running.shutdown().await;
        let interrupted = results.iter().any(Option::is_none);
        let sections = results.into_iter().enumerate().map(|(index, result)| {
            result.unwrap_or_else(|| SectionResult::failed(index, failure::stopped()))
        });
        Ok(Extracted { pages, sections: sections.collect(), interrupted })
    }

    /// What is to be done, with what is there of an earlier run.
    async fn queue(&self, job: Extract) -> Result<(Queue, u32), Failure> {
        let hash = hash(Arc::clone(&job.document)).await?;
        let mut waiting: Vec<Waiting> = job
            .sections
            .into_iter()
            .enumerate()
            .map(|(index, section)| Waiting {
                index,
                prompts: section.prompts.clone().map(Arc::new).or_else(|| job.prompts.clone()),
                content: content_of(&hash, &section, self.splitter.revision()),
                kept: None,
                section,
            })
            .collect();
        for each in &mut waiting {
            each.kept = self.kept(each).await?;
        }
        let cut = waiting.iter().filter(|each| each.kept.is_none());
        let ranges = cut.map(|each| each.section.range).collect();
        let mut cutting = self.cutting(&job.document, ranges)?;
        let facts = cutting.facts().await?;
        waiting.reverse();
        Ok((Queue { cutting, waiting }, facts.pages))
    }

    /// The section as an earlier run left it, asked for only if the journal knows of one.
    async fn kept(&self, waiting: &Waiting) -> Result<Option<RemoteFile>, Failure> {
        let Some(files) = self.shared.files() else { return Ok(None) };
        let sending = Sending {
            files,
            line: &self.shared.filing,
            up: &self.shared.sending,
            cleaner: &self.shared.cleaner,
            content: waiting.content,
            name: &waiting.section.name,
            timeout: self.shared.settings.timeouts.upload,
        };
        sending.kept().await
    }

    fn cutting(
        &self,
        document: &Arc<File>,
        ranges: Vec<types::pages::PageRange>,
    ) -> Result<Cutting, Failure> {
        let document = Document {
            file: Arc::clone(document),
            ranges,
            pool: self.pool.clone(),
            ahead: self.shared.settings.splits.get() - 1,
            timeout: self.shared.settings.timeouts.split,
        };
        Cutting::start(Arc::clone(&self.splitter), document)
    }

    /// Waits for a place and for the section's bytes. Dropping the future loses nothing.
    async fn begin(&self, queue: &mut Queue, keep: Keep) -> Begun {
        let permit = Arc::clone(&self.sections).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let places = self.shared.settings.section_tasks.get();
        self.pressure.relieved(|| places - self.sections.available_permits()).await;
        let is_kept = queue.waiting.last().is_some_and(|next| next.kept.is_some());
        let part = if is_kept { None } else { queue.cutting.next().await };
        let next = queue.waiting.pop().expect("a section is begun only while one waits");
        let Some(prompts) = next.prompts else {
            return (permit, Err(SectionResult::failed(next.index, failure::nothing_asked())));
        };
        let source = match (next.kept, part) {
            (Some(file), _) => Source::Kept(file),
            (None, Some((_, Ok(part)))) => Source::Cut(part),
            (None, Some((_, Err(failure)))) => {
                return (permit, Err(SectionResult::failed(next.index, failure)));
            }
            (None, None) => {
                return (permit, Err(SectionResult::failed(next.index, failure::stopped())));
            }
        };
        let task = Task {
            index: next.index,
            pages: next.section.range.count(),
            first_page: next.section.range.first(),
            name: next.section.name,
            prompts,
            content: next.content,
            keep,
            source,
            framing: Framing::Section,
        };
        (permit, Ok(task))
    }
}

/// Of the document's bytes.
pub(crate) async fn hash(document: Arc<File>) -> Result<[u8; 32], Failure> {
    let read = move || -> io::Result<[u8; 32]> {
        let mut file = document.as_ref();
        file.rewind()?;
        let mut hasher = blake3::Hasher::new();
        io::copy(&mut file, &mut hasher)?;
        file.rewind()?;
        Ok(*hasher.finalize().as_bytes())
    };
    let hash = tokio::task::spawn_blocking(read).await.map_err(io::Error::other).flatten();
    hash.map_err(|error| unreadable(&error))
}

pub(crate) fn unreadable(error: &io::Error) -> Failure {
    Failure::bad_document(format!("cannot be read: {error}"), "check the file and its disk")
}

/// The same pages of the same document, cut in the same way, are the same upload.
fn content_of(document: &[u8; 32], section: &Section, revision: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("gristmill section of a document");
    hasher.update(document);
    hasher.update(format!("{} {revision}", section.range).as_bytes());
    *hasher.finalize().as_bytes()
}
