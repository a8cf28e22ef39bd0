//! What the elements of HTML mean for the flow of text.

/// Elements without content and without an end tag.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}

/// The start of `name` closes the element `open`, though it has no end tag.
pub(super) fn closes(name: &[u8], open: &[u8]) -> bool {
    match name {
        b"li" => matches!(open, b"li" | b"p"),
        b"dt" | b"dd" => matches!(open, b"dt" | b"dd" | b"p"),
        b"td" | b"th" => matches!(open, b"td" | b"th" | b"p"),
        b"tr" => matches!(open, b"tr" | b"td" | b"th" | b"p"),
        b"thead" | b"tbody" | b"tfoot" => {
            matches!(open, b"thead" | b"tbody" | b"tfoot" | b"tr" | b"td" | b"th" | b"p")
        }
        b"option" | b"optgroup" => open == b"option",
        b"html" | b"head" | b"body" => matches!(open, b"html" | b"head"),
        _ => open == b"p" && (is_block(name) || heading_level(name).is_some()),
    }
}

/// No element outside `open` is closed by the start of `name`.
pub(super) fn is_boundary(open: &[u8], name: &[u8]) -> bool {
    match open {
        b"td" | b"th" => !matches!(name, b"td" | b"th" | b"tr" | b"thead" | b"tbody" | b"tfoot"),
        b"ul" | b"ol" | b"menu" | b"dl" => matches!(name, b"li" | b"dt" | b"dd"),
        b"table" | b"caption" | b"button" | b"object" | b"template" | b"select" | b"svg"
        | b"math" | b"marquee" | b"applet" => true,
        _ => false,
    }
}

/// Elements that a tree builder opens again behind a block that closed them.
pub(super) fn is_formatting(name: &[u8]) -> bool {
    matches!(
        name,
        b"a" | b"b"
            | b"big"
            | b"code"
            | b"em"
            | b"font"
            | b"i"
            | b"nobr"
            | b"s"
            | b"small"
            | b"strike"
            | b"strong"
            | b"tt"
            | b"u"
    )
}

/// Elements whose content is no text for readers.
pub(super) fn is_hidden(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"noscript"
            | b"template"
            | b"svg"
            | b"iframe"
            | b"object"
            | b"title"
            | b"noembed"
            | b"noframes"
            | b"textarea"
            | b"select"
            | b"math"
    )
}

/// Elements that end the paragraph before them.
pub(super) fn is_block(name: &[u8]) -> bool {
    matches!(
        name,
        b"address"
            | b"article"
            | b"aside"
            | b"blockquote"
            | b"body"
            | b"caption"
            | b"center"
            | b"dd"
            | b"details"
            | b"dialog"
            | b"dir"
            | b"div"
            | b"dl"
            | b"dt"
            | b"fieldset"
            | b"figcaption"
            | b"figure"
            | b"footer"
            | b"form"
            | b"head"
            | b"header"
            | b"hgroup"
            | b"hr"
            | b"html"
            | b"legend"
            | b"li"
            | b"main"
            | b"menu"
            | b"nav"
            | b"ol"
            | b"p"
            | b"pre"
            | b"section"
            | b"summary"
            | b"table"
            | b"tbody"
            | b"tfoot"
            | b"thead"
            | b"tr"
            | b"ul"
    )
}

pub(super) fn heading_level(name: &[u8]) -> Option<u8> {
    match name {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}
