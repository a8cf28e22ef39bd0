"""XHTML of Standard Ebooks: a file is a chapter."""

from lxml import etree

from .document import Document, clean

SPACE = "{http://www.w3.org/1999/xhtml}"
PARSER = etree.XMLParser(recover=True, huge_tree=True)


def read_xhtml(data: bytes) -> Document:
    root = etree.fromstring(data, PARSER)
    headings = [text(element) for element in root.iter(SPACE + "h2", SPACE + "h3")]
    paragraphs = [text(element) for element in root.iter(SPACE + "p") if not in_header(element)]
    return Document(title=headings[0] if headings else "", sections=[(None, paragraphs)])


def in_header(element: etree._Element) -> bool:
    return any(ancestor.tag == SPACE + "header" for ancestor in element.iterancestors())


def text(element: etree._Element) -> str:
    return clean("".join(element.itertext()))
