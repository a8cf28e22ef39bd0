//! What processes that are dead have left at the provider.

use crate::call::Line;
use crate::cleaner::{Presence, Removal, Removed, remove};
use crate::journal::Journal;
use crate::owner::{self, Owner};
use std::time::{Duration, SystemTime};
use types::seam::llm::RemoteFiles;
use types::seam::upload::{JournalError, Upload, UploadState};

/// Providers delete files themselves after two days. Source: ai.google.dev/gemini-api/docs/files.
const EXPIRES: Duration = Duration::from_hours(48);

/// An upload whose client is dead is over by then, so that nothing can come of it any more.
const SETTLED: Duration = Duration::from_mins(10);

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    pub deleted: u64,
    /// Entries that will be looked at again.
    pub left: u64,
}

/// Deletes what belongs to nobody. Files of living processes, and files that are kept, are not touched.
pub(crate) async fn sweep(
    line: &Line,
    files: &dyn RemoteFiles,
    journal: &Journal,
) -> Result<Swept, JournalError> {
    let mut swept = Swept::default();
    // The newest first: of the oldest most are gone, and the caller may not have time for all.
    let account = files.account();
    let entries = journal.with(move |journal| journal.all(&account)).await?;
    for upload in entries.into_iter().rev() {
        let age = SystemTime::now().duration_since(upload.created).unwrap_or_default();
        let dead = match upload.state {
            UploadState::Kept => age > EXPIRES,
            UploadState::Open => match owner::look(&upload.owner) {
                Owner::Alive => false,
                Owner::Dead => true,
                // No section takes so long.
                Owner::Unknown => age > SETTLED,
            },
        };
        if !dead {
            continue;
        }
        point("sweep.begin")?;
        match remove(line, &removal(&upload, files)).await {
            Ok(Removed::Deleted) => swept.deleted += 1,
            Ok(Removed::Absent) if age > SETTLED => {}
            Ok(Removed::Absent) | Err(_) => {
                swept.left += 1;
                continue;
            }
        }
        point("sweep.removed")?;
        journal.close(&upload.id).await?;
        point("sweep.closed")?;
    }
    Ok(swept)
}

fn point(name: &str) -> Result<(), JournalError> {
    fault::point(name)
        .map_err(|error| JournalError { message: error.to_string(), hint: "run again".to_owned() })
}

fn removal(upload: &Upload, files: &dyn RemoteFiles) -> Removal {
    let name = upload.name.clone().unwrap_or_else(|| files.name_of(&upload.id));
    Removal { id: upload.id.clone(), name: name.into(), presence: Presence::Possible }
}
