//! Custom commands: limits, process groups, records.

use crate::Case;
use crate::fixture::sandbox;
use crate::processes::is_alive;
use sandbox::CommandJob;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use types::block::Block;
use types::failure::{Failure, FailureClass};

pub(crate) const CASES: &[Case] = &[
    ("a command gets the path and gives records", records),
    ("a command sees no secret of our environment", environment),
    ("each bad end of a command has its class", bad_ends),
    ("an interrupt reaches a consumer whose command is silent", stalled),
    ("what a command leaves running is killed and not waited for", left_running),
    ("a command out of time is killed with what it started", out_of_time),
];

/// Makes this program a command that allocates without end.
pub(crate) const GREEDY_WORD: &str = "greedy";

pub(crate) fn greedy_command() -> ! {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

fn run(command: &[&str], timeout: Duration) -> (Vec<Block>, Result<(), Failure>) {
    let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
    let mut blocks = Vec::new();
    let job = CommandJob {
        command: &command,
        path: Path::new("-dash.foo"),
        size: 10,
        timeout,
        memory: 256 << 20,
    };
    let end = sandbox().command(&job, &mut |block| {
        blocks.push(block);
        ControlFlow::Continue(())
    });
    (blocks, end)
}

fn shell(script: &str) -> (Vec<Block>, Result<(), Failure>) {
    run(&["sh", "-c", script], Duration::from_secs(20))
}

fn texts(blocks: &[Block]) -> Vec<&str> {
    let mut texts = Vec::new();
    for block in blocks {
        let Block::Record(record) = block else { panic!("{block:?}") };
        texts.push(record.text.as_str());
    }
    texts
}

fn records() {
    let (blocks, end) = shell(r#"echo "{\"text\":\"$0\",\"page\":2}"; printf '{"text":"b"}'"#);
    assert_eq!(end, Ok(()));
    let path = std::path::absolute("-dash.foo").unwrap();
    assert_eq!(texts(&blocks), [path.to_str().unwrap(), "b"]);
}

fn environment() {
    // Cargo sets it for this process.
    assert!(option_env!("CARGO_MANIFEST_DIR").is_some());
    let (blocks, end) = shell(r#"echo "{\"text\":\"x$CARGO_MANIFEST_DIR${PATH:+y}\"}""#);
    assert_eq!((texts(&blocks), end), (vec!["xy"], Ok(())));
}

fn bad_ends() {
    let ourselves = std::env::current_exe().unwrap();
    let short = Duration::from_secs(1);
    let long = Duration::from_secs(20);
    let greedy = [ourselves.to_str().unwrap(), GREEDY_WORD];
    for (command, timeout, class, message) in [
        (
            &["sh", "-c", "echo broken header >&2; exit 3"][..],
            long,
            FailureClass::BadDocument,
            "exit code 3: broken header",
        ),
        (&["sh", "-c", "kill -SEGV $$"], long, FailureClass::BadDocument, "signal 11"),
        (
            &["sh", "-c", "while :; do :; done"],
            short,
            FailureClass::Timeout,
            "sh took more than 1 s",
        ),
        (
            &["sh", "-c", "while :; do echo '{\"text\":\"x\"}'; done"],
            long,
            FailureClass::Bomb,
            "wrote more than 8192 KiB",
        ),
        (&greedy, long, FailureClass::Bomb, "more than 256 MiB of memory"),
        (&["/nowhere/to/be/found"], long, FailureClass::Internal, "No such file"),
        (
            &["sh", "-c", "echo nonsense"],
            long,
            FailureClass::BadDocument,
            "none of the command's 1 lines",
        ),
    ] {
        let (_, end) = run(command, timeout);
        let failure = end.expect_err(message);
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(failure.message.contains(message), "{}", failure.message);
    }
}

fn stalled() {
    let sandbox = sandbox();
    sandbox.heed(Arc::new(AtomicBool::new(true)));
    let stalling = |script: &str| {
        let command = ["sh", "-c", script].map(str::to_owned);
        let begun = Instant::now();
        let job = CommandJob {
            command: &command,
            path: Path::new("x"),
            size: 1,
            timeout: Duration::from_secs(100),
            memory: 256 << 20,
        };
        let end = sandbox.command(&job, &mut |_| ControlFlow::Break(()));
        assert_eq!(end, Ok(()));
        assert!(begun.elapsed() < Duration::from_secs(50));
    };
    stalling("sleep 1000");
    stalling("exec >&-; sleep 1000");
}

fn left_running() {
    let begun = Instant::now();
    let (blocks, end) = shell(r#"sleep 1000 & echo "{\"text\":\"$!\"}""#);
    assert_eq!(end, Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_is_killed(texts(&blocks)[0]);
}

fn out_of_time() {
    let script = r#"sleep 1000 & echo "{\"text\":\"$!\"}"; wait"#;
    let (blocks, end) = run(&["sh", "-c", script], Duration::from_secs(1));
    assert_eq!(end.unwrap_err().class, FailureClass::Timeout);
    assert_is_killed(texts(&blocks)[0]);
}

/// A killed orphan lives on until init has reaped it.
fn assert_is_killed(process: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while is_alive(process) {
        assert!(Instant::now() < end, "{process} lives");
        std::thread::yield_now();
    }
}
