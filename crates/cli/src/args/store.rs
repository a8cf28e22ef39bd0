//! The flag of every command that touches a store.

use crate::config::{Flag, key};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StoreArgs {
    /// The store [default: sqlite:gristmill.db]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl StoreArgs {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        let store = self.store.iter();
        store.map(|url| Flag { key: &key::STORE, name: "--store", value: url.clone() }).collect()
    }
}
