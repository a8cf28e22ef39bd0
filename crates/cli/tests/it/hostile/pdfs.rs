//! PDFs: bombs in streams, endless ranges and trees, deep nesting, passwords, missing parts.

use super::Expect::{Answered, Failed, Found};
use super::Recipe;
use super::archives::two_gigabytes_of_zeros;
use super::deflated::Deflated;
use std::fmt::Write;

pub(super) const RECIPES: &[Recipe] = &[
    Recipe::new("locked.pdf", Failed(&["encrypted"]), || {
        include_bytes!("../../data/locked.pdf").to_vec()
    }),
    Recipe::new("owner-locked.pdf", Found("platypus"), || {
        include_bytes!("../../data/owner-locked.pdf").to_vec()
    }),
    Recipe::new("cut.pdf", Answered, cut),
    Recipe::new("tail-only.pdf", Answered, tail),
    Recipe::new("content-bomb.pdf", Answered, content_bomb),
    Recipe::new("double-bomb.pdf", Answered, double_bomb),
    Recipe::new("endless-text.pdf", Answered, endless_text),
    Recipe::new("unicode-range.pdf", Answered, unicode_range),
    Recipe::new("deep-content.pdf", Answered, deep_content),
    Recipe::new("deep-catalog.pdf", Answered, deep_catalog),
    Recipe::new("page-cycle.pdf", Answered, page_cycle),
    Recipe::new("page-doubling.pdf", Answered, page_doubling),
    Recipe::new("false-count.pdf", Found("echidna"), false_count),
    Recipe::new("form-cycle.pdf", Answered, form_cycle),
    Recipe::new("length-cycle.pdf", Answered, length_cycle),
    Recipe::new("xref-loop.pdf", Answered, xref_loop),
    Recipe::new("no-pages.pdf", Failed(&["bad_document"]), no_pages),
    Recipe::new("junk-in-front.pdf", Found("aardvark"), junk_in_front),
];

const SAMPLE: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../samples/library/nature/animals/honeybee-swarms.pdf"
));

/// Objects in the order of their numbers, which start at 1; the first one is the catalog.
struct Pdf {
    objects: Vec<Vec<u8>>,
}

impl Pdf {
    /// One page, object 3, with this content stream and these entries in its resources.
    fn page(filters: &str, content: &[u8], resources: &str) -> Self {
        let page = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>{resources}>>>>"
        );
        Self { objects: Vec::new() }
            .object("<</Type/Catalog/Pages 2 0 R>>")
            .object("<</Type/Pages/Kids[3 0 R]/Count 1>>")
            .object(&page)
            .stream(filters, content)
            .object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    }

    /// One page that shows a line of text.
    fn text(line: &str) -> Self {
        Self::page("", format!("BT /F 12 Tf 72 700 Td ({line}) Tj ET").as_bytes(), "")
    }

    fn object(mut self, body: &str) -> Self {
        self.objects.push(body.as_bytes().to_vec());
        self
    }

    fn stream(mut self, dictionary: &str, data: &[u8]) -> Self {
        let mut body = format!("<<{dictionary}/Length {}>>stream\n", data.len()).into_bytes();
        body.extend(data);
        body.extend(b"\nendstream");
        self.objects.push(body);
        self
    }

    fn replace(mut self, number: usize, body: &str) -> Self {
        self.objects[number - 1] = body.as_bytes().to_vec();
        self
    }

    fn finish(&self) -> Vec<u8> {
        self.finish_with("")
    }

    /// `trailer`: further entries of the trailer.
    fn finish_with(&self, trailer: &str) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut table = "0000000000 65535 f \n".to_owned();
        for (at, object) in self.objects.iter().enumerate() {
            writeln!(table, "{:010} 00000 n ", bytes.len()).unwrap();
            bytes.extend(format!("{} 0 obj\n", at + 1).into_bytes());
            bytes.extend(object);
            bytes.extend(b"\nendobj\n");
        }
        let (start, size) = (bytes.len(), self.objects.len() + 1);
        bytes.extend(
            format!("xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{start}\n%%EOF\n")
                .into_bytes(),
        );
        bytes
    }
}

fn cut() -> Vec<u8> {
    SAMPLE[..SAMPLE.len() / 2].to_vec()
}

fn tail() -> Vec<u8> {
    SAMPLE[SAMPLE.len() / 2..].to_vec()
}

