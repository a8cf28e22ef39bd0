//! How a language model is asked about a document.

use crate::error_kind::{Classified, ErrorKind};
use crate::seam::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One part of a question, in the order in which the model reads them.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text(Arc<str>),
    /// A file that the provider holds.
    File(RemoteFile),
    /// A file that travels with the question.
    Inline(InlineFile),
}

#[derive(Debug, Clone, PartialEq)]
pub struct InlineFile {
    /// As the model is told.
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Arc<Vec<u8>>,
}

/// What the answer must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    Text,
    /// JSON that keeps to this JSON schema.
    Json {
        schema: Arc<str>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub parts: Vec<Part>,
    pub form: Form,
}

/// How an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerEnd {
    Whole,
    /// At the most that the model writes.
    CutShort,
    /// By the provider's filter, for this reason.
    Blocked(String),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub text: String,
    pub end: AnswerEnd,
    /// Tokens that the provider charges for the question, where it says so.
    pub tokens_in: Option<u64>,
    pub tokens_out: Option<u64>,
    /// What the reply said of limits.
    pub quota: quota::Hint,
}

/// A file that a provider holds for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFile {
    /// By which it is looked at and deleted.
    pub name: String,
    /// By which a question refers to it.
    pub uri: String,
    pub media_type: String,
    /// As we called it.
    pub display_name: String,
    pub state: FileState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Cannot be asked about yet.
    Processing,
    Active,
    /// The provider cannot read it.
    Failed,
}

/// Whether the provider may have a file, or come to have it.
#[derive(Debug, Default)]
pub struct Sent(AtomicBool);

impl Sent {
    /// To be called before the first byte of the file leaves.
    pub fn mark(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub fn is_marked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A file to upload. The name is ours, so that it is known before the upload begins.
#[derive(Debug)]
pub struct NewFile {
    /// Small letters, digits and inner dashes, at most 40 of them. A provider may give another one.
    pub id: String,
    /// Unique too: by it a file is found whose name the provider chose.
    pub display_name: String,
    pub media_type: &'static str,
    /// Of all attempts together.
    pub sent: Sent,
}

/// A reply of a call that has more to say than yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard<T> {
    pub value: T,
    pub quota: quota::Hint,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileList {
    pub files: Vec<RemoteFile>,
    /// For the next page; none: this was the last.
    pub next: Option<String>,
}

/// A language model. Calls never retry and never wait for a limit; dropping the future gives up the call.
pub trait Llm: Send + Sync {
    /// Provider and model, and the address where it is not the provider's own.
    fn spec(&self) -> String;

    /// None where files travel with each question.
    fn files(&self) -> Option<&dyn RemoteFiles>;

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, CallError>>;
}

/// Files that a provider holds between questions.
pub trait RemoteFiles: Send + Sync {
    /// Who holds them: files of one account are reached by any model of the provider.
    fn account(&self) -> String;

    /// Marks `new` as sent before the first byte leaves. Errors: `Conflict` when a file of this name is there already.
    fn upload<'a>(
        &'a self,
        new: &'a NewFile,
        bytes: &'a Arc<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>>;

    /// Errors: `NotFound` when there is no such file.
    fn look<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>>;

    /// Errors: `NotFound` when there is no such file.
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<()>, CallError>>;

    /// `page`: what the page before named as the next one.
    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Heard<FileList>, CallError>>;

    /// The name under which a file of this id is held, if the provider keeps to it.
    fn name_of(&self, id: &str) -> String;
}

/// A call failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    pub kind: ErrorKind,
    /// Names the provider and what it said; never a key, never a text of the documents.
    pub message: String,
    /// What the user can do.
    pub hint: String,
    /// What the reply said of limits.
    pub quota: quota::Hint,
}

impl Classified for CallError {
    fn kind(&self) -> ErrorKind {
        self.kind
    }
}
