//! The container: a length, a JSON header, then the bytes of all tensors.
//!
//! Source: the format's description at `github.com/huggingface/safetensors`.
#![forbid(unsafe_code)]

use serde_json::{Map, Value};

/// The format's own limit for a header.
const HEADER_BYTES_MAX: usize = 100_000_000;

#[derive(Debug)]
pub(super) struct File<'a> {
    header: Map<String, Value>,
    data: &'a [u8],
}

#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub(super) dtype: String,
    pub(super) shape: Vec<usize>,
    /// As many as shape and type say.
    pub(super) bytes: &'a [u8],
}

/// Why bytes are no safetensors file, or a tensor of it cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FormatError {
    #[error("the file has {bytes} bytes, too few for a safetensors header")]
    Short { bytes: usize },
    #[error("the file's header would have {bytes} bytes")]
    HeaderLength { bytes: u64 },
    #[error("the file's header is not a JSON object")]
    Header,
    #[error("the file has no tensor {name}")]
    Missing { name: String },
    #[error("the header's entry for tensor {name} is not dtype, shape and data_offsets")]
    Entry { name: String },
    #[error(
        "tensor {name} has another number of bytes than its shape says, or lies outside the file"
    )]
    Extent { name: String },
}

impl<'a> File<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let short = FormatError::Short { bytes: bytes.len() };
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Err(short) };
        let stated = u64::from_le_bytes(*length);
        let length = usize::try_from(stated)
            .ok()
            .filter(|&length| length <= HEADER_BYTES_MAX)
            .ok_or(FormatError::HeaderLength { bytes: stated })?;
        let (header, data) = rest.split_at_checked(length).ok_or(short)?;
        let header = serde_json::from_slice(header).map_err(|_| FormatError::Header)?;
        Ok(Self { header, data })
    }

    pub(super) fn tensor(&self, name: &str) -> Result<Tensor<'a>, FormatError> {
        let entry =
            self.header.get(name).ok_or_else(|| FormatError::Missing { name: name.to_owned() })?;
        let parsed =
            parse_entry(entry).ok_or_else(|| FormatError::Entry { name: name.to_owned() })?;
        let Entry { dtype, shape, start, end } = parsed;
        let bytes =
            self.data.get(start..end).filter(|bytes| extent(&dtype, &shape) == Some(bytes.len()));
        let bytes = bytes.ok_or_else(|| FormatError::Extent { name: name.to_owned() })?;
        Ok(Tensor { dtype, shape, bytes })
    }
}

struct Entry {
    dtype: String,
    shape: Vec<usize>,
    start: usize,
    end: usize,
}

fn parse_entry(entry: &Value) -> Option<Entry> {
    let sizes = |key: &str| -> Option<Vec<usize>> {
        entry.get(key)?.as_array()?.iter().map(|size| size.as_u64()?.try_into().ok()).collect()
    };
    let [start, end] = sizes("data_offsets")?.try_into().ok()?;
    Some(Entry {
        dtype: entry.get("dtype")?.as_str()?.to_owned(),
        shape: sizes("shape")?,
        start,
        end,
    })
}

/// Bytes of a tensor; none for a type that no table has, or a product that no address can hold.
fn extent(dtype: &str, shape: &[usize]) -> Option<usize> {
    let width = match dtype {
        "U8" => 1,
        "F16" => 2,
        _ => return None,
    };
    shape.iter().try_fold(width, |bytes: usize, &size| bytes.checked_mul(size))
}
