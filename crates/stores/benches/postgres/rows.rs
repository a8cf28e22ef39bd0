//! Made rows: documents of 20 chunks with text, words and vectors.

use crate::{CHUNKS, DIMENSIONS};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::Embedding;
use types::ledger::{Change, Finish, Segment, SourceId, VersionKey};
use types::record::{Chunk, Record, Vector};

/// Changes of transactions of about `batch` chunks.
pub(crate) fn batches((first, end): (usize, usize), batch: usize) -> Vec<Vec<Change>> {
    let documents: Vec<usize> = (first / CHUNKS..end / CHUNKS).collect();
    documents
        .chunks(batch / CHUNKS)
        .map(|some| some.iter().map(|n| document(*n)).collect())
        .collect()
}

fn document(number: usize) -> Change {
    let hash = Hash(*blake3::hash(&number.to_le_bytes()).as_bytes());
    let name = format!("{number}.md");
    Change::Segment(Segment {
        source: SourceId(1),
        file: name.clone(),
        name,
        key: VersionKey { content: hash, pipeline: hash },
        run: 1,
        first: 0,
        records: (0..CHUNKS).map(|seq| record(number, seq)).collect(),
        finish: Some(Finish {
            total: CHUNKS as u32,
            title: None,
            label: Label { domain: "d".to_owned(), category: "c".to_owned() },
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
        }),
    })
}

/// About 600 bytes of words out of some thousands, often ones more often.
fn text(number: usize) -> String {
    let mut random = Random(number as u64 ^ 0x5851_f42d_4c95_7f2d);
    let words: Vec<String> = (0..95)
        .map(|_| {
            let rank = random.unit() * random.unit() * random.unit();
            format!("w{}", (rank * 60_000.0) as u32)
        })
        .collect();
    words.join(" ")
}

fn record(document: usize, seq: usize) -> Record {
    let number = document * CHUNKS + seq;
    let text = format!("{number} {}", text(number));
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let chunk = Chunk {
        seq: seq as u32,
        id: hash[16..].try_into().unwrap(),
        text_hash: hash[..16].try_into().unwrap(),
        tokens: 100,
        label: OwnLabel::default(),
        chapter: Some("A chapter".to_owned()),
        section: Some("A chapter > a section".to_owned()),
        page: Some(7),
        span: Span { start: 0, end: 600 },
        weight: 1.0,
        metadata: Metadata::default(),
        text,
    };
    Record { chunk, vector: Vector::Present(Embedding::new(vector(number), DIMENSIONS).unwrap()) }
}

/// Around one of 3,000 centres, as texts of one subject lie.
pub(crate) fn vector(number: usize) -> Vec<f32> {
    let mut centre = Random((number % 3000) as u64 + 1);
    let mut noise = Random(number as u64 ^ 0x2545_f491_4f6c_dd1d);
    (0..DIMENSIONS).map(|_| (centre.unit() - 0.5 + 0.6 * (noise.unit() - 0.5)) as f32).collect()
}

/// Xorshift, mixed at the start so that neighbouring seeds differ.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let mut x = self.0;
        x ^= x >> 29;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x >> 11) as f64 / (1_u64 << 53) as f64
    }
}
