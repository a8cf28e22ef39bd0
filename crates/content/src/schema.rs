//! The part of JSON Schema that models are asked to keep to.
//!
//! `type` (one or several), `properties`, `required`, `additionalProperties: false`, `items`, `minItems`, `maxItems`,
//! `enum`, `const`, `minimum`, `maximum`, `anyOf`. Other words are passed on to the model and not checked. Source:
//! json-schema.org, draft 2020-12; ai.google.dev/gemini-api/docs/structured-output lists what the provider knows.

use serde_json::{Map, Value};
use std::sync::Arc;

/// Deeper answers are nobody's.
const DEPTH_MAX: usize = 64;

/// A schema, as text for the model and as value to check against.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    text: Arc<str>,
    value: Value,
}

/// The text is no schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchema {
    #[error("the schema is not JSON (line {line}, column {column})")]
    Json { line: usize, column: usize },
    #[error("the schema is not a JSON object")]
    Form,
}

impl Schema {
    pub fn parse(text: &str) -> Result<Self, BadSchema> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| BadSchema::Json { line: error.line(), column: error.column() })?;
        if !value.is_object() {
            return Err(BadSchema::Form);
        }
        Ok(Self { text: text.into(), value })
    }

    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The answer as JSON, or in what it differs from the schema, without a word of it.
    pub(crate) fn check(&self, answer: &str) -> Result<Value, String> {
        let value = serde_json::from_str(unfenced(answer)).map_err(|error| {
            format!("it is not JSON (line {}, column {})", error.line(), error.column())
        })?;
        check(&self.value, &value, "$", 0)?;
        Ok(value)
    }
}

/// Models like to put JSON into a fence of Markdown.
fn unfenced(answer: &str) -> &str {
    let answer = answer.trim();
    let inner = answer.strip_prefix("```json").or_else(|| answer.strip_prefix("```"));
    inner.and_then(|inner| inner.strip_suffix("```")).unwrap_or(answer).trim()
}

fn check(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), String> {
    let Value::Object(schema) = schema else { return Ok(()) };
    if depth > DEPTH_MAX {
        return Err(format!("{place} is nested too deeply"));
    }
    check_kind(schema, value, place)?;
    check_choice(schema, value, place)?;
    check_bounds(schema, value, place)?;
    if let Some(Value::Array(ways)) = schema.get("anyOf")
        && !ways.iter().any(|way| check(way, value, place, depth + 1).is_ok())
    {
        return Err(format!("{place} is none of the {} forms that are allowed", ways.len()));
    }
    match value {
        Value::Object(entries) => check_object(schema, entries, place, depth),
        Value::Array(items) => check_array(schema, items, place, depth),
        _ => Ok(()),
    }
}

fn check_kind(schema: &Map<String, Value>, value: &Value, place: &str) -> Result<(), String> {
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let nullable = schema.get("nullable") == Some(&Value::Bool(true)) && value.is_null();
    // Gemini's own dialect writes the kinds in capitals.
    if nullable || kinds.iter().any(|kind| is_kind(&kind.to_ascii_lowercase(), value)) {
        return Ok(());
    }
    Err(format!("{place} must be {}", kinds.join(" or ")))
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

fn check_choice(schema: &Map<String, Value>, value: &Value, place: &str) -> Result<(), String> {
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.contains(value)
    {
        return Err(format!("{place} is none of the {} values that are allowed", allowed.len()));
    }
    match schema.get("const") {
        Some(only) if only != value => Err(format!("{place} is not the one value that is allowed")),
        _ => Ok(()),
    }
}

fn check_bounds(schema: &Map<String, Value>, value: &Value, place: &str) -> Result<(), String> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    if let Some(least) = bound("minimum").filter(|least| number < *least) {
        return Err(format!("{place} must be at least {least}"));
    }
    match bound("maximum").filter(|most| number > *most) {
        Some(most) => Err(format!("{place} must be at most {most}")),
        None => Ok(()),
    }
}

fn check_object(
    schema: &Map<String, Value>,
    entries: &Map<String, Value>,
    place: &str,
    depth: usize,
) -> Result<(), String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for key in required.filter_map(Value::as_str) {
        if !entries.contains_key(key) {
            return Err(format!("{place}.{key} is missing"));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, value) in entries {
        match properties.and_then(|properties| properties.get(key)) {
            Some(inner) => check(inner, value, &format!("{place}.{key}"), depth + 1)?,
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                return Err(format!("{place} has an entry that is not allowed"));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_array(
    schema: &Map<String, Value>,
    items: &[Value],
    place: &str,
    depth: usize,
) -> Result<(), String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    if let Some(least) = bound("minItems").filter(|least| (items.len() as u64) < *least) {
        return Err(format!("{place} must have at least {least} items"));
    }
    if let Some(most) = bound("maxItems").filter(|most| (items.len() as u64) > *most) {
        return Err(format!("{place} must have at most {most} items"));
    }
    let Some(inner) = schema.get("items") else { return Ok(()) };
    for (at, item) in items.iter().enumerate() {
        check(inner, item, &format!("{place}[{at}]"), depth + 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"object","required":["name","n"],"additionalProperties":false,"properties":{
        "name":{"type":"string"},"n":{"type":"integer","minimum":1,"maximum":9},
        "kind":{"enum":["a","b"]},"list":{"type":"ARRAY","minItems":1,"maxItems":2,"items":{"type":["string","null"]}},
        "either":{"anyOf":[{"type":"string"},{"type":"boolean"}]}}}"#;

    #[track_caller]
    fn differs(answer: &str, expected: &str) {
        let schema = Schema::parse(SCHEMA).unwrap();
        assert_eq!(schema.check(answer).unwrap_err(), expected);
    }

    #[test]
    fn an_answer_that_keeps_to_the_schema_is_taken_also_out_of_a_fence() {
        let schema = Schema::parse(SCHEMA).unwrap();
        for answer in [
            r#"{"name":"x","n":3}"#,
            "```json\n{\"name\":\"x\",\"n\":3.0,\"kind\":\"b\"}\n```",
            r#" {"name":"","n":9,"list":["a",null],"either":true} "#,
        ] {
            assert!(schema.check(answer).is_ok(), "{answer}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_without_its_words() {
        differs("sorry", "it is not JSON (line 1, column 1)");
        differs("[]", "$ must be object");
        differs(r#"{"n":1}"#, "$.name is missing");
        differs(r#"{"name":"x","n":"secret"}"#, "$.n must be integer");
        differs(r#"{"name":"x","n":1.5}"#, "$.n must be integer");
        differs(r#"{"name":"x","n":0}"#, "$.n must be at least 1");
        differs(r#"{"name":"x","n":10}"#, "$.n must be at most 9");
        differs(r#"{"name":"x","n":1,"secret":2}"#, "$ has an entry that is not allowed");
        differs(
            r#"{"name":"x","n":1,"kind":"c"}"#,
            "$.kind is none of the 2 values that are allowed",
        );
        differs(r#"{"name":"x","n":1,"list":[]}"#, "$.list must have at least 1 items");
        differs(r#"{"name":"x","n":1,"list":["a","b","c"]}"#, "$.list must have at most 2 items");
        differs(r#"{"name":"x","n":1,"list":["a",3]}"#, "$.list[1] must be string or null");
        differs(
            r#"{"name":"x","n":1,"either":3}"#,
            "$.either is none of the 2 forms that are allowed",
        );
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        assert_eq!(Schema::parse("[]"), Err(BadSchema::Form));
        assert!(matches!(Schema::parse("{"), Err(BadSchema::Json { .. })));
    }
}
