//! Writes PDF files, sound or not, object by object.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

/// Numbers of the objects that [`File::put_pages`] makes.
pub(crate) const CATALOG: u32 = 1;
pub(crate) const PAGES: u32 = 2;
pub(crate) const FIRST_FREE: u32 = 3;

pub(crate) const HELVETICA: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>";
pub(crate) const HELVETICA_BOLD: &str = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>";
pub(crate) const COURIER: &str = "<</Type/Font/Subtype/Type1/BaseFont/Courier>>";

/// Objects by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    pub objects: BTreeMap<u32, Vec<u8>>,
    /// Entries of the trailer beside size and root.
    pub trailer: String,
}

impl File {
    pub(crate) fn set(&mut self, number: u32, body: impl Into<Vec<u8>>) {
        self.objects.insert(number, body.into());
    }

    pub(crate) fn add(&mut self, body: impl Into<Vec<u8>>) -> u32 {
        let number =
            self.objects.keys().next_back().map_or(FIRST_FREE, |last| (last + 1).max(FIRST_FREE));
        self.set(number, body);
        number
    }

    pub(crate) fn add_stream(&mut self, entries: &str, data: &[u8]) -> u32 {
        self.add(stream(entries, data))
    }

    /// A file whose pages have these contents and share the resources, which may name objects by number.
    pub(crate) fn with_pages(contents: &[impl AsRef<[u8]>], resources: &str) -> Self {
        let mut file = Self::default();
        file.put_pages(contents, resources);
        file
    }

    /// Makes the catalog and the pages.
    pub(crate) fn put_pages(&mut self, contents: &[impl AsRef<[u8]>], resources: &str) {
        self.set(CATALOG, format!("<</Type/Catalog/Pages {PAGES} 0 R>>"));
        let mut kids = String::new();
        for content in contents {
            let content = self.add_stream("", content.as_ref());
            let page = self.add(page(content, resources));
            write!(kids, "{page} 0 R ").unwrap();
        }
        self.set(PAGES, format!("<</Type/Pages/Kids[{kids}]/Count {}>>", contents.len()));
    }

    /// Numbers of the page objects, in order.
    pub(crate) fn pages(&self) -> Vec<u32> {
        let is_page = |body: &[u8]| body.starts_with(b"<</Type/Page/");
        self.objects.iter().filter(|(_, body)| is_page(body)).map(|(number, _)| *number).collect()
    }

    /// Adds entries to a dictionary.
    pub(crate) fn extend(&mut self, number: u32, entries: &str) {
        let body = self.objects.get_mut(&number).expect("the object is there");
        let end = body.len() - 2;
        body.splice(end..end, entries.bytes());
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut offsets = BTreeMap::new();
        for (number, body) in &self.objects {
            offsets.insert(*number, out.len());
            writeln!(out, "{number} 0 obj").unwrap();
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        }
        let start = out.len();
        let size = self.objects.keys().next_back().map_or(1, |last| last + 1);
        writeln!(out, "xref\n0 {size}\n0000000000 65535 f ").unwrap();
        for number in 1..size {
            match offsets.get(&number) {
                Some(offset) => writeln!(out, "{offset:010} 00000 n ").unwrap(),
                None => out.extend_from_slice(b"0000000000 00000 f \n"),
            }
        }
        let trailer = &self.trailer;
        writeln!(
            out,
            "trailer\n<</Size {size}/Root {CATALOG} 0 R{trailer}>>\nstartxref\n{start}\n%%EOF"
        )
        .unwrap();
        out
    }
}

pub(crate) fn page(content: u32, resources: &str) -> String {
    format!(
        "<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 600 800]/Contents {content} 0 R/Resources {resources}>>"
    )
}

pub(crate) fn stream(entries: &str, data: &[u8]) -> Vec<u8> {
    let mut body = format!("<</Length {}{entries}>>\nstream\n", data.len()).into_bytes();
    body.extend_from_slice(data);
    body.extend_from_slice(b"\nendstream");
    body
}

/// Resources with the fonts F1 regular, F2 bold and F3 of fixed width.
pub(crate) fn fonts() -> String {
    format!("<</Font<</F1 {HELVETICA}/F2 {HELVETICA_BOLD}/F3 {COURIER}>>>>")
}

/// Content that shows `text` in `font` at a place.
pub(crate) fn show(font: &str, size: f32, (x, y): (f32, f32), text: &str) -> String {
    format!("BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm {} Tj ET\n", literal(text))
}

pub(crate) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
    format!("({escaped})")
}

/// A file of one page in Helvetica and friends.
pub(crate) fn one_page(content: &str) -> Vec<u8> {
    File::with_pages(&[content], &fonts()).bytes()
}
