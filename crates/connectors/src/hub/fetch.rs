//! One file: what is here already is kept, what is missing is asked for, and nothing counts before its sum is right.

use super::Order;
use super::client::Client;
use super::error::PullError;
use super::listing::HubFile;
use super::place::{Begun, Place};
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};

/// Attempts in a row that bring no byte. What is waited for is up to the user: a pull goes on where it stopped.
const FRUITLESS_MAX: u32 = 3;

/// A sum that is wrong may be a fault of an interrupted attempt; two are a fault of the way.
const SUMS_MAX: u32 = 2;

/// Bytes that came over the network.
pub(super) async fn file(
    client: &Client,
    of: (&Order, &str),
    (place, file): (&Place, &HubFile),
    progress: &dyn Fn(u64),
) -> Result<u64, PullError> {
    if place.has(file)? {
        progress(file.bytes);
        return Ok(0);
    }
    let (mut fetched, mut fruitless) = (0, 0);
    for _ in 0..SUMS_MAX {
        let mut begun = place.begin(file)?;
        while begun.bytes() < file.bytes {
            let mut came = 0;
            let attempt = rest(client, of, (file, &mut begun), &mut came, progress).await;
            fetched += came;
            fruitless = if came > 0 { 0 } else { fruitless + 1 };
            match attempt {
                Err(PullError::NoAnswer { .. }) if fruitless < FRUITLESS_MAX => {}
                attempt => attempt?,
            }
            if fruitless >= FRUITLESS_MAX {
                return Err(PullError::Checksum { file: file.name.clone() });
            }
        }
        if begun.finish()? {
            progress(file.bytes);
            return Ok(fetched);
        }
    }
    Err(PullError::Checksum { file: file.name.clone() })
}

/// One request for what is missing; `came` counts what the reply brings, also what was there before. Errors of the
/// network leave what came.
async fn rest(
    client: &Client,
    of: (&Order, &str),
    (file, begun): (&HubFile, &mut Begun<'_>),
    came: &mut u64,
    progress: &dyn Fn(u64),
) -> Result<(), PullError> {
    let from = begun.bytes();
    let mut response = client.file(of, &file.name, (from, &file.checksum)).await?;
    if !goes_on_at(&response, from) {
        begun.restart()?;
    }
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(());
    }
    while let Some(piece) = response.chunk().await.map_err(|error| client.silent(&error))? {
        begun.write(&piece)?;
        *came += piece.len() as u64;
        progress(begun.bytes());
    }
    Ok(())
}

/// Whether the reply begins at this byte, and not at the first one or anywhere.
fn goes_on_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    let start = start.and_then(|(start, _)| start.parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT && start == Some(from)
}
