//! What a SOURCE argument becomes.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;

fn refused(argument: &str) -> String {
    match open_argument(argument, &[]) {
        Ok(source) => panic!("{argument} was opened as {}", source.name()),
        Err(error) => {
            assert!(!error.hint.is_empty());
            error.message
        }
    }
}

#[test]
fn urls_are_refused_without_showing_what_may_be_secret() {
    for (argument, scheme) in [
        ("https://user:secret@host/?key=secret", "https"),
        ("s3://bucket/a", "s3"),
        ("GDrive://x", "GDrive"),
    ] {
        assert_eq!(refused(argument), format!("cannot read URL sources ({scheme}://)"));
    }
}

#[test]
fn a_source_that_is_not_there_is_named_with_its_path_escaped() {
    assert_eq!(refused("/missing/a\nb"), "there is no file or folder \"/missing/a\\nb\"");
    assert!(refused("./a://b").starts_with("there is no file or folder"));
    assert!(refused("").starts_with("cannot read"), "an empty argument is not the current folder");
}

#[test]
fn spellings_of_one_folder_are_one_source() {
    let root = tempfile::tempdir().unwrap();
    let docs = root.path().join("real/docs");
    fs::create_dir_all(&docs).unwrap();
    fs::write(docs.join("a.md"), "a").unwrap();
    fs::write(docs.join("%FF"), "not an escape, but a file's name").unwrap();
    symlink("real/docs", root.path().join("link")).unwrap();
    let base = root.path().to_str().unwrap();
    for (argument, name) in [
        ("real/docs", "real/docs"),
        ("real/docs/", "real/docs"),
        ("./real/./docs//", "real/docs"),
        ("real/../real/docs", "real/docs"),
        ("link", "link"),
        ("link/../docs", "real/docs"),
        ("real/docs/a.md", "real/docs/a.md"),
        ("real/docs/%FF", "real/docs/%25FF"),
    ] {
        let source = open_argument(&format!("{base}/{argument}"), &[]).unwrap();
        assert_eq!(source.name(), format!("{base}/{name}"));
        assert_eq!(open_named(source.name(), &[]).unwrap().name(), source.name());
    }
}
