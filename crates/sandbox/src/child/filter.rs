//! The system calls that parsing needs; any other ends the child with `SIGSYS`.
//!
//! Three filters are stacked, and the kernel takes the strictest answer. `allowed` is the list. `refused` answers
//! calls that libraries make in passing (the number of processors is looked up in files) with an error, where
//! the list alone would kill. `old_clone` makes the C library start threads by `clone`, whose flags a filter can
//! see, instead of `clone3`, whose flags lie in memory: so threads can be started and processes cannot.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io;

/// Numbers of the calls on one architecture.
struct Calls {
    arch: TargetArch,
    allowed: &'static [i64],
    /// Opening and looking at files, and the calls that confined this process.
    refused: &'static [i64],
    /// Only without the right to execute the pages.
    mapping: [i64; 2],
    clone: i64,
    clone3: i64,
}

#[rustfmt::skip]
const X86_64: Calls = Calls {
    arch: TargetArch::x86_64,
    allowed: &[
        0,   // read
        1,   // write
        3,   // close
        5,   // fstat
        7,   // poll
        8,   // lseek
        11,  // munmap
        12,  // brk
        13,  // rt_sigaction
        14,  // rt_sigprocmask
        15,  // rt_sigreturn
        17,  // pread64
        19,  // readv
        20,  // writev
        24,  // sched_yield
        25,  // mremap
        28,  // madvise
        35,  // nanosleep
        39,  // getpid
        60,  // exit
        72,  // fcntl
        97,  // getrlimit
        131, // sigaltstack
        186, // gettid
        200, // tkill
        202, // futex
        204, // sched_getaffinity
        218, // set_tid_address
        219, // restart_syscall
        228, // clock_gettime
        230, // clock_nanosleep
        231, // exit_group
        234, // tgkill
        273, // set_robust_list
        302, // prlimit64
        318, // getrandom
        334, // rseq
    ],
    refused: &[
        2,   // open
        4,   // stat
        6,   // lstat
        16,  // ioctl
        21,  // access
        79,  // getcwd
        89,  // readlink
        157, // prctl
        257, // openat
        262, // newfstatat
        267, // readlinkat
        269, // faccessat
        317, // seccomp
        332, // statx
        439, // faccessat2
    ],
    mapping: [9 /* mmap */, 10 /* mprotect */],
    clone: 56,
    clone3: 435,
};

#[rustfmt::skip]
const AARCH64: Calls = Calls {
    arch: TargetArch::aarch64,
    allowed: &[
        63,  // read
        64,  // write
        57,  // close
        80,  // fstat
        73,  // ppoll
        62,  // lseek
        215, // munmap
        214, // brk
        134, // rt_sigaction
        135, // rt_sigprocmask
        139, // rt_sigreturn
        67,  // pread64
        65,  // readv
        66,  // writev
        124, // sched_yield
        216, // mremap
        233, // madvise
        101, // nanosleep
        172, // getpid
        93,  // exit
        25,  // fcntl
        163, // getrlimit
        132, // sigaltstack
        178, // gettid
        130, // tkill
        98,  // futex
        123, // sched_getaffinity
        96,  // set_tid_address
        128, // restart_syscall
        113, // clock_gettime
        115, // clock_nanosleep
        94,  // exit_group
        131, // tgkill
        99,  // set_robust_list
        261, // prlimit64
        278, // getrandom
        293, // rseq
    ],
    refused: &[
        17,  // getcwd
        29,  // ioctl
        48,  // faccessat
        56,  // openat
        78,  // readlinkat
        79,  // newfstatat
        167, // prctl
        277, // seccomp
        291, // statx
        439, // faccessat2
    ],
    mapping: [222 /* mmap */, 226 /* mprotect */],
    clone: 220,
    clone3: 435,
};

const EACCES: u32 = 13;
const ENOSYS: u32 = 38;
const CLONE_THREAD: u64 = 0x0001_0000;
const PROT_EXEC: u64 = 4;

/// Says when there is no list for this processor.
pub(super) fn apply() -> io::Result<Option<String>> {
    let calls = match std::env::consts::ARCH {
        "x86_64" => X86_64,
        "aarch64" => AARCH64,
        other => return Ok(Some(format!("no system call filter is known for {other}"))),
    };
    // What is refused comes last: loading a filter is among it.
    for program in programs(&calls).map_err(io::Error::other)? {
        seccompiler::apply_filter(&program).map_err(io::Error::other)?;
    }
    Ok(None)
}

fn programs(calls: &Calls) -> Result<[BpfProgram; 3], seccompiler::BackendError> {
    let refused = always(calls.refused);
    let old_clone = always(&[calls.clone3]);
    Ok([
        program(old_clone, calls.arch, SeccompAction::Allow, SeccompAction::Errno(ENOSYS))?,
        program(allowed(calls)?, calls.arch, SeccompAction::KillProcess, SeccompAction::Allow)?,
        program(refused, calls.arch, SeccompAction::Allow, SeccompAction::Errno(EACCES))?,
    ])
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn program(
    rules: Rules,
    arch: TargetArch,
    otherwise: SeccompAction,
    on_match: SeccompAction,
) -> Result<BpfProgram, seccompiler::BackendError> {
    SeccompFilter::new(rules, otherwise, on_match, arch)?.try_into()
}

fn always(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn allowed(calls: &Calls) -> Result<Rules, seccompiler::BackendError> {
    let mut rules = always(calls.allowed);
    rules.extend(always(calls.refused));
    rules.extend(always(&[calls.clone3]));
    for call in calls.mapping {
        rules.insert(call, vec![masked(2, PROT_EXEC, 0)?]);
    }
    rules.insert(calls.clone, vec![masked(0, CLONE_THREAD, CLONE_THREAD)?]);
    Ok(rules)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(mask),
        value,
    )?;
    SeccompRule::new(vec![condition])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_stands_in_two_lists_and_each_architecture_has_the_same_groups() {
        for calls in [X86_64, AARCH64] {
            let mut all = [calls.allowed, calls.refused, &calls.mapping[..]].concat();
            all.extend([calls.clone, calls.clone3]);
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{:?}", calls.arch);
            assert!(programs(&calls).is_ok());
        }
        assert_eq!(X86_64.allowed.len(), AARCH64.allowed.len());
    }
}
