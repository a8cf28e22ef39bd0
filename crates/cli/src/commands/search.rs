//! `gristmill search`.

mod asked;

use super::print;
use crate::args::Format;
use crate::failed::Failed;
use crate::report::printable;
use crate::settings::Settings;
use crate::wire::store;
use asked::{Asked, ask};
use serde_json::{Value, json};
use std::time::Instant;
use stores::Access;
use types::query::{Filter, Hit, Mode, Query, Spelled};

pub(crate) struct Request {
    pub words: String,
    pub mode: Mode,
    pub k: usize,
    pub filter: Filter,
    pub format: Format,
}

pub(crate) fn search(request: &Request, settings: &Settings) -> Result<u8, Failed> {
    let started = Instant::now();
    if let Some(glob) = &request.filter.document {
        globset::Glob::new(glob).map_err(|error| {
            Failed::usage(
                format!("--document {glob:?}: {}", error.kind()),
                "write a pattern such as 'books/*.md'",
            )
        })?;
    }
    let store = store::open(settings.store.reveal(), Access::Read)?;
    let mode = match request.mode {
        // Said in the answer: without an index of words only meaning is left.
        Mode::Hybrid if !store::has_full_text(store.as_ref())? => Mode::Semantic,
        mode => mode,
    };
    let spelled = store.spell(&request.words)?;
    let (hits, models) = loop {
        let models = (store.model()?, store.routed_models()?);
        let asked = match mode {
            Mode::Keyword => Asked::default(),
            Mode::Semantic | Mode::Hybrid => {
                ask(&spelled.words, settings, store.as_ref(), &request.filter)?
            }
        };
        let query = Query {
            mode,
            words: spelled.words.clone(),
            vector: asked.own,
            k: request.k,
            filter: request.filter.clone(),
        };
        let hits = store.search_routed(&query, &asked.routed);
        // A migration may have ended while the words were embedded; then they were by the old model.
        if (store.model()?, store.routed_models()?) == models {
            break (hits?, asked.models);
        }
    };
    let took_ms = started.elapsed().as_secs_f64() * 1e3;
    let result = json!({
        "mode": mode.as_str(),
        "hits": hits.iter().enumerate().map(|(place, hit)| hit_json(place + 1, hit)).collect::<Vec<_>>(),
        "took_ms": took_ms,
        "models": models,
        "corrections": spelled.corrections.iter().map(|c| json!({"typed": c.typed, "taken": c.taken})).collect::<Vec<_>>(),
    });
    print(request.format, &result, &text(&hits, &spelled, took_ms))?;
    Ok(0)
}

fn hit_json(rank: usize, hit: &Hit) -> Value {
    json!({
        "rank": rank,
        "score": hit.score,
        "document": hit.document,
        "title": hit.title,
        "section": hit.section,
        "page": hit.page,
        "domain": hit.domain,
        "category": hit.category,
        "chunk_id": uuid(&hit.chunk_id),
        "text": hit.text,
    })
}

fn uuid(bytes: &[u8; 16]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]].map(<[String]>::concat).join("-")
}

fn text(hits: &[Hit], spelled: &Spelled, took_ms: f64) -> String {
    let mut lines: Vec<String> = spelled
        .corrections
        .iter()
        .map(|c| {
            format!("{:?} is not in the store: searched {} instead", c.typed, c.taken.join(", "))
        })
        .collect();
    for (place, hit) in hits.iter().enumerate() {
        lines.push(format!("{}. {}  ({:.4})", place + 1, whereabouts(hit), hit.score));
        lines.extend(hit.text.lines().map(|line| format!("   {}", printable(line))));
        lines.push(String::new());
    }
    lines.push(format!("{} hits in {took_ms:.1} ms", hits.len()));
    lines.join("\n")
}

fn whereabouts(hit: &Hit) -> String {
    let page = hit.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let section = hit
        .section
        .as_deref()
        .map(|section| format!(", {}", printable(section)))
        .unwrap_or_default();
    let (domain, category) = (printable(&hit.domain), printable(&hit.category));
    format!("{}{page}{section}  [{domain}/{category}]", printable(&hit.document))
}
