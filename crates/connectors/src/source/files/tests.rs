//! Folders as they come: in order, with links, with what cannot be read.

use super::patterns::Patterns;
use super::refusal::{Thing, by_system};
use super::walk::Walk;
use super::{Folder, SingleFile};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use types::failure::FailureClass;
use types::seam::{Listed, ListedFile, Source};

/// A folder with these files; the name is the content.
fn tree(files: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        put(root.path(), file, file);
    }
    root
}

fn put(root: &Path, file: impl AsRef<Path>, content: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[derive(Debug, Default, PartialEq)]
struct Found {
    files: Vec<ListedFile>,
    unreadable: Vec<(String, FailureClass, String)>,
    complete: bool,
}

impl Found {
    fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }

    fn messages(&self) -> Vec<(&str, &str)> {
        self.unreadable.iter().map(|(name, _, why)| (name.as_str(), why.as_str())).collect()
    }
}

fn list(source: &dyn Source) -> Found {
    let mut found = Found::default();
    let listing = source
        .list(&mut |listed| {
            match listed {
                Listed::File(file) => found.files.push(file),
                Listed::Unreadable { name, failure } => {
                    found.unreadable.push((name, failure.class, failure.message));
                }
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    found.complete = listing.complete;
    found
}

fn folder(root: &TempDir, exclude: &[&str]) -> Folder {
    let exclude: Vec<String> = exclude.iter().map(|p| (*p).to_owned()).collect();
    Folder::open(root.path(), &exclude).unwrap()
}

fn list_tree(root: &TempDir) -> Found {
    list(&folder(root, &[]))
}

#[test]
fn a_folder_sorts_as_its_name_with_a_slash() {
    let root = tree(&["a/x", "a/b/c", "a-b", "a.txt", "a0", "B"]);
    let found = list_tree(&root);
    assert_eq!(found.names(), ["B", "a-b", "a.txt", "a/b/c", "a/x", "a0"]);
    assert!(found.complete);
}

fn component() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop_oneof![
        Just(b'a'),
        Just(b'b'),
        Just(b'-'),
        Just(b'.'),
        Just(b'0'),
        Just(b'%'),
        Just(b'!'),
        Just(b'\n'),
        Just(0xC3),
        Just(0xA4),
        Just(0xFF)
    ];
    prop::collection::vec(letter, 0..3).prop_map(|mut rest| {
        rest.insert(0, b'a');
        rest
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_listing_is_all_names_in_bytewise_order(
        paths in prop::collection::btree_set(prop::collection::vec(component(), 1..4), 0..25)
    ) {
        let root = tempfile::tempdir().unwrap();
        let mut made = BTreeSet::new();
        for parts in &paths {
            let path: PathBuf = parts.iter().map(|part| OsStr::from_bytes(part)).collect();
            // Where a file already bears a folder's name, or the other way round, there is no such path.
            let there = fs::create_dir_all(root.path().join(&path).parent().unwrap())
                .and_then(|()| fs::write(root.path().join(&path), "x"));
            if there.is_ok() {
                let parts: Vec<String> =
                    path.iter().map(crate::source::name::encode).collect();
                made.insert(parts.join("/"));
            }
        }
        let found = list_tree(&root);
        prop_assert_eq!(found.names(), made.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(found.complete && found.unreadable.is_empty());
        for file in &found.files {
            prop_assert!(folder(&root, &[]).open(file).is_ok());
        }
    }
}

#[test]
fn a_walk_holds_the_names_of_one_folder_per_level() {
    let root = tempfile::tempdir().unwrap();
    for outer in 0..200 {
        let inner = root.path().join(format!("{outer:03}"));
        fs::create_dir(&inner).unwrap();
        for file in 0..100 {
            fs::write(inner.join(format!("{file:03}")), "").unwrap();
        }
    }
    let real = fs::canonicalize(root.path()).unwrap();
    let nothing = Patterns::parse(std::iter::empty()).unwrap();
    let mut walk = Walk::start(&real, &nothing).unwrap();
    let (mut seen, mut held_max) = (0, 0);
    while walk.next().is_some() {
        seen += 1;
        held_max = held_max.max(walk.held());
    }
    assert_eq!(seen, 20_000);
    assert!(held_max < 200 + 100, "{held_max} names held at once");
    assert!(walk.saw_everything());
}

#[test]
fn hidden_entries_and_patterns_are_left_out() {
    let root = tree(&[
        ".git/config",
        ".hidden",
        ".notes/kept.md",
        "a.log",
        "build/out.txt",
        "keep.log",
        "src/build/x.rs",
        "src/deep/secret.txt",
        "src/secret.txt",
        "top.txt",
    ]);
    put(root.path(), ".gristmillignore", "# logs\n*.log\n!keep.log\n/build/\n!.notes/\n");
    put(root.path(), "src/.gristmillignore", "\u{feff}secret.txt\r\n!deep/secret.txt\r\n");
    put(root.path(), ".gitignore", "top.txt\n");
    assert_eq!(
        list_tree(&root).names(),
        [".notes/kept.md", "keep.log", "src/build/x.rs", "src/deep/secret.txt", "top.txt"]
    );
    assert_eq!(
        list(&folder(&root, &["src/", "!a.log", "keep.*"])).names(),
        [".notes/kept.md", "a.log", "top.txt"],
        "the settings win over the ignore files"
    );
}

#[test]
fn a_pattern_that_is_not_valid_is_refused_before_anything_is_read() {
    let root = tree(&["a"]);
    let error = Folder::open(root.path(), &["fine".to_owned(), "a[".to_owned()]).unwrap_err();
    assert!(error.message.starts_with("exclude pattern 2 is not valid"), "{}", error.message);
}

#[test]
fn a_folder_whose_ignore_file_is_not_valid_is_not_read() {
    let root = tree(&["a/secret", "b/x", "c/y", "d/z"]);
    put(root.path(), "a/.gristmillignore", "fine\nsecre[\n");
    fs::write(root.path().join("c/.gristmillignore"), b"a\nb\n\xff\n").unwrap();
    fifo(&root.path().join("d/.gristmillignore"));
    let found = list_tree(&root);
    assert_eq!(found.names(), ["b/x"]);
    assert!(!found.complete, "what is in these folders stays unknown");
    let messages = found.messages();
    assert_eq!(messages.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["a", "c", "d"]);
    assert!(messages[0].1.starts_with("line 2 of the folder's .gristmillignore is not valid"));
    assert!(messages[1].1.starts_with("line 3 of the folder's .gristmillignore is not valid"));
    assert_eq!(messages[2].1, "a named pipe is not a regular file");
}

#[test]
fn links_are_followed_inside_the_source_only() {
    let outside = tree(&["secret.txt", "deep/secret.txt"]);
    let root = tree(&["docs/a.txt", "docs/b/c.txt"]);
    for (name, target) in [
        ("to-file", Path::new("docs/a.txt")),
        ("to-folder", Path::new("docs/b")),
        ("absolute", &root.path().join("docs/a.txt")),
        ("out-file", &outside.path().join("secret.txt")),
        ("out-folder", &outside.path().join("deep")),
        ("nowhere", Path::new("missing")),
        ("itself", Path::new("itself")),
        ("docs/up", Path::new("..")),
    ] {
        symlink(target, root.path().join(name)).unwrap();
    }
    let found = list_tree(&root);
    assert_eq!(
        found.names(),
        ["absolute", "docs/a.txt", "docs/b/c.txt", "to-file", "to-folder/c.txt"]
    );
    assert_eq!(
        found.messages(),
        [
            ("docs/up", "the link leads back to a folder that it lies in"),
            ("itself", "the link leads back to itself"),
            ("nowhere", "the link leads to nothing"),
            ("out-file", "the link leads out of the source"),
            ("out-folder", "the link leads out of the source"),
        ]
    );
    assert!(found.complete, "all that is below the source was listed");
    let source = folder(&root, &[]);
    for file in &found.files {
        let mut text = String::new();
        source.open(file).unwrap().body.read_to_string(&mut text).unwrap();
        assert!(["docs/a.txt", "docs/b/c.txt"].contains(&text.as_str()));
    }
}

#[test]
fn folders_that_all_link_to_each_other_are_walked_in_bounded_time() {
    let root = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..9).map(|n| format!("d{n}")).collect();
    for name in &names {
        put(root.path(), format!("{name}/file"), "x");
        for other in names.iter().filter(|other| *other != name) {
            symlink(format!("../{other}"), root.path().join(name).join(other)).unwrap();
        }
    }
    let found = list_tree(&root);
    // Each folder, reached by up to two links, without a way back to where it was.
    assert_eq!(found.files.len(), 9 + 9 * 8 + 9 * 8 * 7);
    assert!(
        found
            .messages()
            .iter()
            .any(|(_, why)| *why == "the link lies behind 2 other links to folders")
    );
}

#[test]
fn special_files_are_named_and_never_opened() {
    let root = tree(&["a", "z"]);
    fifo(&root.path().join("pipe"));
    let _listener = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
    symlink("pipe", root.path().join("to-pipe")).unwrap();
    let found = list_tree(&root);
    assert_eq!(found.names(), ["a", "z"]);
    assert_eq!(
        found.messages(),
        [
            ("pipe", "a named pipe is not a regular file"),
            ("socket", "a socket is not a regular file"),
            ("to-pipe", "a named pipe is not a regular file"),
        ]
    );
    assert!(found.complete);
}

/// Longer than any path that the system opens; made one folder after the other.
fn too_deep(root: &Path) {
    let name = "d".repeat(250);
    let mut at = rustix::fs::open(root, OFlags::DIRECTORY, Mode::empty()).unwrap();
    for _ in 0..20 {
        rustix::fs::mkdirat(&at, name.as_str(), Mode::RWXU).unwrap();
        at = rustix::fs::openat(&at, name.as_str(), OFlags::DIRECTORY, Mode::empty()).unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_read_makes_the_listing_incomplete() {
    let root = tree(&["a", "z"]);
    too_deep(root.path());
    let found = list_tree(&root);
    assert_eq!(found.names(), ["a", "z"]);
    assert!(!found.complete);
    assert_eq!(found.unreadable.len(), 1);
    assert_eq!(found.unreadable[0].2, "the path of the folder is longer than the system can open");
}

#[test]
fn the_system_s_refusals_have_classes() {
    use FailureClass::{BadDocument, Denied, Internal};
    for (errno, thing, class, message) in [
        (Errno::ACCESS, Thing::Folder, Denied, "no permission to read the folder"),
        (Errno::PERM, Thing::File, Denied, "no permission to read the file"),
        (Errno::NOENT, Thing::File, BadDocument, "the file vanished after it was listed"),
        (Errno::NOENT, Thing::Link, BadDocument, "the link leads to nothing"),
        (Errno::MFILE, Thing::File, Internal, "too many open files to read the file"),
        (
            Errno::IO,
            Thing::Folder,
            Internal,
            "cannot read the folder: Input/output error (os error 5)",
        ),
    ] {
        let failure = by_system(thing, &io::Error::from_raw_os_error(errno.raw_os_error()));
        assert_eq!((failure.class, failure.message.as_str()), (class, message));
    }
}

/// What happens to a listed file before it is opened.
#[test]
fn a_file_that_is_not_as_it_was_listed_is_not_opened() {
    type Act = fn(&Path);
    let cases: [(Act, &str); 6] = [
        (|path| fs::remove_file(path).unwrap(), "the file vanished after it was listed"),
        (
            |path| fs::write(path, "longer than before").unwrap(),
            "the file changed after it was listed",
        ),
        (
            |path| {
                // Another file of the same size and time.
                let new = path.with_extension("new");
                fs::copy(path, &new).unwrap();
                let modified = fs::metadata(path).unwrap().modified().unwrap();
                fs::File::options().write(true).open(&new).unwrap().set_modified(modified).unwrap();
                fs::rename(new, path).unwrap();
            },
            "the file changed after it was listed",
        ),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fifo(path);
            },
            "a named pipe is not a regular file",
        ),
        (
            |path| {
                fs::rename(path, path.with_extension("old")).unwrap();
                symlink(path.with_extension("old"), path).unwrap();
            },
            "a link is not a regular file",
        ),
        (
            |path| {
                let inner = path.parent().unwrap();
                fs::rename(inner, inner.with_extension("old")).unwrap();
                symlink(inner.with_extension("old"), inner).unwrap();
            },
            "a link was put in the place of the file after it was listed",
        ),
    ];
    for (act, message) in cases {
        let root = tree(&["in/a"]);
        let source = folder(&root, &[]);
        let file = list(&source).files.remove(0);
        assert!(source.open(&file).is_ok() && source.unchanged(&file));
        act(&root.path().join("in/a"));
        assert_eq!(source.open(&file).unwrap_err().message, message);
    }
}

#[test]
fn a_file_that_was_written_while_it_was_read_is_seen() {
    let root = tree(&["a"]);
    let source = folder(&root, &[]);
    let file = list(&source).files.remove(0);
    let _body = source.open(&file).unwrap();
    fs::write(root.path().join("a"), "b").unwrap();
    fs::File::open(root.path().join("a")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert!(!source.unchanged(&file), "same size, other time");
    fs::remove_file(root.path().join("a")).unwrap();
    assert!(!source.unchanged(&file));
}

#[test]
fn a_walk_that_was_left_early_is_not_complete() {
    let root = tree(&["a", "b"]);
    let listing = folder(&root, &[]).list(&mut |_| ControlFlow::Break(())).unwrap();
    assert!(!listing.complete);
}

#[test]
fn a_single_file_bears_its_base_name() {
    let root = tree(&["in/book.md"]);
    symlink("in/book.md", root.path().join("link.md")).unwrap();
    for (path, name) in [("in/book.md", "book.md"), ("link.md", "link.md")] {
        let source = SingleFile::open(&root.path().join(path)).unwrap();
        assert_eq!(source.name(), root.path().join(path).to_str().unwrap());
        let found = list(&source);
        assert_eq!((found.names(), found.complete), (vec![name], true));
        assert!(source.open(&found.files[0]).is_ok() && source.unchanged(&found.files[0]));
    }
    fifo(&root.path().join("pipe"));
    let error = SingleFile::open(&root.path().join("pipe")).unwrap_err();
    assert!(error.message.ends_with("a named pipe is not a regular file"), "{}", error.message);
}
