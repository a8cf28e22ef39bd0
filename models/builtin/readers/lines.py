"""Line-based markup: paragraphs between blank lines, under headings that the caller has found."""

from dataclasses import dataclass

from .document import Document, clean_inline

# A line that begins so is markup (table, include, field, directive) and ends a paragraph.
MARKUP = ("|", "[[", "include::", ":", ".. ")


@dataclass
class Heading:
    level: int
    text: str
    # the heading's own line, and its underline
    lines: int


class Sections:
    """Collects lines into paragraphs and paragraphs into sections."""

    def __init__(self) -> None:
        self.document = Document()
        self.heading: str | None = None
        self.paragraphs: list[str] = []
        self.open: list[str] = []

    def line(self, line: str) -> None:
        if not line.strip() or line.startswith(MARKUP):
            self.end_paragraph()
        else:
            self.open.append(line.strip())

    def end_paragraph(self) -> None:
        text = clean_inline(" ".join(self.open))
        if text:
            self.paragraphs.append(text)
        self.open = []

    def end_section(self) -> None:
        self.end_paragraph()
        if self.paragraphs:
            self.document.sections.append((self.heading, self.paragraphs))
        self.paragraphs = []

    def begin(self, heading: Heading) -> None:
        self.end_section()
        text = clean_inline(heading.text)
        if heading.level == 1 and not self.document.title:
            self.document.title, self.heading = text, None
        else:
            self.heading = text


def read_lines(lines: list[str], headings: dict[int, Heading]) -> Document:
    """`headings` by the index of their first line."""
    sections, at = Sections(), 0
    while at < len(lines):
        heading = headings.get(at)
        if heading:
            sections.begin(heading)
            at += heading.lines
        else:
            sections.line(lines[at])
            at += 1
    sections.end_section()
    return sections.document
