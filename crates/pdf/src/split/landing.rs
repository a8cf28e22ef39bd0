//! Whether an entry of the outline leads to the top of its page or to somewhere below.

use super::inherited;
use lopdf::{Document, Object, ObjectId};
use types::seam::split::Landing;

/// Of a page's height, what its margin and a running head take: LaTeX sets the first heading of a page in its article
/// class 125 of 792 points below the top edge. A chapter that is taken for one further down brings one page too many
/// to the section before it; one that is taken for the top of its page would cost that section its end.
const TOP_SHARE: f32 = 1.0 / 6.0;

/// `destination`: the page, the kind of view, and its numbers. Source: ISO 32000-2, table 149.
///
/// A view that shows the whole page, or whose number is missing, is the top.
pub(super) fn landing(document: &Document, page: ObjectId, destination: &[Object]) -> Landing {
    let depth = depth(document, page, destination).unwrap_or(0.0);
    if depth > TOP_SHARE { Landing::Below } else { Landing::Top }
}

/// How far below the top edge of the page as it is shown, in heights of it.
fn depth(document: &Document, page: ObjectId, destination: &[Object]) -> Option<f32> {
    let number = |at: usize| destination.get(at).and_then(|number| value(document, number));
    let (left, top) = match destination.get(1)?.as_name().ok()? {
        b"XYZ" => (number(2), number(3)),
        b"FitH" | b"FitBH" => (None, number(2)),
        b"FitR" => (number(2), number(5)),
        _ => (None, None),
    };
    let [x0, y0, x1, y1] = shown(document, page)?;
    let turned = inherited::entry(document, page, b"Rotate");
    let turned = turned.and_then(|angle| value(document, angle)).unwrap_or(0.0);
    let depth = match turned.rem_euclid(360.0) as u32 {
        90 => (left? - x0) / (x1 - x0),
        180 => (top? - y0) / (y1 - y0),
        270 => (x1 - left?) / (x1 - x0),
        _ => (y1 - top?) / (y1 - y0),
    };
    depth.is_finite().then_some(depth)
}

/// The rectangle that viewers show, its lower left corner first.
fn shown(document: &Document, page: ObjectId) -> Option<[f32; 4]> {
    let boxed = inherited::entry(document, page, b"CropBox")
        .or_else(|| inherited::entry(document, page, b"MediaBox"))?;
    let (_, Object::Array(corners)) = document.dereference(boxed).ok()? else { return None };
    let corner = |at: usize| value(document, corners.get(at)?);
    let [x, y, other_x, other_y] = [corner(0)?, corner(1)?, corner(2)?, corner(3)?];
    Some([x.min(other_x), y.min(other_y), x.max(other_x), y.max(other_y)])
}

fn value(document: &Document, number: &Object) -> Option<f32> {
    document.dereference(number).ok()?.1.as_float().ok()
}
