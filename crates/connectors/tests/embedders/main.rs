//! Remote embedders against a server that answers what it is told to, over real HTTP.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod server;
mod calls;
mod replies;
mod refusals;
mod connections;

use connectors::embed::{ApiKey, KeyOverPlainHttp, ProviderSpec, RemoteEmbedder, RemoteOptions};
use server::Server;
use std::num::NonZeroUsize;
use types::seam::{EmbedError, Embedded, Embedder, Purpose};

const KEY: &str = "sk-proj-0123456789abcdefghij";

const TEXTS: [&str; 3] = ["the tide turns at noon", "a swarm leaves the hive", "bread needs time"];

fn options(dimensions: usize) -> RemoteOptions {
    RemoteOptions {
        dimensions: NonZeroUsize::new(dimensions),
        items: None,
        timeout: RemoteOptions::TIMEOUT,
        key_over_plain_http: KeyOverPlainHttp::Withhold,
    }
}

fn spec(prefix: &str, server: &Server) -> ProviderSpec {
    let path =
        if prefix.starts_with("openai") || prefix.starts_with("voyage") { "/v1" } else { "" };
    ProviderSpec::parse(&format!("{prefix}@http://{}{path}", server.address)).unwrap()
}

/// An embedder of two dimensions with a key.
fn embedder(prefix: &str, server: &Server) -> RemoteEmbedder {
    embedder_with(prefix, server, &options(2))
}

fn embedder_with(prefix: &str, server: &Server, options: &RemoteOptions) -> RemoteEmbedder {
    let key = ApiKey::new(KEY).unwrap();
    RemoteEmbedder::new(&spec(prefix, server), Some(key), options).unwrap()
}

async fn embed(embedder: &RemoteEmbedder) -> Result<Embedded, EmbedError> {
    embedder.embed(Purpose::Document, &TEXTS).await
}

/// What one reply from `openai:m` makes of the three texts.
async fn outcome(reply: server::Reply) -> Result<Embedded, EmbedError> {
    let server = Server::start([reply]).await;
    embed(&embedder("openai:m", &server)).await
}

fn values(embedded: &Embedded) -> Vec<Vec<f32>> {
    embedded.vectors.iter().map(|vector| vector.as_ref().unwrap().values().to_vec()).collect()
}
