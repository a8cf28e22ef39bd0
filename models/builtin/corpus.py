"""Pinned sources to passages: fetches each repository of sources.json at its commit, reads its files, and
writes passages.jsonl.xz and gloss.jsonl.xz.

    python corpus.py --mirrors DIR [--only NAME ...] [--out DIR]

Books of OpenStax are pinned to the last commit whose LICENSE and collection metadata both say CC BY 4.0. Several
carry another licence since: take no newer commit without looking.
"""

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from passages import HERE, write_lines
from readers import READERS, Document
from sentences import split_sentences

SEED = 7

# Sections that hold no prose, and passages that are mostly not letters, teach nothing.
SKIPPED_SECTIONS = {
    "references", "bibliography", "key equations", "copyright", "suggested readings", "further research",
}  # fmt: skip
LETTERS_MIN = 0.6

# Words of a passage: short paragraphs are merged up to the first number, long ones cut at the second.
WORDS_LOW, WORDS_HIGH = 60, 170
WORDS_MIN, WORDS_MAX = 25, 260

TERM_CHARS = range(2, 80)
MEANING_WORDS_MIN = 4


def git(repository: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def mirror(source: dict, mirrors: Path) -> Path:
    """The source's repository with its commit, fetched if it is not there."""
    repository = mirrors / source["name"] / "repo"
    if not repository.exists():
        repository.mkdir(parents=True)
        git(repository, "init", "--bare", "--quiet")
    has_commit = ["git", "-C", str(repository), "cat-file", "-e", source["commit"]]
    if subprocess.run(has_commit, capture_output=True).returncode != 0:
        git(repository, "fetch", "--quiet", "--depth", "1", source["url"], source["commit"])
    return repository


def file_names(repository: Path, source: dict, rng: random.Random) -> list[str]:
    wanted = re.compile(source["files"])
    listing = git(repository, "ls-tree", "-r", "--name-only", source["commit"]).decode("utf-8", "replace")
    names = [name for name in listing.split("\n") if wanted.search(name)]
    most = source.get("documents_max", len(names))
    return sorted(rng.sample(names, most)) if len(names) > most else names


def documents(repository: Path, source: dict, names: list[str]) -> Iterator[tuple[str, Document]]:
    read = READERS[source["format"]]
    for name in names:
        data = git(repository, "cat-file", "blob", f"{source['commit']}:{name}")
        try:
            yield name, read(data)
        except Exception as error:  # a file that cannot be read is named and left out
            print(f"{source['name']}/{name}: {error!r}"[:200], file=sys.stderr)


def cut(paragraphs: list[str]) -> list[str]:
    """Merges short paragraphs and cuts long ones at sentence ends."""
    passages: list[str] = []
    current: list[str] = []
    words = 0

    def end() -> None:
        nonlocal current, words
        if current:
            passages.append(" ".join(current))
        current, words = [], 0

    for paragraph in paragraphs:
        length = len(paragraph.split())
        if length > WORDS_HIGH:
            end()
            parts = split_sentences(paragraph)
        else:
            parts = [paragraph] if length else []
        for part in parts:
            length = len(part.split())
            if words + length > WORDS_HIGH and (words >= WORDS_LOW or len(parts) == 1):
                end()
            current.append(part)
            words += length
        if words >= WORDS_LOW:
            end()
    end()
    limited = (passage.split() for passage in passages)
    return [" ".join(words[:WORDS_MAX]) for words in limited if len(words) >= WORDS_MIN]


def is_prose(passage: str) -> bool:
    return sum(c.isalpha() for c in passage) >= LETTERS_MIN * len(passage)


def fingerprint(passage: str) -> bytes:
    return hashlib.md5(re.sub(r"\W+", "", passage.lower()).encode(), usedforsecurity=False).digest()


class Corpus:
    def __init__(self) -> None:
        self.passages: list[dict] = []
        self.glossary: list[dict] = []
        self.seen: set[bytes] = set()

    def add(self, source: dict, name: str, document: Document) -> None:
        place = {"src": source["name"], "split": source["split"], "doc": f"{source['name']}/{name}"}
        for index, (heading, paragraphs) in enumerate(document.sections):
            if heading and heading.lower() in SKIPPED_SECTIONS:
                continue
            section = {"title": document.title, "sec": index, "head": heading or ""}
            for passage in cut(paragraphs):
                if is_prose(passage) and self.is_new(passage):
                    self.passages.append({**place, **section, "text": passage})
        for term, meaning in document.glossary:
            if len(term) in TERM_CHARS and len(meaning.split()) >= MEANING_WORDS_MIN:
                self.glossary.append({**place, "term": term, "meaning": meaning})

    def is_new(self, passage: str) -> bool:
        mark = fingerprint(passage)
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirrors", type=Path, required=True, help="folder of repositories, filled as needed")
    parser.add_argument("--only", nargs="*", help="names of sources; all if left out")
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    rng, corpus = random.Random(SEED), Corpus()
    sources = json.loads((HERE / "sources.json").read_text())
    # Held-out sources first: of two equal passages the held-out one stays.
    for source in sorted(sources, key=lambda source: source["split"] != "held"):
        if arguments.only and source["name"] not in arguments.only:
            continue
        repository = mirror(source, arguments.mirrors)
        before = len(corpus.passages)
        for name, document in documents(repository, source, file_names(repository, source, rng)):
            corpus.add(source, name, document)
        print(source["name"], len(corpus.passages) - before, "passages,", source["passages"], "when pinned", flush=True)
    write_lines(arguments.out / "passages.jsonl.xz", corpus.passages)
    write_lines(arguments.out / "gloss.jsonl.xz", corpus.glossary)


if __name__ == "__main__":
    main()
