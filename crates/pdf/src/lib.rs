//! PDF text: glyphs to lines to columns.
