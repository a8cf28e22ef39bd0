//! What hostile documents do to a child, and that the parent goes on.
//!
//! `main` is the child's as well as the test's, so `/proc/self/exe` is this program. The cases run one after
//! another, because some of them count the processes that live.
#![expect(clippy::unwrap_used, reason = "a panic is how a case fails")]
#![expect(clippy::print_stdout, reason = "the names of the cases, and misdeeds")]
#![expect(clippy::print_stderr, reason = "a misdeed")]

mod worker;
mod fixture;
mod deaths;
mod pages;
mod archives;
mod commands;
mod processes;

use std::panic::catch_unwind;
use std::process::ExitCode;

type Case = (&'static str, fn());

fn main() -> ExitCode {
    if let Some(code) = sandbox::child::entry(&worker::Hostile) {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == processes::DOOMED_WORD) {
        processes::doomed_parent();
    }
    if arguments.first().is_some_and(|word| word == commands::GREEDY_WORD) {
        commands::greedy_command();
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let all = [processes::CASES, deaths::CASES, pages::CASES, archives::CASES, commands::CASES];
    let mut failed = 0;
    for (name, case) in all.concat() {
        if wanted.is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        let passed = catch_unwind(case).is_ok();
        println!("{} {name}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
