//! Writers that are killed, one after the other: what they were told is durable is there, and nothing is torn.
//! With fault points compiled in, also a writer that fails at each of them in turn.
//!
//! A program of its own instead of a test function, so that it can be started again as the writer.
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]
#![expect(
    clippy::print_stdout,
    reason = "the writer tells what is durable; cargo shows the result"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;
use stores::{Access, SqliteOptions, SqliteStore};
use types::block::{Metadata, Span};
use types::document::{Hash, Label, OwnLabel};
use types::embedding::{Embedding, ModelId};
use types::ledger::{Change, Finish, Segment, VersionKey};
use types::record::{Chunk, Record, Vector};
use types::seam::{Repair, Store as _, StoreError, StoreErrorKind};

const KILLS: usize = 25;
const DIMENSIONS: usize = 32;
/// The writer goes round over so many documents, so that most changes replace a version.
const DOCUMENTS: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "--write", path] => write(Path::new(path)),
        [_, "--fail", kind, at, path] => return fail(kind, at.parse().unwrap(), Path::new(path)),
        _ => {}
    }
    writers_are_killed();
    if fault::COMPILED_IN {
        every_point_fails();
    }
    ExitCode::SUCCESS
}

fn writers_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kb.db");
    let mut durable = 0;
    for kill in 0..KILLS {
        durable = durable.max(kill_one(&path, 1 + kill * 7 % 23));
        check(&path, durable);
    }
    println!("{KILLS} writers killed after {durable} changes, nothing lost, nothing torn");
}

/// For N = 1, 2, … the Nth point of a short run fails, until the run meets no fault: the store is sound then, and
/// the same run made again completes it.
fn every_point_fails() {
    for kind in ["kill", "error", "full"] {
        let mut at = 1;
        loop {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("kb.db");
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--fail", kind, &at.to_string()])
                .arg(&path)
                .status()
                .unwrap();
            assert!(status.success() || status.code() == Some(3) || status.signal() == Some(9));
            run(&path).unwrap();
            check(&path, RUN);
            if status.success() {
                break;
            }
            at += 1;
        }
        assert!(at > 20, "a run passes more points than {at}");
        println!("{} points made to fail by {kind}", at - 1);
    }
}

/// Changes of a short run.
const RUN: usize = 5;

fn fail(kind: &str, at: u64, path: &Path) -> ExitCode {
    let kind = match kind {
        "kill" => fault::Kind::Kill,
        "full" => fault::Kind::DiskFull,
        _ => fault::Kind::Error,
    };
    fault::arm(fault::Plan { at, kind });
    match run(path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let full = error.kind == StoreErrorKind::DiskFull;
            // What happens after a commit undoes nothing, so it must not look as if it could be tried again.
            let committed = error.message.contains("store.commit.after");
            assert_eq!(full, kind == fault::Kind::DiskFull && !committed, "{error}");
            ExitCode::from(3)
        }
    }
}

fn run(path: &Path) -> Result<(), StoreError> {
    let store = SqliteStore::open(path, Access::Create, SqliteOptions::default())?;
    let _held = store.lock_for_writing(Duration::ZERO)?;
    store.bind_model(&model())?;
    let told = store.setting("told")?.map_or(0, |n| n.parse().unwrap());
    for number in told + 1..=RUN {
        change(&store, number)?;
    }
    store.tidy()
}

