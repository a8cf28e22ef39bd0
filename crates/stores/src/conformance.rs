//! What every store must do, written against the seam: one law per function, each given an empty store that
//! is bound to [`draft::model`].

mod draft;
mod failures;
mod gates;
mod leases;
mod migration;
mod pairs;
mod random;
mod routed;
pub(crate) mod uploads;
mod versions;

pub(crate) use draft::{Draft, embedding, model, source};
pub(crate) use random::{obeys_the_model, steps};

use types::seam::{Repair, Store};

/// A law, with its name for the message of a failing test.
pub(crate) type Law = (&'static str, fn(&dyn Store));

/// All laws that need no more than one open store.
pub(crate) fn laws() -> Vec<Law> {
    [versions::LAWS, leases::LAWS, gates::LAWS, failures::LAWS, pairs::LAWS, migration::LAWS]
        .concat()
}

/// Laws of stores that hold vectors of several models.
pub(crate) fn laws_of_several_models() -> Vec<Law> {
    routed::LAWS.to_vec()
}

/// Nothing that a law did may break an invariant.
pub(crate) fn assert_sound(store: &dyn Store) {
    assert_eq!(store.verify(Repair::No).unwrap(), []);
}
