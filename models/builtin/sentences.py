"""Sentence ends, and headings that say something about what stands below them."""

import re
from pathlib import Path

END = re.compile(r"(?<=[.!?])[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])")

# Headings that stand over anything, such as "introduction".
GENERIC = set((Path(__file__).resolve().parent / "generic_headings.txt").read_text().split("\n"))


def split_sentences(text: str) -> list[str]:
    return [sentence for sentence in END.split(text) if sentence]


def is_telling(heading: str, words: range) -> bool:
    return bool(heading) and heading.lower() not in GENERIC and len(heading.split()) in words
