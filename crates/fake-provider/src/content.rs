//! Files and generated text: what a provider of large language models offers beside vectors.
//!
//! Gemini's Files API (resumable upload, state, deletion, listing) and `generateContent`, `OpenAI`'s chat completions.
//! Each request passes the desk as a request for vectors does, so that keys, limits and faults are the same; faults
//! may be tied to a route by its word. Sources: ai.google.dev/api/files, ai.google.dev/api/generate-content,
//! platform.openai.com/docs/api-reference/chat (autumn 2026).

mod files;
mod generate;
mod route;
mod watch;

pub use files::FileStats;
pub(crate) use files::Files;
pub(crate) use route::{Route, find};
pub(crate) use watch::Watch;

use crate::ask::{Ask, Texts};
use crate::desk::{Decision, Ending};
use crate::plan::{Content, Lie};
use crate::refusal::Refusal;
use crate::shared::Shared;
use hyper::header::HeaderMap;
use serde_json::{Value, json};
use std::borrow::Cow;

/// A request to one of the routes, taken apart.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) route: Route<'a>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What goes back, when it is accepted.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Given {
    fn fine(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body }
    }

    fn wrong(status: u16, name: &str, message: &str) -> Self {
        let body = json!({"error": {"code": status, "message": message, "status": name}});
        Self { status, headers: Vec::new(), body }
    }
}

impl Wanted<'_> {
    /// The request as the desk judges it: its prompt is its text.
    pub(crate) fn ask(&self, plan: &Content) -> Result<Ask<'_>, Refusal> {
        let (model, text) = match &self.route {
            Route::Generate { model } => (*model, generate::prompt_of_contents(self.body)?),
            Route::Chat => return generate::chat_ask(plan, self.body),
            _ => ("", String::new()),
        };
        let mut ask = Ask::new(Cow::Borrowed(model), Texts(vec![Cow::Owned(text)]));
        ask.route = self.route.word();
        Ok(ask)
    }

    /// Does what was asked. Called once for each accepted request.
    pub(crate) fn serve(&self, shared: &Shared, lie: Option<Lie>) -> Given {
        let now = shared.clock.now();
        let plan = shared.desk().plan().clone();
        let mut files = shared.files();
        match &self.route {
            Route::Start => files.start(&plan.content, self),
            Route::Upload { id } => files.finish(now, &plan.content, id, self),
            Route::Get { name } => files.get(now, name),
            Route::Delete { name } => files.delete(name),
            Route::List => files.list(now),
            Route::Generate { .. } => {
                generate::gemini(now, &plan.content, &mut files, (self.body, lie))
            }
            Route::Chat => generate::chat(&plan.content, &mut files, (self.body, lie)),
        }
    }
}

/// Seconds that the work of an accepted request takes, beside the plan's latency.
pub(crate) fn work_secs(shared: &Shared, route: &Route<'_>) -> f64 {
    let plan = shared.desk().plan().clone();
    match route {
        Route::Upload { .. } => plan.content.upload_secs,
        Route::Generate { .. } | Route::Chat => plan.content.generate_secs,
        _ => 0.0,
    }
}

/// The lie that the plan wants of this reply.
pub(crate) fn lie_of(decision: &Decision<'_>) -> Option<Lie> {
    match &decision.ending {
        Ending::Answer { lie, .. } => *lie,
        _ => None,
    }
}
