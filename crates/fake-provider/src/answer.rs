//! Vectors on their way out, and the parts of JSON that all dialects write.

use crate::ask::{Ask, Encoding, Form};
use crate::plan::Lie;
use crate::vector;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::borrow::Cow;

/// One vector of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Place of its text in the request.
    pub(crate) index: usize,
    pub(crate) values: Vec<f32>,
    /// The place of a value that is written as null.
    pub(crate) null_at: Option<usize>,
}

/// A reply to an accepted request.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) model: &'a str,
    pub(crate) texts: &'a [Cow<'a, str>],
    pub(crate) rows: Vec<Row>,
    pub(crate) tokens: u64,
    pub(crate) encoding: Encoding,
    pub(crate) form: Form,
}

impl<'a> Answer<'a> {
    /// `dims`: where the request does not say.
    pub(crate) fn new(ask: &'a Ask<'a>, tokens: u64, dims: usize) -> Self {
        let model = vector::key(&ask.model);
        let dims = ask.dims.unwrap_or(dims);
        let row =
            |(index, key)| Row { index, values: vector::of_keys(model, key, dims), null_at: None };
        Self {
            model: &ask.model,
            texts: &ask.texts,
            rows: ask.keys.iter().copied().enumerate().map(row).collect(),
            tokens,
            encoding: ask.encoding,
            form: ask.form,
        }
    }

    /// Lies about the vectors; those about the body are told later.
    pub(crate) fn spoil(&mut self, lie: Lie) {
        match lie {
            Lie::Shuffled => self.rows.reverse(),
            Lie::Missing => drop(self.rows.pop()),
            Lie::DoubledIndex => {
                if let Some(last) = self.rows.last_mut() {
                    last.index = 0;
                }
            }
            Lie::WrongDimension => {
                for row in &mut self.rows {
                    row.values.pop();
                }
            }
            Lie::ZeroVector => self.first(|row| row.values.fill(0.0)),
            Lie::NotANumber => self.first(|row| row.values[0] = f32::NAN),
            Lie::HugeValue => self.first(|row| row.values[0] = 1e6),
            Lie::Null => self.first(|row| row.null_at = Some(0)),
            Lie::Garbage
            | Lie::Truncated
            | Lie::ErrorInside
            | Lie::Oversize
            | Lie::Blocked
            | Lie::CutShort
            | Lie::OffSchema => {}
        }
    }

    fn first(&mut self, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.rows.first_mut() {
            change(row);
        }
    }
}

pub(crate) fn write_json(to: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(to, value).expect("texts and numbers are JSON, and memory takes them");
}

pub(crate) fn write(to: &mut Vec<u8>, json: &str) {
    to.extend_from_slice(json.as_bytes());
}

/// The vector as a list of numbers, or as base64 of little-endian f32.
pub(crate) fn write_vector(to: &mut Vec<u8>, row: &Row, encoding: Encoding) {
    match encoding {
        Encoding::Float => write_numbers(to, row),
        Encoding::Base64 if row.null_at.is_some() => write(to, "null"),
        Encoding::Base64 => write_base64(to, &row.values),
    }
}

/// What is no number is written as Python writes it.
fn write_numbers(to: &mut Vec<u8>, row: &Row) {
    for (place, value) in row.values.iter().enumerate() {
        to.push(if place == 0 { b'[' } else { b',' });
        if row.null_at == Some(place) {
            write(to, "null");
        } else if value.is_nan() {
            write(to, "NaN");
        } else {
            write_json(to, value);
        }
    }
    write(to, if row.values.is_empty() { "[]" } else { "]" });
}

fn write_base64(to: &mut Vec<u8>, values: &[f32]) {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    to.push(b'"');
    let start = to.len();
    to.resize(start + bytes.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(&bytes, &mut to[start..]).expect("four characters for three bytes");
    to.push(b'"');
}

/// Vectors in order, without indexes: `[[…],[…]]`.
pub(crate) fn write_matrix(to: &mut Vec<u8>, rows: &[Row], encoding: Encoding) {
    to.push(b'[');
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            to.push(b',');
        }
        write_vector(to, row, encoding);
    }
    to.push(b']');
}

/// `{"object":"embedding","index":…,"embedding":…}` of every row, as `OpenAI` and Voyage write them.
pub(crate) fn write_objects(to: &mut Vec<u8>, rows: &[Row], encoding: Encoding) {
    to.push(b'[');
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            to.push(b',');
        }
        write(to, r#"{"object":"embedding","index":"#);
        write_json(to, &row.index);
        write(to, r#","embedding":"#);
        write_vector(to, row, encoding);
        to.push(b'}');
    }
    to.push(b']');
}
