//! One section, from its bytes to its answers.
//!
//! Each step has a limit of its own, all of them together that of the section. What is held (a place among the
//! uploads, the bytes, the file at the provider) is a value, and every way out gives it back.

use crate::call::{Got, Line, Op, Terms};
use crate::cleaner::{Cleaner, Remote};
use crate::parts::Part;
use crate::prompt::Prompts;
use crate::section::{Answered, SectionResult, joined};
use crate::settings::{Keep, Settings};
use crate::upload::Sending;
use crate::{failure, question};
use flow::fair::Class;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use types::failure::Failure;
use types::seam::llm::{self, InlineFile, Llm, Question, RemoteFiles};
use types::seam::transcript::Transcriber;

/// What all sections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) llm: Arc<dyn Llm>,
    pub(crate) asking: Line,
    pub(crate) filing: Line,
    pub(crate) sending: Line,
    pub(crate) cleaner: Arc<Cleaner>,
    pub(crate) uploads: Arc<Semaphore>,
    /// Documents travel as text; none: as files.
    pub(crate) transcriber: Option<Arc<dyn Transcriber>>,
    /// Places of documents that become text.
    pub(crate) transcripts: Arc<Semaphore>,
    pub(crate) settings: Arc<Settings>,
}

impl Shared {
    /// Where the provider holds files that questions refer to.
    pub(crate) fn files(&self) -> Option<&dyn RemoteFiles> {
        if self.transcriber.is_some() { None } else { self.llm.files() }
    }
}

/// A section that is ready to be begun.
pub(crate) struct Task {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) pages: u32,
    /// Of the whole document, where the section begins.
    pub(crate) first_page: u32,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) content: [u8; 32],
    pub(crate) keep: Keep,
    pub(crate) source: Source,
    pub(crate) framing: Framing,
}

/// What the model is told of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It is a section of a larger one.
    Section,
    Whole,
}

/// Of each prompt; none: not asked yet.
type Answers = Vec<Option<Result<String, Failure>>>;

struct Progress {
    attempts: u32,
    answers: Answers,
    kept_as: Option<String>,
}

/// Where the section's document comes from.
pub(crate) enum Source {
    Cut(Part),
    /// It lies at the provider since an earlier run.
    Kept(llm::RemoteFile),
}

/// The document as the model is told of it. Dropping it has an upload deleted.
enum Held {
    /// Travels with each question.
    Inline(llm::Part),
    Remote(llm::Part, Remote),
    /// Somebody else answers for it.
    Kept(llm::Part),
}

impl Held {
    fn part(&self) -> &llm::Part {
        match self {
            Self::Inline(part) | Self::Remote(part, _) | Self::Kept(part) => part,
        }
    }
}

impl Task {
    /// Never fails: a failure is a result too.
    pub(crate) async fn run(self, shared: &Shared) -> SectionResult {
        let started = Instant::now();
        let limit = shared.settings.timeouts.section;
        let mut progress =
            Progress { attempts: 0, answers: vec![None; self.prompts.len()], kept_as: None };
        let ended = timeout(limit, self.attempts(shared, &mut progress)).await;
        let ended = ended.unwrap_or_else(|_| Err(failure::too_late("section", limit)));
        let seconds = started.elapsed().as_secs_f64();
        let Progress { attempts, answers, kept_as } = progress;
        let answers: Vec<Answered> = answers
            .into_iter()
            .enumerate()
            .filter_map(|(place, answer)| {
                Some(Answered { prompt: self.prompts.get(place).name.clone(), answer: answer? })
            })
            .collect();
        let result = ended.and_then(|()| joined(&answers));
        SectionResult { index: self.index, answers, result, attempts, seconds, kept_as }
    }

    async fn attempts(&self, shared: &Shared, progress: &mut Progress) -> Result<(), Failure> {
        loop {
            progress.attempts += 1;
            let outcome = self.attempt(shared, progress).await;
            let mut failures =
                progress.answers.iter().flatten().filter_map(|answer| answer.as_ref().err());
            let passing = match &outcome {
                Ok(()) => failures.any(failure::may_pass),
                Err(failure) => failure::may_pass(failure),
            };
            if progress.attempts >= shared.settings.attempts || !passing {
                return outcome;
            }
        }
    }

    async fn attempt(&self, shared: &Shared, progress: &mut Progress) -> Result<(), Failure> {
        let held = self.hold(shared).await?;
        self.ask_all(shared, held.part(), &mut progress.answers).await;
        if let Held::Kept(llm::Part::File(file)) = &held {
            progress.kept_as = Some(file.name.clone());
        }
        if let (Held::Remote(llm::Part::File(file), remote), Keep::Yes, Some(files)) =
            (held, self.keep, shared.files())
        {
            self.sending(shared, files).keep(remote, &file).await?;
            progress.kept_as = Some(file.name);
        }
        Ok(())
    }

