//! From the drawing of a page to its text in the order of drawing.

pub(crate) mod glyph;
pub(crate) mod segment;
mod composite;
pub(crate) mod fonts;
mod memo;
pub(crate) mod pitch;
pub(crate) mod device;
