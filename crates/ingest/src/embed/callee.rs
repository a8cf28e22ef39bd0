//! The embedding model as flow control sees it: routes of endpoints, calls of chunks, verdicts.

use crate::model::{Group, ModelAccess, VerdictOf};
use flow::cost::Cost;
use flow::lane::{BoxFuture, Callee, Reply};
use flow::policy::{Outcome, Verdict};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use types::embedding::{Embedding, NoVector};
use types::error_kind::ErrorKind;
use types::seam::{EmbedError, Embedder, Purpose};

/// An error, and whether it was only one key's.
pub(crate) struct Failed {
    pub error: EmbedError,
    /// Another endpoint of the group can still be used.
    replaceable: bool,
}

/// What is embedded.
pub(crate) trait Texted: Send + Sync + 'static {
    fn text(&self) -> &str;
}

pub(crate) struct Model<I> {
    groups: Vec<Endpoints>,
    verdict: VerdictOf,
    items: PhantomData<fn(I)>,
}

/// The endpoints of one limit group, used in turn.
struct Endpoints {
    endpoints: Vec<Endpoint>,
    turn: AtomicUsize,
}

struct Endpoint {
    embedder: Arc<dyn Embedder>,
    /// Its key was refused, or has used up its quota.
    parked: AtomicBool,
}

impl<I> Model<I> {
    pub(crate) fn new(model: &ModelAccess) -> Self {
        let groups = model.groups.iter().map(Endpoints::new).collect();
        Self { groups, verdict: model.verdict, items: PhantomData }
    }
}

impl Endpoints {
    fn new(group: &Group) -> Self {
        let endpoints = group
            .endpoints
            .iter()
            .map(|embedder| Endpoint {
                embedder: Arc::clone(embedder),
                parked: AtomicBool::new(false),
            })
            .collect();
        Self { endpoints, turn: AtomicUsize::new(0) }
    }

    fn next(&self) -> &Endpoint {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.endpoints.len();
        let mut order = (0..count).map(|step| &self.endpoints[(turn + step) % count]);
        // With all of them parked one has to say why.
        order
            .find(|endpoint| !endpoint.parked.load(Ordering::Relaxed))
            .unwrap_or(&self.endpoints[turn % count])
    }

    /// Parks the endpoint; true if another one is left.
    fn park(&self, endpoint: &Endpoint) -> bool {
        endpoint.parked.store(true, Ordering::Relaxed);
        self.endpoints.iter().any(|other| !other.parked.load(Ordering::Relaxed))
    }
}

impl<I: Texted> Callee for Model<I> {
    type Item = I;
    type Output = Result<Embedding, NoVector>;
    type Error = Failed;

    fn call<'a>(
        &'a self,
        route: usize,
        items: &'a [&'a I],
    ) -> BoxFuture<'a, Result<Reply<Self::Output>, Failed>> {
        Box::pin(async move {
            let group = &self.groups[route];
            let endpoint = group.next();
            let texts: Vec<&str> = items.iter().map(|item| item.text()).collect();
            match endpoint.embedder.embed(Purpose::Document, &texts).await {
                Ok(answer) => {
                    endpoint.parked.store(false, Ordering::Relaxed);
                    let cost = |tokens: u64| Cost::request(tokens as f64, items.len() as f64);
                    Ok(Reply {
                        outputs: answer.vectors,
                        hint: answer.quota,
                        usage: answer.tokens.map(cost),
                    })
                }
                Err(error) => {
                    let stops = matches!(error.kind, ErrorKind::Denied | ErrorKind::QuotaExhausted);
                    let replaceable = stops && group.park(endpoint);
                    Err(Failed { error, replaceable })
                }
            }
        })
    }

    fn judge(&self, failed: &Failed) -> Outcome {
        if failed.replaceable {
            // The next attempt takes another key of the group.
            return Outcome::plain(Verdict::Failed);
        }
        (self.verdict)(failed.error.kind, &failed.error.quota)
    }

    fn timed_out(&self, limit: Duration) -> Failed {
        failed(
            ErrorKind::Timeout,
            format!("the embedding model gave no answer within {:.1} s", limit.as_secs_f64()),
            "check the provider's state and the network",
        )
    }

    fn miscounted(&self, got: usize, wanted: usize) -> Failed {
        failed(
            ErrorKind::Unavailable,
            format!("the embedding model gave {got} vectors for {wanted} texts"),
            "check what serves the model: it must answer with one vector per text",
        )
    }
}

fn failed(kind: ErrorKind, message: String, hint: &str) -> Failed {
    let quota = quota::Hint::default();
    let error = EmbedError { kind, message, hint: hint.to_owned(), quota };
    Failed { error, replaceable: false }
}
