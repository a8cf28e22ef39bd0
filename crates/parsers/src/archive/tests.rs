use super::*;
use crate::testing::zipped;
use ::tar::{Builder, EntryType, Header};
use ::zip::write::SimpleFileOptions;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};

const BUDGET: Budget = Budget {
    members_max: 100,
    member_bytes_max: 8 << 20,
    total_bytes_max: 16 << 20,
    ratio_max: 100,
    ratio_from_bytes: 1 << 20,
};

/// `name: content` of members, `name! class` of failed ones, and how the archive ended.
fn visited(format: Format, bytes: &[u8]) -> (Vec<String>, Result<(), Failure>) {
    let mut lines = Vec::new();
    let mut content = Vec::new();
    let mut open = String::new();
    let mut body = Body::Memory(Cursor::new(bytes.to_vec()));
    let end = unpack(&format, "dir/a.txt.gz", &mut body, &BUDGET, &mut |event| {
        match event {
            MemberEvent::Begin { name } => {
                name.clone_into(&mut open);
                content.clear();
            }
            MemberEvent::Data(bytes) => content.extend_from_slice(bytes),
            MemberEvent::End => {
                lines.push(format!("{open}: {}", String::from_utf8_lossy(&content)));
            }
            MemberEvent::Failed { name, failure } => {
                lines.push(format!("{name}! {}", failure.class));
            }
        }
        ControlFlow::Continue(())
    });
    (lines, end)
}

fn tarred(build: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    build(&mut builder);
    builder.into_inner().unwrap()
}

fn add(builder: &mut Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, name, content).unwrap();
}

/// An entry whose name `Builder` would refuse.
fn add_raw(builder: &mut Builder<Vec<u8>>, name: &[u8], kind: EntryType, content: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn members_come_in_order_under_clean_names() {
    let zip = zipped(&[
        ("docs/", b""),
        ("docs/a.txt", b"A"),
        ("__MACOSX/docs/._a.txt", b"x"),
        ("../evil.txt", b"E"),
        ("/abs.txt", b"B"),
    ]);
    let expected = ["docs/a.txt: A", "evil.txt! bad_document", "abs.txt: B"];
    assert_eq!(visited(Format::Zip, &zip), (expected.map(str::to_owned).to_vec(), Ok(())));
    let long = format!("{}/a.txt", "d".repeat(150));
    let tar = tarred(|tar| {
        add(tar, "docs/a.txt", b"A");
        add_raw(tar, b"docs/", EntryType::Directory, b"");
        add_raw(tar, b"../evil.txt", EntryType::Regular, b"E");
        add_raw(tar, b"/abs.txt", EntryType::Regular, b"B");
        add_raw(tar, b"link", EntryType::Symlink, b"");
        add_raw(tar, b"device", EntryType::Char, b"");
        add(tar, &long, b"L");
        add(tar, "docs/a.txt", b"again");
    });
    // Extracting it would leave the last of two.
    let expected = [
        "evil.txt! bad_document",
        "abs.txt: B",
        "link! bad_document",
        "device! bad_document",
        &format!("{long}: L"),
        "docs/a.txt: again",
    ];
    let expected: Vec<String> = expected.map(str::to_owned).to_vec();
    assert_eq!(visited(Format::Tar, &tar), (expected.clone(), Ok(())));
    assert_eq!(visited(Format::Gzip, &gzipped(&tar)), (expected, Ok(())));
}

#[test]
fn a_compressed_file_is_one_member() {
    assert_eq!(
        visited(Format::Gzip, &gzipped(b"hello")),
        (vec!["a.txt: hello".to_owned()], Ok(()))
    );
    let mut cut = gzipped(&b"hello world, this is long".repeat(100));
    cut.truncate(cut.len() - 12);
    assert_eq!(visited(Format::Gzip, &cut).0, ["a.txt! bad_document"]);
    assert!(visited(Format::Gzip, b"\x1f\x8b\x08 no gzip").1.is_err());
}

#[test]
fn a_damaged_member_costs_only_itself() {
    let first = b"first text, long enough to be compressed a little, compressed a little";
    let mut zip = zipped(&[("a.txt", first), ("b.txt", b"B")]);
    zip[40] ^= 0xff;
    let (lines, end) = visited(Format::Zip, &zip);
    assert_eq!(
        (lines, end),
        (vec!["a.txt! bad_document".to_owned(), "b.txt: B".to_owned()], Ok(()))
    );
    let mut tar = tarred(|tar| {
        add(tar, "a.txt", b"A");
        add(tar, "b.txt", b"B");
        add(tar, "c.txt", b"C");
    });
    tar[1024 + 10] ^= 0xff;
    let (lines, end) = visited(Format::Tar, &tar);
    assert_eq!(lines, ["a.txt: A", "member-2! bad_document", "c.txt: C"]);
    assert_eq!(end, Ok(()));
    tar.truncate(600);
    let (lines, end) = visited(Format::Tar, &tar);
    assert!(lines.len() == 1 && end.is_err(), "{lines:?}");
}

#[test]
fn bombs_are_told_and_cost_no_more_than_the_budget() {
    let zeros = vec![0; 4 << 20];
    let zip = zipped(&[("bomb.txt", &zeros), ("a.txt", b"A")]);
    assert_eq!(visited(Format::Zip, &zip).0, ["bomb.txt! bomb", "a.txt: A"]);
    assert_eq!(visited(Format::Gzip, &gzipped(&zeros)).0, ["a.txt! bomb"]);
    let large: Vec<u8> =
        (0..9_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let tar = tarred(|tar| {
        add(tar, "large.txt", &large);
        add(tar, "a.txt", b"A");
        add(tar, "b.txt", &large);
    });
    let (lines, end) = visited(Format::Tar, &tar);
    assert_eq!(lines, ["large.txt! too_large", "a.txt: A"]);
    assert_eq!(end.unwrap_err().class, FailureClass::Bomb);
    let many = tarred(|tar| (0..101).for_each(|i| add(tar, &format!("{i}"), b"x")));
    let (lines, end) = visited(Format::Tar, &many);
    assert_eq!((lines.len(), end.unwrap_err().class), (100, FailureClass::Bomb));
}

#[test]
fn encrypted_members_and_links_are_told() {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link", "a.txt", SimpleFileOptions::default()).unwrap();
    zip.start_file("b.txt", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"B").unwrap();
    let mut bytes = zip.finish().unwrap().into_inner();
    assert_eq!(visited(Format::Zip, &bytes).0, ["link! bad_document", "b.txt: B"]);
    // The flag of the last entry in the directory says that it is encrypted.
    let directory = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 8] |= 1;
    assert_eq!(visited(Format::Zip, &bytes).0, ["link! bad_document", "b.txt! encrypted"]);
}

#[test]
fn a_visitor_that_is_gone_ends_the_work() {
    let zip = zipped(&[("a.txt", b"A"), ("b.txt", b"B")]);
    let mut events = 0;
    let mut body = Body::Memory(Cursor::new(zip));
    let end = unpack(&Format::Zip, "a.zip", &mut body, &BUDGET, &mut |_| {
        events += 1;
        ControlFlow::Break(())
    });
    assert_eq!((events, end), (1, Ok(())));
}

#[test]
fn what_is_no_archive_is_refused() {
    assert!(visited(Format::Zip, b"PK\x03\x04 cut off").1.is_err());
    assert_eq!(visited(Format::Text, b"x").1.unwrap_err().class, FailureClass::Internal);
}
