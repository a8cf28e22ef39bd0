//! `gristmill status`: what the store holds.

use super::print;
use crate::args::Format;
use crate::failed::Failed;
use crate::settings::Settings;
use crate::wire::coherence::COHERENCE;
use crate::wire::store;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stores::Access;
use types::embedding::ModelId;
use types::seam::{Condition, Connections, Counts, Migration, RunRow, Store, VectorIndex};

/// Runs shown.
const RUNS: usize = 10;

pub(crate) fn status(format: Format, settings: &Settings) -> Result<u8, Failed> {
    let store = store::open(settings.store.reveal(), Access::Read)?;
    let counts = store.counts()?;
    let model = store.model()?;
    let mut by_class: BTreeMap<&'static str, u64> = BTreeMap::new();
    for letter in store.dead_letters()? {
        *by_class.entry(letter.failure.class.as_str()).or_default() += 1;
    }
    let coherence = store
        .setting(COHERENCE)?
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .filter(|found| model.as_ref().is_some_and(|model| found["embedder"] == model.to_string()));
    let migration = store.migration()?;
    let condition = store.condition()?;
    let runs = store.runs(RUNS)?;
    let sources: Vec<String> = store.sources()?.into_iter().map(|(_, name)| name).collect();
    let models = models(store.as_ref(), model.as_ref(), &counts)?;
    let result = json!({
        "store": store.url(),
        "bytes": counts.bytes,
        "sources": sources,
        "files": counts.files,
        "documents": counts.documents,
        "chunks": counts.chunks,
        "without_vector": counts.without_vector,
        "versions_being_written": counts.open,
        "models": models.iter().map(|(model, chunks)| json!({
            "embedder": model.to_string(), "dimensions": model.dimensions, "chunks": chunks,
        })).collect::<Vec<_>>(),
        "coherence": coherence,
        "full_text": store::has_full_text(store.as_ref())?,
        "migration": migration.as_ref().map(|migration| json!({
            "to": migration.target.model.to_string(),
            "dimensions": migration.target.model.dimensions,
            "done": migration.done,
            "left": migration.left,
        })),
        "connections": condition.connections,
        "indexes": condition.indexes,
        "out": store.setting("out")?,
        "dead_letters": { "total": counts.dead_letters, "by_class": by_class },
        "runs": runs.iter().map(|run| json!({
            "run_id": run.run_id,
            "started": run.started,
            "ended": run.ended,
            "result": run.result.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        })).collect::<Vec<_>>(),
    });
    let lines = Lines {
        url: store.url(),
        counts,
        models,
        sources: sources.len(),
        by_class,
        migration,
        condition,
        runs,
    };
    print(format, &result, &lines.text())?;
    Ok(0)
}

/// The store's own model and the routed ones that have vectors, each with its chunks.
fn models(
    store: &dyn Store,
    own: Option<&ModelId>,
    counts: &Counts,
) -> Result<Vec<(ModelId, u64)>, Failed> {
    let (known, routed) = (store.routed_models()?, store.routed_chunks()?);
    let of_routed: u64 = routed.iter().map(|(_, chunks)| chunks).sum();
    let own = own.map(|own| (own.clone(), counts.chunks - counts.without_vector - of_routed));
    let named = routed
        .iter()
        .filter_map(|(number, chunks)| Some((known.get(number.index()?)?.clone(), *chunks)));
    Ok(own.into_iter().chain(named).collect())
}

/// What a person reads.
struct Lines<'s> {
    url: &'s str,
    counts: Counts,
    models: Vec<(ModelId, u64)>,
    sources: usize,
    by_class: BTreeMap<&'static str, u64>,
    migration: Option<Migration>,
    condition: Condition,
    runs: Vec<RunRow>,
}

impl Lines<'_> {
    fn text(self) -> String {
        let Self { url, counts, models, sources, by_class, migration, condition, runs } = self;
        let mut lines = vec![
            format!("store {} ({} MB)", url, counts.bytes >> 20),
            format!(
                "{} documents from {} files of {} sources",
                counts.documents, counts.files, sources
            ),
            format!(
                "{} chunks, {} without a vector (found by keywords only)",
                counts.chunks, counts.without_vector
            ),
        ];
        if models.is_empty() {
            lines.push("no embedder yet".to_owned());
        }
        lines.extend(models.iter().map(|(model, chunks)| {
            format!("embedder {model}, {} dimensions, {chunks} chunks", model.dimensions)
        }));
        lines.push(format!("{} dead letters", counts.dead_letters));
        lines.extend(migration.map(|migration| {
            format!(
                "migration to {} begun: {} chunks done, {} left",
                migration.target.model, migration.done, migration.left
            )
        }));
        lines.extend(by_class.iter().map(|(class, n)| format!("  {class}: {n}")));
        lines.extend(condition.indexes.iter().map(index_line));
        lines.extend(condition.connections.iter().map(connections_line));
        lines.extend(runs.iter().map(|run| {
            let state =
                if run.ended.is_some() { "ended" } else { "running, or ended without a word" };
            format!("run {}: {state}", run.run_id)
        }));
        lines.join("\n")
    }
}

fn index_line(index: &VectorIndex) -> String {
    format!(
        "vectors of {}: {} over {}({}), index {} MB, vectors {} MB",
        index.embedder,
        index.state.as_str(),
        index.element,
        index.dimensions,
        index.bytes >> 20,
        index.vector_bytes >> 20
    )
}

fn connections_line(pool: &Connections) -> String {
    format!(
        "{} of {} connections in use, {} idle; asked for {} times, {} in vain, for {:.1} ms on average",
        pool.active_connections,
        pool.max_connections,
        pool.idle_connections,
        pool.total_requests,
        pool.failed_requests,
        pool.avg_wait_time * 1e3
    )
}
