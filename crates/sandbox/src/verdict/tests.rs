use super::*;
use std::time::Duration;

#[test]
fn signals_and_the_last_words_name_the_cause() {
    let aborted = "memory allocation of 8589934592 bytes failed";
    let overflowed = "thread 'x' has overflowed its stack\nfatal runtime error: stack overflow";
    for (raw, stderr, expected) in [
        (6, aborted, Death::Memory),
        (6, overflowed, Death::Stack),
        (6, "", Death::Signal(6)),
        (11, aborted, Death::Signal(11)),
        (24, "", Death::Cpu),
        (31, "", Death::ForbiddenCall),
        (9, "", Death::Signal(9)),
        (3 << 8, "", Death::Exit(3)),
    ] {
        assert_eq!(Death::of(ExitStatus::from_raw(raw), stderr), expected, "{raw} {stderr:?}");
    }
}

#[test]
fn each_cause_has_its_class_and_names_its_limit() {
    let budget = Budget {
        memory: 96 << 20,
        cpu_secs: 10,
        wall: Duration::from_secs(30),
        output_bytes: 64 << 20,
    };
    let case = Case { size: 12 << 10, budget: &budget, deaths: 2 };
    for (death, class, said) in [
        (Death::Memory, FailureClass::Bomb, "more than 96 MiB of memory to parse 12 KiB"),
        (Death::Stack, FailureClass::BadDocument, "stack of 64 MiB"),
        (Death::Cpu, FailureClass::Timeout, "more than 10 s of processor time"),
        (Death::Wall, FailureClass::Timeout, "within 30 s"),
        (Death::Output, FailureClass::Bomb, "more than 64 MiB from 12 KiB"),
        (Death::ForbiddenCall, FailureClass::Internal, "forbidden system call"),
        (Death::Garbled, FailureClass::Internal, "unreadable answer"),
        (Death::Signal(11), FailureClass::CrashLoop, "died 2 times: the parser died of signal 11"),
        (Death::Panic("pdf/a.rs:3".into()), FailureClass::CrashLoop, "panicked at pdf/a.rs:3"),
    ] {
        let failure = case.failure(&death);
        assert_eq!(failure.class, class, "{death:?}");
        assert!(failure.message.contains(said), "{}", failure.message);
        assert!(!failure.hint.is_empty());
    }
    assert!(case.failure(&Death::Memory).hint.contains("--memory-limit"));
}

#[test]
fn sizes_read_as_they_were_set() {
    for (bytes, said) in [(0, "0 bytes"), (20 << 10, "20 KiB"), (1 << 30, "1024 MiB")] {
        assert_eq!(Bytes(bytes).to_string(), said);
    }
}
