"""What every reader gives, and how inline markup and spaces are cleaned."""

import re
from dataclasses import dataclass, field

SPACE = re.compile(r"\s+")
INVISIBLE = str.maketrans("", "", "\u2060\u00ad")

INLINE = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        (r"!\[[^\]]*\]\([^)]*\)", ""),  # image
        (r"\[([^\]]*)\]\([^)]*\)", r"\1"),  # link
        (r"\[([^\]]*)\]\[[^\]]*\]", r"\1"),  # link by reference
        (r"<[^>\s][^>]*>", " "),  # HTML tag
        (r"[*`]+", ""),  # emphasis, code
        (r":[a-z:]+:(?=\S)", ""),  # reStructuredText role
        (r"(\S)\s?<[^>]+>`?_+", r"\1"),  # reStructuredText link target
        (r"\{\{[^}]*\}\}|\{%[^%]*%\}", " "),  # template
    ]
]


@dataclass
class Document:
    title: str = ""
    # (heading or None, paragraphs) in reading order
    sections: list[tuple[str | None, list[str]]] = field(default_factory=list)
    # (term, meaning)
    glossary: list[tuple[str, str]] = field(default_factory=list)


def clean(text: str) -> str:
    return SPACE.sub(" ", text.translate(INVISIBLE)).strip()


def clean_inline(text: str) -> str:
    for pattern, replacement in INLINE:
        text = pattern.sub(replacement, text)
    return clean(text)
