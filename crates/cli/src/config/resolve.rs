//! From what was written in several places to one value for each key.

use crate::config::confidential::conceal;
use crate::config::key::{self, Expects, Key};
use crate::config::mistake::Mistake;
use crate::config::origin::Origin;
use crate::config::raw::Written;
use crate::config::value::{Refusal, Value, Whole};

/// One row of `config show`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effective {
    pub key: String,
    pub value: serde_json::Value,
    /// The value for people.
    pub text: String,
    pub origin: Origin,
}

/// Takes the strongest value of each key, and collects the mistakes in all of them.
pub(crate) struct Resolver {
    /// The strongest first.
    values: Vec<(&'static Key, Written)>,
    pub mistakes: Vec<Mistake>,
    pub effective: Vec<Effective>,
}

impl Resolver {
    pub(crate) fn new(values: Vec<(&'static Key, Written)>) -> Self {
        Self { values, mistakes: Vec::new(), effective: Vec::new() }
    }

    /// The value with its origin, where one is written.
    ///
    /// A weaker value that is wrong is a mistake too: it would come to light at the worst moment.
    pub(crate) fn written<T: Value>(
        &mut self,
        key: &'static Key,
        fits: impl Fn(&T) -> bool,
    ) -> Option<(T, Origin)> {
        let mut chosen = None;
        for (_, written) in self.values.iter().filter(|(other, _)| *other == key) {
            let value = T::read(&written.raw)
                .and_then(|value| if fits(&value) { Ok(value) } else { Err(Refusal::Unexpected) });
            match value {
                Ok(value) if chosen.is_none() => chosen = Some((value, written.origin.clone())),
                Ok(_) => {}
                Err(refusal) => self.mistakes.push(mistake(key, written, refusal)),
            }
        }
        chosen
    }

    /// The value, else the default.
    pub(crate) fn value<T: Value>(&mut self, key: &'static Key, default: (T, Origin)) -> T {
        let (value, origin) = self.written(key, |_| true).unwrap_or(default);
        self.show(key.name, &value, origin);
        value
    }

    /// A value that has no default; `absent` says what happens then.
    pub(crate) fn optional<T: Value>(&mut self, key: &'static Key, absent: &str) -> Option<T> {
        let Some((value, origin)) = self.written(key, |_| true) else {
            self.show_absent(key.name, absent);
            return None;
        };
        self.show(key.name, &value, origin);
        Some(value)
    }

    /// A whole number within the key's bounds.
    pub(crate) fn whole(&mut self, key: &'static Key, default: (u64, Origin)) -> u64 {
        let (Whole(number), origin) = self.bounded(key).unwrap_or((Whole(default.0), default.1));
        self.show(key.name, &Whole(number), origin);
        number
    }

    pub(crate) fn optional_whole(&mut self, key: &'static Key, absent: &str) -> Option<u64> {
        let Some((Whole(number), origin)) = self.bounded(key) else {
            self.show_absent(key.name, absent);
            return None;
        };
        self.show(key.name, &Whole(number), origin);
        Some(number)
    }

    fn bounded(&mut self, key: &'static Key) -> Option<(Whole, Origin)> {
        let Expects::Whole(min, max) = key.expects else {
            panic!("{} is not a key of a whole number", key.name)
        };
        self.written(key, |number: &Whole| (min..=max).contains(&number.0))
    }

    pub(crate) fn show<T: Value>(&mut self, key: &str, value: &T, origin: Origin) {
        let (key, text) = (key.to_owned(), value.text());
        self.effective.push(Effective { key, value: value.json(), text, origin });
    }

    /// A list of tables, which only the file can hold.
    pub(crate) fn show_list(&mut self, key: &str, entries: Vec<serde_json::Value>, origin: Origin) {
        let (key, value) = (key.to_owned(), serde_json::Value::Array(entries));
        self.effective.push(Effective { key, text: value.to_string(), value, origin });
    }

    fn show_absent(&mut self, key: &str, absent: &str) {
        let (key, text) = (key.to_owned(), absent.to_owned());
        let value = serde_json::Value::Null;
        self.effective.push(Effective { key, value, text, origin: Origin::Default });
    }

    /// Where the shown value of this key comes from.
    pub(crate) fn origin_of(&self, key: &Key) -> Origin {
        let shown = self.effective.iter().find(|row| row.key == key.name);
        shown.map_or(Origin::Default, |row| row.origin.clone())
    }
}

/// A store's URL may hold a password in ways that nobody can cut out for sure, so it is never shown.
fn mistake(key: &Key, written: &Written, refusal: Refusal) -> Mistake {
    let value = (*key != key::STORE).then(|| conceal(&written.typed));
    let message = match refusal {
        Refusal::Unexpected => key.expected(),
        Refusal::Because(message) => message,
    };
    Mistake { key: key.name.to_owned(), value, message, origin: written.origin.clone() }
}
