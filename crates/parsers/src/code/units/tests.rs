use crate::Format;
use crate::testing::{at, blocks, short};
use types::block::Block;

fn read(language: &str, text: &str) -> Vec<String> {
    let format = Format::from_id(&format!("code:{language}")).unwrap();
    let blocks = blocks(format, text.as_bytes());
    for block in &blocks {
        if let Block::Text { text: own, span, .. } = block {
            assert_eq!(at(text, *span), own);
        }
    }
    short(&blocks)
}

#[test]
fn functions_and_classes_are_units_under_their_signatures() {
    let text = "use std::io;\n\n/// Doc.\n#[test]\npub fn one() {\n    let x = 1;\n\n    x\n}\n\nimpl Foo {\n    fn a() {}\n\n    \
                fn b() {}\n}\n\nconst X: u8 = 1;\n";
    assert_eq!(
        read("rust", text),
        [
            "> use std::io;",
            "# pub fn one()",
            "> /// Doc.\n#[test]\npub fn one() {\n    let x = 1;\n\n    x\n}",
            "# impl Foo",
            "> impl Foo {\n    fn a() {}",
            "## fn b()",
            ">     fn b() {}\n}",
            "# const X: u8 = 1;",
            "> const X: u8 = 1;",
        ]
    );
}

#[test]
fn python_keeps_indentation() {
    let text = "import os\n\ndef f(a):\n    return a\n\nclass C:\n    x = 1\n";
    assert_eq!(
        read("python", text),
        [
            "> import os",
            "# def f(a)",
            "> def f(a):\n    return a",
            "# class C",
            "> class C:\n    x = 1",
        ]
    );
}

#[test]
fn data_has_no_headings_and_small_parts_stay_together() {
    assert_eq!(read("yaml", "a: 1\n\nb:\n  c: 2\n\nd: 3\n"), ["> a: 1\n\nb:\n  c: 2\n\nd: 3"]);
}
