//! The part of YAML that front matter uses: `key: value`, quoted and block scalars, lists, one level of maps.

use serde_json::{Map, Value};
use std::iter::Peekable;

type Lines<'a> = Peekable<std::iter::Enumerate<std::str::Lines<'a>>>;

/// The fields, and what to tell about lines that are not understood. `None` when this is no YAML at all.
pub(super) fn read(text: &str) -> Option<(Map<String, Value>, Option<String>)> {
    let mut fields = Map::new();
    let mut strange = None;
    let mut lines: Lines<'_> = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match split_key(line) {
            Some((key, rest)) if !line.starts_with([' ', '\t']) => {
                fields.insert(key.to_owned(), value(rest, &mut lines));
            }
            _ => strange = strange.or(Some(number + 2)),
        }
    }
    if fields.is_empty() && strange.is_some() {
        return None;
    }
    let warning =
        strange.map(|line| format!("front matter line {line} is not `key: value`; ignored"));
    Some((fields, warning))
}

/// `key: rest`, where a space or nothing follows the colon.
fn split_key(line: &str) -> Option<(&str, &str)> {
    let (key, rest) = line.split_once(':')?;
    let key = key.trim().trim_matches(['"', '\'']);
    let spaced = rest.is_empty() || rest.starts_with([' ', '\t']);
    (spaced && !key.is_empty() && !key.starts_with(['-', '[', '{'])).then_some((key, rest.trim()))
}

/// The value of a key: on its line, or in the indented lines below.
fn value(rest: &str, lines: &mut Lines<'_>) -> Value {
    match without_comment(rest) {
        "" => nested(lines),
        "|" | "|-" | "|+" => block(lines, "\n"),
        ">" | ">-" | ">+" => block(lines, " "),
        text => scalar_or_list(text),
    }
}

/// ` # ...` behind a value that is not quoted.
fn without_comment(text: &str) -> &str {
    if text.starts_with(['"', '\'']) {
        return text;
    }
    text.split_once(" #").map_or(text, |(value, _)| value).trim()
}

fn nested(lines: &mut Lines<'_>) -> Value {
    let (mut items, mut map) = (Vec::new(), Map::new());
    while let Some((_, line)) = lines.next_if(|(_, line)| belongs(line)) {
        let text = line.trim();
        if let Some(item) = text.strip_prefix('-') {
            items.push(scalar_or_list(without_comment(item.trim())));
        } else if let Some((key, rest)) = split_key(text) {
            map.insert(key.to_owned(), scalar_or_list(without_comment(rest)));
        }
    }
    match (items.is_empty(), map.is_empty()) {
        (false, _) => Value::Array(items),
        (true, false) => Value::Object(map),
        (true, true) => Value::Null,
    }
}

/// Indented, or an item of a list at the margin.
fn belongs(line: &str) -> bool {
    line.starts_with([' ', '\t']) || line.starts_with("- ") || line == "-"
}

fn block(lines: &mut Lines<'_>, joint: &str) -> Value {
    let mut text = Vec::new();
    let indented = |line: &str| line.starts_with([' ', '\t']) || line.trim().is_empty();
    while let Some((_, line)) = lines.next_if(|(_, line)| indented(line)) {
        text.push(line.trim());
    }
    Value::String(text.join(joint).trim().to_owned())
}

fn scalar_or_list(text: &str) -> Value {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match inner {
        Some(inner) => split_list(inner).into_iter().map(scalar).collect(),
        None => scalar(text),
    }
}

/// Commas inside quotes do not separate.
fn split_list(text: &str) -> Vec<&str> {
    let mut quote = None;
    text.split(|c| {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        c == ',' && quote.is_none()
    })
    .map(str::trim)
    .filter(|item| !item.is_empty())
    .collect()
}

fn scalar(text: &str) -> Value {
    if text.starts_with('"')
        && let Ok(value @ Value::String(_)) = serde_json::from_str(text)
    {
        return value;
    }
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Value::String(inner.replace("''", "'"));
        }
    }
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ if matches!(text, "null" | "~") => Value::Null,
        _ => Value::String(text.to_owned()),
    }
}
