//! Several models in one store: each chunk has the vector of one of them.
//!
//! The store's own model is the one it is bound to. The others are *routed* ones: what they embed is decided by what
//! a chunk is. Vectors of different models are never compared, whatever their dimensions.

use crate::embedding::{Embedding, ModelId};
use crate::ledger::DocumentId;
use crate::query::{Filter, Hit, Query};
use crate::seam::store::StoreError;
use std::collections::HashMap;

/// Number of a routed model in its store, from 1; 0 is the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelNumber(pub u32);

impl ModelNumber {
    pub const OWN: Self = Self(0);

    /// Place of a routed model in the list of them.
    pub fn index(self) -> Option<usize> {
        self.0.checked_sub(1).map(|index| index as usize)
    }
}

/// What a store of several models can do beside [`Store`](crate::seam::Store). A store of one model has no routed
/// ones, and pays nothing for this.
pub trait Models: Send + Sync {
    /// Routed models in the order of their numbers, those without vectors among them.
    fn routed_models(&self) -> Result<Vec<ModelId>, StoreError>;

    /// Makes room for vectors of another model beside the store's own; its number if there is room already. An
    /// error of kind `Conflict` if it is the store's own.
    fn add_model(&self, model: &ModelId) -> Result<ModelNumber, StoreError>;

    /// Visible chunks that have a vector of a routed model, for each that has some.
    fn routed_chunks(&self) -> Result<Vec<(ModelNumber, u64)>, StoreError>;

    /// As [`Store::known_vectors`](crate::seam::Store::known_vectors), of a routed model.
    fn known_routed(
        &self,
        document: DocumentId,
        model: ModelNumber,
    ) -> Result<HashMap<[u8; 16], i64>, StoreError>;

    /// As [`Store::vectors_at`](crate::seam::Store::vectors_at), by places that [`Models::known_routed`] gave for
    /// the same model.
    fn routed_at(
        &self,
        model: ModelNumber,
        places: &[i64],
    ) -> Result<Vec<Option<Embedding>>, StoreError>;

    /// Models that may have vectors under the filter, the store's own among them. One too many costs a question,
    /// one too few would cost hits.
    fn models_under(&self, filter: &Filter) -> Result<Vec<ModelNumber>, StoreError>;

    /// As [`Store::search`](crate::seam::Store::search), with the query's vectors in routed models as well: each
    /// model ranks its own chunks, and reciprocal ranks make one list of all.
    fn search_routed(
        &self,
        query: &Query,
        routed: &[(ModelNumber, Vec<f32>)],
    ) -> Result<Vec<Hit>, StoreError>;
}
