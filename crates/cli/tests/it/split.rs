//! PDFs cut into files of their own by the program, and read with two other libraries.

use crate::book::{book, written};
use crate::support::{Answer, Desk};
use python_package::Packages;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

const READERS: Packages = Packages {
    folder: "pikepdf-10.17.0-pypdfium2-5.15.2",
    requirements: &[
        "pikepdf==10.17.0",
        "lxml==6.1.3",
        "packaging==26.3",
        "pillow==13.0.0",
        "pypdfium2==5.15.2",
    ],
};

/// What the readers see in files that were cut: each with the number of its first page in the source.
fn seen(source: &Path, parts: &[(&str, u32)]) -> Vec<Value> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/read_parts.py");
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", READERS.fetched()).arg(program).arg(source);
    let folder = source.parent().unwrap().with_file_name("parts");
    for (name, first) in parts {
        command.arg(format!("{}:{first}", folder.join(name).display()));
    }
    let answer = Answer::from(command.output().unwrap()).exits(0);
    answer.json().as_array().unwrap().clone()
}

/// A stream of one line.
fn stream(entries: &str, data: &str) -> String {
    format!("<<{entries}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

/// Three pages: one with a field, whose widget is a black square; one with a note, which is another; one with a link.
fn form() -> Vec<u8> {
    let mut objects = vec![
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]/DA(/F1 12 Tf)>>>>".to_owned(),
        "<</Type/Pages/Count 3/Kids[5 0 R 7 0 R 9 0 R]>>".to_owned(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    for (number, annotation) in [(1, 11), (2, 12), (3, 13)] {
        let content = format!("BT /F1 12 Tf 50 700 Td (words of page {number}) Tj ET");
        objects.push(stream("", &content));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {} 0 R\
             /Resources<</Font<</F1 3 0 R>>>>/Annots[{annotation} 0 R]>>",
            objects.len()
        ));
    }
    let square = "/Rect[50 500 150 600]/F 4/AP<</N 14 0 R>>";
    objects.push("<</FT/Tx/T(name)/V(VALUE-42)/Kids[11 0 R]>>".to_owned());
    objects.push(format!("<</Type/Annot/Subtype/Widget/Parent 10 0 R/P 5 0 R{square}>>"));
    objects.push(format!("<</Type/Annot/Subtype/FreeText/Contents(a note)/P 7 0 R{square}>>"));
    objects.push("<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/GoTo/D[5 0 R/Fit]>>>>".to_owned());
    let entries = "/Type/XObject/Subtype/Form/BBox[0 0 100 100]";
    objects.push(stream(entries, "0 g 0 0 100 100 re f"));
    written(&objects)
}

#[test]
fn two_other_readers_find_parts_sound_and_see_in_them_what_they_see_in_the_source() {
    let desk = Desk::new();
    let sections =
        r#"[{"section_name":"A","page_range":"1"},{"section_name":"B","page_range":"2-3"}]"#;
    desk.write("sections.json", sections);
    let source = desk.write("form.pdf", form());
    let arguments =
        ["split", "docs/form.pdf", "--sections", "docs/sections.json", "--out", "parts"];
    desk.run(arguments).exits(0);
    let parts = seen(&source, &[("01-A.pdf", 1), ("02-B.pdf", 2)]);
    for (part, pages) in parts.iter().zip([1, 2]) {
        assert_eq!((&part["pages"], &part["warnings"]), (&json!(pages), &json!([])), "{part}");
        assert_eq!((&part["same"], &part["encrypted"]), (&json!(true), &json!(false)), "{part}");
    }
    assert_eq!(parts[0]["fields"], json!({"name": "VALUE-42"}));
    assert_eq!(parts[1]["fields"], json!({}));
    // A square of 100 by 100, drawn at a quarter of its size.
    let ink = |part: usize, page: usize| parts[part]["ink"][page].as_u64().unwrap();
    assert!(ink(0, 0) > 500 && ink(1, 0) > 500 && ink(1, 1) < 100, "{parts:?}");
}

#[test]
fn a_part_of_an_encrypted_document_is_one_that_everybody_can_read() {
    let desk = Desk::new();
    let source = desk.write("locked.pdf", include_bytes!("../data/owner-locked.pdf"));
    desk.write("sections.json", r#"[{"section_name":"A","page_range":"1"}]"#);
    desk.run(["split", "docs/locked.pdf", "--sections", "docs/sections.json", "--out", "parts"])
        .exits(0);
    let parts = seen(&source, &[("01-A.pdf", 1)]);
    let expected = [("pages", json!(1)), ("encrypted", json!(false)), ("warnings", json!([]))];
    for (key, value) in expected.into_iter().chain([("same", json!(true))]) {
        assert_eq!(parts[0][key], value, "{key}: {parts:?}");
    }
    assert_eq!(parts[0]["shows_text"], json!([true]));
}

#[test]
fn a_wrong_page_range_costs_its_section_alone() {
    let desk = Desk::new();
    desk.write("book.pdf", book(6, &[1, 3]));
    desk.write(
        "sections.json",
        r#"[{"section_name":"A","page_range":"1-2"},{"section_name":"B","page_range":"9-3"},
            {"section_name":"C","page_range":"x"},{"section_name":"D","page_range":"6-7"},
            {"section_name":"E","page_range":"4"}]"#,
    );
    let arguments =
        ["split", "docs/book.pdf", "--sections", "docs/sections.json", "--out", "parts"];
    let answer = desk.run([&arguments[..], &["--json"]].concat()).exits(3);
    let json = answer.json();
    let rows: Vec<(&str, &str)> = json["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let class = row["error"]["class"].as_str().unwrap_or_default();
            (row["section_name"].as_str().unwrap(), row["file"].as_str().unwrap_or(class))
        })
        .collect();
    let expected = [
        ("A", "01-A.pdf"),
        ("B", "bad_item"),
        ("C", "bad_item"),
        ("D", "bad_item"),
        ("E", "03-E.pdf"),
    ];
    assert_eq!(rows, expected);
    assert_eq!(json["sections"][1]["page_range"], "9-3");
    assert!(answer.stdout.contains("the pages 9-3 run backwards"), "{answer:?}");
    let text = desk.run(arguments).exits(3).stdout;
    assert!(text.contains("B (9-3): section 2: the pages 9-3 run backwards (bad_item)"), "{text}");
    // A list in which nothing is right was not meant for this.
    desk.write("sections.json", r#"[{"section_name":"B","page_range":"9-3"}]"#);
    desk.run(arguments).exits(2);
}

#[test]
fn an_interrupted_split_leaves_whole_files_and_says_which_are_missing() {
    let desk = Desk::new();
    let pages: Vec<usize> = (1..=4_000).collect();
    desk.write("book.pdf", book(pages.len(), &pages));
    let mut command = desk.command(["split", "docs/book.pdf", "--out", "parts", "--json"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let parts = desk.path().join("parts");
    let first = parts.join("0001-Part 1.pdf");
    while !first.exists() {
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let answer = Answer::from(child.wait_with_output().unwrap()).exits(130);
    let json = answer.json();
    let rows = json["sections"].as_array().unwrap();
    let done = rows.iter().filter(|row| row["error"].is_null()).count();
    assert!(rows.len() == 4_000 && done < 4_000, "{done} of {}", rows.len());
    assert!(rows[done]["error"]["message"].as_str().unwrap().contains("interrupted"));
    let mut names: Vec<_> =
        std::fs::read_dir(&parts).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let listed = rows[..done].iter().map(|row| row["file"].as_str().unwrap().into());
    assert_eq!(names, listed.collect::<Vec<std::ffi::OsString>>());
    for (row, name) in rows.iter().zip(&names) {
        let bytes = std::fs::read(parts.join(name)).unwrap();
        assert_eq!(row["bytes"], bytes.len());
        assert!(bytes.ends_with(b"%%EOF"), "{name:?}");
    }
}

#[test]
fn a_document_that_cannot_be_cut_says_why_and_leaves_nothing() {
    let desk = Desk::new();
    let sound = book(6, &[1, 3]);
    let cut_off = &sound[..sound.len() / 2];
    for (name, bytes, class, said) in [
        ("locked", &include_bytes!("../data/locked.pdf")[..], "encrypted", "password"),
        ("words", b"%PDF-1.7 and nothing", "bad_document", "cut off"),
        ("empty", b"", "bad_document", "empty"),
        ("flat", &book(4, &[]), "bad_document", "no outline"),
    ] {
        let path = desk.write(&format!("{name}.pdf"), bytes);
        let path = path.to_str().unwrap();
        for arguments in [
            &["split", path, "--out", "parts", "--json"][..],
            &["analyze", path, "--sections", "outline", "--json"],
        ] {
            let answer = desk.run(arguments).exits(1);
            let error = &answer.json()["error"];
            let message = error["message"].as_str().unwrap();
            assert_eq!(error["class"], class, "{name}: {message}");
            assert!(message.contains(said), "{name}: {message}");
            assert!(!error["hint"].as_str().unwrap().is_empty(), "{name}");
        }
        assert!(!desk.path().join("parts").exists(), "{name}");
    }
    // What of a damaged document is whole can be cut, and the rest is told.
    desk.write("cut.pdf", cut_off);
    desk.write(
        "sections.json",
        r#"[{"section_name":"A","page_range":"1"},{"section_name":"B","page_range":"6"}]"#,
    );
    let arguments = ["split", "docs/cut.pdf", "--sections", "docs/sections.json", "--out", "parts"];
    let answer = desk.run([&arguments[..], &["--json"]].concat()).exits(3);
    let rows = &answer.json()["sections"];
    assert_eq!(
        (&rows[0]["error"], &rows[1]["error"]["class"]),
        (&Value::Null, &json!("bad_document"))
    );
    assert!(rows[1]["error"]["message"].as_str().unwrap().contains("page 6"), "{answer:?}");
}

#[test]
fn a_document_larger_than_the_memory_for_it_is_named_as_such() {
    let desk = Desk::new();
    let path = desk.write("huge.pdf", b"%PDF-1.7\n");
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(2 << 30).unwrap();
    let mut command = desk.command(["split", "docs/huge.pdf", "--out", "parts", "--json"]);
    command.env("GRISTMILL_LIMITS_PARSE_MEMORY", "128 MiB");
    let answer = Answer::from(command.output().unwrap()).exits(1);
    let error = &answer.json()["error"];
    assert_eq!(error["class"], "too_large", "{answer:?}");
    assert!(error["message"].as_str().unwrap().contains("memory"), "{answer:?}");
}
