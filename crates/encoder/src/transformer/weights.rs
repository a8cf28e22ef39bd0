//! The tensors of a folder, read one at a time from model.safetensors or its shards.
//!
//! Never the whole file at once: a tensor is read, turned into its packed form and dropped, so that loading takes
//! little more memory than the model. Mapping the file would need `unsafe`, and a file that changes under a map
//! changes the weights.
#![forbid(unsafe_code)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use half::{bf16, f16};

use super::{LoadError, json};
use crate::safetensors::{self, Entry, FormatError, Header};

/// Bytes that are read and widened, or hashed, at a time.
const CHUNK: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Weights {
    shards: Vec<Shard>,
    /// Which shard holds a tensor.
    index: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Shard {
    path: PathBuf,
    file: File,
    header: Header,
    /// Where the first tensor begins.
    data: u64,
}

impl Weights {
    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    pub(super) fn open(folder: &Path) -> Result<Self, LoadError> {
        let single = folder.join("model.safetensors");
        let listed = folder.join("model.safetensors.index.json");
        let paths = if single.exists() {
            BTreeSet::from([single])
        } else if listed.exists() {
            shards(folder, &listed)?
        } else if folder.join("pytorch_model.bin").exists() {
            return Err(LoadError::Pickle { path: folder.to_owned() });
        } else {
            return Err(LoadError::Missing { path: single });
        };
        let shards: Vec<Shard> = paths.into_iter().map(Shard::open).collect::<Result<_, _>>()?;
        let mut index = BTreeMap::new();
        for (number, shard) in shards.iter().enumerate() {
            index.extend(shard.header.names().map(|name| (name.to_owned(), number)));
        }
        Ok(Self { shards, index })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    /// What stands before `name` in the file: nothing, or for instance `bert.`. None if no tensor ends so, or
    /// several do.
    pub(super) fn prefix_of(&self, name: &str) -> Option<String> {
        let mut prefixes = self
            .index
            .keys()
            .filter_map(|full| full.strip_suffix(name))
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
        let first = prefixes.next()?;
        prefixes.next().is_none().then(|| first.to_owned())
    }

    /// The tensor `name` as finite floats, row-major.
    pub(super) fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let number =
            *self.index.get(name).ok_or_else(|| LoadError::Tensor { name: name.to_owned() })?;
        let shard = &mut self.shards[number];
        let entry = shard
            .header
            .entry(name)
            .map_err(|source| LoadError::Format { path: shard.path.clone(), source })?;
        if entry.shape != shape {
            let (found, expected) = (entry.shape, shape.to_vec());
            return Err(LoadError::Shape { name: name.to_owned(), found, expected });
        }
        let values = shard.read(name, &entry)?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(LoadError::NotFinite { name: name.to_owned() });
        }
        Ok(values)
    }

    /// Adds every byte of the files to `hash`, in the order of their names.
    pub(super) fn hash(&mut self, hash: &mut blake3::Hasher) -> Result<(), LoadError> {
        let mut chunk = vec![0; CHUNK];
        for shard in &mut self.shards {
            let failed = |source| LoadError::reading(&shard.path, source);
            shard.file.seek(SeekFrom::Start(0)).map_err(failed)?;
            loop {
                let read = shard.file.read(&mut chunk).map_err(failed)?;
                if read == 0 {
                    break;
                }
                hash.update(&chunk[..read]);
            }
        }
        Ok(())
    }
}

/// Files beside the index; never one outside the folder.
fn shards(folder: &Path, listed: &Path) -> Result<BTreeSet<PathBuf>, LoadError> {
    let index = json::value(listed)?;
    let broken = || LoadError::Json { path: listed.to_owned() };
    let map = index["weight_map"].as_object().ok_or_else(broken)?;
    map.values()
        .map(|file| {
            let file = file.as_str().filter(|file| !file.contains(['/', '\\']) && *file != "..");
            file.map(|file| folder.join(file)).ok_or_else(broken)
        })
        .collect()
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, LoadError> {
        let mut file = File::open(&path).map_err(|error| LoadError::reading(&path, error))?;
        let size = file.metadata().map_err(|error| LoadError::reading(&path, error))?.len();
        let format = |source| LoadError::Format { path: path.clone(), source };
        let short = || format(FormatError::Short { bytes: size as usize });
        let mut length = [0; 8];
        if size < 8 {
            return Err(short());
        }
        file.read_exact(&mut length).map_err(|error| LoadError::reading(&path, error))?;
        let length = safetensors::header_length(length).map_err(format)?;
        let data = 8 + length as u64;
        if data > size {
            return Err(short());
        }
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(|error| LoadError::reading(&path, error))?;
        let header = Header::parse(&text, size - data).map_err(format)?;
        Ok(Self { path, file, header, data })
    }

    fn read(&mut self, name: &str, entry: &Entry) -> Result<Vec<f32>, LoadError> {
        let failed = |source| LoadError::reading(&self.path, source);
        let start = self.data + entry.start as u64;
        self.file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut values = vec![0.0f32; entry.shape.iter().product()];
        match entry.dtype.as_str() {
            "F32" => {
                self.file.read_exact(bytemuck::cast_slice_mut(&mut values)).map_err(failed)?;
                // A no-op where the machine has the file's byte order.
                for value in &mut values {
                    *value = f32::from_bits(u32::from_le(value.to_bits()));
                }
            }
            "F16" => {
                let widen = |pair| f16::from_le_bytes(pair).to_f32();
                widen_pairs(&mut self.file, &mut values, widen).map_err(failed)?;
            }
            "BF16" => {
                let widen = |pair| bf16::from_le_bytes(pair).to_f32();
                widen_pairs(&mut self.file, &mut values, widen).map_err(failed)?;
            }
            other => {
                let (name, found) = (name.to_owned(), other.to_owned());
                return Err(LoadError::Dtype { name, found });
            }
        }
        Ok(values)
    }
}

fn widen_pairs(
    file: &mut File,
    values: &mut [f32],
    widen: impl Fn([u8; 2]) -> f32,
) -> std::io::Result<()> {
    let mut bytes = vec![0; CHUNK.min(values.len() * 2)];
    for part in values.chunks_mut(CHUNK / 2) {
        let bytes = &mut bytes[..part.len() * 2];
        file.read_exact(bytes)?;
        for (value, &pair) in part.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *value = widen(pair);
        }
    }
    Ok(())
}
