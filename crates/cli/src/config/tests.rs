mod example;
mod precedence;
mod mistakes;
mod aliases;
mod secrets;
mod routes;

use super::*;

const GIB: u64 = 1 << 30;

const MACHINE: Machine = Machine { cores: 4, memory: Some(16 * GIB) };

/// What a file of this text, these variables and these flags make.
fn reading<const N: usize>(
    text: &str,
    variables: [(&str, &str); N],
    flags: &[(&'static Key, &'static str, &str)],
) -> Reading {
    let flags: Vec<Flag> = flags
        .iter()
        .map(|(key, name, value)| Flag { key, name, value: (*value).to_owned() })
        .collect();
    let file = file::Layer::parse(text, "gristmill.toml");
    assemble::reading(file, &Environment::of(variables), &flags, &MACHINE)
}

pub(crate) fn settings(text: &str) -> Settings {
    let read = reading(text, [], &[]);
    read.settings.unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

impl Reading {
    fn row(&self, key: &str) -> &Effective {
        self.effective.iter().find(|row| row.key == key).unwrap_or_else(|| panic!("no row {key}"))
    }

    fn mistakes(&self) -> Vec<String> {
        self.settings.as_ref().unwrap_err().0.iter().map(ToString::to_string).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.iter().map(ToString::to_string).collect()
    }
}
