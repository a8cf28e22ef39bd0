//! What a check of a store found.

use std::collections::BTreeMap;
use types::ledger::Violation;

/// More violations of one invariant are counted, not listed.
const LISTED_MAX: u64 = 1000;

/// What mending takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cure {
    Here,
    /// The document must be read from its source again.
    Ingest,
}

/// Violations by invariant, in order of discovery within each.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    by_invariant: BTreeMap<&'static str, (Vec<Violation>, u64)>,
}

impl Findings {
    pub(crate) fn add(
        &mut self,
        invariant: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        cure: Cure,
    ) {
        let (listed, unlisted) = self.by_invariant.entry(invariant).or_default();
        if listed.len() as u64 == LISTED_MAX {
            *unlisted += 1;
            return;
        }
        listed.push(Violation {
            invariant,
            subject: subject.into(),
            message: message.into(),
            needs_ingest: cure == Cure::Ingest,
        });
    }

    pub(crate) fn into_list(self) -> Vec<Violation> {
        let mut list = Vec::new();
        for (invariant, (listed, unlisted)) in self.by_invariant {
            let needs_ingest = listed.iter().any(|violation| violation.needs_ingest);
            list.extend(listed);
            if unlisted > 0 {
                list.push(Violation {
                    invariant,
                    subject: "more".to_owned(),
                    message: format!("{unlisted} more of this kind"),
                    needs_ingest,
                });
            }
        }
        list
    }
}
