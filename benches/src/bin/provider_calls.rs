//! What calls to a provider cost here: the HTTP client alone, and the line in front of it.
//!
//! `provider_calls URL` (the base URL of a provider without latency, `http://127.0.0.1:PORT`) prints JSON: chunks per
//! second of the HTTP client alone, calls per second of single texts through the line with its limiter, and at half of
//! that rate how long a request is held beside the call itself.

use connectors::embed::{ApiKey, ProviderSpec, RemoteEmbedder, RemoteOptions};
use flow::adaptive::{Adaptive, Bounds};
use flow::dispatch::{BatchCaps, Dispatcher, Role, Route, Settings, Size};
use flow::fair::Class;
use flow::lane::{BoxFuture, Callee, Lane, Reply};
use flow::policy::{Outcome, Verdict};
use serde_json::json;
use std::error::Error;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use types::seam::{EmbedError, Embedder, Purpose};

const TEXT: &str = "The swarm sends out scouts, and every scout that has found a hollow tree dances for it; the better \
                    the hollow, the longer the dance, until most of them dance for the same one.";
const BATCH: usize = 256;
const CLIENT_CALLS: usize = 200;
const CLOSED_CALLS: usize = 5_000;
const OPEN_CALLS: usize = 10_000;
const IN_FLIGHT: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: provider_calls URL")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let embedder = Arc::new(embedder(&url)?);
        let client = client_alone(&embedder).await?;
        // One line for both: its limiter has found the width when the second begins.
        let mut lane = lane(&embedder);
        let closed = closed_loop(&mut lane).await?;
        let held = open_loop(&mut lane, closed / 2.0).await?;
        writeln!(
            std::io::stdout(),
            "{}",
            json!({
                "client_chunks_per_second": client,
                "line_calls_per_second": closed,
                "offered_per_second": closed / 2.0,
                "held_p50_ms": quantile(&held, 0.5),
                "held_p99_ms": quantile(&held, 0.99),
            })
        )?;
        Ok(())
    })
}

fn embedder(url: &str) -> Result<RemoteEmbedder, Box<dyn Error>> {
    let spec = ProviderSpec::parse(&format!("openai:bench@{url}/v1"))?;
    let options = RemoteOptions {
        dimensions: NonZeroUsize::new(256),
        items: NonZeroUsize::new(BATCH),
        timeout: RemoteOptions::TIMEOUT,
        key_over_plain_http: connectors::embed::KeyOverPlainHttp::Withhold,
    };
    Ok(RemoteEmbedder::new(&spec, Some(ApiKey::new("k")?), &options)?)
}

/// Two calls at once, so that the provider works while the client does.
async fn client_alone(embedder: &RemoteEmbedder) -> Result<f64, EmbedError> {
    let texts = [TEXT; BATCH];
    let started = Instant::now();
    for _ in 0..CLIENT_CALLS / 2 {
        let (first, second) = tokio::join!(
            embedder.embed(Purpose::Document, &texts),
            embedder.embed(Purpose::Document, &texts)
        );
        first?;
        second?;
    }
    Ok((CLIENT_CALLS * BATCH) as f64 / started.elapsed().as_secs_f64())
}

/// One text to be embedded.
struct Wanted {
    came: Instant,
}

struct Model(Arc<RemoteEmbedder>);

impl Callee for Model {
    type Item = Wanted;
    /// What the call itself took.
    type Output = Duration;
    type Error = EmbedError;

    fn call<'a>(
        &'a self,
        _: usize,
        items: &'a [&'a Wanted],
    ) -> BoxFuture<'a, Result<Reply<Duration>, EmbedError>> {
        Box::pin(async move {
            let started = Instant::now();
            let texts = vec![TEXT; items.len()];
            let answer = self.0.embed(Purpose::Document, &texts).await?;
            let outputs = vec![started.elapsed(); answer.vectors.len()];
            Ok(Reply { outputs, hint: answer.quota, usage: None })
        })
    }

    fn judge(&self, _: &EmbedError) -> Outcome {
        Outcome::plain(Verdict::Failed)
    }

    fn timed_out(&self, _: Duration) -> EmbedError {
        unreachable("the provider gave no answer")
    }

    fn miscounted(&self, _: usize, _: usize) -> EmbedError {
        unreachable("the provider miscounted")
    }
}

fn unreachable(message: &str) -> EmbedError {
    EmbedError {
        kind: types::error_kind::ErrorKind::Unavailable,
        message: message.to_owned(),
        hint: String::new(),
        quota: quota::Hint::default(),
    }
}

fn lane(embedder: &Arc<RemoteEmbedder>) -> Lane<Model> {
    let settings = Settings {
        batch: BatchCaps { items: 1, tokens: 1e6, bytes: 1 << 20 },
        linger: 0.0,
        failures_max: 3,
        patience: 30.0,
        seed: 1,
    };
    let bounds = Bounds { in_flight_max: IN_FLIGHT, ..Bounds::default() };
    let route = Route::new(Box::new(Adaptive::new(bounds, 1)), Role::Primary, 1);
    Lane::new(Dispatcher::new(settings, vec![route], None), Arc::new(Model(Arc::clone(embedder))))
}

const SIZE: Size = Size { tokens: 40.0, bytes: TEXT.len() };

/// Calls per second when there is always one waiting.
async fn closed_loop(lane: &mut Lane<Model>) -> Result<f64, Box<dyn Error>> {
    let started = Instant::now();
    let mut pushed = 0;
    for _ in 0..CLOSED_CALLS {
        while pushed < CLOSED_CALLS && lane.waiting() < IN_FLIGHT {
            lane.push(Class::Normal, SIZE, Wanted { came: Instant::now() });
            pushed += 1;
        }
        next(lane).await?;
    }
    Ok(CLOSED_CALLS as f64 / started.elapsed().as_secs_f64())
}

/// Milliseconds that each request was held beside its call, when `per_second` come.
async fn open_loop(lane: &mut Lane<Model>, per_second: f64) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let started = Instant::now();
    let (mut pushed, mut held) = (0, Vec::new());
    while held.len() < OPEN_CALLS {
        tokio::select! {
            finished = next(lane) => held.push(finished? * 1e3),
            _ = tick.tick() => {
                while pushed < OPEN_CALLS {
                    let due = started + Duration::from_secs_f64(pushed as f64 / per_second);
                    if due > Instant::now() { break; }
                    lane.push(Class::Normal, SIZE, Wanted { came: Instant::now() });
                    pushed += 1;
                }
            }
        }
    }
    Ok(held)
}

/// Seconds that the next finished item was held.
async fn next(lane: &mut Lane<Model>) -> Result<f64, Box<dyn Error>> {
    match lane.next().await {
        Ok(Some(finished)) => match finished.end {
            flow::lane::End::Done(call) => {
                Ok(finished.item.came.elapsed().saturating_sub(call).as_secs_f64())
            }
            flow::lane::End::Refused(error) => Err(error.into()),
            flow::lane::End::Expired => Err("nothing here has a deadline".into()),
        },
        Ok(None) => std::future::pending().await,
        Err(halted) => Err(format!("halted: {:?}", halted.why).into()),
    }
}

fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() - 1) as f64 * at) as usize).copied().unwrap_or(f64::NAN)
}
