//! Scenarios from files.

use super::Scenario;
use std::path::{Path, PathBuf};

/// A scenario that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The source names the line and the key.
    #[error("scenario {name} is not what a scenario may be")]
    Syntax {
        name: String,
        #[source]
        source: toml::de::Error,
    },
    #[error("scenario {name} cannot be read")]
    Read {
        name: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{folder} holds no scenario: a scenario is a file that ends in .toml")]
    Empty { folder: String },
    #[error("scenario {name}: {what}")]
    Impossible { name: String, what: String },
}

/// Reads a scenario. Errors: unknown keys, wrong types, numbers that cannot be.
pub fn parse(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let read: Result<Scenario, _> = toml::from_str(text);
    let mut scenario =
        read.map_err(|source| ScenarioError::Syntax { name: name.to_owned(), source })?;
    name.clone_into(&mut scenario.name);
    if let Some(what) = impossible(&scenario) {
        return Err(ScenarioError::Impossible { name: name.to_owned(), what });
    }
    Ok(scenario)
}

fn impossible(scenario: &Scenario) -> Option<String> {
    let positive = |value: f64, key: &str| {
        (value.is_nan() || value <= 0.0).then(|| format!("{key} is {value}, must be above 0"))
    };
    let limits = scenario.limits.iter().find_map(|limit| {
        let negative = limit.limit < 0.0 || limit.changes.iter().any(|change| change.limit < 0.0);
        positive(limit.secs, "limit.secs").or(negative.then(|| "limit below 0".to_owned()))
    });
    positive(scenario.duration_secs, "duration_secs")
        .or((scenario.workers == 0).then(|| "workers is 0, must be above 0".to_owned()))
        .or(limits)
        .or(positive(scenario.work.tokens.median, "work.tokens.median"))
        .or(positive(scenario.work.items.median, "work.items.median"))
}

/// Reads one file, or all files of a folder that end in `.toml`, by name.
pub fn load(path: &Path) -> Result<Vec<Scenario>, ScenarioError> {
    let shown = path.display().to_string();
    let read = |source| ScenarioError::Read { name: shown.clone(), source };
    if !path.is_dir() {
        return Ok(vec![load_file(path)?]);
    }
    let entries: Result<Vec<PathBuf>, std::io::Error> = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut files = entries.map_err(read)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    if files.is_empty() {
        return Err(ScenarioError::Empty { folder: shown });
    }
    files.iter().map(|file| load_file(file)).collect()
}

fn load_file(path: &Path) -> Result<Scenario, ScenarioError> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(path)
        .map_err(|source| ScenarioError::Read { name: path.display().to_string(), source })?;
    parse(&name, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named() {
        let wrong =
            parse("mine", "about = \"\"\nduration_secs = 1\n[service]\nlatency = 1\n").unwrap_err();
        let ScenarioError::Syntax { source, .. } = wrong else { panic!("{wrong}") };
        assert!(source.to_string().contains("latency"), "{source}");
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for text in [
            "duration_secs = 0",
            "duration_secs = 1\nworkers = 0",
            "duration_secs = 1\n[[limit]]\ndimension = \"items\"\nkind = \"bucket\"\nlimit = -1",
            "duration_secs = 1\n[[limit]]\ndimension = \"items\"\nkind = \"bucket\"\nlimit = 1\nsecs = 0",
            "duration_secs = 1\n[work.tokens]\nmedian = nan",
        ] {
            let wrong = parse("mine", &format!("about = \"\"\n{text}\n")).unwrap_err();
            assert!(matches!(wrong, ScenarioError::Impossible { .. }), "{text}: {wrong}");
        }
    }

    #[test]
    fn a_folder_is_read_by_name_and_an_empty_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path()), Err(ScenarioError::Empty { .. })));
        for name in ["b.toml", "a.toml", "notes.md"] {
            std::fs::write(folder.path().join(name), "about = \"\"\nduration_secs = 1\n").unwrap();
        }
        let names: Vec<String> =
            load(folder.path()).unwrap().into_iter().map(|scenario| scenario.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(load(&folder.path().join("b.toml")).unwrap().len(), 1);
    }

    #[test]
    fn the_keys_that_are_documented_are_the_keys_that_there_are() {
        let text = include_str!("../../scenarios/README.md");
        let example = text.split("```").nth(1).unwrap().trim_start_matches("toml");
        let scenario = parse("documented", example).unwrap();
        assert!(scenario.limits[0].tenant.is_some() && scenario.service.tail.is_some());
    }
}
