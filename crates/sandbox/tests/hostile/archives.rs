//! Archives are unpacked in a child whose standard input they are.

use crate::Case;
use crate::fixture::{MEMORY, in_file, in_memory, sandbox};
use sandbox::{ArchiveJob, UnpackBudget};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use types::document::RawDocument;
use types::failure::{Failure, FailureClass};
use types::seam::parse::MemberEvent;

pub(crate) const CASES: &[Case] = &[
    ("members arrive whole from memory and from a file", members),
    ("a death in a member fails that member and the archive", half_a_member),
    ("what a child says about members is checked", checked),
    ("an archive that unpacks to too much is a bomb", bomb),
    ("an interrupt reaches a consumer whose unpacker is silent", stalled),
    ("a refusal is the archive's failure", refused),
    ("a consumer that has enough ends the unpacking well", enough),
];

fn archive(format: &str) -> ArchiveJob<'_> {
    let budget =
        UnpackBudget { members_max: 10, member_bytes_max: 1 << 30, total_bytes_max: 4 << 20 };
    ArchiveJob { format, name: "name", budget }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Got {
    whole: Vec<(String, Vec<u8>)>,
    failed: Vec<(String, FailureClass)>,
    bytes: usize,
}

fn unpack(format: &str, raw: &mut RawDocument) -> (Got, Result<(), Failure>) {
    let mut got = Got::default();
    let mut open = None;
    let end = sandbox().unpack(&archive(format), raw, MEMORY, &mut |event| {
        match event {
            MemberEvent::Begin { name } => open = Some((name.to_owned(), Vec::new())),
            MemberEvent::Data(data) => {
                got.bytes += data.len();
                open.as_mut().unwrap().1.extend_from_slice(data);
            }
            MemberEvent::End => got.whole.push(open.take().unwrap()),
            MemberEvent::Failed { name, failure } => {
                open = None;
                got.failed.push((name.to_owned(), failure.class));
            }
        }
        ControlFlow::Continue(())
    });
    (got, end)
}

fn members() {
    let bytes: Vec<u8> = (0..250_000_u32).map(|at| (at % 253) as u8).collect();
    for mut raw in [in_memory(&bytes), in_file(&bytes)] {
        let (got, end) = unpack("members", &mut raw);
        assert_eq!(end, Ok(()));
        let names: Vec<_> = got.whole.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["dir/0", "dir/1", "dir/2"]);
        assert_eq!(
            got.whole.iter().map(|(_, data)| data.as_slice()).collect::<Vec<_>>().concat(),
            bytes
        );
        assert_eq!(got.failed, [("locked".to_owned(), FailureClass::BadDocument)]);
    }
}

fn half_a_member() {
    let (got, end) = unpack("dies-in-member", &mut in_file(b"x"));
    assert_eq!(end.unwrap_err().class, FailureClass::CrashLoop);
    assert_eq!(got.failed, [("half".to_owned(), FailureClass::CrashLoop)]);
    assert_eq!((got.bytes, got.whole.len()), (7, 0));

    let (got, end) = unpack("dies-at-once", &mut in_file(b"x"));
    assert!(end.unwrap_err().message.contains("died 2 times"));
    assert_eq!(got, Got::default());
}

fn checked() {
    for format in ["escapes", "headless"] {
        let (got, end) = unpack(format, &mut in_memory(b"x"));
        assert_eq!(end.unwrap_err().class, FailureClass::Internal, "{format}");
        assert_eq!(got, Got::default());
    }
}

fn bomb() {
    let (got, end) = unpack("bomb", &mut in_memory(b"x"));
    let failure = end.unwrap_err();
    assert_eq!(failure.class, FailureClass::Bomb);
    assert!(failure.message.contains("more than 4096 KiB from 1 bytes"), "{}", failure.message);
    assert!(got.bytes <= 4 << 20);
    assert_eq!(got.failed, [("bomb".to_owned(), FailureClass::Bomb)]);
}

fn refused() {
    let (_, end) = unpack("rar", &mut in_memory(b"x"));
    assert_eq!(end, Err(Failure::bad_document("rar", "none")));
}

fn stalled() {
    let sandbox = sandbox();
    sandbox.heed(Arc::new(AtomicBool::new(true)));
    let mut events = Vec::new();
    let end = sandbox.unpack(&archive("stall"), &mut in_memory(b"x"), MEMORY, &mut |event| {
        events.push(format!("{event:?}"));
        ControlFlow::Break(())
    });
    assert_eq!((events, end), (vec!["Data([])".to_owned()], Ok(())));
}

fn enough() {
    let mut events = 0;
    let end = sandbox().unpack(&archive("bomb"), &mut in_memory(b"x"), MEMORY, &mut |_| {
        events += 1;
        if events == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((events, end), (5, Ok(())));
}
