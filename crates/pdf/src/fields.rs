//! Values of form fields that no appearance draws: viewers draw them on the fly, so they are text of the page.

use crate::{small_stream, text_string};
use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as TextString};
use hayro_syntax::page::Page;

/// Field trees are no deeper; a damaged one may go in a circle.
const ANCESTORS_MAX: usize = 32;
/// Widgets of a page that are looked at.
const WIDGETS_MAX: usize = 2_000;
/// Bytes of one value that are kept.
const VALUE_BYTES_MAX: usize = 1 << 20;
/// Annotation flags: hidden, not for the screen.
const HIDDEN: i32 = 1 << 1 | 1 << 5;
/// Field flag of a text field whose value is a secret.
const PASSWORD: i32 = 1 << 13;

/// Whether the document asks its viewers to draw all fields anew, because their appearances may be stale.
pub(crate) fn need_appearances(pdf: &Pdf) -> bool {
    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id());
    let form = catalog.and_then(|catalog| catalog.get::<Dict<'_>>(b"AcroForm"));
    form.and_then(|form| form.get::<bool>(b"NeedAppearances")).unwrap_or(false)
}

/// Whether the pages only stand in for a form that is described in another language and drawn by a script.
pub(crate) fn is_dynamic_form(pdf: &Pdf) -> bool {
    let xref = pdf.xref();
    let catalog = xref.get::<Dict<'_>>(xref.root_id());
    catalog.and_then(|catalog| catalog.get::<bool>(b"NeedsRendering")).unwrap_or(false)
}

/// Whether the values in a page's text can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appearances {
    Current,
    Stale,
}

/// Values that `text`, the page as drawn, does not show, each with the field's description where it has one.
pub(crate) fn values(page: &Page<'_>, appearances: Appearances, text: &str) -> Vec<String> {
    let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") else { return Vec::new() };
    let mut values: Vec<String> = Vec::new();
    for annotation in annotations.iter::<Dict<'_>>().take(WIDGETS_MAX) {
        let drawn = has_appearance(&annotation);
        if drawn && appearances == Appearances::Current {
            continue;
        }
        let Some(value) = value(&annotation) else { continue };
        let shown = drawn && text.contains(&value);
        let labelled = match description(&annotation) {
            Some(description) => format!("{description}: {value}"),
            None => value,
        };
        if !shown && values.last() != Some(&labelled) {
            values.push(labelled);
        }
    }
    values
}

fn value(widget: &Dict<'_>) -> Option<String> {
    let is_widget = widget.get::<Name<'_>>(b"Subtype")?.as_ref() == b"Widget";
    let kind = inherited::<Name<'_>>(widget, b"FT")?;
    let holds_text = matches!(kind.as_ref(), b"Tx" | b"Ch");
    let hidden = widget.get::<i32>(b"F").unwrap_or(0) & HIDDEN != 0;
    let secret = inherited::<i32>(widget, b"Ff").unwrap_or(0) & PASSWORD != 0;
    if !is_widget || !holds_text || hidden || secret {
        return None;
    }
    let text = match inherited::<Object<'_>>(widget, b"V")? {
        Object::String(text) => text_string::decode(kept(text.as_bytes())),
        Object::Stream(stream) => text_string::decode(kept(&small_stream::decoded(&stream)?)),
        Object::Array(chosen) => {
            let chosen = chosen
                .iter::<TextString<'_>>()
                .map(|text| text_string::decode(kept(text.as_bytes())));
            chosen.collect::<Vec<String>>().join(", ")
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn kept(bytes: &[u8]) -> &[u8] {
    bytes.get(..VALUE_BYTES_MAX).unwrap_or(bytes)
}

fn description(widget: &Dict<'_>) -> Option<String> {
    let text = inherited::<TextString<'_>>(widget, b"TU")?;
    Some(text_string::decode(kept(text.as_bytes()))).filter(|text| !text.is_empty())
}

fn has_appearance(widget: &Dict<'_>) -> bool {
    widget
        .get::<Dict<'_>>(b"AP")
        .is_some_and(|appearance| appearance.get::<Stream<'_>>(b"N").is_some())
}

/// A field's entry, of its own or from the nearest ancestor that has it.
fn inherited<'a, T>(field: &Dict<'a>, key: &[u8]) -> Option<T>
where
    T: TryFrom<Object<'a>>,
{
    let mut field = field.clone();
    for _ in 0..ANCESTORS_MAX {
        if let Some(object) = field.get::<Object<'a>>(key) {
            return T::try_from(object).ok();
        }
        field = field.get::<Dict<'a>>(b"Parent")?;
    }
    None
}