    fn sending<'a>(&'a self, shared: &'a Shared, files: &'a dyn llm::RemoteFiles) -> Sending<'a> {
        Sending {
            files,
            line: &shared.filing,
            up: &shared.sending,
            cleaner: &shared.cleaner,
            content: self.content,
            name: &self.name,
            timeout: shared.settings.timeouts.upload,
        }
    }

    /// Brings the document to where the model can read it.
    async fn hold(&self, shared: &Shared) -> Result<Held, Failure> {
        let part = match &self.source {
            Source::Kept(file) => return Ok(Held::Kept(llm::Part::File(file.clone()))),
            Source::Cut(part) => part,
        };
        if let Some(transcriber) = &shared.transcriber {
            return self.transcribe(shared, transcriber, &part.value).await.map(Held::Inline);
        }
        let Some(files) = shared.files() else {
            return Ok(Held::Inline(llm::Part::Inline(InlineFile {
                name: format!("{}.pdf", self.index + 1),
                media_type: "application/pdf",
                bytes: Arc::clone(&part.value),
            })));
        };
        let limit = shared.settings.timeouts.upload;
        let sending = self.sending(shared, files);
        // Waiting for a place is no part of the step.
        let place = shared.uploads.acquire().await.expect("the semaphore is never closed");
        let sent = timeout(limit, async {
            let (remote, file) = sending.send(&part.value).await?;
            drop(place);
            let file = sending.active(file).await?;
            Ok((remote, file))
        });
        let (remote, file) = sent.await.map_err(|_| failure::too_late("upload", limit))??;
        Ok(Held::Remote(llm::Part::File(file), remote))
    }

    async fn transcribe(
        &self,
        shared: &Shared,
        transcriber: &Arc<dyn Transcriber>,
        pdf: &Arc<Vec<u8>>,
    ) -> Result<llm::Part, Failure> {
        let place = shared.transcripts.acquire().await.expect("the semaphore is never closed");
        let limit = shared.settings.timeouts.split;
        let (transcriber, pdf, first) = (Arc::clone(transcriber), Arc::clone(pdf), self.first_page);
        // A child that is given up here has limits of its own.
        let read = tokio::task::spawn_blocking(move || transcriber.text(&pdf, first));
        let text = timeout(limit, read).await.map_err(|_| failure::too_late("split", limit))?;
        drop(place);
        Ok(question::of_text(&text.unwrap_or_else(|_| Err(failure::stopped()))?))
    }

    /// One prompt after the other, since each may need the answers before it. What was answered by an earlier attempt
    /// was paid for and stands.
    async fn ask_all(&self, shared: &Shared, document: &llm::Part, answers: &mut Answers) {
        for place in self.prompts.in_order() {
            if matches!(answers[place], Some(Ok(_))) {
                continue;
            }
            let failed = |need: &&usize| !matches!(answers[**need], Some(Ok(_)));
            let answer = if let Some(need) = self.prompts.needs(place).iter().find(failed) {
                let name = self.prompts.get(*need).name.as_deref().unwrap_or_default();
                Err(failure::needs(name))
            } else {
                let given = |need: usize| match &answers[need] {
                    Some(Ok(text)) => text.clone(),
                    _ => String::new(),
                };
                let text = self.prompts.filled(place, &given);
                self.ask(shared, document, (place, &text)).await
            };
            answers[place] = Some(answer);
        }
    }

    /// Asks, and once more if the answer does not keep to its schema.
    async fn ask(
        &self,
        shared: &Shared,
        document: &llm::Part,
        (place, text): (usize, &str),
    ) -> Result<String, Failure> {
        let prompt = self.prompts.get(place);
        let first = match self.framing {
            Framing::Section => question::of_section(document, &self.name, text, prompt),
            Framing::Whole => question::asked(document, text.to_owned(), prompt),
        };
        let tokens = question::tokens(document, self.pages, text.len());
        let answer = ask(shared, first.clone(), tokens).await?;
        let Some(schema) = &prompt.schema else { return Ok(answer) };
        let why = match schema.check(&answer) {
            Ok(value) => return Ok(value.to_string()),
            Err(why) => why,
        };
        let answer = ask(shared, question::again(&first, &why), tokens).await?;
        let value = schema.check(&answer).map_err(|why| failure::off_schema(&why))?;
        Ok(value.to_string())
    }
}

/// The whole text of an answer.
pub(crate) async fn ask(
    shared: &Shared,
    question: Question,
    tokens: f64,
) -> Result<String, Failure> {
    let within = shared.settings.timeouts.section;
    let terms = Terms { class: Class::Normal, tokens, within };
    let got = shared.asking.call(Op::Ask(Arc::new(question)), terms).await;
    match got.map_err(|error| failure::of_call(&error))? {
        Got::Answer(answer) => match failure::of_end(&answer.end) {
            Some(failure) => Err(failure),
            None => Ok(answer.text),
        },
        _ => Err(failure::unreadable_for_provider()),
    }
}
