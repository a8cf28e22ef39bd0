//! From what was typed to scenarios.

use crate::config::nearest::nearest;
use crate::failed::Failed;
use flow_sim::scenario::{Scenario, ScenarioError, builtin, held_out, parse};
use std::path::{Path, PathBuf};

/// Every scenario that was asked for, once and in that order; all built-in ones if none was.
pub(super) fn chosen(asked: &[String]) -> Result<Vec<Scenario>, Failed> {
    let known: Vec<Scenario> = builtin().into_iter().chain(held_out()).collect();
    if asked.is_empty() {
        return Ok(known);
    }
    let mut chosen: Vec<Scenario> = Vec::new();
    for word in asked {
        for scenario in resolve(word, &known)? {
            match chosen.iter().find(|other| other.name == scenario.name) {
                None => chosen.push(scenario),
                Some(same) if *same == scenario => {}
                Some(_) => {
                    return Err(Failed::usage(
                        format!("two different scenarios are called {}", scenario.name),
                        "a scenario is called like its file: rename one of them",
                    ));
                }
            }
        }
    }
    Ok(chosen)
}

fn resolve(word: &str, known: &[Scenario]) -> Result<Vec<Scenario>, Failed> {
    let named: Vec<Scenario> =
        known.iter().filter(|scenario| names(word, &scenario.name)).cloned().collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let path = Path::new(word);
    if path.is_dir() {
        let files = files(path)?;
        return files.iter().map(|file| read(file)).collect();
    }
    if path.is_file() || path.extension().is_some_and(|ending| ending == "toml") {
        return Ok(vec![read(path)?]);
    }
    let near = nearest(word, known.iter().map(|scenario| scenario.name.as_str()));
    Err(Failed::usage(
        format!("there is no scenario {word}; the nearest is {}", near.unwrap_or("none")),
        "gristmill simulate --list names all scenarios; a file or a folder will do as well",
    ))
}

fn names(word: &str, name: &str) -> bool {
    word.strip_suffix('*').map_or(word == name, |start| name.starts_with(start))
}

/// The folder's scenario files by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let entries = std::fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot_read(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failed::usage(
            format!("{} holds no .toml file", folder.display()),
            "docs/simulate.md says what a scenario file holds",
        ));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Scenario, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    parse(&name, &text).map_err(|error| {
        let what = match error {
            ScenarioError::Syntax { source, .. } => mistake(&source, &text),
            ScenarioError::Impossible { what, .. } => what,
        };
        Failed::usage(
            format!("{}: {what}", path.display()),
            "docs/simulate.md says what a scenario file holds",
        )
    })
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failed {
    Failed::usage(
        format!("cannot read {}: {error}", path.display()),
        "gristmill simulate --list names the built-in scenarios",
    )
}

/// Line, what is wrong, and for an unknown word the nearest known one.
fn mistake(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().and_then(|span| text.get(..span.start));
    let line = line
        .map_or_else(String::new, |before| format!("line {}: ", before.matches('\n').count() + 1));
    let message = error.message().lines().next().unwrap_or_default();
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| words.next()).flatten();
    let near = unknown.and_then(|unknown| Some((unknown, nearest(unknown, words)?)));
    match near {
        Some((unknown, near)) => {
            let kind = message.split(' ').nth(1).unwrap_or_default();
            let kind = if kind == "field" { "key" } else { "value" };
            format!("{line}unknown {kind} {unknown}; the nearest is {near}")
        }
        None => format!("{line}{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match parse("x", text) {
            Err(ScenarioError::Syntax { source, .. }) => mistake(&source, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mistyped_key_is_told_with_its_line_and_the_nearest_one() {
        let text = "about = \"a\"\nduration_secs = 60\n\n[bars]\nutilisaton_min = 0.9\n";
        assert_eq!(
            said(text),
            "line 5: unknown key utilisaton_min; the nearest is utilisation_min"
        );
    }

    #[test]
    fn a_mistyped_value_is_told_with_the_nearest_one() {
        let text = "about = \"a\"\nduration_secs = 60\n[[limit]]\ndimension = \"request\"\n";
        assert_eq!(said(text), "line 4: unknown value request; the nearest is requests");
    }

    #[test]
    fn other_mistakes_are_told_as_they_are() {
        assert!(said("about = \"a\"\n").contains("duration_secs"));
        assert!(said("about = 1\nduration_secs = 60\n").starts_with("line 1: "));
    }

    #[test]
    fn a_star_stands_for_any_ending() {
        assert!(names("steady*", "steady-600") && names("a", "a"));
        assert!(!names("steady", "steady-600") && !names("x*", "steady-600"));
    }
}
