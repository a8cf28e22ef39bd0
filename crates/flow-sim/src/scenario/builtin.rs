//! The scenarios that come with the program.

use super::{Scenario, parse};

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../scenarios/", $folder, $name, ".toml")))),*]
    };
}

const BUILTIN: &[(&str, &str)] = &files!["":
    "steady-600-bucket", "steady-600-fixed", "steady-600-sliding", "steady-60-bucket", "steady-600-second",
    "steady-6000-bucket", "halve-bucket", "knee",
];

const HELD_OUT: &[(&str, &str)] = &[];

/// What limiters are tuned on.
pub fn builtin() -> Vec<Scenario> {
    read(BUILTIN)
}

/// Shapes that nobody tunes on.
pub fn held_out() -> Vec<Scenario> {
    read(HELD_OUT)
}

fn read(files: &[(&str, &str)]) -> Vec<Scenario> {
    let one = |(name, text): &(&str, &str)| {
        parse(name, text).expect("a test reads every built-in scenario")
    };
    files.iter().map(one).collect()
}
