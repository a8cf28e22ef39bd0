//! Codes by model: those of the store's own, and those of each routed one.

use super::super::error::Outcome;
use super::super::routed;
use super::filter::Visible;
use rusqlite::Connection;
use types::query::Filter;
use types::seam::ModelNumber;

/// Whose codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shelf {
    Own,
    /// Number of the model.
    Routed(u32),
}

impl Shelf {
    pub(crate) fn of(model: ModelNumber) -> Self {
        if model == ModelNumber::OWN { Self::Own } else { Self::Routed(model.0) }
    }

    /// Where its blocks are.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Own => "code",
            Self::Routed(_) => "routed_code",
        }
    }

    /// Which of the table's blocks are its own.
    pub(crate) fn condition(self) -> String {
        match self {
            Self::Own => String::new(),
            Self::Routed(model) => format!(" WHERE model={model}"),
        }
    }

    /// Takes `n`, chunks and data.
    pub(super) fn insertion(self) -> String {
        match self {
            Self::Own => "INSERT INTO code(n, chunks, data) VALUES(?1, ?2, ?3)".to_owned(),
            Self::Routed(model) => format!(
                "INSERT INTO routed_code(model, n, chunks, data) VALUES({model}, ?1, ?2, ?3)"
            ),
        }
    }
}

/// Models that may have vectors of chunks that pass the filter.
pub(crate) fn models_under(conn: &Connection, filter: &Filter) -> Outcome<Vec<ModelNumber>> {
    let all = routed::models(conn)?.len() as u32;
    if all == 0 {
        return Ok(vec![ModelNumber::OWN]);
    }
    let mut found = Vec::new();
    if filter.domain.is_none() && filter.category.is_none() && filter.document.is_none() {
        for number in 0..=all {
            let shelf = Shelf::of(ModelNumber(number));
            let sql = format!("SELECT 1 FROM {}{} LIMIT 1", shelf.table(), shelf.condition());
            if conn.prepare_cached(&sql)?.exists([])? {
                found.push(ModelNumber(number));
            }
        }
        return Ok(found);
    }
    let mut of_document = conn.prepare_cached(
        "SELECT count(*) FROM routed WHERE model=?1 AND document=?2 AND version=?3",
    )?;
    let mut with_vector =
        conn.prepare_cached("SELECT chunks - without_vector FROM document WHERE id=?1")?;
    for (document, version) in Visible::new(conn, filter)?.heads()? {
        let mut own: i64 = with_vector.query_row([document], |r| r.get(0))?;
        for number in 1..=all {
            let routed: i64 = of_document.query_row((number, document, version), |r| r.get(0))?;
            own -= routed;
            note(&mut found, ModelNumber(number), routed);
        }
        note(&mut found, ModelNumber::OWN, own);
        if found.len() > all as usize {
            break;
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn note(found: &mut Vec<ModelNumber>, model: ModelNumber, chunks: i64) {
    if chunks > 0 && !found.contains(&model) {
        found.push(model);
    }
}
