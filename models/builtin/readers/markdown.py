"""Markdown: front matter for the title, `#` and underlined headings; code blocks and comments are left out."""

import re

from .document import Document
from .lines import Heading, read_lines

FRONT_MATTER = re.compile(r"\ufeff?---\n(.*?)\n---\n", re.S)
TITLE = re.compile(r"^title:\s*[\"']?(.*?)[\"']?\s*$", re.M)
CODE = re.compile(r"(?ms)^\s*(```|~~~).*?^\s*\1\s*$")
COMMENT = re.compile(r"(?s)<!--.*?-->")
REFERENCE = re.compile(r"(?m)^\[[^\]]+\]:.*$")
HASHES = re.compile(r"(#{1,5})\s+(.*?)\s*#*$")
UNDERLINE = re.compile(r"^(===+|---+)$")
ANCHOR = re.compile(r"\{#.*\}")


def read_markdown(data: bytes) -> Document:
    text, title = data.decode("utf-8", "replace"), ""
    matter = FRONT_MATTER.match(text)
    if matter:
        found = TITLE.search(matter.group(1))
        title = found.group(1) if found else ""
        text = text[matter.end() :]
    text = REFERENCE.sub("", COMMENT.sub("", CODE.sub("\n", text)))
    lines = text.split("\n")
    document = read_lines(lines, headings(lines))
    document.title = title or document.title
    return document


def headings(lines: list[str]) -> dict[int, Heading]:
    found = {}
    for at, line in enumerate(lines):
        hashes = HASHES.match(line)
        following = lines[at + 1].strip() if at + 1 < len(lines) else ""
        if hashes:
            found[at] = Heading(len(hashes.group(1)), ANCHOR.sub("", hashes.group(2)), 1)
        elif line.strip() and UNDERLINE.match(following) and not line.startswith((" ", "|", "-")):
            found[at] = Heading(1 if "=" in following else 2, line, 2)
    return found
