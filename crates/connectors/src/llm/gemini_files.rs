//! Gemini's Files API: resumable upload in two steps, state, deletion, listing.
//!
//! Source: ai.google.dev/api/files.

use super::gemini::Gemini;
use super::line::Said;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Method};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use types::error_kind::ErrorKind;
use types::seam::BoxFuture;
use types::seam::llm::{CallError, FileList, FileState, Heard, NewFile, RemoteFile, RemoteFiles};

/// Files of one page of a listing; the most that the provider gives.
const LISTED: usize = 100;

#[derive(Deserialize)]
struct Created {
    file: File,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    #[serde(default)]
    uri: String,
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    display_name: String,
    /// Left out by some servers where nothing has to be waited for.
    #[serde(default)]
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl From<File> for RemoteFile {
    fn from(file: File) -> Self {
        let state = match file.state.as_deref() {
            None | Some("ACTIVE") => FileState::Active,
            Some("FAILED") => FileState::Failed,
            Some(_) => FileState::Processing,
        };
        Self {
            name: file.name,
            uri: file.uri,
            media_type: file.mime_type,
            display_name: file.display_name,
            state,
        }
    }
}

/// Shares the bytes of a section with whoever may have to send them again.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Gemini {
    fn parsed<T: for<'de> Deserialize<'de>>(&self, said: Said) -> Result<Heard<T>, CallError> {
        match serde_json::from_slice(&said.body) {
            Ok(value) => Ok(Heard { value, quota: said.quota }),
            Err(error) => Err(self.line.unusable(&error, said.quota)),
        }
    }

    /// Where the bytes go.
    async fn begin(&self, new: &NewFile, bytes: usize) -> Result<String, CallError> {
        let file =
            json!({"file": {"name": self.name_of(&new.id), "display_name": new.display_name}});
        let mut headers = upload_headers("start");
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-goog-upload-protocol", HeaderValue::from_static("resumable"));
        headers.insert("x-goog-upload-header-content-length", HeaderValue::from(bytes));
        headers
            .insert("x-goog-upload-header-content-type", HeaderValue::from_static(new.media_type));
        let url = self.line.url("/upload/v1beta/files");
        let said = self.line.send(&url, headers, file.to_string().into()).await?;
        let place = said.headers.get("x-goog-upload-url").and_then(|url| url.to_str().ok());
        place.map(str::to_owned).ok_or_else(|| {
            let told = "the reply to an upload does not say where the bytes go";
            self.line.error(ErrorKind::Unavailable, told, said.quota)
        })
    }
}

fn upload_headers(command: &'static str) -> HeaderMap {
    let name = HeaderName::from_static("x-goog-upload-command");
    HeaderMap::from_iter([(name, HeaderValue::from_static(command))])
}

impl RemoteFiles for Gemini {
    fn account(&self) -> String {
        self.line.spec.base().to_owned()
    }

    fn upload<'a>(
        &'a self,
        new: &'a NewFile,
        bytes: &'a Arc<Vec<u8>>,
    ) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>> {
        Box::pin(async move {
            let place = self.begin(new, bytes.len()).await?;
            new.sent.mark();
            let mut headers = upload_headers("upload, finalize");
            headers.insert("x-goog-upload-offset", HeaderValue::from_static("0"));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(new.media_type));
            let body = Body::from(bytes::Bytes::from_owner(Shared(Arc::clone(bytes))));
            let said = self.line.send(&place, headers, body).await?;
            let Heard { value: Created { file }, quota } = self.parsed(said)?;
            Ok(Heard { value: file.into(), quota })
        })
    }

    fn look<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<RemoteFile>, CallError>> {
        Box::pin(async move {
            let url = self.line.url(&format!("/v1beta/{name}"));
            let Heard { value, quota } =
                self.parsed::<File>(self.line.plain(Method::GET, &url).await?)?;
            Ok(Heard { value: value.into(), quota })
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Heard<()>, CallError>> {
        Box::pin(async move {
            let url = self.line.url(&format!("/v1beta/{name}"));
            let said = self.line.plain(Method::DELETE, &url).await?;
            Ok(Heard { value: (), quota: said.quota })
        })
    }

    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Heard<FileList>, CallError>> {
        Box::pin(async move {
            let page = page.map(|page| format!("&pageToken={page}")).unwrap_or_default();
            let url = self.line.url(&format!("/v1beta/files?pageSize={LISTED}{page}"));
            let said = self.line.plain(Method::GET, &url).await?;
            let Heard { value, quota } = self.parsed::<Listing>(said)?;
            let files = value.files.into_iter().map(RemoteFile::from).collect();
            let next = value.next_page_token.filter(|token| !token.is_empty());
            Ok(Heard { value: FileList { files, next }, quota })
        })
    }

    fn name_of(&self, id: &str) -> String {
        format!("files/{id}")
    }
}
