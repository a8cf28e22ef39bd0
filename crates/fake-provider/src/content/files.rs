//! Files that clients uploaded: which are alive, and what was done wrong on the way.

use super::{Given, Wanted};
use crate::plan::Content;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileStats {
    /// Uploads that were begun.
    pub started: u64,
    /// Uploads that became a file.
    pub uploaded: u64,
    pub bytes: u64,
    pub deleted: u64,
    /// Files that are there now.
    pub alive: u64,
    pub alive_max: u64,
    /// Questions for the state of a file.
    pub polls: u64,
    /// Texts that were generated, and are paid for.
    pub generated: u64,
    /// Requests that came before a refusal's wait was over.
    pub early: u64,
    /// Requests that make no sense, by what is wrong with them.
    pub wrong: BTreeMap<String, u64>,
}

/// All files of the account.
#[derive(Debug)]
pub(crate) struct Files {
    alive: BTreeMap<String, File>,
    uploads: BTreeMap<String, Upload>,
    gone: BTreeSet<String>,
    numbers: u64,
    rng: fastrand::Rng,
    stats: FileStats,
}

#[derive(Debug)]
struct Upload {
    name: Option<String>,
    display_name: String,
    bytes: u64,
    mime: String,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) display_name: String,
    pub(super) bytes: u64,
    pub(super) mime: String,
    /// Infinite: it stays in processing.
    active_at: f64,
}

impl Files {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            alive: BTreeMap::new(),
            uploads: BTreeMap::new(),
            gone: BTreeSet::new(),
            numbers: 0,
            rng: fastrand::Rng::with_seed(seed),
            stats: FileStats::default(),
        }
    }

    pub(crate) fn stats(&self) -> FileStats {
        FileStats { alive: self.alive.len() as u64, ..self.stats.clone() }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.alive.keys().cloned().collect()
    }

    pub(crate) fn came_early(&mut self) {
        self.stats.early += 1;
    }

    pub(super) fn generated(&mut self) {
        self.stats.generated += 1;
    }

    pub(super) fn wrong(&mut self, what: &str) {
        *self.stats.wrong.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn active(&self, now: f64, name: &str) -> Option<&File> {
        self.alive.get(name).filter(|file| file.active_at <= now)
    }

    pub(super) fn start(&mut self, content: &Content, wanted: &Wanted<'_>) -> Given {
        self.stats.started += 1;
        let header = |name: &str| wanted.headers.get(name).and_then(|value| value.to_str().ok());
        let begins = header("x-goog-upload-protocol") == Some("resumable")
            && header("x-goog-upload-command") == Some("start");
        let bytes =
            header("x-goog-upload-header-content-length").and_then(|text| text.parse().ok());
        let mime = header("x-goog-upload-header-content-type");
        let (true, Some(bytes), Some(mime)) = (begins, bytes, mime) else {
            self.wrong("start_headers");
            return Given::wrong(400, "INVALID_ARGUMENT", "Upload headers are missing.");
        };
        let body: Value = serde_json::from_slice(wanted.body).unwrap_or_default();
        let text = |key: &str| body["file"][key].as_str().map(str::to_owned);
        let name = text("name").filter(|_| content.names_kept);
        if let Some(name) = &name {
            if !is_name(name) {
                self.wrong("name");
                return Given::wrong(400, "INVALID_ARGUMENT", "File name is not valid.");
            }
            if self.alive.contains_key(name) {
                return Given::wrong(409, "ALREADY_EXISTS", "File already exists.");
            }
        }
        self.numbers += 1;
        let id = format!("up{}", self.numbers);
        let display_name = text("display_name").or(text("displayName")).unwrap_or_default();
        self.uploads
            .insert(id.clone(), Upload { name, display_name, bytes, mime: mime.to_owned() });
        let host = header("host").unwrap_or("localhost");
        let url =
            format!("http://{host}/upload/v1beta/files?upload_id={id}&upload_protocol=resumable");
        let headers = vec![
            ("x-goog-upload-url".to_owned(), url),
            ("x-goog-upload-status".to_owned(), "active".to_owned()),
        ];
        Given { status: 200, headers, body: json!({}) }
    }

    pub(super) fn finish(
        &mut self,
        now: f64,
        content: &Content,
        id: &str,
        wanted: &Wanted<'_>,
    ) -> Given {
        let header = |name: &str| wanted.headers.get(name).and_then(|value| value.to_str().ok());
        let commanded = header("x-goog-upload-command") == Some("upload, finalize")
            && header("x-goog-upload-offset") == Some("0");
        let Some(upload) = self.uploads.remove(id) else {
            self.wrong("unknown_upload");
            return Given::wrong(404, "NOT_FOUND", "Upload not found.");
        };
        if !commanded || upload.bytes != wanted.body.len() as u64 {
            self.wrong("upload_bytes");
            return Given::wrong(
                400,
                "INVALID_ARGUMENT",
                "Upload does not match what was announced.",
            );
        }
        self.numbers += 1;
        let name = upload.name.unwrap_or_else(|| format!("files/own{}", self.numbers));
        if self.alive.contains_key(&name) {
            return Given::wrong(409, "ALREADY_EXISTS", "File already exists.");
        }
        let stuck = self.rng.f64() < content.stuck_share;
        let active_at = if stuck { f64::INFINITY } else { now + content.processing_secs };
        let file = File {
            display_name: upload.display_name,
            bytes: upload.bytes,
            mime: upload.mime,
            active_at,
        };
        let body = json!({"file": described(now, &name, &file)});
        self.stats.uploaded += 1;
        self.stats.bytes += file.bytes;
        self.alive.insert(name, file);
        self.stats.alive_max = self.stats.alive_max.max(self.alive.len() as u64);
        let headers = vec![("x-goog-upload-status".to_owned(), "final".to_owned())];
        Given { status: 200, headers, body }
    }

    pub(super) fn get(&mut self, now: f64, name: &str) -> Given {
        self.stats.polls += 1;
        match self.alive.get(name) {
            Some(file) => Given::fine(described(now, name, file)),
            None => no_such_file(name),
        }
    }

    pub(super) fn delete(&mut self, name: &str) -> Given {
        if self.alive.remove(name).is_some() {
            self.stats.deleted += 1;
            self.gone.insert(name.to_owned());
            return Given::fine(json!({}));
        }
        no_such_file(name)
    }

    pub(super) fn list(&mut self, now: f64) -> Given {
        let files: Vec<Value> =
            self.alive.iter().map(|(name, file)| described(now, name, file)).collect();
        Given::fine(json!({"files": files}))
    }
}

/// `files/` and up to 40 small letters, digits and inner dashes.
fn is_name(name: &str) -> bool {
    let Some(id) = name.strip_prefix("files/") else { return false };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&id.len())
        && id.chars().all(fits)
        && !id.starts_with('-')
        && !id.ends_with('-')
}

/// This provider does not say whether a file is somebody else's or nobody's.
fn no_such_file(name: &str) -> Given {
    let id = name.trim_start_matches("files/");
    let message =
        format!("You do not have permission to access the File {id} or it may not exist.");
    Given::wrong(403, "PERMISSION_DENIED", &message)
}

fn described(now: f64, name: &str, file: &File) -> Value {
    json!({
        "name": name,
        "displayName": file.display_name,
        "mimeType": file.mime,
        "sizeBytes": file.bytes.to_string(),
        "uri": format!("https://generativelanguage.googleapis.com/v1beta/{name}"),
        "state": if file.active_at <= now { "ACTIVE" } else { "PROCESSING" },
    })
}
