//! Pages before and after a death are kept.

use crate::Case;
use crate::fixture::{MEMORY, in_memory, job, parse, sandbox};
use std::ops::ControlFlow;
use types::block::Block;
use types::failure::FailureClass;

pub(crate) const CASES: &[Case] = &[
    ("one bad page costs one page", one_bad_page),
    ("the last page can be the bad one", bad_last_page),
    ("a page that dies before it is announced costs one page", late_page),
    ("a page that takes too long costs one page", slow_page),
    ("a document of bad pages is given up", all_bad),
    ("a document whose only pages die is not an empty one", only_bad),
    ("a consumer that has enough ends the parse well", enough),
];

/// The pages whose text arrived, and the warnings.
fn pages_of(format: &str) -> (Vec<String>, Vec<String>, Option<FailureClass>) {
    let (blocks, end) = parse(&sandbox(), format, &mut in_memory(b""));
    let titles = blocks.iter().filter(|block| matches!(block, Block::Title(_))).count();
    assert!(titles <= 1, "{titles} titles");
    let (mut texts, mut warnings) = (Vec::new(), Vec::new());
    for block in blocks {
        match block {
            Block::Text { text, .. } => texts.push(text),
            Block::Warning(warning) => warnings.push(warning),
            _ => {}
        }
    }
    (texts, warnings, end.err().map(|failure| failure.class))
}

fn one_bad_page() {
    for how in ["abort", "panic"] {
        let (texts, warnings, end) = pages_of(&format!("{how}/6:4"));
        assert_eq!(texts, ["text 1", "text 2", "text 3", "text 5", "text 6"], "{how}");
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("page 4 is not complete: the parser"), "{}", warnings[0]);
        assert_eq!(end, None);
    }
}

fn bad_last_page() {
    let (texts, warnings, end) = pages_of("abort/3:3");
    assert_eq!((texts.len(), warnings.len(), end), (2, 1, None));
}

fn late_page() {
    let (texts, warnings, end) = pages_of("late/5:3");
    // The text of page 2 was on its way when the death struck, and its page is not tried again.
    assert_eq!(texts, ["text 1", "text 4", "text 5"]);
    assert_eq!((warnings.len(), end), (2, None));
}

fn slow_page() {
    let (texts, warnings, end) = pages_of("spin/3:2");
    assert_eq!(texts, ["text 1", "text 3"]);
    assert!(warnings[0].contains("more time than it may take"));
    assert_eq!(end, None);
}

fn all_bad() {
    let (texts, warnings, end) = pages_of("abort/9:2,4,6,8");
    assert_eq!(texts, ["text 1", "text 3", "text 5", "text 7"]);
    assert_eq!(warnings.len(), 3);
    assert_eq!(end, Some(FailureClass::CrashLoop));
}

fn only_bad() {
    let (texts, warnings, end) = pages_of("abort/2:1,2");
    assert_eq!((texts.len(), warnings.len(), end), (0, 2, Some(FailureClass::CrashLoop)));
}

fn enough() {
    let mut pages = 0;
    let end = sandbox().parse(&job("flood"), &mut in_memory(b""), MEMORY, &mut |_| {
        pages += 1;
        if pages == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((pages, end), (3, Ok(())));
}
