//! A provider and a journal in memory, for tests.

use crate::call::{Line, LineParts};
use flow::dispatch::{Role, Route};
use flow::fixed::Fixed;
use flow::policy::{Outcome, Verdict};
use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use types::error_kind::ErrorKind;
use types::failure::Failure;
use types::seam::BoxFuture;
use types::seam::llm::{
    Answer, AnswerEnd, CallError, FileList, FileState, Heard, Llm, NewFile, Question, RemoteFile,
    RemoteFiles,
};
use types::seam::split::{Cut, Facts, Splitter, Wanted};
use types::seam::upload::{JournalError, Upload, UploadJournal, UploadState};
use types::section_file::SectionFile;

/// A provider that holds files, and notes when it was asked what.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) files: Mutex<BTreeMap<String, RemoteFile>>,
    /// Seconds since the start, and what was asked.
    pub(crate) asked: Mutex<Vec<(f64, String)>>,
    /// Seconds until a file is active.
    pub(crate) processing: f64,
    /// Whether files get the names that they are sent with.
    pub(crate) keeps_names: bool,
    /// Seconds for an upload, by its number from 1 and its bytes.
    pub(crate) uploads_take: fn(u64, usize) -> f64,
    /// Seconds for an answer, by its number from 1; none: it knows no answers.
    pub(crate) answers_take: Option<fn(u64) -> f64>,
    /// Seconds that it asks to wait, where it knows no answers.
    pub(crate) asks_to_wait: Option<f64>,
    pub(crate) started: Instant,
}

impl Shelf {
    pub(crate) fn new(processing: f64) -> Self {
        Self {
            files: Mutex::default(),
            asked: Mutex::default(),
            processing,
            keeps_names: true,
            uploads_take: |_, _| 0.0,
            answers_take: None,
            asks_to_wait: None,
            started: Instant::now(),
        }
    }

    fn note(&self, what: String) -> f64 {
        let now = self.started.elapsed().as_secs_f64();
        self.asked.lock().unwrap().push((now, what));
        now
    }

    /// How often this was asked.
    fn number(&self, what: &str) -> u64 {
        self.asked.lock().unwrap().iter().filter(|(_, one)| one == what).count() as u64
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files.lock().unwrap().keys().cloned().collect()
    }

    /// When files were looked at, in seconds.
    pub(crate) fn looks(&self) -> Vec<f64> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(_, what)| what == "look").map(|(at, _)| *at).collect()
    }
}

async fn passes(seconds: f64) {
    tokio::time::sleep_until(Instant::now() + Duration::from_secs_f64(seconds)).await;
}

fn gone() -> CallError {
    CallError {
        kind: ErrorKind::NotFound,
        message: "gone".to_owned(),
        hint: String::new(),
        quota: quota::Hint::default(),
    }
}

fn heard<'a, T: Send + 'a>(
    value: Result<T, CallError>,
) -> BoxFuture<'a, Result<Heard<T>, CallError>> {
    Box::pin(async move { value.map(|value| Heard { value, quota: quota::Hint::default() }) })
}

impl Llm for Shelf {
    fn spec(&self) -> String {
        "shelf:model".to_owned()
    }

    fn files(&self) -> Option<&dyn RemoteFiles> {
        Some(self)
    }

    fn ask<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Result<Answer, CallError>> {
        self.note("ask".to_owned());
        Box::pin(async {
            let Some(takes) = self.answers_take else {
                let quota =
                    quota::Hint { retry_after: self.asks_to_wait, ..quota::Hint::default() };
                return Err(CallError { quota, ..gone() });
            };
            let takes = takes(self.number("ask"));
            passes(takes).await;
            Ok(Answer {
                text: "answer".to_owned(),
                end: AnswerEnd::Whole,
                tokens_in: None,
                tokens_out: None,
                quota: quota::Hint::default(),
            })
        })
    }
}

impl RemoteFiles for Shelf {
    fn account(&self) -> String {
        "shelf".to_owned()
    }

    fn upload<'a>(
        &'a self,
        new: &'a NewFile,
        bytes: &'a Arc<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>> {
        new.sent.mark();
        self.note("upload".to_owned());
        let name = if self.keeps_names { self.name_of(&new.id) } else { "files/own".to_owned() };
        let state = if self.processing > 0.0 { FileState::Processing } else { FileState::Active };
        let file = RemoteFile {
            uri: name.clone(),
            media_type: String::new(),
            display_name: new.display_name.clone(),
            state,
            name: name.clone(),
        };
        let takes = (self.uploads_take)(self.number("upload"), bytes.len());
        Box::pin(async move {
            passes(takes).await;
            self.files.lock().unwrap().insert(name, file.clone());
            Ok(Heard { value: file, quota: quota::Hint::default() })
        })
    }

    fn look<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>> {
        let now = self.note("look".to_owned());
        let file = self.files.lock().unwrap().get(name).cloned().ok_or_else(gone);
        let active = now >= self.processing;
        let state = if active { FileState::Active } else { FileState::Processing };
        heard(file.map(|file| RemoteFile { state, ..file }))
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<()>, CallError>> {
        self.note(format!("delete {name}"));
        heard(self.files.lock().unwrap().remove(name).map(drop).ok_or_else(gone))
    }

    fn list<'a>(
        &'a self,
        _page: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Heard<FileList>, CallError>> {
        self.note("list".to_owned());
        let files = self.files.lock().unwrap().values().cloned().collect();
        heard(Ok(FileList { files, next: None }))
    }

    fn name_of(&self, id: &str) -> String {
        format!("files/{id}")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) Mutex<BTreeMap<String, Upload>>);

