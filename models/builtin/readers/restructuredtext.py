"""reStructuredText: underlined headings; literal blocks and the bodies of directives are left out."""

import re

from .document import Document
from .lines import Heading, read_lines

ADORNMENT = re.compile(r"^([=\-~^\"'*#+`])\1+$")
ADORNED_TEXT = re.compile(r"^([=\-~^\"*#+])\1+$")
OVERLINE = re.compile(r"^([=\-~^\"*#])\1{3,}$")
# The title of a Python or numpy enhancement proposal stands in its preamble.
PREAMBLE_LINES = 30
PREAMBLE_TITLE = re.compile(r"(?m)^Title:\s*(.*)$")


def read_restructuredtext(data: bytes) -> Document:
    lines = without_indented_bodies(data.decode("utf-8", "replace").split("\n"))
    found = headings(lines)
    preamble = PREAMBLE_TITLE.search("\n".join(lines[:PREAMBLE_LINES]))
    document = read_lines(lines, found)
    if preamble:
        document.title = preamble.group(1) or document.title
    return document


def without_indented_bodies(lines: list[str]) -> list[str]:
    kept, inside = [], False
    for line in lines:
        if inside and (not line.strip() or line.startswith((" ", "\t"))):
            kept.append("")
            continue
        kept.append(line)
        inside = line.rstrip().endswith("::") or line.startswith(".. ")
    return kept


def headings(lines: list[str]) -> dict[int, Heading]:
    """Levels in the order in which the adornments appear. Blanks overlines in `lines`."""
    found: dict[int, Heading] = {}
    levels: list[str] = []
    for at, line in enumerate(lines[:-1]):
        underline = lines[at + 1].rstrip()
        if is_heading(line, underline):
            if underline[0] not in levels:
                levels.append(underline[0])
            found[at] = Heading(levels.index(underline[0]) + 1, line, 2)
        if at not in found and OVERLINE.match(line.strip()) and (at - 1) not in found:
            lines[at] = ""
    return found


def is_heading(line: str, underline: str) -> bool:
    text = line.strip()
    if not text or len(underline) < 3 or ADORNED_TEXT.match(text):
        return False
    return bool(ADORNMENT.match(underline)) and len(underline) >= len(text) - 1
