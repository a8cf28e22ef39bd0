//! Names of files that a listing no longer has, in memory while they are few and in a temporary file when not.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// Names held in memory; a folder that lost more is rare, and may have lost millions.
const HELD_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct Gone {
    names: Names,
    /// Documents of these files.
    pub documents: u64,
}

#[derive(Debug)]
enum Names {
    Held(Vec<String>, usize),
    /// Each with its length before it.
    Spooled(BufWriter<File>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Held(Vec::new(), 0)
    }
}

impl Gone {
    pub(super) fn add(&mut self, name: String, documents: u64) -> io::Result<()> {
        self.documents += documents;
        if let Names::Held(names, bytes) = &mut self.names {
            *bytes += name.len() + size_of::<String>();
            if *bytes <= HELD_BYTES_MAX {
                names.push(name);
                return Ok(());
            }
            let mut spool = BufWriter::new(tempfile::tempfile()?);
            names.drain(..).try_for_each(|name| put(&mut spool, &name))?;
            self.names = Names::Spooled(spool);
        }
        match &mut self.names {
            Names::Held(..) => Ok(()),
            Names::Spooled(spool) => put(spool, &name),
        }
    }

    /// The names in the order in which they came.
    pub(crate) fn into_names(self) -> io::Result<Box<dyn Iterator<Item = io::Result<String>>>> {
        match self.names {
            Names::Held(names, _) => Ok(Box::new(names.into_iter().map(Ok))),
            Names::Spooled(spool) => {
                let mut file = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                let mut file = BufReader::new(file);
                Ok(Box::new(std::iter::from_fn(move || take(&mut file).transpose())))
            }
        }
    }
}

fn put(spool: &mut impl Write, name: &str) -> io::Result<()> {
    spool.write_all(&(name.len() as u64).to_le_bytes())?;
    spool.write_all(name.as_bytes())
}

fn take(spool: &mut impl Read) -> io::Result<Option<String>> {
    let mut length = [0; 8];
    match spool.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut name = String::new();
    spool.by_ref().take(u64::from_le_bytes(length)).read_to_string(&mut name)?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_in_their_order_however_many_they_are() {
        for count in [0, 3, 60_000] {
            let mut gone = Gone::default();
            let names: Vec<String> = (0..count).map(|n| format!("folder/ü {n}.md")).collect();
            for name in &names {
                gone.add(name.clone(), 2).unwrap();
            }
            assert_eq!(matches!(gone.names, Names::Spooled(_)), count > 1000);
            assert_eq!(gone.documents, 2 * count);
            let back: Vec<String> = gone.into_names().unwrap().map(Result::unwrap).collect();
            assert_eq!(back, names);
        }
    }
}
