//! From what was typed to scenarios.

use crate::config::nearest::nearest;
use crate::failed::Failed;
use flow_sim::scenario::{Scenario, ScenarioError, builtin, held_out, load};
use std::path::Path;

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
    if path.exists() || path.extension().is_some_and(|ending| ending == "toml") {
        return load(path).map_err(|error| unusable(path, &error));
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

/// The message names the file.
fn unusable(path: &Path, error: &ScenarioError) -> Failed {
    let file = |name: &str| {
        let inside = path.join(format!("{name}.toml"));
        if path.is_dir() { inside.display().to_string() } else { path.display().to_string() }
    };
    let message = match error {
        ScenarioError::Syntax { name, source } => format!("{}: {}", file(name), mistake(source)),
        ScenarioError::Impossible { name, what } => format!("{}: {what}", file(name)),
        ScenarioError::Read { name, source } => format!("cannot read {name}: {source}"),
        ScenarioError::Empty { .. } => error.to_string(),
    };
    Failed::usage(message, "docs/simulate.md says what a scenario file holds")
}

/// Place, what is wrong, and for an unknown word the nearest known one.
fn mistake(error: &toml::de::Error) -> String {
    let shown = error.to_string();
    let place = shown.lines().next().and_then(|first| Some(first.split_once(" at ")?.1));
    let place = place.map_or_else(String::new, |place| format!("{place}: "));
    let message = error.message().lines().next().unwrap_or_default();
    let mut words = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| words.next()).flatten();
    let near = unknown.and_then(|unknown| Some((unknown, nearest(unknown, words)?)));
    match near {
        Some((unknown, near)) => {
            let kind = if message.starts_with("unknown field") { "key" } else { "value" };
            format!("{place}unknown {kind} {unknown}; the nearest is {near}")
        }
        None => format!("{place}{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_sim::scenario::parse;

    fn said(text: &str) -> String {
        match parse("x", text) {
            Err(ScenarioError::Syntax { source, .. }) => mistake(&source),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_mistyped_key_is_told_with_its_line_and_the_nearest_one() {
        let text = "about = \"a\"\nduration_secs = 60\n\n[bars]\nutilisaton_min = 0.9\n";
        assert_eq!(
            said(text),
            "line 5, column 1: unknown key utilisaton_min; the nearest is utilisation_min"
        );
    }

    #[test]
    fn a_mistyped_value_is_told_with_the_nearest_one() {
        let text = "about = \"a\"\nduration_secs = 60\n[[limit]]\ndimension = \"request\"\n";
        assert_eq!(said(text), "line 4, column 13: unknown value request; the nearest is requests");
    }

    #[test]
    fn other_mistakes_are_told_as_they_are() {
        assert!(said("about = \"a\"\n").contains("duration_secs"));
        assert!(said("about = 1\nduration_secs = 60\n").starts_with("line 1, "));
    }

    #[test]
    fn a_star_stands_for_any_ending() {
        assert!(names("steady*", "steady-600") && names("a", "a"));
        assert!(!names("steady", "steady-600") && !names("x*", "steady-600"));
    }
}
