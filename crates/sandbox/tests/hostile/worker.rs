//! A worker whose formats are misdeeds.

use rustix::time::{ClockId, clock_gettime};
use sandbox::ArchiveJob;
use sandbox::child::{Task, Worker};
use std::hint::black_box;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::process::Command;
use std::thread;
use types::block::{Block, Span, TextKind};
use types::document::Body;
use types::failure::Failure;
use types::seam::parse::MemberEvent;

pub(crate) struct Hostile;

type Push<'a> = dyn FnMut(Block) -> ControlFlow<()> + 'a;
type Visit<'a> = dyn FnMut(MemberEvent<'_>) -> ControlFlow<()> + 'a;

impl Worker for Hostile {
    fn parse(&self, task: &Task<'_>, body: &mut Body, push: &mut Push<'_>) -> Result<(), Failure> {
        let mut document = Vec::new();
        body.read_to_end(&mut document).unwrap();
        let mut say = |said: String| ignore(push(Block::Title(said)));
        match task.format {
            "echo" => say(format!("{} {}", task.name, checksum(&document))),
            "refuse" => return Err(Failure::bad_document("no", "none")),
            "panic" => panic!("boom"),
            "index" => say(document[document.len() + 5].to_string()),
            "abort" => std::process::abort(),
            "blocks-then-abort" => {
                (0..5000).for_each(|number| say(format!("block {number:04}")));
                std::process::abort()
            }
            "small-steps" => {
                let mut kept = Vec::new();
                loop {
                    kept.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            "small-steps-announced" => {
                let mut kept = Vec::new();
                for step in 1.. {
                    kept.push(black_box(vec![1_u8; 1 << 20]));
                    ignore(push(Block::Page(step)));
                }
            }
            "huge" => say(black_box(vec![7_u8; 8 << 30]).len().to_string()),
            "recurse" => say(recurse(0, &mut [1; 1000]).to_string()),
            "spin" => spin(u64::MAX),
            "burn" => spin(400),
            "park" => park(),
            "park-announced" => {
                ignore(push(Block::Page(1)));
                park();
            }
            "flood" => loop {
                ignore(push(text("x".repeat(30_000))));
            },
            "one-big-block" => ignore(push(text("x".repeat(17 << 20)))),
            "chatter" => {
                println!("{}", "to standard output ".repeat(10_000));
                eprintln!("{}", "to standard error ".repeat(10_000));
                say("quiet".to_owned());
            }
            "create" => say(kind_of(std::fs::File::create("/tmp/gristmill-hostile"))),
            "read" => say(kind_of(std::fs::read("/etc/passwd"))),
            "connect" => say(kind_of(std::net::TcpStream::connect("127.0.0.1:22"))),
            "exec" => say(kind_of(Command::new("/bin/true").status())),
            "processors" => say(thread::available_parallelism().unwrap().to_string()),
            "threads" => {
                let started: Vec<_> = (0..20)
                    .map(|number| thread::spawn(move || vec![1_u8; 1000 + number].len()))
                    .collect();
                let sum: usize = started.into_iter().map(|thread| thread.join().unwrap()).sum();
                say(sum.to_string());
            }
            "keep" => std::mem::forget(black_box(vec![1_u8; 20 << 20])),
            "hold" => {
                let held = black_box(vec![1_u8; 40 << 20]);
                ignore(push(Block::Page(1)));
                (0..10).for_each(|_| ignore(push(text("x".repeat(30_000)))));
                drop(held);
            }
            other => paged(other, task.first_page, push),
        }
        Ok(())
    }

    fn unpack(
        &self,
        job: &ArchiveJob<'_>,
        body: &mut Body,
        visit: &mut Visit<'_>,
    ) -> Result<(), Failure> {
        let mut archive = Vec::new();
        body.read_to_end(&mut archive).unwrap();
        let mut tell = |event: MemberEvent<'_>| visit(event).is_continue();
        match job.format {
            "members" => {
                for (number, member) in archive.chunks(100_000).enumerate() {
                    assert!(tell(MemberEvent::Begin { name: &format!("dir/{number}") }));
                    assert!(tell(MemberEvent::Data(member)));
                    assert!(tell(MemberEvent::End));
                }
                let failure = Failure::bad_document("locked", "unlock");
                assert!(tell(MemberEvent::Failed { name: "locked", failure }));
            }
            "dies-in-member" => {
                assert!(tell(MemberEvent::Begin { name: "half" }));
                assert!(tell(MemberEvent::Data(b"half of")));
                std::process::abort();
            }
            "stall" => park(),
            "dies-at-once" => std::process::abort(),
            "escapes" => assert!(tell(MemberEvent::Begin { name: "../../etc/passwd" })),
            "headless" => assert!(tell(MemberEvent::Data(b"of no member"))),
            "bomb" => {
                assert!(tell(MemberEvent::Begin { name: "bomb" }));
                while tell(MemberEvent::Data(&[0; 6000])) {}
            }
            other => return Err(Failure::bad_document(other, "none")),
        }
        Ok(())
    }
}

/// Formats `PAGES:BAD,BAD`: pages, of which some abort; `late` in front announces a page after its text.
fn paged(format: &str, first_page: u32, push: &mut Push<'_>) {
    let (how, pages) = format.split_once('/').unwrap();
    let (count, bad) = pages.split_once(':').unwrap();
    let bad: Vec<u32> = bad.split(',').filter_map(|page| page.parse().ok()).collect();
    let mut push = |block| ignore(push(block));
    push(Block::Title("title".to_owned()));
    for page in first_page..=count.parse().unwrap() {
        if how != "late" {
            push(Block::Page(page));
        }
        if bad.contains(&page) {
            match how {
                "panic" => panic!("bad page"),
                "spin" => spin(u64::MAX),
                _ => std::process::abort(),
            }
        }
        if how == "late" {
            push(Block::Page(page));
        }
        push(text(format!("text {page}")));
    }
}

/// Misdeeds do not end when the consumer has enough.
fn ignore(_: ControlFlow<()>) {}

fn text(text: String) -> Block {
    Block::Text { kind: TextKind::Paragraph, text, span: Span::default() }
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(bytes.len() as u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte))
}

fn kind_of<T>(result: io::Result<T>) -> String {
    result.map_or_else(|error| format!("{:?}", error.kind()), |_| "done".to_owned())
}

fn park() -> ! {
    loop {
        thread::park();
    }
}

/// Milliseconds of processor time.
fn spin(millis: u64) {
    let used = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
    };
    let end = used().saturating_add(millis);
    while used() < end {
        black_box(());
    }
}

#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn recurse(depth: u64, above: &mut [u8; 1000]) -> u64 {
    let mut here = *above;
    here[(depth % 1000) as usize] = depth as u8;
    recurse(depth + 1, &mut here) + u64::from(here[3])
}
