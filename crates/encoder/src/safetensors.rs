//! The container of weights: a length, a JSON header, then the bytes of all tensors.
//!
//! Source: the format's description at `github.com/huggingface/safetensors`.
#![forbid(unsafe_code)]

use serde_json::{Map, Value};

/// The format's own limit for a header.
const HEADER_BYTES_MAX: usize = 100_000_000;

/// The one entry of a header that is no tensor.
const METADATA: &str = "__metadata__";

/// What a file says of its tensors. Every entry that is asked for has been checked.
#[derive(Debug)]
pub(crate) struct Header {
    entries: Map<String, Value>,
    /// Bytes that follow the header.
    data: u64,
}

/// Where a tensor lies, counted from the end of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A whole file in memory.
#[derive(Debug)]
pub(crate) struct File<'a> {
    header: Header,
    data: &'a [u8],
}

#[derive(Debug)]
pub(crate) struct Tensor<'a> {
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    /// As many as shape and type say.
    pub(crate) bytes: &'a [u8],
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

/// Length of a header, from the eight bytes before it.
pub(crate) fn header_length(stated: [u8; 8]) -> Result<usize, FormatError> {
    let bytes = u64::from_le_bytes(stated);
    let length = usize::try_from(bytes).ok().filter(|&length| length <= HEADER_BYTES_MAX);
    length.ok_or(FormatError::HeaderLength { bytes })
}

impl Header {
    /// Reads a header that `data` bytes follow.
    pub(crate) fn parse(text: &[u8], data: u64) -> Result<Self, FormatError> {
        let entries = serde_json::from_slice(text).map_err(|_| FormatError::Header)?;
        Ok(Self { entries, data })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str).filter(|name| *name != METADATA)
    }

    /// Errors: no such tensor, an entry of another form, or one that disagrees with its shape or the file's size.
    pub(crate) fn entry(&self, name: &str) -> Result<Entry, FormatError> {
        let stated =
            self.entries.get(name).ok_or_else(|| FormatError::Missing { name: name.to_owned() })?;
        let entry =
            parse_entry(stated).ok_or_else(|| FormatError::Entry { name: name.to_owned() })?;
        let Some(bytes) = extent(&entry.dtype, &entry.shape) else {
            return Err(FormatError::Extent { name: name.to_owned() });
        };
        let fits = entry.start.checked_add(bytes) == Some(entry.end);
        if !fits || entry.end as u64 > self.data {
            return Err(FormatError::Extent { name: name.to_owned() });
        }
        Ok(entry)
    }
}

impl<'a> File<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let short = FormatError::Short { bytes: bytes.len() };
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Err(short) };
        let (header, data) = rest.split_at_checked(header_length(*length)?).ok_or(short)?;
        Ok(Self { header: Header::parse(header, data.len() as u64)?, data })
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<Tensor<'a>, FormatError> {
        let Entry { dtype, shape, start, end } = self.header.entry(name)?;
        Ok(Tensor { dtype, shape, bytes: &self.data[start..end] })
    }
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

/// Bytes of a tensor; none for a type that nothing here reads, or a product that no address can hold.
fn extent(dtype: &str, shape: &[usize]) -> Option<usize> {
    let width = match dtype {
        "U8" => 1,
        "F16" | "BF16" => 2,
        "F32" => 4,
        _ => return None,
    };
    shape.iter().try_fold(width, |bytes: usize, &size| bytes.checked_mul(size))
}
