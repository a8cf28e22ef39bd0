//! PDFs with pages and an outline, made for tests.

use std::fmt::Write as _;

/// A PDF whose page n says so, with a bookmark "Part n" at each page of `parts`.
pub(crate) fn book(pages: usize, parts: &[usize]) -> Vec<u8> {
    let mut objects: Vec<String> = vec![
        String::new(),
        String::new(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut kids = Vec::new();
    for n in 1..=pages {
        let text = format!("BT /F1 12 Tf 50 700 Td (words of page {n}) Tj ET");
        objects.push(format!("<</Length {}>>\nstream\n{text}\nendstream", text.len()));
        let content = objects.len();
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents {content} 0 R\
             /Resources<</Font<</F1 3 0 R>>>>>>"
        ));
        kids.push(objects.len());
    }
    let first = objects.len() + 2;
    for (at, page) in parts.iter().enumerate() {
        let next = if at + 1 < parts.len() {
            format!("/Next {} 0 R", first + at + 1)
        } else {
            String::new()
        };
        if at == 0 {
            objects.push(format!("<</First {first} 0 R/Last {} 0 R>>", first + parts.len() - 1));
        }
        objects.push(format!("<</Title(Part {})/Dest[{} 0 R/Fit]{next}>>", at + 1, kids[page - 1]));
    }
    let outline =
        if parts.is_empty() { String::new() } else { format!("/Outlines {} 0 R", first - 1) };
    objects[0] = format!("<</Type/Catalog/Pages 2 0 R{outline}>>");
    let kids = kids.iter().map(|kid| format!("{kid} 0 R")).collect::<Vec<_>>().join(" ");
    objects[1] = format!("<</Type/Pages/Count {pages}/Kids[{kids}]>>");
    written(&objects)
}

pub(crate) fn written(objects: &[String]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n");
    let mut table = String::new();
    for (at, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).unwrap();
        writeln!(out, "{} 0 obj\n{object}\nendobj", at + 1).unwrap();
    }
    let (size, start) = (objects.len() + 1, out.len());
    write!(
        out,
        "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF"
    )
    .unwrap();
    out.into_bytes()
}
