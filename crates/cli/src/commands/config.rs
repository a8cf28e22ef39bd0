//! `config show` and `config check`.

use crate::args::{ConfigCommand, Format};
use crate::commands::print;
use crate::config::mistake::Mistake;
use crate::config::{Effective, Reading, Warning};
use crate::failed::{EXIT_USAGE, Failed};
use serde_json::{Map, Value, json};

/// A configuration that cannot be used is not shown but checked.
pub(crate) fn run(
    command: &ConfigCommand,
    reading: &Reading,
    format: Format,
) -> Result<u8, Failed> {
    let (json, text, exit) = answer(command, reading);
    print(format, &json, &text)?;
    Ok(exit)
}

/// The answer as JSON and as text, and the exit status.
fn answer(command: &ConfigCommand, reading: &Reading) -> (Value, String, u8) {
    match (command, &reading.settings) {
        (ConfigCommand::Show(_), Ok(_)) => {
            (shown(&reading.effective), table(&reading.effective), 0)
        }
        (ConfigCommand::Check(_), Ok(_)) => {
            (findings_json(&[], &reading.warnings), findings(&[], &reading.warnings), 0)
        }
        (_, Err(mistakes)) => (
            findings_json(&mistakes.0, &reading.warnings),
            findings(&mistakes.0, &reading.warnings),
            EXIT_USAGE,
        ),
    }
}

fn shown(rows: &[Effective]) -> Value {
    let entry = |row: &Effective| {
        (row.key.clone(), json!({"value": row.value, "origin": row.origin.to_string()}))
    };
    Value::Object(rows.iter().map(entry).collect::<Map<_, _>>())
}

fn table(rows: &[Effective]) -> String {
    let origins: Vec<String> = rows.iter().map(|row| row.origin.to_string()).collect();
    let width = |text: &str| text.chars().count();
    let keys = rows.iter().map(|row| width(&row.key)).max().unwrap_or(0);
    let sources = origins.iter().map(|origin| width(origin)).max().unwrap_or(0);
    let lines = rows
        .iter()
        .zip(&origins)
        .map(|(row, origin)| format!("{:keys$}  {origin:sources$}  {}", row.key, row.text));
    lines.collect::<Vec<_>>().join("\n")
}

fn findings(mistakes: &[Mistake], warnings: &[Warning]) -> String {
    let errors = mistakes.iter().map(|mistake| format!("error: {mistake}"));
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
    let lines: Vec<String> = errors.chain(warnings).collect();
    if lines.is_empty() { "the configuration is fine".to_owned() } else { lines.join("\n") }
}

fn findings_json(mistakes: &[Mistake], warnings: &[Warning]) -> Value {
    let errors = mistakes.iter().map(|mistake| {
        json!({
            "key": mistake.key,
            "value": mistake.value,
            "message": mistake.message,
            "origin": mistake.origin.to_string(),
        })
    });
    let warnings =
        warnings.iter().map(|warning| json!({"about": warning.about, "message": warning.message}));
    json!({
        "ok": mistakes.is_empty(),
        "errors": errors.collect::<Vec<_>>(),
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests;
