//! The one place that reads the environment.

use crate::config::alias::{self, ALIASES, Alias, Effect};
use crate::config::key::{self, FILE_ONLY, KEYS, Key, PREFIX};
use crate::config::mistake::{Mistake, Warning};
use crate::config::nearest::nearest;
use crate::config::origin::Origin;
use crate::config::raw::Written;
use crate::settings::keys::Keys;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// The variables as they were when the program started. No `Debug`: the values may be secrets.
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

/// What the environment says about the configuration.
#[derive(Default)]
pub(crate) struct Layer {
    /// Those of higher precedence first.
    pub values: Vec<(&'static Key, Written)>,
    pub mistakes: Vec<Mistake>,
    pub warnings: Vec<Warning>,
}

impl Environment {
    /// Of this process.
    pub(crate) fn capture() -> Self {
        Self(std::env::vars_os().collect())
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value, if it is set, UTF-8, and not empty.
    pub(super) fn get(&self, variable: &str) -> Option<&str> {
        self.0.get(OsStr::new(variable))?.to_str().filter(|value| !value.is_empty())
    }

    /// Everything that may be a key: which ones are needed is known later.
    pub(super) fn keys(&self) -> Keys {
        let text = |name: &OsString, value: &OsString| {
            Some((name.to_str()?.to_owned(), value.to_str()?.trim().to_owned()))
        };
        let keys = self.0.iter().filter_map(|(name, value)| text(name, value));
        let may_be = |name: &str| name.contains("KEY") || name == connectors::hub::KEY_VARIABLE;
        Keys::new(keys.filter(|(name, value)| may_be(name) && !value.is_empty()))
    }

    /// Where a user's data lies, by the XDG base directory specification; the working folder if nobody says.
    pub(super) fn data_folder(&self) -> PathBuf {
        let own = self.get("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = self.get("HOME").map(|home| PathBuf::from(home).join(".local/share"));
        own.or(home).map_or_else(PathBuf::new, |folder| folder.join("gristmill"))
    }

    /// Folders in which programs are looked for.
    pub(super) fn program_folders(&self) -> Vec<PathBuf> {
        self.0
            .get(OsStr::new("PATH"))
            .map_or_else(Vec::new, |path| std::env::split_paths(path).collect())
    }

    pub(super) fn layer(&self) -> Layer {
        let mut layer = Layer::default();
        self.own_names(&mut layer);
        for alias in &ALIASES {
            self.alias(alias, &mut layer);
        }
        self.look_alikes(&mut layer);
        layer
    }

    fn own_names(&self, layer: &mut Layer) {
        for (name, value) in &self.0 {
            let name = name.to_string_lossy();
            if !name.starts_with(PREFIX) {
                continue;
            }
            let origin = Origin::Environment(name.clone().into_owned());
            let key = KEYS.into_iter().find(|key| key.variable() == name);
            match (key, value.to_str()) {
                (_, Some("")) => layer.warnings.push(empty(&name)),
                (Some(key), Some(value)) => layer.values.push((key, Written::word(value, origin))),
                (Some(key), None) => layer.mistakes.push(not_text(key.name, origin)),
                (None, _) => layer.mistakes.push(unknown(&name, origin)),
            }
        }
    }

    fn alias(&self, alias: &Alias, layer: &mut Layer) {
        let Some(value) = self.0.get(OsStr::new(alias.variable)) else { return };
        let Effect::Sets { key, unit } = &alias.effect else {
            return layer.warnings.extend(without_effect(alias));
        };
        let origin = Origin::Environment(alias.variable.to_owned());
        let Some(value) = value.to_str() else {
            return layer.mistakes.push(not_text(key.name, origin));
        };
        if value.is_empty() {
            return layer.warnings.push(empty(alias.variable));
        }
        let stronger = layer.values.iter().find(|(other, _)| *other == *key);
        layer.warnings.push(match stronger {
            Some((_, written)) => overridden(alias, key, &written.origin),
            None => older_name(alias, key),
        });
        let mut written = Written::word(&unit.translate(value.trim()), origin);
        written.typed = crate::config::raw::shorten(value);
        layer.values.push((key, written));
    }

    /// Names that begin like those of the earlier systems; they may as well belong to another program.
    fn look_alikes(&self, layer: &mut Layer) {
        for name in self.0.keys().filter_map(|name| name.to_str()) {
            let known = ALIASES.iter().any(|alias| alias.variable == name);
            if known || !alias::PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            let near = nearest(name, ALIASES.iter().map(|alias| alias.variable));
            let near = near.expect("there are aliases");
            let message = format!("not a name that gristmill knows; the nearest one is {near}");
            layer.warnings.push(Warning::new(name, message));
        }
    }
}

fn empty(name: &str) -> Warning {
    Warning::new(name, "is empty, and is read as if it were not set")
}

fn older_name(alias: &Alias, key: &Key) -> Warning {
    let message = format!("is read as `{}`; its name today is {}", key.name, key.variable());
    Warning::new(alias.variable, message)
}

fn overridden(alias: &Alias, key: &Key, by: &Origin) -> Warning {
    Warning::new(alias.variable, format!("has no effect: `{}` is set by {by}", key.name))
}

fn without_effect(alias: &Alias) -> Option<Warning> {
    match alias.effect {
        Effect::None(reason) => {
            let message = format!("known, has no effect in this version: {reason}");
            Some(Warning::new(alias.variable, message))
        }
        Effect::Sets { .. } => None,
    }
}

fn not_text(key: &str, origin: Origin) -> Mistake {
    let message = "expected UTF-8 text".to_owned();
    Mistake { key: key.to_owned(), value: None, message, origin }
}

fn unknown(name: &str, origin: Origin) -> Mistake {
    let file_only = FILE_ONLY
        .into_iter()
        .find(|key| name == key::variable(key) || name.starts_with(&(key::variable(key) + "_")));
    let message = if let Some(key) = file_only {
        format!("`{key}` can be set in the configuration file only")
    } else {
        let variables: Vec<String> = KEYS.into_iter().map(Key::variable).collect();
        let near = nearest(name, variables.iter().map(String::as_str)).expect("there are keys");
        format!("unknown variable; the nearest known one is {near}")
    };
    Mistake { key: name.to_owned(), value: None, message, origin }
}
