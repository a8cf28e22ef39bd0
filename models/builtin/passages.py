"""The passages and glossaries that everything is made from: one JSON object a line, compressed with xz."""

import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSAGES = HERE / "passages.jsonl.xz"
GLOSSARY = HERE / "gloss.jsonl.xz"


def read_lines(path: Path) -> Iterator[dict]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def write_lines(path: Path, rows: Iterable[dict]) -> int:
    count = 0
    with lzma.open(path, "wt", encoding="utf-8", preset=9) as lines:
        for row in rows:
            lines.write(json.dumps(row) + "\n")
            count += 1
    return count


def read_passages() -> list[dict]:
    """Keys of a passage: src, split (train or held), doc, title, sec, head, text."""
    return list(read_lines(PASSAGES))


def read_glossary() -> list[dict]:
    """Keys of an entry: src, split, doc, term, meaning."""
    return list(read_lines(GLOSSARY))
