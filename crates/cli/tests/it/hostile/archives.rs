//! Zips and tars: bombs, archives in archives, names that lead out.

use super::Expect::{Answered, Failed, Found};
use super::Recipe;
use super::deflated::Deflated;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("bomb.zip", Failed(&["bomb", "too_large"]), bomb),
    Recipe::new("overlap.zip", Failed(&["bomb", "too_large", "bad_document"]), overlap),
    Recipe::new("bomb.tar.gz", Failed(&["bomb", "too_large"]), tar_bomb),
    Recipe::new("nested.zip", Answered, || nested(3)),
    Recipe::new("nested-100.zip", Answered, || nested(100)),
    Recipe::new("evil-names.zip", Answered, evil_names),
    Recipe::new("many-members.zip", Answered, many_members),
    Recipe::new("cut.zip", Failed(&["bad_document"]), cut),
    Recipe::new("lying-size.zip", Answered, lying_size),
    Recipe::new("good-beside-bad.zip", Found("quokka"), good_beside_bad),
];

const MIB: usize = 1024 * 1024;

/// Inflates to two gigabytes.
pub(super) fn two_gigabytes_of_zeros() -> Deflated {
    Deflated::new().push(&vec![0; MIB], 2048)
}

fn bomb() -> Vec<u8> {
    Zip::new().deflated("zeros.txt", &two_gigabytes_of_zeros()).finish()
}

/// A thousand entries share the data of the first: a hundred gigabytes in a hundred kilobytes.
fn overlap() -> Vec<u8> {
    let data = Deflated::new().push(&vec![0; MIB], 100);
    let mut zip = Zip::new().deflated("0.txt", &data);
    for number in 1..1000 {
        zip = zip.alias(&format!("{number}.txt"), &data);
    }
    zip.finish()
}

fn tar_bomb() -> Vec<u8> {
    let mut header = [0; 512];
    header[..9].copy_from_slice(b"zeros.txt");
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(b"20000000000\0"); // 2^31 in octal
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    Deflated::of(&header).push(&vec![0; MIB], 2048).push(&[0; 1024], 1).gzip()
}

/// A text, `depth` zips deep.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Zip::new().text("deep.txt", "The innermost text of all.").finish();
    for level in 1..depth {
        bytes = Zip::new().deflated(&format!("level-{level}.zip"), &Deflated::of(&bytes)).finish();
    }
    bytes
}

fn evil_names() -> Vec<u8> {
    let text = "This text must not lie outside of anything.";
    let long = format!("{}/evil.txt", "long".repeat(2000));
    [
        "../evil.txt",
        "/evil.txt",
        "a/../../evil.txt",
        "C:\\evil.txt",
        "..\\evil.txt",
        "evil\n\x1b[31m.txt",
        ".",
        "",
        &long,
    ]
    .iter()
    .fold(Zip::new(), |zip, name| zip.text(name, text))
    .text("same.txt", text)
    .text("same.txt", text)
    .finish()
}

fn many_members() -> Vec<u8> {
    (0..60_000).fold(Zip::new(), |zip, number| zip.stored(&format!("{number}"), b"")).finish()
}

fn cut() -> Vec<u8> {
    let mut bytes = Zip::new().text("a.txt", "The directory at the end is gone.").finish();
    bytes.truncate(bytes.len() / 2);
    bytes
}

/// Declares ten bytes and inflates to a hundred megabytes.
fn lying_size() -> Vec<u8> {
    let data = Deflated::new().push(&vec![b' '; MIB], 100);
    Zip::new()
        .entry("small.txt", &data.raw(), Entry { method: 8, crc: data.crc(), length: 10 })
        .finish()
}

fn good_beside_bad() -> Vec<u8> {
    Zip::new()
        .deflated("zeros.txt", &Deflated::new().push(&vec![0; MIB], 64))
        .text("good.txt", "A quokka lives on Rottnest Island and fears nobody.")
        .finish()
}

/// Writes what is asked for, valid or not.
pub(super) struct Zip {
    body: Vec<u8>,
    directory: Vec<u8>,
    entries: u16,
}

#[derive(Clone, Copy)]
struct Entry {
    method: u16,
    crc: u32,
    length: u32,
}

impl Zip {
    pub(super) fn new() -> Self {
        Self { body: Vec::new(), directory: Vec::new(), entries: 0 }
    }

    pub(super) fn text(self, name: &str, text: &str) -> Self {
        self.deflated(name, &Deflated::of(text.as_bytes()))
    }

    pub(super) fn deflated(self, name: &str, data: &Deflated) -> Self {
        self.entry(name, &data.raw(), Entry::deflated(data))
    }

    pub(super) fn stored(self, name: &str, data: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let length = u32::try_from(data.len()).unwrap();
        self.entry(name, data, Entry { method: 0, crc: crc.sum(), length })
    }

    /// A directory entry without data of its own: it points at the first one's.
    fn alias(mut self, name: &str, data: &Deflated) -> Self {
        self.list(name, &head(name, data.raw().len(), Entry::deflated(data)), 0);
        self
    }

    fn entry(mut self, name: &str, packed: &[u8], entry: Entry) -> Self {
        let head = head(name, packed.len(), entry);
        let offset = u32::try_from(self.body.len()).unwrap();
        self.body.extend(b"PK\x03\x04");
        self.body.extend(&head);
        self.body.extend(name.as_bytes());
        self.body.extend(packed);
        self.list(name, &head, offset);
        self
    }

    fn list(&mut self, name: &str, head: &[u8], offset: u32) {
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(head);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.entries += 1;
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let Self { mut body, directory, entries } = self;
        let offset = u32::try_from(body.len()).unwrap();
        body.extend(&directory);
        body.extend(b"PK\x05\x06\0\0\0\0");
        body.extend(entries.to_le_bytes());
        body.extend(entries.to_le_bytes());
        body.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
        body.extend(offset.to_le_bytes());
        body.extend([0, 0]);
        body
    }
}

impl Entry {
    fn deflated(data: &Deflated) -> Self {
        Self { method: 8, crc: data.crc(), length: u32::try_from(data.length()).unwrap() }
    }
}

/// What the local header and the directory have in common: version to no extra field.
fn head(name: &str, packed: usize, entry: Entry) -> Vec<u8> {
    const UTF8_NAME: u16 = 1 << 11;
    let mut head = Vec::new();
    for field in [20, UTF8_NAME, entry.method, 0, 0x21] {
        head.extend(field.to_le_bytes());
    }
    for field in [entry.crc, u32::try_from(packed).unwrap(), entry.length] {
        head.extend(field.to_le_bytes());
    }
    head.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    head.extend([0, 0]);
    head
}
