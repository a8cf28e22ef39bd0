//! The flags of `models list` and `models pull`.

use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models that were pulled
    List,
    /// Fetch a model from a hub, for `--embedder local:NAME`
    Pull(PullArgs),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PullArgs {
    /// The model, such as sentence-transformers/all-MiniLM-L6-v2
    #[arg(value_name = "REPO")]
    pub repository: String,
    /// Branch, tag or commit [default: main]
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// The folder that becomes the model's [default: REPO below the folder of models]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Address of the hub [default: huggingface.co, over https]
    #[arg(long, value_name = "URL")]
    pub hub: Option<String>,
}
