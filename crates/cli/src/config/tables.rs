//! The tables of the file: prices, rules, custom parsers, hooks.

use crate::config::mistake::Mistake;
use crate::config::nearest::nearest;
use crate::config::origin::Origin;
use crate::config::quantity::ByteSize;
use crate::config::raw::{Field, Raw, Written};
use crate::config::value::{Dollars, Label, Refusal, Value};
use crate::settings::command_line::CommandLine;
use crate::settings::http_url::HttpUrl;
use crate::settings::pattern::NamePattern;
use crate::settings::{CustomParser, Endpoint, Hook, Rule, Standby};
use serde_json::json;
use std::time::Duration;

/// A program that reads a document gets so long.
const PARSER_TIMEOUT: Duration = Duration::from_mins(1);

/// And so much memory: an interpreter with a few libraries fits.
const PARSER_MEMORY: ByteSize = ByteSize(1 << 30);

/// Prices of the file, each with its origin.
pub(crate) fn prices(
    fields: Vec<Field>,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(String, Dollars, Origin)> {
    let mut prices = Vec::new();
    for Field { name, written } in fields {
        match Dollars::read(&written.raw) {
            Ok(usd) => prices.push((name, usd, written.origin)),
            Err(_) => mistakes.push(bad_price(&name, written)),
        }
    }
    prices
}

fn bad_price(name: &str, written: Written) -> Mistake {
    let quoted = matches!(written.raw, Raw::Table(_));
    let message = if quoted {
        "expected US dollars per million tokens; put a name with dots in quotes"
    } else {
        "expected US dollars per million tokens, zero or more"
    };
    Mistake {
        key: format!("prices.{name}"),
        value: (!quoted).then_some(written.typed),
        message: message.to_owned(),
        origin: written.origin,
    }
}

pub(crate) fn rules(entries: Vec<Written>, mistakes: &mut Vec<Mistake>) -> Vec<Rule> {
    each("rules", &["match", "domain", "category"], entries, mistakes, |entry| {
        let pattern = entry.required("match", "a pattern such as `finance/**`");
        let domain = entry.optional("domain", "a name").map(|Label(name)| name);
        let category = entry.optional("category", "a name").map(|Label(name)| name);
        if !entry.has("domain") && !entry.has("category") {
            entry.complain("domain", None, "expected a `domain`, a `category`, or both".to_owned());
        }
        Some(Rule { pattern: pattern?, domain, category })
    })
}

pub(crate) fn parsers(entries: Vec<Written>, mistakes: &mut Vec<Mistake>) -> Vec<CustomParser> {
    each("parsers", &["match", "command", "timeout", "memory"], entries, mistakes, |entry| {
        let pattern = entry.required("match", "a pattern such as `*.foo`");
        let command = entry.required("command", COMMAND);
        let timeout = entry.optional("timeout", "a time such as `60s`").unwrap_or(PARSER_TIMEOUT);
        let memory = entry.optional("memory", "a size such as `1GiB`").unwrap_or(PARSER_MEMORY);
        Some(CustomParser { pattern: pattern?, command: command?, timeout, memory: memory.0 })
    })
}

pub(crate) fn hooks(entries: Vec<Written>, mistakes: &mut Vec<Mistake>) -> Vec<Hook> {
    each("hooks", &["after", "command", "url"], entries, mistakes, |entry| {
        let after: Option<After> = entry.required("after", "`run`");
        let hook = match (entry.has("command"), entry.has("url")) {
            (true, false) => entry.required("command", COMMAND).map(Hook::Command),
            (false, true) => entry.required("url", "http://HOST[:PORT][/PATH]").map(Hook::Post),
            _ => {
                entry.complain(
                    "command",
                    None,
                    "expected either a `command` or a `url`".to_owned(),
                );
                None
            }
        };
        after.and(hook)
    })
}

pub(crate) fn endpoints(entries: Vec<Written>, mistakes: &mut Vec<Mistake>) -> Vec<Endpoint> {
    each(
        "endpoints",
        &["embedder", "key", "group", "standby", "serves"],
        entries,
        mistakes,
        |entry| {
            let embedder = entry.required("embedder", "`PROVIDER:MODEL[@BASE_URL]`");
            let key = entry.optional("key", "the name of an environment variable");
            let group = entry.optional("group", "a name").map(|Label(name)| name);
            let standby = entry.optional("standby", "true or false").unwrap_or(Standby::No);
            let key = key.map(|Label(name)| name);
            if let Some(name) = &key
                && !is_variable(name)
            {
                // Perhaps the key itself: it must not be told.
                entry.complain(
                    "key",
                    None,
                    "expected the name of an environment variable, such as `OPENAI_API_KEY_2`"
                        .to_owned(),
                );
            }
            let serves = entry.optional("serves", "`PROVIDER:MODEL`").map(|Label(name)| name);
            Some(Endpoint { embedder: embedder?, key, group, standby, serves })
        },
    )
}

fn is_variable(name: &str) -> bool {
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.chars().all(good) && !name.starts_with(|c: char| c.is_ascii_digit())
}

const COMMAND: &str = "a list of a program and its arguments, such as [\"python3\", \"mine.py\"]";

/// The only moment that hooks know.
struct After;

pub(super) fn each<T>(
    list: &'static str,
    known: &[&'static str],
    entries: Vec<Written>,
    mistakes: &mut Vec<Mistake>,
    read: impl Fn(&mut Entry<'_>) -> Option<T>,
) -> Vec<T> {
    let mut read_entries = Vec::new();
    for (index, written) in entries.into_iter().enumerate() {
        let fields = if let Raw::Table(fields) = written.raw { fields } else { Vec::new() };
        let name = format!("{list}[{}]", index + 1);
        let mut entry = Entry { name, fields, origin: written.origin, mistakes };
        entry.refuse_unknown(list, known);
        read_entries.extend(read(&mut entry));
    }
    read_entries
}

/// One table of a list; entries are counted from 1.
pub(super) struct Entry<'a> {
    name: String,
    fields: Vec<Field>,
    origin: Origin,
    mistakes: &'a mut Vec<Mistake>,
}

impl Entry<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    pub(super) fn required<T: Value>(&mut self, name: &str, expected: &str) -> Option<T> {
        if self.has(name) {
            return self.optional(name, expected);
        }
        self.complain(name, None, format!("is missing; expected {expected}"));
        None
    }

    /// Values are not told: commands and addresses may hold secrets.
    pub(super) fn optional<T: Value>(&mut self, name: &str, expected: &str) -> Option<T> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        let origin = field.written.origin.clone();
        match T::read(&field.written.raw) {
            Ok(value) => Some(value),
            Err(Refusal::Unexpected) => {
                self.complain(name, Some(origin), format!("expected {expected}"));
                None
            }
            Err(Refusal::Because(message)) => {
                self.complain(name, Some(origin), message);
                None
            }
        }
    }

    pub(super) fn complain(&mut self, name: &str, origin: Option<Origin>, message: String) {
        let key = format!("{}.{name}", self.name);
        let origin = origin.unwrap_or_else(|| self.origin.clone());
        self.mistakes.push(Mistake { key, value: None, message, origin });
    }

    fn refuse_unknown(&mut self, list: &str, known: &[&'static str]) {
        let unknown: Vec<(String, Origin)> = self
            .fields
            .iter()
            .filter(|field| !known.contains(&field.name.as_str()))
            .map(|field| (field.name.clone(), field.written.origin.clone()))
            .collect();
        for (name, origin) in unknown {
            let near = nearest(&name, known.iter().copied()).expect("every list knows fields");
            let message = format!("unknown key; the nearest known key of [[{list}]] is `{near}`");
            self.complain(&name, Some(origin), message);
        }
    }
}

impl Value for NamePattern {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let Label(pattern) = Label::read(raw)?;
        Self::parse(&pattern)
            .map_err(|error| Refusal::Because(format!("not a pattern: {}", error.kind())))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.as_str())
    }
}

impl Value for CommandLine {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let Raw::List(words) = raw else { return Err(Refusal::Unexpected) };
        let words: Option<Vec<String>> =
            words.iter().map(|word| word.text().map(str::to_owned)).collect();
        let mut words = words.ok_or(Refusal::Unexpected)?.into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or(Refusal::Unexpected)?;
        Ok(Self { program, arguments: words.collect() })
    }

    fn json(&self) -> serde_json::Value {
        json!(self.to_string())
    }
}

impl Value for HttpUrl {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        let Label(url) = Label::read(raw)?;
        Self::parse(&url).map_err(|error| Refusal::Because(error.to_string()))
    }

    fn json(&self) -> serde_json::Value {
        json!(self.to_string())
    }
}

impl Value for After {
    fn read(raw: &Raw) -> Result<Self, Refusal> {
        if raw.text() == Some("run") { Ok(Self) } else { Err(Refusal::Unexpected) }
    }

    fn json(&self) -> serde_json::Value {
        json!("run")
    }
}