/// Kills a writer once it has told of `told` changes; returns the last that it told of.
fn kill_one(path: &Path, told: usize) -> usize {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .arg("--write")
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut last = String::new();
    for _ in 0..told {
        last = lines.next().unwrap().unwrap();
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What stands in the pipe was told too.
    lines.map_while(Result::ok).last().unwrap_or(last).parse().unwrap()
}

/// Changes from where the last writer was stopped on, for ever.
fn write(path: &Path) -> ! {
    let store = SqliteStore::open(path, Access::Create, SqliteOptions::default()).unwrap();
    let _held = store.lock_for_writing(Duration::ZERO).unwrap();
    store.bind_model(&model()).unwrap();
    let told = store.setting("told").unwrap().map_or(0, |n| n.parse().unwrap());
    for number in told + 1.. {
        change(&store, number).unwrap();
        if number.is_multiple_of(17) {
            store.tidy().unwrap();
        }
        let mut out = std::io::stdout().lock();
        writeln!(out, "{number}").unwrap();
        out.flush().unwrap();
    }
    unreachable!("there are more numbers than time")
}

fn model() -> ModelId {
    ModelId { provider: "test".to_owned(), model: String::new(), dimensions: DIMENSIONS }
}

/// One version of one document, in one to three segments.
fn change(store: &SqliteStore, number: usize) -> Result<(), StoreError> {
    let parts = number % 3;
    for part in 0..=parts {
        assert!(!store.apply(&[segment(store, number, part, parts)?])?[0].lost);
    }
    store.sweep()?;
    store.set_setting("told", &number.to_string())
}

/// Chunks of one segment of change `number`.
fn chunks(number: usize) -> usize {
    3 + number % 40
}

fn segment(
    store: &SqliteStore,
    number: usize,
    part: usize,
    parts: usize,
) -> Result<Change, StoreError> {
    let name = format!("{}.md", number % DOCUMENTS);
    let chunks = chunks(number);
    let hash = Hash(*blake3::hash(&number.to_le_bytes()).as_bytes());
    let finish = (part == parts).then(|| Finish {
        total: (chunks * (parts + 1)) as u32,
        title: Some(number.to_string()),
        label: Label { domain: "d".to_owned(), category: (number % 2).to_string() },
        own: OwnLabel::default(),
        metadata: Metadata::default(),
        warnings: Vec::new(),
    });
    Ok(Change::Segment(Segment {
        source: store.source("/books")?,
        file: name.clone(),
        name,
        key: VersionKey { content: hash, pipeline: hash },
        run: 1,
        first: (part * chunks) as u32,
        records: (0..chunks).map(|at| record(number, part * chunks + at)).collect(),
        finish,
    }))
}

fn record(number: usize, seq: usize) -> Record {
    let text = format!("change {number} chunk {seq} {}", "and more words ".repeat(20));
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let values = hash.iter().map(|byte| f32::from(*byte) + 0.5).collect();
    let chunk = Chunk {
        seq: seq as u32,
        id: hash[16..].try_into().unwrap(),
        text_hash: hash[..16].try_into().unwrap(),
        tokens: 60,
        label: OwnLabel::default(),
        chapter: None,
        section: None,
        page: None,
        span: Span::default(),
        weight: 1.0,
        metadata: Metadata::default(),
        text,
    };
    Record { chunk, vector: Vector::Present(Embedding::new(values, DIMENSIONS).unwrap()) }
}

/// Every document is whole, and is what the last durable change, or one after it, made of it.
fn check(path: &Path, durable: usize) {
    let store = SqliteStore::open(path, Access::Write, SqliteOptions::default()).unwrap();
    assert_eq!(store.verify(Repair::No).unwrap(), []);
    let told: usize = store.setting("told").unwrap().map_or(0, |n| n.parse().unwrap());
    assert!(told >= durable, "{told} is written down, {durable} was told");
    let source = store.source("/books").unwrap();
    for number in (told + 1).saturating_sub(DOCUMENTS).max(1)..=told {
        let name = format!("{}.md", number % DOCUMENTS);
        let state = store.document(source, &name).unwrap().unwrap();
        let is = |number: usize| {
            let hash = Hash(*blake3::hash(&number.to_le_bytes()).as_bytes());
            state.head == Some(VersionKey { content: hash, pipeline: hash })
                && state.chunks as usize == chunks(number) * (number % 3 + 1)
        };
        // The change after the last that was written down may be in already.
        assert!(
            is(number) || (number + DOCUMENTS == told + 1 && is(told + 1)),
            "{name}: {state:?}"
        );
    }
}
