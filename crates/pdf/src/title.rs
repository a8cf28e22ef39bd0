//! The title of a document, from what its producer wrote beside the pages.

use crate::{small_stream, text_string};
use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, Stream};

/// Longer ones are abstracts.
const TITLE_CHARACTERS_MAX: usize = 300;
/// Bytes of metadata that are looked at.
const PACKET_BYTES_MAX: usize = 1 << 20;
/// Names of files that programs put in place of a title.
const FILE_ENDINGS: [&str; 14] = [
    ".doc", ".docx", ".rtf", ".odt", ".tex", ".dvi", ".ps", ".eps", ".pdf", ".indd", ".qxd", ".fm",
    ".ppt", ".pptx",
];
const EMPTY_TITLES: [&str; 5] = ["untitled", "title", "document", "no title", "unknown"];

/// The title in the information dictionary, else in the XMP packet.
pub(crate) fn read(pdf: &Pdf) -> Option<String> {
    let written = pdf.metadata().title.as_ref().map(|title| text_string::decode(title));
    written.and_then(|title| sensible(&title)).or_else(|| sensible(&packet_title(&packet(pdf)?)?))
}

/// The title without what programs add to it; `None` for names of files and words that say nothing.
fn sensible(title: &str) -> Option<String> {
    let title = title.trim();
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(title);
    let title = title.strip_prefix("Microsoft PowerPoint - ").unwrap_or(title);
    let lower = title.to_lowercase();
    let letters = title.chars().filter(|c| c.is_alphabetic()).count();
    let refused = letters < 2
        || title.chars().count() > TITLE_CHARACTERS_MAX
        || title.contains(char::REPLACEMENT_CHARACTER)
        || EMPTY_TITLES.contains(&lower.as_str())
        || FILE_ENDINGS.iter().any(|ending| lower.ends_with(ending));
    (!refused).then(|| title.to_owned())
}

fn packet(pdf: &Pdf) -> Option<String> {
    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id())?;
    let stream = catalog.get::<Stream<'_>>(b"Metadata")?;
    let packet = small_stream::decoded(&stream)?;
    Some(String::from_utf8_lossy(packet.get(..PACKET_BYTES_MAX.min(packet.len()))?).into_owned())
}

/// The first alternative of `dc:title`. The packet is XML, but of so fixed a form that a search is enough.
fn packet_title(packet: &str) -> Option<String> {
    let (_, title) = packet.split_once("<dc:title")?;
    let (title, _) = title.split_once("</dc:title>")?;
    let (_, item) = title.split_once("<rdf:li")?;
    let (_, item) = item.split_once('>')?;
    let (text, _) = item.split_once("</rdf:li>")?;
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let text =
        entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain));
    Some(text_string::collapse(&text))
}

#[cfg(test)]
mod tests {
    use super::{packet_title, sensible};

    #[test]
    fn names_of_files_and_empty_words_are_no_titles() {
        let cases = [
            ("On Fishes", Some("On Fishes")),
            (" Microsoft Word - On Fishes ", Some("On Fishes")),
            ("Microsoft Word - fish_v3.doc", None),
            ("paper.DVI", None),
            ("Untitled", None),
            ("12345", None),
            ("", None),
            ("\u{fffd}\u{fffd} ab", None),
        ];
        for (written, title) in cases {
            assert_eq!(sensible(written).as_deref(), title, "{written:?}");
        }
    }

    #[test]
    fn the_packet_gives_its_first_title() {
        let packet = "<dc:title>\n <rdf:Alt><rdf:li xml:lang=\"x-default\">Fish &amp;\n Chips</rdf:li>\
                      <rdf:li>Fisch</rdf:li></rdf:Alt></dc:title>";
        assert_eq!(packet_title(packet).as_deref(), Some("Fish & Chips"));
        assert_eq!(packet_title("<dc:title><rdf:li>open"), None);
    }
}
