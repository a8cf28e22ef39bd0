"""CNXML, the format of the OpenStax textbooks: sections, paragraphs, lists, notes, and a glossary."""

from lxml import etree

from .document import Document, clean

SPACE = "{http://cnx.rice.edu/cnxml}"
SKIPPED = {
    SPACE + name
    for name in (
        "figure",
        "table",
        "exercise",
        "media",
        "metadata",
        "title",
        "glossary",
        "equation",
        "problem",
        "solution",
    )
}
PARSER = etree.XMLParser(recover=True, huge_tree=True)


def read_cnxml(data: bytes) -> Document:
    root = etree.fromstring(data, PARSER)
    document = Document(title=whole_text(root.find(SPACE + "title")))
    content = root.find(SPACE + "content")
    if content is not None:
        read_section(content, None, document)
    for definition in root.iter(SPACE + "definition"):
        term, meaning = definition.find(SPACE + "term"), definition.find(SPACE + "meaning")
        if term is not None and meaning is not None:
            document.glossary.append((whole_text(term), whole_text(meaning)))
    return document


def read_section(element: etree._Element, heading: str | None, document: Document) -> None:
    paragraphs: list[str] = []

    def end() -> None:
        nonlocal paragraphs
        if paragraphs:
            document.sections.append((heading, paragraphs))
        paragraphs = []

    for child in element:
        if child.tag == SPACE + "section":
            end()
            title = child.find(SPACE + "title")
            read_section(child, whole_text(title) if title is not None else heading, document)
        else:
            paragraphs += paragraphs_of(child)
    end()


def paragraphs_of(element: etree._Element) -> list[str]:
    if element.tag == SPACE + "para":
        return [running_text(element)]
    if element.tag == SPACE + "list":
        return [clean("; ".join(running_text(item) for item in element.iter(SPACE + "item")))]
    if element.tag in (SPACE + "note", SPACE + "example"):
        return [running_text(paragraph) for paragraph in element.iter(SPACE + "para")]
    return []


def running_text(element: etree._Element) -> str:
    """Text without figures, tables, formulas and the like."""
    parts: list[str] = []

    def collect(child: etree._Element) -> None:
        if isinstance(child.tag, str) and child.tag not in SKIPPED:
            parts.append(child.text or "")
            for grandchild in child:
                collect(grandchild)
        parts.append(child.tail or "")

    parts.append(element.text or "")
    for child in element:
        collect(child)
    return clean("".join(parts))


def whole_text(element: etree._Element | None) -> str:
    return clean("".join(element.itertext())) if element is not None else ""
