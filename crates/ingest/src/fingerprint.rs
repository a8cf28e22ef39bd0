//! What a version was made with, as one hash: parser, chunker and model.
//!
//! The model's part is combined by *exclusive or* with a number of the store, so that a migration changes that
//! number instead of every row: what was unchanged before it is unchanged after it.

use crate::chunk::ChunkSettings;
use crate::run::Parts;
use types::document::Hash;
use types::embedding::ModelId;
use types::seam::{Store, StoreError, StoreErrorKind};

/// Setting with the model's part of the last run.
const MODEL: &str = "model_fingerprint";
/// Setting with the number that migrations change; none before the first.
const OFFSET: &str = "fingerprint_offset";

/// The model's part, of its identity and of all else that its vectors depend on.
pub(crate) fn of_model(model: &ModelId, identity: &str) -> Hash {
    of_parts([&model.to_string(), identity])
}

/// Of the store's own model, and of the routes to others.
fn of_parts_of_run(parts: &Parts) -> Hash {
    let own = of_model(parts.model.embedder.model(), &parts.model.fingerprint);
    let routing = &parts.routing;
    if routing.routes.rules.is_empty() {
        return own;
    }
    let named = |index: usize| match index {
        0 => "own".to_owned(),
        routed => {
            let access = parts.access(routed);
            format!("{:?} {}", access.embedder.model(), access.fingerprint)
        }
    };
    combined(own, of_parts([&routing.routes.identity(&named), ""]))
}

/// The model's part as this store counts it.
pub(crate) fn of_store(parts: &Parts) -> Result<Hash, StoreError> {
    let own = of_parts_of_run(parts);
    Ok(combined(own, read(parts.store.as_ref(), OFFSET)?.unwrap_or(NONE)))
}

/// Writes down what the store's versions are being made with.
pub(crate) fn remember(parts: &Parts) -> Result<(), StoreError> {
    let own = of_parts_of_run(parts);
    if read(parts.store.as_ref(), MODEL)? == Some(own) {
        return Ok(());
    }
    parts.store.set_setting(MODEL, &hex(own))
}

/// Settings that let versions of the store's model be taken for versions of `to`.
pub(crate) fn migrated(store: &dyn Store, to: Hash) -> Result<[(String, String); 2], StoreError> {
    let offset = read(store, OFFSET)?.unwrap_or(NONE);
    let from = read(store, MODEL)?.unwrap_or(to);
    let moved = combined(offset, combined(from, to));
    Ok([(OFFSET.to_owned(), hex(moved)), (MODEL.to_owned(), hex(to))])
}

pub(crate) fn pipeline(parser: &str, chunk: &ChunkSettings, model: Hash) -> Hash {
    combined(of_parts([parser, &chunk.identity()]), model)
}

const NONE: Hash = Hash([0; 32]);

fn of_parts(parts: [&str; 2]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    Hash(*hasher.finalize().as_bytes())
}

fn combined(a: Hash, b: Hash) -> Hash {
    Hash(std::array::from_fn(|i| a.0[i] ^ b.0[i]))
}

fn hex(hash: Hash) -> String {
    blake3::Hash::from_bytes(hash.0).to_hex().to_string()
}

fn read(store: &dyn Store, key: &str) -> Result<Option<Hash>, StoreError> {
    let Some(text) = store.setting(key)? else { return Ok(None) };
    match blake3::Hash::from_hex(&text) {
        Ok(hash) => Ok(Some(Hash(*hash.as_bytes()))),
        Err(_) => Err(StoreError {
            kind: StoreErrorKind::Corrupt,
            message: format!("store {}: its setting {key} cannot be read", store.url()),
            hint: "restore the store from a backup, or move it away and ingest again".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_changes_the_fingerprint_and_a_migration_keeps_it() {
        let model = |name: &str| ModelId {
            provider: "p".to_owned(),
            model: name.to_owned(),
            dimensions: 3,
        };
        let chunk = ChunkSettings { tokens: 240, overlap: 40, text_tokens: 256 };
        let (old, new) = (of_model(&model("a"), "1"), of_model(&model("b"), "1"));
        let before = pipeline("text/1", &chunk, old);
        assert_ne!(before, pipeline("text/2", &chunk, old));
        assert_ne!(before, pipeline("text/1", &ChunkSettings { tokens: 241, ..chunk }, old));
        assert_ne!(before, pipeline("text/1", &chunk, new));
        assert_ne!(old, of_model(&model("a"), "2"));
        // What `migrated` writes and `of_store` reads.
        let offset = combined(NONE, combined(old, new));
        assert_eq!(before, pipeline("text/1", &chunk, combined(new, offset)));
        assert_eq!(before, pipeline("text/1", &ChunkSettings { text_tokens: 128, ..chunk }, old));
    }
}
