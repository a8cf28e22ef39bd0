//! The extractor of a command: model, splitter, journal, routes.

use crate::display;
use crate::failed::Failed;
use crate::memory::Sampler;
use crate::settings::{DocumentParts, Settings};
use crate::wire::groups::Groups;
use crate::wire::{embedder, parsers, verdict};
use connectors::embed::{KeyOverPlainHttp, ProviderSpec};
use connectors::llm::{self, BadLlm, LlmOptions};
use connectors::parse::PdfTranscriber;
use connectors::split::PdfSplitter;
use content::wire::counts_json;
use content::{Extractor, Parts, Routes};
use flow::adaptive::{Adaptive, Bounds};
use flow::dispatch::{Counts, Role, Route};
use flow::group::{Counted, Group};
use flow::memory::MemoryPool;
use sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use types::failure::{Failure, FailureClass};
use types::seam::llm::Llm;
use types::seam::transcript::Transcriber;

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

/// To be called inside a runtime. `groups`: of the whole process.
pub(crate) fn extractor(
    settings: &Settings,
    groups: &Groups,
) -> Result<(Extractor, Sampler), Failed> {
    let llm = model(settings)?;
    let (splitter, sandbox) = splitter(settings)?;
    let transcriber = transcriber(settings, &sandbox)?;
    let sampler = Sampler::new(sandbox);
    let look = sampler.clone();
    let content = &settings.content;
    let defaults = content::Settings::default();
    let timeouts = content.timeouts;
    let asking = groups.get(content.group.as_deref()).cloned();
    let asking = asking.unwrap_or_else(|| {
        let rates = [content.requests_per_minute, content.tokens_per_minute, None, None];
        group(rates, content.section_tasks.get())
    });
    let files = group([None; 4], content.uploads.get() + FILING_EXTRA);
    let extractor = Extractor::start(Parts {
        llm,
        splitter: Arc::new(splitter),
        journal: stores::open_uploads(settings.store.reveal())?,
        pool: MemoryPool::new(settings.memory_limit / SECTIONS_SHARE),
        resident: Arc::new(move || look.now()),
        verdict: verdict::verdict,
        transcriber,
        asking: routes(&asking, Counted::All, timeouts.generate),
        filing: routes(&files, Counted::All, timeouts.upload),
        sending: routes(&files, Counted::Requests, timeouts.upload),
        settings: content::Settings {
            section_tasks: content.section_tasks,
            uploads: content.uploads,
            splits: content.splits,
            timeouts: content.timeouts,
            resident_max: content.memory_max,
            resident_low: content.memory_low,
            patience: content.provider_wait,
            ..defaults
        },
    });
    Ok((extractor, sampler))
}

/// One limit group: what may be sent when, found out and kept to.
fn group(rates: [Option<u64>; 4], width: usize) -> Group {
    let per_minute = rates.map(|rate| rate.map(|n| n as f64));
    let bounds = Bounds { per_minute, in_flight_max: width, ..Bounds::default() };
    Group::new(Box::new(Adaptive::new(bounds, 1)))
}

/// The way through it for one kind of calls.
fn routes(group: &Group, counted: Counted, timeout: Duration) -> Routes {
    let group = group.clone();
    Arc::new(move || {
        let route = Route::new(Box::new(group.member(counted)), Role::Primary, 1);
        vec![route.with_timeout_cap(timeout.as_secs_f64())]
    })
}

/// None where documents travel as files.
fn transcriber(
    settings: &Settings,
    sandbox: &Arc<Sandbox>,
) -> Result<Option<Arc<dyn Transcriber>>, Failed> {
    let as_text = match settings.content.parts {
        DocumentParts::Text => true,
        DocumentParts::File => false,
        DocumentParts::Auto => !llm::takes_files(&spec(settings)?),
    };
    let reader = || PdfTranscriber::new(Arc::clone(sandbox), settings.limits.parse_memory);
    Ok(as_text.then(|| Arc::new(reader()) as _))
}

fn bad_spec(error: &dyn std::error::Error) -> Failed {
    Failed::usage(
        format!("--llm: {error}"),
        "write gemini:MODEL or openai:MODEL, with @BASE_URL for another server",
    )
}

fn spec(settings: &Settings) -> Result<ProviderSpec, Failed> {
    let Some(spec) = &settings.content.llm else {
        return Err(Failed::usage(
            "no language model is named",
            "write --llm gemini:MODEL or --llm openai:MODEL[@BASE_URL], or set content.llm",
        ));
    };
    ProviderSpec::parse(spec).map_err(|error| bad_spec(&error))
}

fn model(settings: &Settings) -> Result<Arc<dyn Llm>, Failed> {
    let spec = spec(settings)?;
    let key = embedder::key(settings, &spec, None)?;
    let options = LlmOptions {
        timeout: settings.content.timeouts.generate.max(settings.content.timeouts.upload),
        key_over_plain_http: if settings.content.key_over_http {
            KeyOverPlainHttp::Send
        } else {
            KeyOverPlainHttp::Withhold
        },
    };
    if llm::withholds_key(&spec, key.as_ref(), options) {
        display::tell(
            &format!("the key of {spec} is not sent: the way to it is not encrypted"),
            "use https://, or set content.key_over_http = true in a network that you trust",
        );
    }
    llm::open(&spec, key, options).map_err(|error| match &error {
        BadLlm::NoKey { variables, .. } => Failed::new(
            FailureClass::Denied,
            error.to_string(),
            format!("export {}=...", variables.first().unwrap_or(&"GEMINI_API_KEY")),
        )
        .into_usage(),
        _ => bad_spec(&error),
    })
}

/// What was asked of the provider, as in `ingest`. Nothing was where there is no extractor.
pub(crate) fn provider_json(settings: &Settings, extractor: Option<&Extractor>) -> Value {
    let Some(extractor) = extractor else { return counts_json(&Counts::default(), 0, None) };
    let (counts, tokens_out) = (extractor.counts(), extractor.tokens_out());
    let price = spec(settings).ok().and_then(|spec| settings.prices.of_llm(&spec));
    let price = price.filter(|_| counts.requests > 0);
    let cost = price.map(|price| price.of(counts.tokens, tokens_out as f64));
    counts_json(&counts, tokens_out, cost)
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
