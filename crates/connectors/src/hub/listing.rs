//! What a hub says of a revision: its commit, and size and checksum of each file.

use super::checksum::Checksum;
use serde::Deserialize;

/// No model has more files; each costs a request.
const FILES_MAX: usize = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Listing {
    pub commit: String,
    pub files: Vec<HubFile>,
}

#[derive(Debug, Clone)]
pub(super) struct HubFile {
    /// With `/` between its folders.
    pub name: String,
    pub bytes: u64,
    pub checksum: Checksum,
}

/// The reply to `GET /api/models/REPO/revision/REVISION?blobs=true`.
#[derive(Deserialize)]
struct Reply {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

impl Listing {
    /// Errors: a sentence that says what is wrong with the reply.
    pub(super) fn parse(reply: &[u8]) -> Result<Self, String> {
        let reply: Reply =
            serde_json::from_slice(reply).map_err(|_| "it is no listing of a model".to_owned())?;
        // It becomes part of addresses.
        let is_commit = reply.sha.len() == 40 && Checksum::parse(&reply.sha).is_some();
        if !is_commit {
            return Err("it names no commit".to_owned());
        }
        if reply.siblings.len() > FILES_MAX {
            return Err(format!("it lists more than {FILES_MAX} files"));
        }
        let files = reply.siblings.into_iter().filter_map(Sibling::file).collect();
        Ok(Self { commit: reply.sha, files })
    }

    pub(super) fn find(&self, name: &str) -> Option<&HubFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

impl Sibling {
    /// None if its size or its sum is not told: such a file could not be checked.
    fn file(self) -> Option<HubFile> {
        let (bytes, sum) = match self.lfs {
            Some(lfs) => (lfs.size, lfs.sha256),
            None => (self.size?, self.blob_id?),
        };
        Some(HubFile { name: self.rfilename, bytes, checksum: Checksum::parse(&sum)? })
    }
}
