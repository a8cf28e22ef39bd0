//! What clients send, in the spellings of the earlier systems. Fields that mean nothing here are ignored.

use crate::problem::Problem;
use content::wire::{PromptSpec, SectionSpec};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Deserialize)]
pub(crate) struct Analyze {
    #[serde(
        alias = "fileId",
        alias = "storage_file_id",
        alias = "storageFileId",
        alias = "originalDriveFileId"
    )]
    pub(crate) file_id: String,
    #[serde(default, alias = "promptText")]
    pub(crate) prompt_text: Option<String>,
}

/// Of `/split` and of `/extract`, which has a prompt besides.
#[derive(Debug, Deserialize)]
pub(crate) struct OfSections {
    #[serde(
        alias = "fileId",
        alias = "storage_file_id",
        alias = "storageFileId",
        alias = "originalDriveFileId"
    )]
    pub(crate) file_id: String,
    #[serde(default, alias = "fileName", alias = "originalDriveFileName")]
    pub(crate) file_name: Option<String>,
    pub(crate) sections: Vec<SectionSpec>,
    #[serde(default)]
    pub(crate) prompt: Option<PromptSpec>,
    #[serde(default, alias = "keepUploads")]
    pub(crate) keep_uploads: bool,
}

/// What the JSON parser says quotes the request, so only the place is told, and the name of a field that is missing,
/// which is ours.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        let what = match (missing, error.classify()) {
            (Some((field, _)), _) => format!("{field} is missing"),
            (None, serde_json::error::Category::Data) => "a field is of another kind".to_owned(),
            _ => "it is not JSON".to_owned(),
        };
        Problem::bad_request(format!(
            "the request cannot be read: {what} (line {line}, column {column})"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for text in [
            r#"{"originalDriveFileId":"a.pdf","originalDriveParentFolderId":"x","sections":[{"sectionName":"A","pageRange":"1"}],
                "genai_file_name":null,"prompt":{"promptName":"p","promptText":"why?"}}"#,
            r#"{"storage_file_id":"a.pdf","sections":[{"section_name":"A","page_range":"1"}],
                "prompt":{"prompt_name":"p","prompt_text":"why?"}}"#,
        ] {
            let read: OfSections = read(text.as_bytes()).unwrap();
            assert_eq!(
                (read.file_id.as_str(), read.sections[0].section_name.as_str()),
                ("a.pdf", "A")
            );
            let prompt = read.prompt.unwrap().prompt().unwrap();
            assert_eq!((prompt.name.as_deref(), prompt.text.as_str()), (Some("p"), "why?"));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_quoted() {
        let problem = read::<Analyze>(br#"{"secret":1}"#).unwrap_err();
        assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        assert!(problem.detail.contains("file_id is missing"), "{}", problem.detail);
        let problem = read::<Analyze>(br#"{"file_id":{"secret":1}}"#).unwrap_err();
        assert!(!problem.detail.contains("secret"), "{}", problem.detail);
        assert!(problem.detail.contains("of another kind"), "{}", problem.detail);
    }
}
