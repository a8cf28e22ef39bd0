//! Files that are cut off, shifted, mixed up or not PDFs at all.

use crate::support::file::{File, fonts, show};
use crate::support::layouts;
use crate::support::random::Random;
use crate::support::reading::{page_texts, parse, warnings};
use types::failure::FailureClass;

fn pages(count: usize) -> Vec<u8> {
    let content = |page: usize| show("F1", 10.0, (50.0, 700.0), &format!("words of page {page}"));
    File::with_pages(&(1..=count).map(content).collect::<Vec<_>>(), &fonts()).bytes()
}

#[test]
fn what_is_no_pdf_is_refused_with_its_cause() {
    let mut random = Random(3);
    let noise: Vec<u8> = (0..20_000).map(|_| random.next() as u8).collect();
    let cases: [(Vec<u8>, &str); 6] = [
        (Vec::new(), "the file is empty: 0 bytes"),
        (b"plain words".to_vec(), "not a PDF: 11 bytes without a %PDF- header"),
        (noise.clone(), "not a PDF: 20000 bytes without a %PDF- header"),
        ([b"%PDF-1.7\n".to_vec(), noise].concat(), "cut off after 20009 bytes"),
        (pages(2)[..60].to_vec(), "cut off after 60 bytes"),
        (b"%PDF-1.7\ntrailer <<>>\n%%EOF".to_vec(), "damaged beyond repair"),
    ];
    for (bytes, cause) in cases {
        let failure = parse(bytes).unwrap_err();
        assert_eq!(failure.class, FailureClass::BadDocument, "{cause}");
        assert!(failure.message.contains(cause), "{} instead of {cause}", failure.message);
        assert!(!failure.hint.is_empty());
    }
}

#[test]
fn a_document_without_pages_is_no_success() {
    let failure = parse(File::with_pages(&[""; 0], &fonts()).bytes()).unwrap_err();
    assert_eq!(failure.class, FailureClass::BadDocument);
    assert!(failure.message.contains("no pages"), "{}", failure.message);
}

#[test]
fn a_file_without_its_end_is_repaired() {
    let whole = pages(20);
    let cut = whole.len() * 3 / 4;
    let blocks = parse(whole[..cut].to_vec()).unwrap();
    let read = page_texts(&blocks).concat();
    assert!(read.contains("words of page 1\n") && read.contains("words of page 10\n"), "{read}");
}

#[test]
fn junk_in_front_does_not_matter() {
    let junk = [b"junk".repeat(300), pages(3)].concat();
    assert_eq!(page_texts(&parse(junk).unwrap()).len(), 3);
}

#[test]
fn mutated_files_never_panic_out_of_the_parser() {
    let sources: Vec<Vec<u8>> =
        layouts::all().into_iter().map(|layout| layout.file).chain([pages(5)]).collect();
    let mut random = Random(9);
    let mut read = 0;
    for _ in 0..300 {
        let mut bytes = sources[random.below(sources.len())].clone();
        mutate(&mut bytes, &mut random);
        match parse(bytes) {
            Ok(_) => read += 1,
            Err(failure) => assert!(!failure.message.is_empty() && !failure.hint.is_empty()),
        }
    }
    assert!(read > 150, "only {read} of 300 mutated files were read at all");
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    match random.below(4) {
        0 => {
            for _ in 0..[1, 5, 30, 200][random.below(4)] {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
        }
        1 => bytes.truncate(random.below(bytes.len())),
        2 => swap_numbers(bytes, random),
        _ => {
            let start = random.below(bytes.len());
            let end = bytes.len().min(start + [1, 20, 500][random.below(3)]);
            let piece = bytes[start..end].to_vec();
            let at = random.below(bytes.len());
            bytes.splice(at..at, piece);
        }
    }
}

/// Overwrites some numbers with ones at the edge of what fits into them.
fn swap_numbers(bytes: &mut [u8], random: &mut Random) {
    const NUMBERS: [&str; 7] = ["0", "1", "-1", "2147483647", "4294967295", "99999999999", "65536"];
    for _ in 0..[1, 3, 10][random.below(3)] {
        let from = random.below(bytes.len());
        let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit).map(|at| from + at)
        else {
            continue;
        };
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[random.below(NUMBERS.len())];
        let padded = format!("{number:length$}");
        bytes[start..start + length].copy_from_slice(&padded.as_bytes()[..length]);
    }
}

/// Writes another generation into the table's entry of the page, or makes it a free one.
fn with_page_entry(content: &str, entry: &str) -> Vec<u8> {
    let file = File::with_pages(&[content], &fonts());
    let (mut bytes, page) = (file.bytes(), file.pages()[0]);
    let head = format!("\n{page} 0 obj");
    let offset =
        bytes.windows(head.len()).position(|window| window == head.as_bytes()).unwrap() + 1;
    let sound = format!("{offset:010} 00000 n");
    let at = bytes.windows(sound.len()).position(|window| window == sound.as_bytes()).unwrap();
    bytes[at + 11..at + sound.len()].copy_from_slice(entry.as_bytes());
    bytes
}

#[test]
fn the_second_reader_takes_what_the_first_refuses() {
    let bytes = with_page_entry(&show("F1", 10.0, (50.0, 700.0), "words of a page"), "03000 n");
    let blocks = parse(bytes).unwrap();
    assert_eq!(warnings(&blocks), ["the PDF is damaged; its text is read without layout"]);
    assert_eq!(page_texts(&blocks), ["words of a page\n"]);
}

#[test]
fn pages_without_text_from_the_second_reader_are_a_failure() {
    let failure = parse(with_page_entry("0 0 9 9 re f", "03000 n")).unwrap_err();
    assert_eq!(failure.class, FailureClass::BadDocument);
}
