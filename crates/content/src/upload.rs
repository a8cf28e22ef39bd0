//! A section's bytes at the provider, journaled before the first of them leaves.

#[cfg(test)]
mod tests;

use crate::call::{Got, Line, Op, Terms};
use crate::cleaner::{Cleaner, Remote};
use crate::failure;
use crate::owner;
use flow::fair::Class;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use types::failure::{Failure, FailureClass};
use types::seam::llm::{FileState, NewFile, RemoteFile, RemoteFiles, Sent};
use types::seam::upload::{JournalError, Upload, UploadJournal, UploadState};

/// First look at a file that is not active yet, the growth of the pauses after it, and the longest of them.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const GROWTH: f64 = 1.5;
const LOOK_MAX: Duration = Duration::from_secs(5);

const PDF: &str = "application/pdf";

/// Letters of a section's name in the name that the provider shows.
const SHOWN_MAX: usize = 40;

/// A section to be sent.
pub(crate) struct Sending<'a> {
    pub(crate) files: &'a dyn RemoteFiles,
    /// For looks.
    pub(crate) line: &'a Line,
    /// For bytes.
    pub(crate) up: &'a Line,
    pub(crate) cleaner: &'a Arc<Cleaner>,
    /// What the section is made of.
    pub(crate) content: [u8; 32],
    pub(crate) name: &'a str,
    pub(crate) timeout: Duration,
}

impl Sending<'_> {
    /// Sends the bytes. The caller bounds how many do so at once.
    pub(crate) async fn send(&self, bytes: &Arc<Vec<u8>>) -> Result<(Remote, RemoteFile), Failure> {
        let id = fresh_id();
        let entry = Upload {
            id: id.clone(),
            account: self.files.account(),
            content: self.content,
            owner: owner::ourselves(),
            state: UploadState::Open,
            created: SystemTime::now(),
            name: None,
            uri: None,
        };
        let display_name = format!("{}_{id}.pdf", shown(self.name));
        let sent = Sent::default();
        let new = Arc::new(NewFile { id: id.clone(), display_name, media_type: PDF, sent });
        let ours = self.files.name_of(&id);
        // Whoever gives up in the middle of writing the entry leaves one too.
        let mut remote = Remote::possible(self.cleaner, &new, ours.clone());
        let journal = &self.cleaner.journal;
        journal.with(move |journal| journal.open(&entry)).await.map_err(not_journaled)?;
        fault::point("upload.journaled").map_err(interrupted)?;
        let size = bytes.len() as f64;
        let terms = Terms { class: Class::Normal, tokens: size, within: self.timeout };
        let got = self.up.call(Op::Upload(new, Arc::clone(bytes)), terms).await;
        let Got::File(file) = got.map_err(|error| failure::of_call(&error))? else {
            return Err(failure::unreadable_for_provider());
        };
        remote.arrived(&file.name);
        fault::point("upload.arrived").map_err(interrupted)?;
        if file.name != ours {
            let name = file.name.clone();
            let renamed = journal.with(move |journal| journal.rename(&id, &name)).await;
            renamed.map_err(not_journaled)?;
            fault::point("upload.renamed").map_err(interrupted)?;
        }
        Ok((remote, file))
    }

    /// Waits until the file can be asked about.
    pub(crate) async fn active(&self, mut file: RemoteFile) -> Result<RemoteFile, Failure> {
        let name: Arc<str> = file.name.as_str().into();
        let mut pause = FIRST_LOOK;
        loop {
            match file.state {
                FileState::Active => return Ok(file),
                FileState::Failed => return Err(failure::unreadable_for_provider()),
                FileState::Processing => {}
            }
            // The provider tells nobody when it is done.
            tokio::time::sleep_until(Instant::now() + pause).await;
            pause = pause.mul_f64(GROWTH).min(LOOK_MAX);
            let terms = Terms { class: Class::High, tokens: 0.0, within: self.timeout };
            let got = self.line.call(Op::Look(Arc::clone(&name)), terms).await;
            match got.map_err(|error| failure::of_call(&error))? {
                Got::File(now) => file = now,
                _ => return Err(failure::unreadable_for_provider()),
            }
        }
    }

    /// A file that was kept of an earlier run, if the provider still has it.
    pub(crate) async fn kept(&self) -> Result<Option<RemoteFile>, Failure> {
        let journal = &self.cleaner.journal;
        let (account, content) = (self.files.account(), self.content);
        let found = journal.with(move |journal| journal.kept(&account, &content)).await;
        let Some(entry) = found.map_err(not_journaled)? else { return Ok(None) };
        let name = entry.name.unwrap_or_else(|| self.files.name_of(&entry.id));
        let terms = Terms { class: Class::High, tokens: 0.0, within: self.timeout };
        match self.line.call(Op::Look(name.into()), terms).await {
            Ok(Got::File(file)) if file.state == FileState::Active => Ok(Some(file)),
            Ok(_) => Ok(None),
            Err(error) if error.kind == types::error_kind::ErrorKind::NotFound => {
                journal.close(&entry.id).await.map_err(not_journaled)?;
                Ok(None)
            }
            Err(error) => Err(failure::of_call(&error)),
        }
    }

    /// Has the file stay for later prompts.
    pub(crate) async fn keep(&self, remote: Remote, file: &RemoteFile) -> Result<(), Failure> {
        if let Some(id) = remote.id() {
            let (id, file) = (id.to_owned(), file.clone());
            let kept = move |journal: &dyn UploadJournal| journal.keep(&id, &file.name, &file.uri);
            self.cleaner.journal.with(kept).await.map_err(not_journaled)?;
            fault::point("upload.kept").map_err(interrupted)?;
        }
        remote.keep();
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands over the error")]
fn interrupted(error: std::io::Error) -> Failure {
    Failure::new(FailureClass::Internal, error.to_string(), "run again")
}

fn not_journaled(error: JournalError) -> Failure {
    Failure::new(FailureClass::Internal, error.message, error.hint)
}

/// Nobody else's, on any machine: 35 small letters and digits.
fn fresh_id() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let hash = blake3::hash(format!("{} {number} {now}", owner::ourselves()).as_bytes());
    let hex = hash.to_hex();
    format!("gm-{}", hex.get(..32).unwrap_or_default())
}

/// Of a section's name what any listing can show.
fn shown(name: &str) -> String {
    let fits = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.' | ' ') { c } else { '_' };
    name.chars().take(SHOWN_MAX).map(fits).collect()
}
