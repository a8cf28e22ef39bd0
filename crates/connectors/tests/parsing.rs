//! Every sample through its parser, where that parser runs: `main` is the child's as well as the test's.
#![expect(clippy::unwrap_used, reason = "a panic is how a case fails")]
#![expect(clippy::print_stdout, reason = "the names of the cases")]

use connectors::parse::{CustomParser, FileParsers, FormatWorker, ParseSettings};
use connectors::split::PdfSplitter;
use globset::Glob;
use sandbox::{Sandbox, SandboxSettings, UnpackBudget};
use std::fs::File;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use types::block::Block;
use types::document::{Body, RawDocument};
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::split::{Cut, Splitter, Wanted};
use types::seam::{Choice, MemberEvent, Parsers};

const CASES: &[(&str, fn())] = &[
    ("each sample gives its words", samples),
    ("a broken file is refused by its child", broken),
    ("an archive gives its members, and each member its words", archive),
    ("an archive over its budget says so", archive_over_budget),
    ("a document is cut into its sections, and a section that is not there costs itself", cut),
    ("a document that is none says so instead of sections", cut_nothing),
    ("a custom command reads a file and a member that lies nowhere", custom),
];

fn main() -> ExitCode {
    if let Some(code) = sandbox::child::entry(&FormatWorker) {
        return code;
    }
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut failed = 0;
    for (name, case) in CASES {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        let passed = catch_unwind(case).is_ok();
        println!("{} {name}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parsers_with(custom: Vec<CustomParser>, members_max: u64) -> FileParsers {
    let sandbox = Sandbox::new(SandboxSettings::recommended()).unwrap();
    let archive =
        UnpackBudget { members_max, member_bytes_max: 1 << 20, total_bytes_max: 16 << 20 };
    FileParsers::new(Arc::new(sandbox), ParseSettings { custom, memory_max: 1 << 30, archive })
}

fn parsers() -> FileParsers {
    parsers_with(Vec::new(), 100)
}

fn sample(name: &str) -> RawDocument {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/library").join(name);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let size = file.metadata().unwrap().len();
    RawDocument { name: name.to_owned(), path: Some(path), size, body: Body::File(file) }
}

fn nowhere(name: &str, bytes: &[u8]) -> RawDocument {
    let body = Body::Memory(Cursor::new(bytes.to_vec()));
    RawDocument { name: name.to_owned(), path: None, size: bytes.len() as u64, body }
}

fn parse(parsers: &FileParsers, raw: &mut RawDocument) -> (Vec<Block>, Result<(), Failure>) {
    let Choice::Parse(parser) = parsers.choose(&raw.name, &mut raw.body).unwrap() else {
        panic!("{} is an archive", raw.name)
    };
    let mut blocks = Vec::new();
    let memory = parser.memory(raw.size);
    let end = parser.parse(raw, memory, &mut |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    });
    (blocks, end)
}

fn words(blocks: &[Block]) -> String {
    let mut words = String::new();
    for block in blocks {
        if let Block::Text { text, .. } | Block::Heading { text, .. } = block {
            words.push_str(text);
            words.push('\n');
        }
    }
    words
}

fn samples() {
    let parsers = parsers();
    for (name, expected) in [
        ("cooking/classics/souffle.txt", "Crème pâtissière"),
        ("music/theory/why-twelve-notes.md", "octave"),
        ("nature/animals/honeybee-swarms.pdf", "swarm"),
        ("nature/oceans/tides.epub", "Two bulges, two floods"),
        ("technology/rules/incident-response.docx", "The first fifteen minutes"),
        ("medicine/lectures/how-vaccines-work.pptx", "vaccine"),
        ("finance/household/budget.xlsx", "|"),
        ("technology/networks/how-tcp-avoids-congestion.html", "congestion"),
        ("technology/code/ring_buffer.rs", "fn "),
        ("history/inventions/zaozhi-yu-yinshua.txt", "造纸"),
    ] {
        let (blocks, end) = parse(&parsers, &mut sample(name));
        assert_eq!(end, Ok(()), "{name}");
        assert!(words(&blocks).contains(expected), "{name}: {blocks:?}");
    }
    let (blocks, end) = parse(&parsers, &mut sample("support/questions/questions.jsonl"));
    assert_eq!(end, Ok(()));
    assert!(blocks.iter().filter(|block| matches!(block, Block::Item(_))).count() > 1);
}

fn broken() {
    let (_, end) = parse(&parsers(), &mut sample("inbox/broken-report.docx"));
    assert_eq!(end.unwrap_err().class, FailureClass::BadDocument);
}

#[derive(Default)]
struct Unpacked {
    /// Name and content.
    members: Vec<(String, Vec<u8>)>,
    failed: Vec<FailureClass>,
}

fn unpack(parsers: &FileParsers, raw: &mut RawDocument) -> (Unpacked, Result<(), Failure>) {
    let Choice::Unpack(unpacker) = parsers.choose(&raw.name, &mut raw.body).unwrap() else {
        panic!("{} is no archive", raw.name)
    };
    let Unpacked { mut members, mut failed } = Unpacked::default();
    let memory = unpacker.memory(raw.size);
    let end = unpacker.unpack(raw, memory, &mut |event| {
        match event {
            MemberEvent::Begin { name } => members.push((name.to_owned(), Vec::new())),
            MemberEvent::Data(data) => members.last_mut().unwrap().1.extend_from_slice(data),
            MemberEvent::End => {}
            MemberEvent::Failed { failure, .. } => failed.push(failure.class),
        }
        ControlFlow::Continue(())
    });
    (Unpacked { members, failed }, end)
}

fn archive() {
    let parsers = parsers();
    let mut from_file = sample("history/instruments/instruments.zip");
    let bytes = std::fs::read(from_file.path.as_ref().unwrap()).unwrap();
    for raw in [&mut from_file, &mut nowhere("instruments.zip", &bytes)] {
        let (Unpacked { members, failed }, end) = unpack(&parsers, raw);
        assert_eq!((members.len(), failed, end), (3, Vec::new(), Ok(())));
        for (name, bytes) in members {
            let (blocks, end) = parse(&parsers, &mut nowhere(&name, &bytes));
            assert_eq!(end, Ok(()), "{name}");
            assert!(words(&blocks).len() > 200, "{name}: {blocks:?}");
        }
    }
}

fn archive_over_budget() {
    let parsers = parsers_with(Vec::new(), 2);
    let (Unpacked { members, failed }, end) =
        unpack(&parsers, &mut sample("history/instruments/instruments.zip"));
    assert!(members.len() <= 2);
    let class = end.err().map(|failure| failure.class).or(failed.first().copied());
    assert!(matches!(class, Some(FailureClass::Bomb | FailureClass::TooLarge)), "{class:?}");
}

fn custom() {
    let script = r#"echo "{\"text\":\"$(cat "$0") of ${0##*.}\",\"section\":\"s\"}""#;
    let command = CustomParser {
        matcher: Glob::new("*.foo").unwrap().compile_matcher(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        timeout: Duration::from_mins(1),
        memory: 512 << 20,
    };
    let parsers = parsers_with(vec![command], 100);
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("b.foo");
    std::fs::write(&path, "words").unwrap();
    let mut on_disk = nowhere("b.foo", b"words");
    on_disk.path = Some(path);
    for raw in [&mut on_disk, &mut nowhere("archive.zip/b.foo", b"words")] {
        let (blocks, end) = parse(&parsers, raw);
        assert_eq!(end, Ok(()));
        let [Block::Record(record)] = &blocks[..] else { panic!("{blocks:?}") };
        assert_eq!((record.text.as_str(), record.section.as_deref()), ("words of foo", Some("s")));
    }
}

fn cut_file(file: &File, ranges: &[&str]) -> (Vec<String>, Result<(), Failure>) {
    let sandbox = Arc::new(Sandbox::new(SandboxSettings::recommended()).unwrap());
    let splitter = PdfSplitter::new(sandbox, 1 << 30);
    let ranges: Vec<PageRange> = ranges.iter().map(|range| range.parse().unwrap()).collect();
    let mut came = Vec::new();
    let end = splitter.split(file, Wanted::Ranges(&ranges), &mut |cut| {
        came.push(match cut {
            Cut::Facts(facts) => format!("{} pages", facts.pages),
            Cut::Section { index, file: part } => {
                let bytes = part.read(file).unwrap();
                let pages = pdf::split::Source::open(&bytes).unwrap().page_count();
                format!("{index}: {pages}")
            }
            Cut::Failed { index, failure } => format!("{index}: {}", failure.class),
            Cut::StillThere => String::new(),
        });
        ControlFlow::Continue(())
    });
    (came, end)
}

fn cut() {
    let document = sample("technology/manuals/heat-pump.pdf");
    let Body::File(file) = document.body else { panic!() };
    let (came, end) = cut_file(&file, &["1", "1-9999", "1-1"]);
    assert!(came[0].ends_with(" pages"), "{came:?}");
    assert_eq!(came[1..], ["0: 1", "1: bad_item", "2: 1"]);
    end.unwrap();
    assert_eq!(cut_file(&file, &[]).0.len(), 1);
}

fn cut_nothing() {
    let file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut &file, b"no PDF at all").unwrap();
    let (came, end) = cut_file(&file, &["1"]);
    assert_eq!((came.len(), end.unwrap_err().class), (0, FailureClass::BadDocument));
}
