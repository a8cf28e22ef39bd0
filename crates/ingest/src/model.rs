//! The embedding model of a run, and the ways to it.

use flow::dispatch::Route;
use flow::policy::Outcome;
use std::sync::Arc;
use types::error_kind::ErrorKind;
use types::seam::Embedder;

/// The model and where it is called; the caller wires it.
#[derive(Clone)]
pub struct ModelAccess {
    /// The model: its identity, its limits, how it counts tokens.
    pub embedder: Arc<dyn Embedder>,
    /// Told apart from the model's identity: weights and settings that change vectors.
    pub fingerprint: String,
    /// Where the model is called; a group's index is that of its route.
    pub groups: Vec<Group>,
    /// Makes the routes of one run, one for each group.
    pub routes: Arc<dyn Fn() -> Vec<Route> + Send + Sync>,
    pub verdict: VerdictOf,
}

/// What a failed call means for flow control.
pub type VerdictOf = fn(ErrorKind, &quota::Hint) -> Outcome;

/// Endpoints that the provider counts together.
#[derive(Clone)]
pub struct Group {
    /// At least one; all make the vectors of the same model.
    pub endpoints: Vec<Arc<dyn Embedder>>,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let models = self.endpoints.iter().map(|endpoint| endpoint.model());
        f.debug_list().entries(models).finish()
    }
}

impl std::fmt::Debug for ModelAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModelAccess").field("groups", &self.groups).finish_non_exhaustive()
    }
}