impl Notes {
    pub(crate) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl UploadJournal for Notes {
    fn open(&self, upload: &Upload) -> Result<(), JournalError> {
        self.0.lock().unwrap().insert(upload.id.clone(), upload.clone());
        Ok(())
    }

    fn keep(&self, id: &str, name: &str, uri: &str) -> Result<(), JournalError> {
        let mut notes = self.0.lock().unwrap();
        let entry = notes.get_mut(id).unwrap();
        entry.state = UploadState::Kept;
        (entry.name, entry.uri) = (Some(name.to_owned()), Some(uri.to_owned()));
        Ok(())
    }

    fn rename(&self, id: &str, name: &str) -> Result<(), JournalError> {
        self.0.lock().unwrap().get_mut(id).unwrap().name = Some(name.to_owned());
        Ok(())
    }

    fn close(&self, id: &str) -> Result<(), JournalError> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }

    fn kept(&self, account: &str, content: &[u8; 32]) -> Result<Option<Upload>, JournalError> {
        let notes = self.0.lock().unwrap();
        let fits = |entry: &&Upload| {
            entry.account == account
                && entry.content == *content
                && entry.state == UploadState::Kept
        };
        Ok(notes.values().find(fits).cloned())
    }

    fn all(&self, account: &str) -> Result<Vec<Upload>, JournalError> {
        let notes = self.0.lock().unwrap();
        Ok(notes.values().filter(|entry| entry.account == account).cloned().collect())
    }
}

/// A line to it that lets every call through.
pub(crate) fn line(shelf: &Arc<Shelf>) -> (Line, impl Future<Output = ()> + Send + 'static) {
    line_with_cap(shelf, 60.0)
}

/// The same with so many seconds for a call at most.
pub(crate) fn line_with_cap(
    shelf: &Arc<Shelf>,
    cap: f64,
) -> (Line, impl Future<Output = ()> + Send + 'static) {
    Line::new(LineParts {
        llm: Arc::clone(shelf) as Arc<dyn Llm>,
        verdict: |_, _| Outcome::plain(Verdict::Rejected),
        routes: Arc::new(move || {
            let route = Route::new(Box::new(Fixed::new(8)), Role::Primary, 1);
            vec![route.with_timeout_cap(cap)]
        }),
        patience: Duration::from_mins(1),
        failures_max: 3,
        seed: 1,
    })
}

/// Cuts nothing into sections of 10 bytes. From its making until it is done, time that is paused stands still.
#[derive(Debug)]
pub(crate) struct Knife {
    /// Sections after which nothing more comes.
    stuck_after: Option<usize>,
    time: Mutex<Option<mpsc::SyncSender<()>>>,
}

impl Knife {
    pub(crate) fn sharp() -> Self {
        let (held, ended) = mpsc::sync_channel::<()>(1);
        tokio::task::spawn_blocking(move || ended.recv());
        Self { stuck_after: None, time: Mutex::new(Some(held)) }
    }

    pub(crate) fn stuck_after(sections: usize) -> Self {
        Self { stuck_after: Some(sections), ..Self::sharp() }
    }
}

impl Splitter for Knife {
    fn revision(&self) -> &'static str {
        "knife"
    }

    fn split(
        &self,
        _document: &File,
        wanted: Wanted<'_>,
        take: &mut dyn FnMut(Cut) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let Wanted::Ranges(ranges) = wanted else { unreachable!("sections come with ranges") };
        let pages = ranges.len() as u32;
        assert!(take(Cut::Facts(Facts { pages, outline: Vec::new() })).is_continue());
        for index in 0..ranges.len() {
            if self.stuck_after == Some(index) {
                drop(self.time.lock().unwrap().take());
                while take(Cut::StillThere).is_continue() {
                    std::thread::yield_now();
                }
                return Ok(());
            }
            let mut file = SectionFile::default();
            file.push_own(&[0; 10]);
            assert!(take(Cut::Section { index, file }).is_continue());
        }
        drop(self.time.lock().unwrap().take());
        Ok(())
    }
}
