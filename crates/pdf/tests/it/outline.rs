//! The outline of a document: which entries it has, and where they lead to.

use crate::support::file::{CATALOG, File, HELVETICA, PAGES, show};
use pdf::split::Source;
use types::seam::split::{Bookmark, Facts, Landing};

const COUNT: u32 = 12;

fn book() -> File {
    let words = |page| show("F1", 12.0, (50.0, 700.0), &format!("words of page {page}"));
    let contents: Vec<String> = (1..=COUNT).map(words).collect();
    File::with_pages(&contents, &format!("<</Font<</F1 {HELVETICA}>>>>"))
}

fn facts(file: &File) -> Facts {
    Source::open(&file.bytes()).unwrap().facts()
}

#[test]
fn bookmarks_name_their_pages_however_they_point_to_them() {
    let mut file = book();
    let pages = file.pages();
    let ids: Vec<u32> = (0..5).map(|_| file.add("<<>>")).collect();
    let [root, one, two, three, inner] = ids[..] else { panic!() };
    file.set(root, format!("<</First {one} 0 R/Last {three} 0 R>>"));
    file.set(
        one,
        format!("<</Title(One)/Dest[{} 0 R/Fit]/Next {two} 0 R/First {inner} 0 R>>", pages[0]),
    );
    file.set(inner, format!("<</Title(Inner)/A<</S/GoTo/D[{} 0 R/Fit]>>>>", pages[3]));
    // The last one points back to the first.
    file.set(two, format!("<</Title(\u{fe}\u{ff})/Dest/old/Next {three} 0 R>>"));
    file.set(
        two,
        [
            b"<</Title(\xfe\xff\0T\0w\0o)/Dest/old/Next ".to_vec(),
            format!("{three} 0 R>>").into_bytes(),
        ]
        .concat(),
    );
    file.set(three, format!("<</Title(Three)/Dest(new)/Next {one} 0 R>>"));
    file.extend(CATALOG, &format!(
        "/Outlines {root} 0 R/Dests<</old[{} 0 R/Fit]>>/Names<</Dests<</Names[(new)<</D[{} 0 R/Fit]>>]>>>>",
        pages[5], pages[9]
    ));
    let bookmark = |title: &str, level, page| Bookmark {
        title: title.to_owned(),
        level,
        page,
        landing: Landing::Top,
    };
    let expected = [
        bookmark("One", 1, 1),
        bookmark("Inner", 2, 4),
        bookmark("Two", 1, 6),
        bookmark("Three", 1, 10),
    ];
    assert_eq!(facts(&file), Facts { pages: COUNT, outline: expected.to_vec() });
    assert_eq!(facts(&book()).outline, []);
}

/// Chapters at the first and at the fifth page, the second one with this destination after its page.
fn chapters(destination: &str, of_page: &str) -> Vec<String> {
    let mut file = book();
    let pages = file.pages();
    let (root, one, two) = (file.add("<<>>"), file.add("<<>>"), file.add("<<>>"));
    file.set(root, format!("<</First {one} 0 R/Last {two} 0 R>>"));
    file.set(one, format!("<</Title(One)/Dest[{} 0 R/Fit]/Next {two} 0 R>>", pages[0]));
    file.set(two, format!("<</Title(Two)/Dest[{} 0 R{destination}]>>", pages[4]));
    file.extend(CATALOG, &format!("/Outlines {root} 0 R"));
    file.extend(PAGES, of_page);
    facts(&file).chapters().iter().map(|chapter| chapter.range.to_string()).collect()
}

#[test]
fn a_chapter_that_begins_below_the_top_of_a_page_shares_it_with_the_one_before() {
    // The pages are 600 by 800.
    for below in [
        "/XYZ 72 500 0",
        "/XYZ null 600 null",
        "/FitH 400",
        "/FitBH 12",
        "/FitR 0 100 600 300",
        "/XYZ 0 -5 0",
    ] {
        assert_eq!(chapters(below, ""), ["1-5", "5-12"], "{below}");
    }
    for top in [
        "/XYZ 72 720 0",
        "/XYZ 72 675 0",
        "/XYZ 0 999 0",
        "/XYZ 72 null 0",
        "/XYZ",
        "/FitH 790",
        "/FitV 20",
        "/FitB",
        "/FitR 0 100 600 790",
        "",
    ] {
        assert_eq!(chapters(top, ""), ["1-4", "5-12"], "{top}");
    }
}

#[test]
fn the_top_is_that_of_the_page_as_it_is_shown() {
    for (destination, of_page, shared) in [
        // A page of which the lower half is shown.
        ("/XYZ 0 390 0", "/CropBox[0 0 600 400]", false),
        ("/XYZ 0 390 0", "/CropBox[600 800 0 0]", true),
        // Turned to the right: its left side is on top.
        ("/XYZ 20 20 0", "/Rotate 90", false),
        ("/XYZ 300 790 0", "/Rotate 90", true),
        ("/XYZ 20 20 0", "/Rotate 180", false),
        ("/XYZ 590 20 0", "/Rotate 270", false),
        ("/XYZ 20 790 0", "/Rotate -90", true),
        ("/FitH 20", "/Rotate 90", false),
        // Without a height nothing can be said.
        ("/XYZ 0 390 0", "/CropBox[0 5 600 5]", false),
    ] {
        let expected = if shared { "1-5" } else { "1-4" };
        assert_eq!(chapters(destination, of_page)[0], expected, "{destination} {of_page}");
    }
}
