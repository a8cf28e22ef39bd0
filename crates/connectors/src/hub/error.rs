//! Why a model was not fetched. No text of a reply and no signed address is shown: only what the hub's codes say.

use std::io;
use std::path::{Path, PathBuf};
use types::failure::FailureClass;

#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
    #[error("{host} gave no answer: {reason}")]
    NoAnswer { host: String, reason: String },
    #[error("{host} refuses {what} (status {status})")]
    Denied { host: String, what: String, status: u16 },
    #[error("{what} needs the permission of its owners (status {status})")]
    Gated { what: String, status: u16 },
    #[error("{host} has no {what}")]
    NotFound { host: String, what: String },
    #[error("{host} has no time for {what} (status {status})")]
    Busy { host: String, what: String, status: u16, retry_after: Option<u64> },
    #[error("the answer of {host} for {what} cannot be used: {reason}")]
    Answer { host: String, what: String, reason: String },
    #[error("{reason}")]
    Unsuitable { reason: String, hint: &'static str },
    #[error("{file} has another checksum than the hub says, twice")]
    Checksum { file: String },
    #[error("{} cannot be written: {source}", path.display())]
    Disk { path: PathBuf, source: io::Error },
    #[error("{} has {free} bytes free, the model needs {needed}", path.display())]
    NoRoom { path: PathBuf, needed: u64, free: u64 },
    #[error("{} holds {by}", path.display())]
    Occupied { path: PathBuf, by: String },
    #[error("another pull is writing {}", path.display())]
    AtWork { path: PathBuf },
}

impl PullError {
    pub(super) fn disk(path: &Path, source: io::Error) -> Self {
        Self::Disk { path: path.to_owned(), source }
    }

    pub fn class(&self) -> FailureClass {
        match self {
            Self::Denied { .. } | Self::Gated { .. } => FailureClass::Denied,
            Self::Busy { .. } => FailureClass::Quota,
            Self::NoAnswer { .. } => FailureClass::Timeout,
            Self::Disk { source, .. } if is_full(source) => FailureClass::DiskFull,
            Self::NoRoom { .. } => FailureClass::DiskFull,
            Self::Unsuitable { .. }
            | Self::Checksum { .. }
            | Self::NotFound { .. }
            | Self::Answer { .. } => FailureClass::BadDocument,
            Self::Setup(_) | Self::Disk { .. } | Self::Occupied { .. } | Self::AtWork { .. } => {
                FailureClass::Internal
            }
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::Setup(_) => "check the system's certificates".to_owned(),
            Self::NoAnswer { .. } => {
                "check the network, then pull again: what came is kept".to_owned()
            }
            Self::Denied { .. } => {
                "check the model's name; one that is not public needs a key in HF_TOKEN".to_owned()
            }
            Self::Gated { .. } => {
                "accept the model's terms on its page, then put your key into HF_TOKEN".to_owned()
            }
            Self::NotFound { .. } => "check the names of model and revision".to_owned(),
            Self::Busy { retry_after, .. } => {
                let wait = retry_after.map_or("later".to_owned(), |secs| format!("in {secs} s"));
                format!("pull again {wait}: what came is kept")
            }
            Self::Answer { .. } => "check that --hub names a model hub".to_owned(),
            Self::Unsuitable { hint, .. } => (*hint).to_owned(),
            Self::Checksum { .. } => {
                "something on the way changes files: try another network".to_owned()
            }
            Self::Disk { source, .. } if is_full(source) => {
                "free some space, then pull again: what came is kept".to_owned()
            }
            Self::Disk { .. } => "check the folder's permissions".to_owned(),
            Self::NoRoom { .. } => "free some space, or name another folder with --to".to_owned(),
            Self::Occupied { .. } => "name another folder with --to, or remove this one".to_owned(),
            Self::AtWork { .. } => "wait for it".to_owned(),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
