//! Writes a file whole or not at all.

use super::ConsolidateError;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use types::document::Label;
use types::embedding::ModelId;
use types::ledger::Entry;
use types::seam::{EntryVectors, Store, StoreError};

/// Writes beside the target, syncs, renames, syncs the folder.
pub(super) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // One fixed name per target: what a crash leaves is overwritten, never collected. A store has one writer.
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".part");
    let part = folder.join(name);
    fault::point("consolidate.create")?;
    let mut out = BufWriter::with_capacity(256 * 1024, File::create(&part)?);
    let written = fill(&mut out).and_then(|()| out.flush()).and_then(|()| {
        fault::point("consolidate.sync")?;
        out.get_ref().sync_all()
    });
    if let Err(error) = written {
        drop(out);
        // The first error is the one to tell; the part is ours and incomplete.
        drop(std::fs::remove_file(&part));
        return Err(error);
    }
    drop(out);
    fault::point("consolidate.rename")?;
    std::fs::rename(&part, path)?;
    fault::point("consolidate.renamed")?;
    File::open(folder)?.sync_all()
}

/// Whose embeddings the entries carry.
pub(super) struct Makers {
    /// The store's own model.
    pub own: Option<ModelId>,
    pub routed: Vec<ModelId>,
}

/// All entries of a pair as they come out of the store.
pub(super) fn pair(
    store: &dyn Store,
    path: &Path,
    label: &Label,
    makers: &Makers,
    vectors: EntryVectors,
) -> Result<(), ConsolidateError> {
    let mut failed: Option<StoreError> = None;
    let written = replace(path, |out| {
        let out = std::cell::RefCell::new(out);
        let broken = std::cell::RefCell::new(None);
        let mut first = true;
        let found = store.read_pair(
            label,
            vectors,
            &mut |entries, documents| {
                keep(head(&mut **out.borrow_mut(), label, makers, (entries, documents)), &broken)
            },
            &mut |entry| {
                let separator: &[u8] = if std::mem::take(&mut first) { b"\n" } else { b",\n" };
                let mut out = out.borrow_mut();
                keep(
                    out.write_all(separator)
                        .and_then(|()| line(&mut **out, &entry, vectors, &makers.routed)),
                    &broken,
                )
            },
        );
        match (found, broken.into_inner()) {
            (_, Some(error)) => Err(error),
            (Err(error), None) => {
                failed = Some(error);
                Err(io::Error::other("the store could not be read"))
            }
            (Ok(true), None) => out.into_inner().write_all(b"\n]}\n"),
            // The pair was emptied since it was listed: an empty file, removed by the next run.
            (Ok(false), None) => {
                let out = out.into_inner();
                head(out, label, makers, (0, 0)).and_then(|()| out.write_all(b"\n]}\n"))
            }
        }
    });
    match (written, failed) {
        (_, Some(error)) => Err(error.into()),
        (Err(source), None) => Err(ConsolidateError::Io { path: path.to_owned(), source }),
        (Ok(()), None) => Ok(()),
    }
}

fn keep(result: io::Result<()>, broken: &std::cell::RefCell<Option<io::Error>>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *broken.borrow_mut() = Some(error);
            ControlFlow::Break(())
        }
    }
}

fn head(
    out: &mut dyn Write,
    label: &Label,
    makers: &Makers,
    (entries, documents): (u64, u64),
) -> io::Result<()> {
    let model = makers.own.as_ref();
    let mut meta = json!({
        "format": 1,
        "entries": entries,
        "documents": documents,
        "embedder": model.map(ToString::to_string),
        "dimensions": model.map(|model| model.dimensions),
    });
    if !makers.routed.is_empty() {
        let all = model.into_iter().chain(&makers.routed);
        meta["models"] = all
            .map(|model| json!({"embedder": model.to_string(), "dimensions": model.dimensions}))
            .collect();
    }
    write!(
        out,
        "{{\"domain\":{},\"category\":{},\n \"meta\":{meta},\n \"entries\":[",
        Value::from(label.domain.as_str()),
        Value::from(label.category.as_str()),
    )
}

/// An embedding of another model than the file names says whose it is.
fn line(
    out: &mut dyn Write,
    entry: &Entry,
    vectors: EntryVectors,
    routed: &[ModelId],
) -> io::Result<()> {
    write!(
        out,
        "{{\"id\":\"{}\",\"text\":{},\"source_book\":{},\"source_chapter\":{},\"page\":{},\"weight\":{},\"metadata\":{}",
        uuid::Uuid::from_bytes(entry.id),
        Value::from(entry.text.as_str()),
        Value::from(entry.source_book.as_str()),
        Value::from(entry.source_chapter.as_deref()),
        Value::from(entry.page),
        Value::from(entry.weight),
        // An object as the store keeps it; it was read and written as JSON before.
        entry.metadata,
    )?;
    if vectors == EntryVectors::With {
        out.write_all(b",\"embedding\":")?;
        serde_json::to_writer(&mut *out, &entry.embedding)?;
        let maker = entry.model.index().and_then(|index| routed.get(index));
        if let Some(maker) = maker.filter(|_| entry.embedding.is_some()) {
            write!(out, ",\"embedder\":{}", Value::from(maker.to_string()))?;
        }
    }
    out.write_all(b"}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use types::seam::ModelNumber;

    #[test]
    fn an_entry_is_one_json_object_with_the_documented_fields() {
        let entry = Entry {
            id: [7; 16],
            text: "a \"quoted\"\nline".into(),
            source_book: "Book".into(),
            source_chapter: None,
            page: Some(3),
            weight: 1.0,
            metadata: "{\"k\":[1]}".into(),
            document: "b.md".into(),
            embedding: Some(vec![0.5, -1.0]),
            model: ModelNumber::OWN,
        };
        let mut bytes = Vec::new();
        line(&mut bytes, &entry, EntryVectors::With, &[]).unwrap();
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        let expected = json!({
            "id": "07070707-0707-0707-0707-070707070707",
            "text": "a \"quoted\"\nline",
            "source_book": "Book",
            "source_chapter": null,
            "page": 3,
            "weight": 1.0,
            "metadata": {"k": [1]},
            "embedding": [0.5, -1.0],
        });
        assert_eq!(read, expected);
        bytes.clear();
        let other = ModelId { provider: "local".to_owned(), model: "m".to_owned(), dimensions: 2 };
        let routed = Entry { model: ModelNumber(1), ..entry.clone() };
        line(&mut bytes, &routed, EntryVectors::With, &[other]).unwrap();
        let read: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read["embedder"], "local:m");
        bytes.clear();
        line(&mut bytes, &Entry { embedding: None, ..entry }, EntryVectors::Without, &[]).unwrap();
        assert!(!String::from_utf8(bytes).unwrap().contains("embedding"));
    }
}
