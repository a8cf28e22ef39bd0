use super::*;
use globset::Glob;
use sandbox::SandboxSettings;
use std::io::Cursor;
use std::time::Duration;

fn custom(glob: &str, command: &[&str]) -> CustomParser {
    CustomParser {
        matcher: Glob::new(glob).unwrap().compile_matcher(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        timeout: Duration::from_secs(20),
        memory: 256 << 20,
    }
}

fn parsers_with(custom: Vec<CustomParser>) -> FileParsers {
    let sandbox = Sandbox::new(SandboxSettings::recommended()).unwrap();
    let archive = UnpackBudget { members_max: 9, member_bytes_max: 9, total_bytes_max: 9 };
    FileParsers::new(Arc::new(sandbox), ParseSettings { custom, memory_max: 1 << 30, archive })
}

fn memory(bytes: &[u8]) -> Body {
    Body::Memory(Cursor::new(bytes.to_vec()))
}

const ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[test]
fn a_custom_command_goes_before_the_format_and_the_first_match_wins() {
    let parsers = parsers_with(vec![custom("*.foo", &["one"]), custom("a*", &["two"])]);
    for (name, expected) in [
        ("deep/er/a.foo", "Parse(command 3:one)"),
        ("a.md", "Parse(command 3:two)"),
        ("b.md", "Parse(markdown/1)"),
    ] {
        let choice = parsers.choose(name, &mut memory(b"# text\n")).unwrap();
        assert_eq!(format!("{choice:?}"), expected, "{name}");
    }
}

#[test]
fn content_and_name_choose_and_the_body_is_left_at_its_start() {
    let parsers = parsers_with(Vec::new());
    let long = b"# line\n".repeat(4000);
    for (name, bytes, kind) in [
        ("a.md", &long[..], "Parse(markdown/"),
        ("a.txt", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "Parse(pdf/"),
        ("a.html", b"<!doctype html><p>x", "Parse(html/"),
        ("a.zip", ZIP, "Unpack(zip/"),
    ] {
        let mut body = memory(bytes);
        let choice = parsers.choose(name, &mut body).unwrap();
        assert!(format!("{choice:?}").starts_with(kind), "{choice:?}");
        let mut left = Vec::new();
        body.read_to_end(&mut left).unwrap();
        assert_eq!(left, bytes);
    }
    assert!(parsers.choose("a.bin", &mut memory(&[0, 159, 146, 150, 0, 1])).is_err());
    assert!(parsers.choose("a.md", &mut memory(b"")).is_err());
}

#[test]
fn items_are_expected_by_the_ending_unless_a_command_reads_the_file() {
    let parsers = parsers_with(vec![custom("own/*", &["one"])]);
    for (name, expected) in [
        ("a.jsonl", true),
        ("b/A.CSV", true),
        ("a.json", true),
        ("own/a.jsonl", false),
        ("a.md", false),
        ("jsonl", false),
    ] {
        assert_eq!(parsers.may_hold_items(name), expected, "{name}");
    }
}

#[test]
fn the_identity_changes_with_each_custom_command() {
    let mut seen: Vec<_> = [
        vec![],
        vec![custom("*.foo", &["one"])],
        vec![custom("*.bar", &["one"])],
        vec![custom("*.foo", &["one", "x"])],
        vec![custom("*.foo", &["one x"])],
    ]
    .into_iter()
    .map(|custom| parsers_with(custom).identity())
    .collect();
    assert!(seen[0].contains("pdf/"));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
}

#[test]
fn the_memory_of_a_parser_grows_with_the_document_up_to_the_limit() {
    let parsers = parsers_with(Vec::new());
    let of = |name: &str, bytes: &[u8], size| match parsers.choose(name, &mut memory(bytes)) {
        Ok(Choice::Parse(parser)) => parser.memory(size),
        Ok(Choice::Unpack(unpacker)) => unpacker.memory(size),
        Err(failure) => panic!("{failure:?}"),
    };
    let html = |size| of("a.html", b"<!doctype html><p>x", size);
    assert_eq!((html(0), html(20 << 20), html(1 << 40)), (96 << 20, 320 << 20, 1 << 30));
    let text = |size| of("a.txt", b"text", size);
    assert!(text(0) < text(1 << 20) && text(1 << 30) == text(1 << 40));
    let zip = |size| of("a.zip", ZIP, size);
    assert!(zip(0) < zip(1 << 20) && zip(1 << 30) == zip(1 << 40));
}
