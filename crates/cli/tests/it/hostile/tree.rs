//! Entries of a folder that are no ordinary files, and names that no ordinary file has.

use super::Expect::{Failed, Found};
use super::{Expect, Hostile};
use rustix::fs::{CWD, FileType, Mode};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

/// `outside` lies outside of `dir`, and holds a file that must never be read.
pub(crate) fn make(dir: &Path, outside: &Path) -> Vec<Hostile> {
    let secret = outside.join("secret.txt");
    fs::write(&secret, "The word that must never be found is xylophagous.\n").unwrap();

    rustix::fs::mknodat(CWD, dir.join("pipe.txt"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .unwrap();
    let listener = std::os::unix::net::UnixListener::bind(dir.join("socket.txt")).unwrap();
    // The socket's name stays when nobody listens any more.
    drop(listener);
    symlink("/dev/zero", dir.join("zeros.txt")).unwrap();
    symlink("/proc/self/environ", dir.join("environment.txt")).unwrap();
    symlink(&secret, dir.join("link-out.txt")).unwrap();
    symlink(outside, dir.join("folder-out")).unwrap();
    symlink("link-to-itself.txt", dir.join("link-to-itself.txt")).unwrap();
    symlink(".", dir.join("loop")).unwrap();
    symlink("nowhere", dir.join("dangling.txt")).unwrap();
    let names: [(&[u8], &str); 4] = [
        (b"line\nbreak.txt", "The file with a line break in its name tells of the tapir.\n"),
        (b"\x1b[2Jscreen.txt", "The file that clears the screen tells of the okapi.\n"),
        (b"gr\xf6\xdfe.txt", "The file with a name in Latin-1 tells of the ibex.\n"),
        (b"a#b%FF?.txt", "The file with marks in its name tells of the kudu.\n"),
    ];
    for (name, text) in names {
        fs::write(dir.join(OsStr::from_bytes(name)), text).unwrap();
    }
    let entry = |name, expect: Expect| Hostile { name, expect };
    let refused = Failed(&["bad_document", "denied"]);
    vec![
        entry("pipe.txt", refused),
        entry("socket.txt", refused),
        entry("zeros.txt", refused),
        entry("environment.txt", refused),
        entry("link-out.txt", refused),
        entry("folder-out", refused),
        entry("link-to-itself.txt", refused),
        entry("loop", refused),
        entry("dangling.txt", refused),
        entry("line\nbreak.txt", Found("tapir")),
        entry("\x1b[2Jscreen.txt", Found("okapi")),
        entry("gr%F6%DFe.txt", Found("ibex")),
        entry("a#b%25FF?.txt", Found("kudu")),
    ]
}
