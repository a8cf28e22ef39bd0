//! The sections that a command works on, with those of its list that cannot be.

use crate::failed::Failed;
use content::wire::{SectionSpec, failure_json, read_sections};
use content::{Section, of_outline};
use serde_json::{Value, json};
use types::failure::{Failure, FailureClass};
use types::seam::split::Facts;

/// Sections in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// Those that can be worked on.
    pub(crate) sections: Vec<Section>,
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    /// Its place among the sections.
    Section(usize),
    Refused(Refused),
}

/// A section whose description is wrong.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) spec: SectionSpec,
    pub(crate) failure: Failure,
}

impl Listed {
    /// Those of the file that was given to `--sections`. One that is wrong costs itself, unless all are.
    pub(crate) fn read(path: &str) -> Result<Self, Failed> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failed::usage(
                format!("--sections {path}: {error}"),
                "write outline, or the path of a file with the sections",
            )
        })?;
        let wrong = |what: &dyn std::fmt::Display| {
            Failed::usage(
                format!("{path}: {what}"),
                "write [{\"section_name\":\"Intro\",\"page_range\":\"1-3\"}]",
            )
        };
        let specs = read_sections(&text).map_err(|bad| wrong(&bad))?;
        let listed = Self::of_specs(specs);
        if let Some(first) = listed.refused().next()
            && listed.sections.is_empty()
        {
            return Err(wrong(&first.failure.message));
        }
        Ok(listed)
    }

    fn of_specs(specs: Vec<SectionSpec>) -> Self {
        let mut listed = Self::default();
        for (spec, place) in specs.into_iter().zip(1..) {
            match spec.section(place) {
                Ok(section) => {
                    listed.rows.push(Row::Section(listed.sections.len()));
                    listed.sections.push(section);
                }
                Err(bad) => {
                    let failure = Failure::new(
                        FailureClass::BadItem,
                        bad.to_string(),
                        "correct this section in the file",
                    );
                    listed.rows.push(Row::Refused(Refused { spec, failure }));
                }
            }
        }
        listed
    }

    /// All of them can be worked on.
    pub(crate) fn of(sections: Vec<Section>) -> Self {
        Self { rows: (0..sections.len()).map(Row::Section).collect(), sections }
    }

    pub(crate) fn of_outline(facts: &Facts) -> Self {
        Self::of(of_outline(facts))
    }

    /// How many were asked for.
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn refused(&self) -> impl Iterator<Item = &Refused> {
        self.rows.iter().filter_map(|row| match row {
            Row::Section(_) => None,
            Row::Refused(refused) => Some(refused),
        })
    }

    /// One row for each: of a section by its place among the sections, of the others with their error and `empty`.
    pub(crate) fn rows(&self, of_section: impl Fn(usize) -> Value, empty: &Value) -> Vec<Value> {
        let row = |row: &Row| match row {
            Row::Section(at) => of_section(*at),
            Row::Refused(Refused { spec, failure }) => {
                let mut row = json!({
                    "section_name": spec.section_name,
                    "page_range": spec.page_range,
                });
                for (key, value) in empty.as_object().into_iter().flatten() {
                    row[key] = value.clone();
                }
                row["error"] = failure_json(failure);
                row
            }
        };
        self.rows.iter().map(row).collect()
    }
}
