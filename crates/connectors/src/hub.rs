//! Models from a hub: the files of a sentence-transformers folder over HTTP, as Hugging Face lays them out.
//!
//! A listing names one commit and the checksum of every file; all files come from that commit. They are put into a
//! folder beside the wanted one, each under another name until its checksum is right, and the folder is renamed when
//! it is complete. So what is there is whole, and what was interrupted goes on where it stopped.

mod checksum;
mod client;
mod error;
mod fetch;
mod listing;
mod name;
mod place;
mod wanted;

pub use error::PullError;
pub use name::{BadName, Repository, Revision};
pub use place::{MANIFEST, Manifest, PulledFile, is_unfinished, manifest};

use crate::embed::ApiKey;
use client::Client;
use listing::Listing;
use place::Place;
use reqwest::Url;
use std::path::{Path, PathBuf};

/// Where models are fetched from if nothing else is said.
pub const HUB: &str = "https://huggingface.co";

/// Environment variable with the key for models that are not open to everybody.
pub const KEY_VARIABLE: &str = "HF_TOKEN";

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Order {
    /// Address of the hub.
    pub hub: Url,
    pub repository: Repository,
    pub revision: Revision,
    /// The folder that becomes the model's.
    pub folder: PathBuf,
    pub key: Option<ApiKey>,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub file: &'a str,
    /// Bytes of all files that are here.
    pub bytes: u64,
    /// Bytes of all files.
    pub of: u64,
}

/// What a pull did.
#[derive(Debug, Clone)]
pub struct Pulled {
    pub manifest: Manifest,
    /// Bytes that came over the network in this pull.
    pub fetched: u64,
    /// The folder was complete before.
    pub unchanged: bool,
}

/// An address that can be a hub's.
pub fn hub_url(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim_end_matches('/')).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// Fetches what is missing of the model, and gives its folder its name. Dropping the future leaves what came so far,
/// and the next pull goes on there.
pub async fn pull(order: &Order, tell: &dyn Fn(Step<'_>)) -> Result<Pulled, PullError> {
    let client = Client::new(order)?;
    let listing = client.listing(order).await?;
    if let Some(manifest) = finished(&order.folder, order, &listing)? {
        return Ok(Pulled { manifest, fetched: 0, unchanged: true });
    }
    let files = wanted::of(&listing)?;
    let place = Place::open(&order.folder, &listing.commit)?;
    place.has_room_for(&files)?;
    let of = files.iter().map(|file| file.bytes).sum();
    let (mut here, mut fetched) = (0, 0);
    for file in &files {
        let progress = |bytes| tell(Step { file: &file.name, bytes: here + bytes, of });
        fetched +=
            fetch::file(&client, (order, &listing.commit), (&place, file), &progress).await?;
        here += file.bytes;
        if file.name == wanted::CONFIG {
            wanted::check(&place.read(file)?)?;
        }
    }
    let manifest = Manifest {
        repository: order.repository.to_string(),
        revision: order.revision.to_string(),
        commit: listing.commit,
        files: files.into_iter().map(PulledFile::from).collect(),
    };
    place.finish(&manifest)?;
    Ok(Pulled { manifest, fetched, unchanged: false })
}

/// What lies in the folder already: this model, nothing, or something that is not ours to replace.
fn finished(
    folder: &Path,
    order: &Order,
    listing: &Listing,
) -> Result<Option<Manifest>, PullError> {
    if !folder.exists() {
        return Ok(None);
    }
    let path = folder.to_owned();
    match place::manifest(folder) {
        Some(manifest)
            if manifest.repository == order.repository.to_string()
                && manifest.commit == listing.commit =>
        {
            place::sweep(folder);
            Ok(Some(manifest))
        }
        Some(other) => Err(PullError::Occupied {
            path,
            by: format!("{} at commit {}", other.repository, other.commit),
        }),
        None => Err(PullError::Occupied { path, by: "files that no pull put there".to_owned() }),
    }
}
