//! The embedding model of a run, and the ways to it.

use crate::route::Routes;
use crate::settings::Calls;
use flow::dispatch::Route;
use flow::policy::Outcome;
use std::sync::Arc;
use types::error_kind::ErrorKind;
use types::seam::{Embedder, ModelNumber};

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

/// Models beside the store's own, and which chunks are theirs. Empty in a run of one model.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    pub routes: Routes,
    /// In the order of their indices in the routes, which begin at 1.
    pub models: Vec<RoutedModel>,
}

/// A model that takes what the routes send it.
#[derive(Debug, Clone)]
pub struct RoutedModel {
    pub access: ModelAccess,
    /// In the store; none in a dry run over a store that does not know it.
    pub number: Option<ModelNumber>,
    pub calls: Calls,
}

impl Routing {
    /// Number in the store of the model with this index.
    pub(crate) fn number(&self, model: usize) -> ModelNumber {
        let Some(index) = model.checked_sub(1) else { return ModelNumber::OWN };
        self.models[index].number.expect("a run that stores has added its models")
    }
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
