//! The children as processes: what they inherit, who shares them, when they end.

use crate::Case;
use crate::fixture::{MEMORY, assert_serves, in_memory, job, parse, said, sandbox, settings};
use rustix::io::{FdFlags, fcntl_setfd};
use sandbox::Sandbox;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use types::block::Block;
use types::failure::FailureClass;

pub(crate) const CASES: &[Case] = &[
    // First: descriptors are closed to children before the first one starts.
    ("a child inherits nothing and is confined", inherits_nothing),
    ("a child has a deep stack from its start, and our own limit stays", deep_stack),
    ("one child serves many documents and is replaced in time", reuse),
    ("a child that keeps much memory is not kept waiting", no_hoard),
    ("processor time is granted anew for each document", cpu_renewal),
    ("a child outlives the thread that asked for it", thread_ends),
    ("dropping the sandbox ends its children", dropped),
    ("a killed parent leaves no child behind", doomed),
    ("a child that was killed while idle harms no document", killed_idle),
    ("eight threads use one sandbox at once", eight_threads),
    ("a child is not of our process group", own_group),
    ("an interrupt reaches a consumer whose parser is silent", interrupted),
    ("the memory of children is seen while they work", resident),
    ("a child never holds more than its lease", never_more),
    ("a lease below what a parser needs is a bomb that names it", small_lease),
];

/// `/proc` names the limit under which a program was started, in bytes.
fn stack_limit(process: &str) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max stack size")).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

fn deep_stack() {
    let before = stack_limit("self");
    let sandbox = sandbox();
    assert_eq!(sandbox.missing_confinement().map(drop), Ok(()));
    assert_eq!(stack_limit(&only_child()), (64 << 20).to_string());
    assert_eq!(stack_limit("self"), before);
}

fn children() -> Vec<String> {
    let me = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|process| stat(process).is_some_and(|(_, parent)| parent == me)).collect()
}

/// State and parent.
fn stat(process: &str) -> Option<(String, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut words = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned);
    Some((words.next()?, words.next()?))
}

pub(crate) fn is_alive(process: &str) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z" && state != "X")
}

fn only_child() -> String {
    let children = children();
    assert_eq!(children.len(), 1, "{children:?}");
    children[0].clone()
}

fn inherits_nothing() {
    let leak = File::open("/etc/passwd").unwrap();
    fcntl_setfd(&leak, FdFlags::empty()).unwrap();
    let sandbox = sandbox();
    let missing = sandbox.missing_confinement().unwrap();
    assert!(!missing.iter().any(|what| what.contains("system call")), "{missing:?}");

    let child = only_child();
    let open = std::fs::read_dir(format!("/proc/{child}/fd")).unwrap().flatten();
    let mut open: Vec<_> = open.map(|fd| std::fs::read_link(fd.path()).unwrap()).collect();
    open.retain(|target| !target.to_str().unwrap().starts_with("pipe:"));
    assert_eq!(open, Vec::<std::path::PathBuf>::new());
    assert_eq!(std::fs::read(format!("/proc/{child}/environ")).unwrap(), b"MALLOC_ARENA_MAX=1\0");
    let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t3"] {
        assert!(status.contains(line), "{line} in {status}");
    }
}

fn reuse() {
    let sandbox =
        Sandbox::new(sandbox::SandboxSettings { reuse_documents_max: 3, ..settings() }).unwrap();
    let mut seen = Vec::new();
    for _ in 0..7 {
        assert_serves(&sandbox, &mut in_memory(b"x"), b"x");
        seen.push(children());
    }
    assert!(seen[0] == seen[1] && seen[0].len() == 1, "{seen:?}");
    assert!(seen[2].is_empty() && seen[5].is_empty(), "{seen:?}");
    assert!(seen[3] != seen[0] && seen[6] != seen[3], "{seen:?}");
}

fn no_hoard() {
    let sandbox = sandbox();
    assert_serves(&sandbox, &mut in_memory(b"x"), b"x");
    only_child();
    let (_, end) = parse(&sandbox, "keep", &mut in_memory(b""));
    assert_eq!((end, sandbox.resident_bytes()), (Ok(()), 0));
    assert_eq!(children(), Vec::<String>::new());
}

fn cpu_renewal() {
    let sandbox = sandbox();
    for _ in 0..6 {
        let (_, end) = parse(&sandbox, "burn", &mut in_memory(b""));
        assert_eq!(end, Ok(()));
    }
    only_child();
}

fn thread_ends() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        scope.spawn(|| assert_serves(&sandbox, &mut in_memory(b"x"), b"x")).join().unwrap();
    });
    let child = only_child();
    assert_serves(&sandbox, &mut in_memory(b"y"), b"y");
    assert_eq!(only_child(), child);
}

