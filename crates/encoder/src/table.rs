//! The vectors of the word pieces: a safetensors file with four bits a value and one scale a row.
//!
//! `table.q4` U8 [pieces, dims/2]: the low nibble is the even dimension, a value is its nibble minus 8.
//! `table.scale` F16 [pieces, 1]: what a row's values are multiplied by.
#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use half::f16;

use crate::safetensors::{File, Tensor};

pub use crate::safetensors::FormatError;

const VALUES: &str = "table.q4";
const SCALES: &str = "table.scale";

/// A table unpacked to one byte a value, which costs twice the file's memory and saves the unpacking for
/// every token.
#[derive(Debug)]
pub struct Table {
    dimensions: usize,
    /// pieces×dimensions, each −8..=7.
    values: Vec<i8>,
    /// One for each piece, finite and not negative.
    scales: Vec<f32>,
}

/// Why a file is no table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("tensor {name} is {found}, expected {expected}")]
    Shape { name: &'static str, found: String, expected: &'static str },
    #[error("the table has {scales} scales for {rows} rows")]
    Scales { rows: usize, scales: usize },
    #[error("the scale of row {row} is not a finite number of at least 0")]
    Scale { row: usize },
}

impl Table {
    /// Reads a whole file. Nothing is believed before it is checked; a faulty file is an error.
    pub fn read(file: &[u8]) -> Result<Self, TableError> {
        let file = File::read(file)?;
        let (packed, [rows, bytes]) =
            matrix(&file, VALUES, "U8", "a matrix of U8 with at least one row and column")?;
        let (scales, [scale_rows, columns]) =
            matrix(&file, SCALES, "F16", "a matrix of F16 with one column")?;
        if columns != 1 || scale_rows != rows {
            return Err(TableError::Scales { rows, scales: scale_rows * columns });
        }
        Ok(Self { dimensions: bytes * 2, values: unpack(packed), scales: read_scales(scales)? })
    }

    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of pieces that have a row.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// All rows, one after another, without their scales.
    pub(crate) fn values(&self) -> &[i8] {
        &self.values
    }

    pub(crate) fn scale(&self, row: u32) -> f32 {
        self.scales[row as usize]
    }
}

fn matrix<'a>(
    file: &File<'a>,
    name: &'static str,
    kind: &str,
    expected: &'static str,
) -> Result<(&'a [u8], [usize; 2]), TableError> {
    let Tensor { dtype, shape, bytes } = file.tensor(name)?;
    match shape[..] {
        [rows, columns] if dtype == kind && rows > 0 && columns > 0 => Ok((bytes, [rows, columns])),
        _ => {
            Err(TableError::Shape { name, found: format!("{dtype} of shape {shape:?}"), expected })
        }
    }
}

fn unpack(packed: &[u8]) -> Vec<i8> {
    packed.iter().flat_map(|byte| [(byte & 15) as i8 - 8, (byte >> 4) as i8 - 8]).collect()
}

fn read_scales(bytes: &[u8]) -> Result<Vec<f32>, TableError> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let scale = |(row, &pair): (usize, &[u8; 2])| {
        let scale = f16::from_le_bytes(pair).to_f32();
        if scale.is_finite() && scale >= 0.0 { Ok(scale) } else { Err(TableError::Scale { row }) }
    };
    pairs.iter().enumerate().map(scale).collect()
}
