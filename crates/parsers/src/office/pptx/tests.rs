use crate::Format;
use crate::testing::{blocks, concat, failure, short, zipped};

fn relations(entries: &[(&str, &str, &str)]) -> String {
    let entries = concat(entries.iter().map(|(id, kind, target)| {
        format!(r#"<Relationship Id="{id}" Type="x/{kind}" Target="{target}"/>"#)
    }));
    format!("<Relationships>{entries}</Relationships>")
}

fn shape(kind: &str, text: &str) -> String {
    format!(
        r#"<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"#
    )
}

#[test]
fn slides_come_in_the_order_of_the_presentation_with_notes() {
    let root = relations(&[("r1", "officeDocument", "ppt/presentation.xml")]);
    let main = r#"<p:presentation><p:sldIdLst><p:sldId id="256" r:id="b"/><p:sldId id="257" r:id="a"/><p:sldId id="258" r:id="gone"/></p:sldIdLst></p:presentation>"#;
    let slides =
        relations(&[("a", "slide", "slides/slide1.xml"), ("b", "slide", "slides/slide2.xml")]);
    let table = "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>1</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>2</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></p:graphicFrame>";
    let first = format!(
        "<p:sld>{}{}{}</p:sld>",
        shape("body", "Point"),
        shape("title", "Hello"),
        shape("sldNum", "7")
    );
    let second = format!("<p:sld>{table}</p:sld>");
    let notes_of = relations(&[
        ("n", "notesSlide", "../notesSlides/notesSlide1.xml"),
        ("d", "diagramData", "../diagrams/data1.xml"),
    ]);
    let diagram = "<dgm:dataModel><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Step</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>";
    let notes =
        format!("<p:notes>{}{}</p:notes>", shape("sldNum", "7"), shape("body", "Say hello."));
    let file = zipped(&[
        ("_rels/.rels", root.as_bytes()),
        ("ppt/presentation.xml", main.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", slides.as_bytes()),
        ("ppt/slides/slide2.xml", first.as_bytes()),
        ("ppt/slides/_rels/slide2.xml.rels", notes_of.as_bytes()),
        ("ppt/diagrams/data1.xml", diagram.as_bytes()),
        ("ppt/notesSlides/notesSlide1.xml", notes.as_bytes()),
        ("ppt/slides/slide1.xml", second.as_bytes()),
    ]);
    assert_eq!(
        short(&blocks(Format::Pptx, &file)),
        [
            "@1",
            "# Hello",
            "- Point",
            "p Step",
            "- Say hello.",
            "@2",
            "# Slide 2",
            "| 1 | 2",
            "! slide 3 is missing in the file",
        ]
    );
}

#[test]
fn a_container_of_another_kind_is_refused() {
    let other = zipped(&[("word/document.xml", b"<w:document/>")]);
    assert!(failure(Format::Pptx, &other).message.contains("ppt/presentation.xml"));
}
