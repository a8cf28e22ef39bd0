//! Several models in one store: not on a server yet.

use super::PostgresStore;
use super::error::Cause;
use std::collections::HashMap;
use types::embedding::{Embedding, ModelId};
use types::ledger::DocumentId;
use types::query::{Filter, Hit, Query};
use types::seam::{ModelNumber, Models, Store as _, StoreError, StoreErrorKind};

/// What a caller is told who wants vectors of a second model here.
pub(crate) fn one_model() -> Cause {
    Cause::told(
        StoreErrorKind::OtherModel,
        "a store on a server holds the vectors of one model",
        "take the routes out of the configuration, or keep the store in a file: --store sqlite:PATH",
    )
}

impl PostgresStore {
    fn refused<T>(&self) -> Result<T, StoreError> {
        self.told(Err(one_model()))
    }
}

impl Models for PostgresStore {
    fn routed_models(&self) -> Result<Vec<ModelId>, StoreError> {
        Ok(Vec::new())
    }

    fn add_model(&self, _: &ModelId) -> Result<ModelNumber, StoreError> {
        self.refused()
    }

    fn routed_chunks(&self) -> Result<Vec<(ModelNumber, u64)>, StoreError> {
        Ok(Vec::new())
    }

    fn known_routed(
        &self,
        _: DocumentId,
        _: ModelNumber,
    ) -> Result<HashMap<[u8; 16], i64>, StoreError> {
        self.refused()
    }

    fn routed_at(&self, _: ModelNumber, _: &[i64]) -> Result<Vec<Option<Embedding>>, StoreError> {
        self.refused()
    }

    fn models_under(&self, _: &Filter) -> Result<Vec<ModelNumber>, StoreError> {
        Ok(vec![ModelNumber::OWN])
    }

    fn search_routed(
        &self,
        query: &Query,
        routed: &[(ModelNumber, Vec<f32>)],
    ) -> Result<Vec<Hit>, StoreError> {
        if routed.is_empty() { self.search(query) } else { self.refused() }
    }
}
