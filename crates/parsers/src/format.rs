//! The formats that can be read, each with a stable name and a revision.

use crate::code::Language;

/// Of the blocks that all formats' parsers push; a format that changes alone gets one of its own.
const REVISION: u32 = 1;

/// How a document is taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Text,
    Markdown,
    Html,
    Pdf,
    Epub,
    Docx,
    Pptx,
    Xlsx,
    /// Comma, semicolon or tab between the fields: sniffed.
    Csv,
    Json,
    JsonLines,
    Code(Language),
    Zip,
    Tar,
    /// One compressed file, or a tar inside (`.tar.gz`): its first block tells.
    Gzip,
}

impl Format {
    const PLAIN: [Self; 14] = [
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Pdf,
        Self::Epub,
        Self::Docx,
        Self::Pptx,
        Self::Xlsx,
        Self::Csv,
        Self::Json,
        Self::JsonLines,
        Self::Zip,
        Self::Tar,
        Self::Gzip,
    ];

    /// Stable short name, such as `docx` or `code:rust`; [`Format::from_id`] reads it back.
    pub fn id(&self) -> String {
        match self {
            Self::Code(language) => format!("code:{}", language.name()),
            other => other.family().to_owned(),
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        if let Some(name) = id.strip_prefix("code:") {
            return Language::by_name(name).map(Self::Code);
        }
        Self::PLAIN.into_iter().find(|format| format.family() == id)
    }

    /// Name and revision for fingerprints: changes whenever the blocks of this format may.
    pub fn identity(&self) -> String {
        format!("{}/{REVISION}", self.id())
    }

    /// Of all formats together, for fingerprints of files that were not opened.
    pub fn identities() -> String {
        let plain = Self::PLAIN.iter().map(|format| format.identity() + " ");
        plain.chain([format!("code/{REVISION}")]).collect()
    }

    /// Its parser can be made to use much time or memory, so it belongs in a limited child process.
    pub fn isolated(&self) -> bool {
        match self {
            Self::Text
            | Self::Markdown
            | Self::Csv
            | Self::Json
            | Self::JsonLines
            | Self::Code(_) => false,
            Self::Html
            | Self::Pdf
            | Self::Epub
            | Self::Docx
            | Self::Pptx
            | Self::Xlsx
            | Self::Zip
            | Self::Tar
            | Self::Gzip => true,
        }
    }

    /// Holds files instead of text: for [`crate::unpack`], not for [`crate::parse()`].
    pub fn is_archive(&self) -> bool {
        matches!(self, Self::Zip | Self::Tar | Self::Gzip)
    }

    fn family(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Epub => "epub",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::Code(_) => "code",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_own_id() {
        for format in Format::PLAIN {
            assert_eq!(Format::from_id(&format.id()), Some(format));
        }
        let rust = Format::Code(Language::by_name("rust").unwrap());
        assert_eq!(rust.id(), "code:rust");
        assert_eq!(Format::from_id("code:rust"), Some(rust));
        assert_eq!(Format::from_id("code:klingon"), None);
        assert_eq!(Format::from_id("code"), None);
    }
}