fn content_bomb() -> Vec<u8> {
    Pdf::page("/Filter/FlateDecode", &two_gigabytes_of_zeros().zlib(), "").finish()
}

/// The bomb, packed once more: two megabytes become a few kilobytes.
fn double_bomb() -> Vec<u8> {
    let inner = Deflated::of(&two_gigabytes_of_zeros().zlib()).zlib();
    Pdf::page("/Filter[/FlateDecode/FlateDecode]", &inner, "").finish()
}

/// Three hundred megabytes of operators that show text.
fn endless_text() -> Vec<u8> {
    let lines = "(the same words over and over again) Tj 0 -12 Td ".repeat(20_000);
    let times = (300 << 20) / lines.len() as u64;
    let content = Deflated::of(b"BT /F 12 Tf ").push(lines.as_bytes(), times).push(b"ET", 1);
    Pdf::page("/Filter/FlateDecode", &content.zlib(), "").finish()
}

/// A font whose codes are said to mean four billion characters, a thousand times.
fn unicode_range() -> Vec<u8> {
    let ranges = "100 beginbfrange\n".to_owned()
        + &"<00000000> <FFFFFFFF> <0041>\n".repeat(100)
        + "endbfrange\n";
    let map = format!(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n\
         {}endcmap end end",
        ranges.repeat(10)
    );
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>";
    Pdf::text("ABC").replace(5, font).stream("", map.as_bytes()).finish()
}

fn deep_content() -> Vec<u8> {
    let depth = 1_000_000;
    let content = [
        "[".repeat(depth),
        "<<".repeat(depth),
        "(".repeat(depth),
        "q ".repeat(depth),
        "BT /F 12 Tf 72 700 Td (below) Tj ET".to_owned(),
    ];
    Pdf::page("", content.concat().as_bytes(), "").finish()
}

fn deep_catalog() -> Vec<u8> {
    let depth = 500_000;
    let catalog =
        format!("<</Type/Catalog/Pages 2 0 R/X {}{}>>", "[".repeat(depth), "]".repeat(depth));
    Pdf::text("below a deep catalog").replace(1, &catalog).finish()
}

fn page_cycle() -> Vec<u8> {
    Pdf::text("round and round")
        .replace(2, "<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Count 3/Parent 2 0 R>>")
        .finish()
}

/// Thirty levels, each holding the next one twice: a billion pages out of one.
fn page_doubling() -> Vec<u8> {
    let mut pdf = Pdf::text("one of a billion")
        .replace(2, "<</Type/Pages/Kids[6 0 R 6 0 R]/Count 1073741824>>");
    for level in 6..35 {
        let next = if level == 34 { 3 } else { level + 1 };
        pdf = pdf
            .object(&format!("<</Type/Pages/Parent 2 0 R/Kids[{next} 0 R {next} 0 R]/Count 2>>"));
    }
    pdf.finish()
}

fn false_count() -> Vec<u8> {
    let pages = "<</Type/Pages/Kids[3 0 R]/Count 2147483647>>";
    Pdf::text("The echidna lays eggs.").replace(2, pages).finish()
}

/// A form that draws itself twice.
fn form_cycle() -> Vec<u8> {
    let form = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X 6 0 R>>>>";
    Pdf::page("", b"/X Do", "/XObject<</X 6 0 R>>").stream(form, b"/X Do /X Do").finish()
}

/// The length of the content is an object that is the content.
fn length_cycle() -> Vec<u8> {
    Pdf::text("x").replace(4, "<</Length 4 0 R>>stream\nBT /F 12 Tf (x) Tj ET\nendstream").finish()
}

/// The table of objects names itself as the one before it.
fn xref_loop() -> Vec<u8> {
    let pdf = Pdf::text("The table goes round.");
    let start = |bytes: &[u8]| {
        let tail = String::from_utf8_lossy(&bytes[bytes.len() - 40..]).into_owned();
        tail.split("startxref\n").nth(1).unwrap().split('\n').next().unwrap().to_owned()
    };
    // The table lies where it lay without the entry: the trailer comes after it.
    let at = start(&pdf.finish());
    pdf.finish_with(&format!("/Prev {at}"))
}

fn no_pages() -> Vec<u8> {
    Pdf::text("x").replace(2, "<</Type/Pages/Kids[]/Count 0>>").finish()
}

fn junk_in_front() -> Vec<u8> {
    let mut bytes = vec![b'\n'; 900];
    bytes.extend(Pdf::text("The aardvark eats ants.").finish());
    bytes
}