fn dropped() {
    let sandbox = sandbox();
    assert_serves(&sandbox, &mut in_memory(b"x"), b"x");
    let child = only_child();
    drop(sandbox);
    assert!(!is_alive(&child));
    assert_eq!(children(), Vec::<String>::new());
}

/// Makes this program a parent that waits for a parked child until it is killed.
pub(crate) const DOOMED_WORD: &str = "doomed-parent";

pub(crate) fn doomed_parent() -> ! {
    let patient = sandbox::SandboxSettings { wall_factor: 1000, ..settings() };
    let sandbox = Sandbox::new(patient).unwrap();
    let end = sandbox.parse(&job("park-announced"), &mut in_memory(b""), MEMORY, &mut |_| {
        println!("{}", only_child());
        std::io::stdout().flush().unwrap();
        ControlFlow::Continue(())
    });
    panic!("{end:?}");
}

fn doomed() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .arg(DOOMED_WORD)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = String::new();
    BufReader::new(parent.stdout.take().unwrap()).read_line(&mut child).unwrap();
    let child = child.trim();
    assert!(is_alive(child));
    parent.kill().unwrap();
    parent.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while is_alive(child) {
        assert!(Instant::now() < end, "{child} lives");
        std::thread::yield_now();
    }
}

fn killed_idle() {
    let sandbox = sandbox();
    assert_serves(&sandbox, &mut in_memory(b"x"), b"x");
    let child = only_child();
    let number = rustix::process::Pid::from_raw(child.parse().unwrap()).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
    while is_alive(&child) {
        std::thread::yield_now();
    }
    let (blocks, end) = parse(&sandbox, "echo", &mut in_memory(b"x"));
    assert_eq!((blocks.len(), end), (1, Ok(())));
}

fn eight_threads() {
    let sandbox = sandbox();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for round in 0..25_u8 {
                    let bytes = [thread, round].repeat(1000);
                    assert_serves(sandbox, &mut in_memory(&bytes), &bytes);
                    if round % 8 == thread {
                        assert!(parse(sandbox, "abort", &mut in_memory(b"")).1.is_err());
                    }
                }
            });
        }
    });
    assert!(children().len() <= settings().idle_max);
}

fn interrupted() {
    let flag = Arc::new(AtomicBool::new(true));
    let sandbox = sandbox();
    sandbox.heed(Arc::clone(&flag));
    let begun = Instant::now();
    for answer in [ControlFlow::Break(()), ControlFlow::Continue(())] {
        let mut asked = 0;
        let mut answered = || {
            asked += 1;
            answer
        };
        let end = match answer {
            ControlFlow::Break(()) => {
                sandbox.parse(&job("park"), &mut in_memory(b""), MEMORY, &mut |_| answered())
            }
            // Who goes on is not asked again.
            ControlFlow::Continue(()) => {
                sandbox.parse(&job("burn"), &mut in_memory(b""), MEMORY, &mut |_| answered())
            }
        };
        assert_eq!((asked, end), (1, Ok(())));
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
}

/// A terminal sends its interrupt to the whole group.
fn own_group() {
    let sandbox = sandbox();
    assert_serves(&sandbox, &mut in_memory(b"x"), b"x");
    let child = rustix::process::Pid::from_raw(only_child().parse().unwrap());
    assert_eq!(rustix::process::getpgid(child).unwrap(), child.unwrap());
}

fn resident() {
    let sandbox = sandbox();
    let mut largest = 0;
    sandbox
        .parse(&job("hold"), &mut in_memory(b""), MEMORY, &mut |block| {
            if block == Block::Page(1) {
                largest = sandbox.resident_bytes();
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!((40 << 20..60 << 20).contains(&largest), "{largest}");
    drop(sandbox);
}

fn never_more() {
    let sandbox = sandbox();
    let mut largest = 0;
    let end =
        sandbox.parse(&job("small-steps-announced"), &mut in_memory(b""), MEMORY, &mut |_| {
            largest = largest.max(sandbox.resident_bytes());
            ControlFlow::Continue(())
        });
    assert_eq!(end.unwrap_err().class, FailureClass::Bomb);
    // What the runtime itself holds comes on top.
    assert!((MEMORY * 3 / 4..MEMORY + (4 << 20)).contains(&largest), "{largest}");
}

fn small_lease() {
    let sandbox = sandbox();
    let end = sandbox
        .parse(&job("hold"), &mut in_memory(b""), 20 << 20, &mut |_| ControlFlow::Continue(()));
    let failure = end.unwrap_err();
    assert!(failure.message.contains("more than 20 MiB of memory"), "{}", failure.message);
    assert_eq!(said(&sandbox, "threads"), "20190");
}
