//! The extractor of a command: model, splitter, journal, routes.

use crate::failed::Failed;
use crate::memory::Sampler;
use crate::settings::Settings;
use crate::wire::{embedder, parsers, verdict};
use connectors::embed::ProviderSpec;
use connectors::llm::{self, BadLlm, LlmOptions};
use connectors::split::PdfSplitter;
use content::{Extractor, Parts, Routes};
use flow::adaptive::{Adaptive, Bounds};
use flow::dispatch::{Role, Route};
use flow::memory::MemoryPool;
use sandbox::Sandbox;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use types::failure::{Failure, FailureClass};
use types::seam::llm::Llm;

/// Of the memory limit, what sections may hold: the rest is the children's and the process's own.
const SECTIONS_SHARE: u64 = 2;

/// Deletions, and looks at files that are not active yet, go beside the uploads.
const FILING_EXTRA: usize = 8;

/// Documents with the children that cut them.
pub(crate) fn splitter(settings: &Settings) -> Result<(PdfSplitter, Arc<Sandbox>), Failed> {
    let (_, sandbox) = parsers::build(settings)?;
    let splitter = PdfSplitter::new(Arc::clone(&sandbox), settings.limits.parse_memory);
    Ok((splitter, sandbox))
}

/// To be called inside a runtime.
pub(crate) fn extractor(settings: &Settings) -> Result<(Extractor, Sampler), Failed> {
    let llm = model(settings)?;
    let (splitter, sandbox) = splitter(settings)?;
    let sampler = Sampler::new(sandbox);
    let look = sampler.clone();
    let content = &settings.content;
    let defaults = content::Settings::default();
    let rates = [content.requests_per_minute, content.tokens_per_minute, None, None];
    let extractor = Extractor::start(Parts {
        llm,
        splitter: Arc::new(splitter),
        journal: stores::open_uploads(settings.store.reveal())?,
        pool: MemoryPool::new(settings.memory_limit / SECTIONS_SHARE),
        resident: Arc::new(move || look.now()),
        verdict: verdict::verdict,
        asking: routes(rates, content.section_tasks.get(), content.timeouts.generate),
        filing: routes([None; 4], content.uploads.get() + FILING_EXTRA, content.timeouts.upload),
        settings: content::Settings {
            section_tasks: content.section_tasks,
            uploads: content.uploads,
            splits: content.splits,
            timeouts: content.timeouts,
            resident_max: content.memory_max,
            resident_low: content.memory_low,
            ..defaults
        },
    });
    Ok((extractor, sampler))
}

/// One limit group: what may be sent when, found out and kept to.
fn routes(rates: [Option<u64>; 4], width: usize, timeout: Duration) -> Routes {
    Arc::new(move || {
        let per_minute = rates.map(|rate| rate.map(|n| n as f64));
        let bounds = Bounds { per_minute, in_flight_max: width, ..Bounds::default() };
        let policy = Adaptive::new(bounds, 1);
        let route = Route::new(Box::new(policy), Role::Primary, 1);
        vec![route.with_timeout_cap(timeout.as_secs_f64())]
    })
}

fn model(settings: &Settings) -> Result<Arc<dyn Llm>, Failed> {
    let Some(spec) = &settings.content.llm else {
        return Err(Failed::usage(
            "no language model is named",
            "write --llm gemini:MODEL or --llm openai:MODEL[@BASE_URL], or set content.llm",
        ));
    };
    let bad = |message: String| {
        Failed::usage(
            format!("--llm: {message}"),
            "write gemini:MODEL or openai:MODEL, with @BASE_URL for another server",
        )
    };
    let spec = ProviderSpec::parse(spec).map_err(|error| bad(error.to_string()))?;
    let key = embedder::key(settings, &spec, None)?;
    let options = LlmOptions {
        timeout: settings.content.timeouts.generate.max(settings.content.timeouts.upload),
    };
    llm::open(&spec, key, options).map_err(|error| match &error {
        BadLlm::NoKey { variables, .. } => Failed::new(
            FailureClass::Denied,
            error.to_string(),
            format!("export {}=...", variables.first().unwrap_or(&"GEMINI_API_KEY")),
        )
        .into_usage(),
        _ => bad(error.to_string()),
    })
}

pub(crate) fn open_document(path: &Path) -> Result<Arc<std::fs::File>, Failed> {
    let opened = std::fs::File::open(path).and_then(|file| {
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(std::io::ErrorKind::IsADirectory.into())
        }
    });
    opened.map(Arc::new).map_err(|error| {
        Failed::new(
            FailureClass::BadDocument,
            format!("{}: {error}", path.display()),
            "give the path of a PDF",
        )
    })
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::new(failure.class, failure.message, failure.hint)
    }
}
