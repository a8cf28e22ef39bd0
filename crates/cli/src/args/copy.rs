//! The flags of `copy`.

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CopyArgs {
    /// The store to copy
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// A store that does not exist yet
    #[arg(long, value_name = "URL")]
    pub to: String,
}
