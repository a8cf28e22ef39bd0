//! JSON without items as text: one `path: value` line for each value.

use crate::outlet::Outlet;
use crate::stop::{Step, Stop};
use crate::text::utf8::Utf8Reader;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Seek};
use types::block::TextKind;
use types::document::Body;
use types::failure::{Failure, FailureClass};

/// Lines go out together up to this size: a value alone says little.
const GROUP_BYTES: usize = 2 * 1024;
/// A string or a number is held whole.
const TOKEN_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    body.rewind()?;
    check_tokens(&mut BufReader::new(Utf8Reader::new(&mut *body)?))?;
    body.rewind()?;
    let reader = BufReader::new(Utf8Reader::new(body)?);
    let mut json = serde_json::Deserializer::from_reader(reader);
    let mut lines = Lines { outlet, group: String::new(), stop: None };
    let mut path = String::new();
    let read = Walk { path: &mut path, lines: &mut lines }
        .deserialize(&mut json)
        .and_then(|()| json.end());
    let stop = lines.stop.take();
    lines.flush()?;
    match (stop, read) {
        (Some(stop), _) => Err(stop),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(malformed(&error).into()),
    }
}

/// The fields of a record as lines.
pub(super) fn lines(fields: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in fields {
        push_value(key, value, &mut text);
    }
    text
}

/// Depth is bounded by the parser that made the value (128).
fn push_value(path: &str, value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                push_value(&format!("{path}.{key}"), value, text);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                push_value(&format!("{path}[{index}]"), value, text);
            }
        }
        Value::Null => {}
        Value::String(value) => push_line(path, value, text),
        other => push_line(path, &other.to_string(), text),
    }
}

fn push_line(path: &str, value: &str, text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(path);
    text.push_str(if path.is_empty() { "" } else { ": " });
    text.push_str(value);
}

/// No token is longer than can be held.
fn check_tokens(reader: &mut impl BufRead) -> Step {
    let mut token = Token::default();
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        if available.iter().any(|byte| token.step(*byte) > TOKEN_BYTES_MAX) {
            return Err(too_long().into());
        }
        let taken = available.len();
        reader.consume(taken);
    }
}

#[derive(Debug, Default)]
struct Token {
    length: usize,
    in_string: bool,
    escaped: bool,
}

impl Token {
    /// The length of the token so far.
    fn step(&mut self, byte: u8) -> usize {
        let separates = byte.is_ascii_whitespace() || b",:[]{}".contains(&byte);
        self.length = if separates && !self.in_string { 0 } else { self.length + 1 };
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = self.in_string,
            b'"' => {
                self.in_string = !self.in_string;
                self.length = 0;
            }
            _ => {}
        }
        self.length
    }
}

struct Lines<'a, 'o> {
    outlet: &'a mut Outlet<'o>,
    group: String,
    /// Why the walk was ended from inside.
    stop: Option<Stop>,
}

impl Lines<'_, '_> {
    fn push<E: Error>(&mut self, path: &str, value: &str) -> Result<(), E> {
        push_line(path, value, &mut self.group);
        if self.group.len() < GROUP_BYTES {
            return Ok(());
        }
        self.flush().map_err(|stop| {
            self.stop = Some(stop);
            E::custom("stopped")
        })
    }

    fn flush(&mut self) -> Step {
        let group = std::mem::take(&mut self.group);
        self.outlet.extracted_text(TextKind::Paragraph, &group)
    }
}

/// One value at `path`, streamed: nothing of it is held but the current token.
struct Walk<'w, 'a, 'o> {
    path: &'w mut String,
    lines: &'w mut Lines<'a, 'o>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.lines.push(self.path, if value { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.lines.push(self.path, &value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.lines.push(self.path, &value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.lines.push(self.path, &value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.lines.push(self.path, value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let length = self.path.len();
        for index in 0_u64.. {
            write!(self.path, "[{index}]").map_err(A::Error::custom)?;
            let seed = Walk { path: self.path, lines: self.lines };
            let more = values.next_element_seed(seed)?;
            self.path.truncate(length);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while let Some(key) = fields.next_key::<String>()? {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            fields.next_value_seed(Walk { path: self.path, lines: self.lines })?;
            self.path.truncate(length);
        }
        Ok(())
    }
}

fn malformed(error: &serde_json::Error) -> Failure {
    Failure::bad_document(
        format!("not valid JSON at line {}, column {}", error.line(), error.column()),
        "mend the file; JSON with one object per line is named .jsonl",
    )
}

fn too_long() -> Failure {
    Failure::new(
        FailureClass::TooLarge,
        format!("holds a value longer than {} MiB", TOKEN_BYTES_MAX >> 20),
        "split the value",
    )
}
