//! `analyze`, `split` and `extract`.

use crate::args::store::StoreArgs;
use crate::config::{Flag, key};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct AnalyzeArgs {
    /// The document
    #[arg(value_name = "FILE.pdf")]
    pub file: PathBuf,
    /// `outline`: those of its outline; `auto`: where it has none, those that the model finds
    #[arg(long, value_name = "auto|outline", default_value = "auto")]
    pub sections: String,
    /// Ask the model this instead of the usual question (`@FILE`: the text of a file)
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    #[command(flatten)]
    pub model: ModelArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SplitArgs {
    /// The document
    #[arg(value_name = "FILE.pdf")]
    pub file: PathBuf,
    /// `outline`, or a file with the sections
    #[arg(long, value_name = "outline|FILE.json", default_value = "outline")]
    pub sections: String,
    /// Folder for the files, made if it is missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExtractArgs {
    /// The document
    #[arg(value_name = "FILE.pdf")]
    pub file: PathBuf,
    /// What to ask about each section (`@FILE`: the text of a file)
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// `auto`, `outline`, or a file with the sections
    #[arg(long, value_name = "auto|outline|FILE.json", default_value = "auto")]
    pub sections: String,
    /// A JSON schema that answers to --prompt must keep to
    #[arg(long, value_name = "FILE.json")]
    pub schema: Option<PathBuf>,
    /// Write the result there too
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
    /// Keep uploaded files for later prompts until the provider lets them expire
    #[arg(long)]
    pub keep_uploads: bool,
    #[command(flatten)]
    pub model: ModelArgs,
}

/// Flags of what asks a language model.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelArgs {
    /// The model: `gemini:MODEL[@BASE_URL]` or `openai:MODEL[@BASE_URL]`
    #[arg(long, value_name = "SPEC")]
    pub llm: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
}

impl ModelArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let mut flags = self.store.flags();
        let llm = self.llm.iter();
        flags.extend(llm.map(|spec| Flag {
            key: &key::CONTENT_LLM,
            name: "--llm",
            value: spec.clone(),
        }));
        flags
    }
}

impl ExtractArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        self.model.flags()
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Address of this machine to listen at
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Folder with the documents that requests may name
    #[arg(long, value_name = "DIR")]
    pub documents: PathBuf,
    #[command(flatten)]
    pub model: ModelArgs,
}
