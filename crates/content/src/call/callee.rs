//! The provider as flow control sees it.

use super::told::Told;
use super::{Terms, VerdictOf};
use flow::cost::Cost;
use flow::lane::{BoxFuture, Callee, Reply};
use flow::policy::{Outcome, Verdict};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use types::error_kind::ErrorKind;
use types::seam::llm::{
    Answer, CallError, FileList, Heard, Llm, NewFile, Question, RemoteFile, RemoteFiles,
};

/// One call.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Ask(Arc<Question>),
    Upload(Arc<NewFile>, Arc<Vec<u8>>),
    Look(Arc<str>),
    Delete(Arc<str>),
    List(Option<String>),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Got {
    Answer(Answer),
    File(RemoteFile),
    Deleted,
    List(FileList),
}

/// A call on its way.
pub(super) struct Job {
    pub(super) op: Op,
    pub(super) terms: Terms,
    pub(super) reply: oneshot::Sender<Result<Got, CallError>>,
    /// Ends when nobody waits for the answer any more.
    pub(super) wanted: watch::Receiver<()>,
}

/// An error, and what it says something of.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) error: CallError,
    scope: Scope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Provider,
    /// This file is gone, or there already; the next one may do better.
    File,
}

impl From<CallError> for Missed {
    fn from(error: CallError) -> Self {
        Self { error, scope: Scope::Provider }
    }
}

pub(super) struct Provider {
    pub(super) llm: Arc<dyn Llm>,
    pub(super) verdict: VerdictOf,
    pub(super) told: Arc<Told>,
}

impl Provider {
    async fn make(&self, op: &Op) -> Result<Reply<Got>, Missed> {
        let files = || self.llm.files().ok_or_else(holds_nothing);
        match op {
            Op::Ask(question) => {
                let answer = self.llm.ask(question).await?;
                self.told.wrote(answer.tokens_out.unwrap_or(0));
                let usage = answer.tokens_in.map(|tokens| Cost::request(tokens as f64, 1.0));
                let hint = answer.quota.clone();
                Ok(Reply { outputs: vec![Got::Answer(answer)], hint, usage })
            }
            Op::Upload(new, bytes) => upload(files()?, new, bytes).await,
            Op::Look(name) => Ok(heard(files()?.look(name).await.map_err(of_file)?, Got::File)),
            Op::Delete(name) => {
                Ok(heard(files()?.delete(name).await.map_err(of_file)?, |()| Got::Deleted))
            }
            Op::List(page) => Ok(heard(files()?.list(page.as_deref()).await?, Got::List)),
        }
    }
}

/// A file of this name that is there already is ours: the name is nobody else's, and the reply to an earlier attempt
/// was lost.
async fn upload(
    files: &dyn RemoteFiles,
    new: &NewFile,
    bytes: &Arc<Vec<u8>>,
) -> Result<Reply<Got>, Missed> {
    match files.upload(new, bytes).await {
        Err(error) if error.kind == ErrorKind::Conflict => {
            Ok(heard(files.look(&files.name_of(&new.id)).await.map_err(of_file)?, Got::File))
        }
        other => Ok(heard(other?, Got::File)),
    }
}

fn of_file(error: CallError) -> Missed {
    let gone = matches!(error.kind, ErrorKind::NotFound | ErrorKind::Conflict);
    Missed { error, scope: if gone { Scope::File } else { Scope::Provider } }
}

fn heard<T>(heard: Heard<T>, got: impl FnOnce(T) -> Got) -> Reply<Got> {
    Reply { outputs: vec![got(heard.value)], hint: heard.quota, usage: None }
}

fn holds_nothing() -> CallError {
    CallError {
        kind: ErrorKind::Internal,
        message: "this provider holds no files".to_owned(),
        hint: "this is a defect of gristmill: please report it".to_owned(),
        quota: quota::Hint::default(),
    }
}

/// Nobody waits for the answer: the call is given up, so that it takes nobody else's place.
fn unwanted() -> CallError {
    CallError {
        kind: ErrorKind::InvalidInput,
        message: "given up by whoever asked".to_owned(),
        hint: "run again".to_owned(),
        quota: quota::Hint::default(),
    }
}

/// Returns when nobody waits any more.
async fn abandoned(mut wanted: watch::Receiver<()>) {
    while wanted.changed().await.is_ok() {}
}

impl Callee for Provider {
    type Item = Job;
    type Output = Got;
    type Error = Missed;

    fn call<'a>(
        &'a self,
        _route: usize,
        items: &'a [&'a Job],
    ) -> BoxFuture<'a, Result<Reply<Got>, Missed>> {
        Box::pin(async move {
            let [job] = items else { return Err(holds_nothing().into()) };
            tokio::select! {
                biased;
                () = abandoned(job.wanted.clone()) => Err(unwanted().into()),
                made = self.make(&job.op) => {
                    match &made {
                        Err(missed) if missed.scope == Scope::Provider => {
                            self.told.failed(&missed.error);
                        }
                        _ => self.told.heard(),
                    }
                    made
                }
            }
        })
    }

    fn judge(&self, missed: &Missed) -> Outcome {
        match missed.scope {
            Scope::Provider => (self.verdict)(missed.error.kind, &missed.error.quota),
            Scope::File => Outcome::plain(Verdict::Rejected),
        }
    }

    fn timed_out(&self, limit: Duration) -> Missed {
        let error = CallError {
            kind: ErrorKind::Timeout,
            message: format!("the provider gave no answer within {:.1} s", limit.as_secs_f64()),
            hint: "check the provider's state and the network".to_owned(),
            quota: quota::Hint::default(),
        };
        self.told.failed(&error);
        error.into()
    }

    fn miscounted(&self, got: usize, wanted: usize) -> Missed {
        let error = CallError {
            kind: ErrorKind::Internal,
            message: format!("the provider gave {got} answers to {wanted} questions"),
            hint: "this is a defect of gristmill: please report it".to_owned(),
            quota: quota::Hint::default(),
        };
        error.into()
    }
}
