//! A misdeed, its verdict, and the document after it.

use crate::Case;
use crate::fixture::{assert_serves, in_file, in_memory, parse, said, sandbox, settings};
use sandbox::{Sandbox, SandboxSettings};
use std::fs::File;
use std::time::{Duration, Instant};
use types::block::Block;
use types::document::Body;
use types::failure::FailureClass::{
    self, BadDocument, Bomb, CrashLoop, Internal, Timeout, TooLarge,
};

pub(crate) const CASES: &[Case] = &[
    ("each misdeed has its verdict and the next document is served", misdeeds),
    ("a parser that does not answer is given up", no_answer),
    ("what is refused or harmless is an answer of the parser", answers),
    ("documents of every size arrive whole from memory and from a file", sizes),
    ("a crash after many blocks repeats none of them", no_repetition),
    ("a document that cannot be read is a bad document", unreadable),
];

const MISDEEDS: &[(&str, FailureClass, &str)] = &[
    ("panic", CrashLoop, "died 2 times: the parser panicked at hostile/worker.rs:"),
    ("index", CrashLoop, "panicked at hostile/worker.rs:"),
    ("abort", CrashLoop, "died 2 times: the parser died of signal 6"),
    ("small-steps", Bomb, "more than 96 MiB of memory"),
    ("huge", Bomb, "more than 96 MiB of memory to parse 10 bytes"),
    ("recurse", BadDocument, "overflowed a stack of 64 MiB"),
    ("spin", Timeout, "more than 1 s of processor time"),
    ("flood", Bomb, "more than 8192 KiB from 10 bytes"),
    ("one-big-block", TooLarge, "one block has"),
    ("connect", Internal, "forbidden system call"),
    ("exec", Internal, "forbidden system call"),
    ("refuse", BadDocument, "no"),
];

/// What a document waits at most after another has killed its child.
const NEXT: Duration = Duration::from_millis(50);

fn misdeeds() {
    let sandbox = sandbox();
    let mut waits = Vec::new();
    for (format, class, message) in MISDEEDS {
        let (_, end) = parse(&sandbox, format, &mut in_memory(b"some bytes"));
        let failure = end.expect_err(format);
        assert_eq!(failure.class, *class, "{format}: {failure:?}");
        assert!(failure.message.contains(message), "{format}: {}", failure.message);

        let begun = Instant::now();
        assert_serves(&sandbox, &mut in_memory(b"next"), b"next");
        waits.push(begun.elapsed());
    }
    waits.sort();
    // Not the slowest: other work on this machine can stop any of them.
    let typical = waits[waits.len() * 3 / 4];
    assert!(typical < NEXT, "{waits:?}");
}

fn no_answer() {
    let sandbox = Sandbox::new(SandboxSettings { wall_factor: 2, ..settings() }).unwrap();
    let (_, end) = parse(&sandbox, "park", &mut in_memory(b""));
    let failure = end.unwrap_err();
    assert_eq!(failure.class, Timeout);
    assert!(failure.message.contains("within 2 s"), "{}", failure.message);
    assert_serves(&sandbox, &mut in_memory(b"next"), b"next");
}

fn answers() {
    let sandbox = sandbox();
    for (format, answer) in [
        ("create", "PermissionDenied"),
        ("read", "PermissionDenied"),
        ("threads", "20190"),
        ("chatter", "quiet"),
    ] {
        assert_eq!(said(&sandbox, format), answer, "{format}");
    }
    assert!(!std::path::Path::new("/tmp/gristmill-hostile").exists());
    assert!(said(&sandbox, "processors").parse::<u32>().unwrap() > 0);
}

fn sizes() {
    let sandbox = sandbox();
    for size in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
        let bytes: Vec<u8> = (0..size).map(|at: u32| (at * 7 % 251) as u8).collect();
        assert_serves(&sandbox, &mut in_memory(&bytes), &bytes);
        assert_serves(&sandbox, &mut in_file(&bytes), &bytes);
    }
}

fn no_repetition() {
    let (blocks, end) = parse(&sandbox(), "blocks-then-abort", &mut in_memory(b""));
    assert_eq!(end.unwrap_err().class, CrashLoop);
    assert!(blocks.len() > 2000, "{}", blocks.len());
    for (number, block) in blocks.iter().enumerate() {
        assert_eq!(*block, Block::Title(format!("block {number:04}")));
    }
}

fn unreadable() {
    let sandbox = sandbox();
    let mut directory = in_memory(b"");
    directory.body = Body::File(File::open("/").unwrap());
    directory.size = 10;
    let (_, end) = parse(&sandbox, "echo", &mut directory);
    let failure = end.unwrap_err();
    assert_eq!(failure.class, BadDocument);
    assert!(failure.message.contains("cannot be read"), "{}", failure.message);
    assert_serves(&sandbox, &mut in_memory(b"next"), b"next");
}
