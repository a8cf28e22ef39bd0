//! Scenarios from files.

use super::Scenario;
use super::check::check;
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
    check(&scenario).map_err(|what| ScenarioError::Impossible { name: name.to_owned(), what })?;
    Ok(scenario)
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

    /// With a limit, so that the work is held up.
    fn limited(text: &str) -> String {
        let limit = "[[limit]]\ndimension = \"requests\"\nkind = \"bucket\"\nlimit = 60";
        format!("about = \"\"\nduration_secs = 1\n{text}\n{limit}\n")
    }

    #[test]
    fn numbers_that_cannot_be_are_refused_by_the_name_of_their_key() {
        assert!(parse("mine", &limited("")).is_ok());
        for (text, key) in [
            ("workers = 0", "workers"),
            ("work.tokens = { median = nan }", "work.tokens.median"),
            ("work.items = { median = 1, min = 5, max = 4 }", "work.items.min"),
            ("service.slots = 0", "service.slots"),
            ("service.latency_secs = 0", "service.latency_secs"),
            ("service.refusal_secs = [0, 0]", "service.refusal_secs"),
            ("service.failed_share = 1.5", "service.failed_share"),
            ("suspended = [{ from_secs = 5, until_secs = 4 }]", "suspended.from_secs"),
        ] {
            let wrong = parse("mine", &limited(text)).unwrap_err();
            assert!(matches!(wrong, ScenarioError::Impossible { .. }), "{text}: {wrong}");
            assert!(wrong.to_string().contains(key), "{text}: {wrong}");
        }
        for (text, key) in [
            ("secs = 0", "limit.secs"),
            ("wave = { period_secs = 60, depth = 2 }", "limit.wave.depth"),
        ] {
            let wrong = parse("mine", &format!("{}{text}", limited(""))).unwrap_err();
            assert!(wrong.to_string().contains(key), "{text}: {wrong}");
        }
    }

    #[test]
    fn work_that_nothing_holds_up_and_more_than_can_be_simulated_are_refused() {
        let endless = parse("mine", "about = \"\"\nduration_secs = 1\n").unwrap_err();
        assert!(endless.to_string().contains("endless work"), "{endless}");
        let many = limited("").replace("limit = 60", "limit = 1e11");
        let many = parse("mine", &many).unwrap_err();
        assert!(many.to_string().contains("calls could be made"), "{many}");
    }

    #[test]
    fn a_folder_is_read_by_name_and_an_empty_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load(folder.path()), Err(ScenarioError::Empty { .. })));
        for name in ["b.toml", "a.toml", "notes.md"] {
            std::fs::write(folder.path().join(name), limited("")).unwrap();
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
