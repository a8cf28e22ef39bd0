//! The configuration file: TOML, with the line of every value kept.

use crate::config::key::{self, ENDPOINTS, HOOKS, Key, PARSERS, PRICES, ROUTES, RULES, SECTIONS};
use crate::config::mistake::Mistake;
use crate::config::nearest::nearest;
use crate::config::origin::Origin;
use crate::config::raw::{Field, Raw, Written, shorten};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Read when it is there and no other is named.
pub(crate) const DEFAULT_PATH: &str = "gristmill.toml";

/// More is no configuration file.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What the file says.
#[derive(Default)]
pub(crate) struct Layer {
    pub values: Vec<(&'static Key, Written)>,
    pub prices: Vec<Field>,
    pub rules: Vec<Written>,
    pub parsers: Vec<Written>,
    pub hooks: Vec<Written>,
    pub endpoints: Vec<Written>,
    pub routes: Vec<Written>,
    pub mistakes: Vec<Mistake>,
}

impl Layer {
    /// Reads the named file, else the default one if there is one.
    pub(crate) fn load(named: Option<&PathBuf>) -> Self {
        let path = named.map_or(Path::new(DEFAULT_PATH), PathBuf::as_path);
        match read(path) {
            Ok(text) => Self::parse(&text, &path.to_string_lossy()),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Self::default()
            }
            Err(error) => {
                Self { mistakes: vec![unreadable(path, named, &error)], ..Self::default() }
            }
        }
    }

    /// `path` is for messages.
    pub(crate) fn parse(text: &str, path: &str) -> Self {
        let source = Source { text, path };
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut layer = Self::default();
        for error in &errors {
            layer.mistakes.push(source.syntax_error(error));
        }
        // Behind a syntax error the rest may be read wrongly, and mistakes found there would mislead.
        if errors.is_empty() {
            for field in source.fields(table.get_ref()) {
                layer.take(field);
            }
        }
        layer
    }

    fn take(&mut self, field: Field) {
        let Field { name, written } = field;
        match name.as_str() {
            PRICES => self.prices = self.table(&name, written),
            RULES => self.rules = self.list_of_tables(&name, written),
            PARSERS => self.parsers = self.list_of_tables(&name, written),
            HOOKS => self.hooks = self.list_of_tables(&name, written),
            ENDPOINTS => self.endpoints = self.list_of_tables(&name, written),
            ROUTES => self.routes = self.list_of_tables(&name, written),
            section if SECTIONS.contains(&section) => {
                for inner in self.table(section, written) {
                    self.take_key(&format!("{section}.{}", inner.name), inner.written);
                }
            }
            other => match written.raw {
                Raw::Table(fields) => {
                    self.mistakes.extend(unknown_section(other, &fields, &written.origin));
                }
                _ => self.take_key(other, written),
            },
        }
    }

    fn take_key(&mut self, name: &str, written: Written) {
        match key::find(name) {
            Some(key) => self.values.push((key, written)),
            None => self.mistakes.push(unknown(name, written.origin)),
        }
    }

    fn table(&mut self, name: &str, written: Written) -> Vec<Field> {
        let Raw::Table(fields) = written.raw else {
            self.mistakes.push(not_a(name, "a section", &format!("[{name}]"), written.origin));
            return Vec::new();
        };
        fields
    }

    fn list_of_tables(&mut self, name: &str, written: Written) -> Vec<Written> {
        match written.raw {
            Raw::List(entries) if entries.iter().all(|e| matches!(e, Raw::Table(_))) => entries
                .into_iter()
                .map(|raw| {
                    let origin = first_origin(&raw).unwrap_or_else(|| written.origin.clone());
                    Written { raw, typed: String::new(), origin }
                })
                .collect(),
            _ => {
                self.mistakes.push(not_a(name, "tables", &format!("[[{name}]]"), written.origin));
                Vec::new()
            }
        }
    }
}

/// A list's entries have no place of their own in [`Raw`]: the first field tells where an entry stands.
fn first_origin(raw: &Raw) -> Option<Origin> {
    let Raw::Table(fields) = raw else { return None };
    fields.iter().map(|field| &field.written.origin).min_by_key(|origin| line(origin)).cloned()
}

fn line(origin: &Origin) -> usize {
    if let Origin::File { line, .. } = origin { *line } else { 0 }
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if read as u64 > BYTES_MAX {
        return Err(std::io::Error::other("the file is larger than 4 MiB"));
    }
    Ok(text)
}

fn unreadable(path: &Path, named: Option<&PathBuf>, error: &std::io::Error) -> Mistake {
    let origin = match named {
        Some(_) => Origin::Flag("--config"),
        None => Origin::Default,
    };
    let message = format!("cannot be read: {error}");
    Mistake { key: path.to_string_lossy().into_owned(), value: None, message, origin }
}

/// The text being read, to turn offsets into lines.
struct Source<'a> {
    text: &'a str,
    path: &'a str,
}

impl Source<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Origin::File { path: self.path.to_owned(), line }
    }

    /// The parser's own words only: its full text quotes the line, and the line may hold a secret.
    fn syntax_error(&self, error: &toml::de::Error) -> Mistake {
        let origin = self.origin(error.span().map_or(0, |span| span.start));
        let message = format!("not valid TOML: {}", shorten(error.message()));
        Mistake { key: "configuration file".to_owned(), value: None, message, origin }
    }

    fn fields(&self, table: &DeTable<'_>) -> Vec<Field> {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .map(|(name, value)| Field {
                name: name.get_ref().to_string(),
                written: self.written(value, name.span().start),
            })
            .collect()
    }

    /// A section's value begins elsewhere than its name; the name is what a reader looks for.
    fn written(&self, value: &Spanned<DeValue<'_>>, at: usize) -> Written {
        let typed = self.text.get(value.span()).unwrap_or_default();
        Written { raw: self.raw(value.get_ref()), typed: shorten(typed), origin: self.origin(at) }
    }

    fn raw(&self, value: &DeValue<'_>) -> Raw {
        match value {
            DeValue::String(text) => Raw::Text(text.to_string()),
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix());
                whole.map_or(Raw::Other, Raw::Integer)
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Raw::Other, Raw::Float),
            DeValue::Boolean(value) => Raw::Boolean(*value),
            DeValue::Datetime(_) => Raw::Other,
            DeValue::Array(items) => {
                Raw::List(items.iter().map(|item| self.raw(item.get_ref())).collect())
            }
            DeValue::Table(table) => Raw::Table(self.fields(table)),
        }
    }
}

fn not_a(name: &str, what: &str, written_as: &str, origin: Origin) -> Mistake {
    let message = format!("expected {what}, written as {written_as}");
    Mistake { key: name.to_owned(), value: None, message, origin }
}

fn unknown_section(name: &str, fields: &[Field], origin: &Origin) -> Vec<Mistake> {
    if fields.is_empty() {
        return vec![unknown(name, origin.clone())];
    }
    fields
        .iter()
        .map(|field| unknown(&format!("{name}.{}", field.name), field.written.origin.clone()))
        .collect()
}

/// A key of the file that nobody reads.
pub(crate) fn unknown(name: &str, origin: Origin) -> Mistake {
    let near = nearest(name, key::names()).expect("there are keys");
    let message = format!("unknown key; the nearest known key is `{near}`");
    Mistake { key: name.to_owned(), value: None, message, origin }
}
