//! The PTX in the repository is what the kernels in the repository compile to.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, fs, path::Path};

fn kernels(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn the_ptx_was_made_of_the_kernels_beside_it() {
    let digest = Sha256::digest(kernels("kernels.cu"));
    let digest = digest.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let ptx = kernels("kernels.ptx");
    let said = ptx.lines().next().unwrap();
    let expected = format!("// of kernels.cu with sha256 {digest}");
    assert_eq!(said, expected, "run crates/encoder-cuda/kernels/compile.py after a change");
}

/// The versions that the program says it needs are those that the PTX asks for.
#[test]
fn the_ptx_asks_for_no_more_than_is_said() {
    let ptx = kernels("kernels.ptx");
    let line = |beginning: &str| ptx.lines().find(|line| line.starts_with(beginning)).unwrap();
    assert_eq!(line(".version"), ".version 8.1", "PTX 8.1 is CUDA 12.1");
    assert_eq!(line(".target"), ".target sm_80");
    let entries = ptx.lines().filter(|line| line.starts_with(".visible .entry ")).count();
    assert_eq!(entries, 7);
}
