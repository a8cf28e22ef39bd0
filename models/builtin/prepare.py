"""What is learnt from: pairs of texts that belong together, and texts whose vectors the teacher gives.

    python prepare.py --work DIR

Writes to DIR: teacher_texts.jsonl, and pairs_queries.npz, pairs_passages.npz (sparse counts), pairs_groups.npy.
Only passages of the split "train" are used; the evaluation has never been seen.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from counts import weighted_counts
from passages import read_glossary, read_passages
from sentences import is_telling, split_sentences
from wordpiece import tokenizer

SEED = 11

HEADING_WORDS = range(1, 15)
SENTENCE_WORDS = range(5, 41)
# A passage without one of its sentences must still say something.
SENTENCES_MIN = 3
# Share of neighbouring passages that become a pair; they are plentiful and teach least.
ADJACENT = 0.25

# Teacher texts of a source, so that no source drowns the others.
TEXTS_OF_SOURCE = 1100
# The teacher is slow on long texts: the beginning of a passage, and four short texts for each of these.
PASSAGE_WORDS = 60
SHORT_FOR_EACH_LONG = 4


@dataclass
class Pairs:
    queries: list[str] = field(default_factory=list)
    passages: list[str] = field(default_factory=list)
    # Pairs of one document are no negatives for each other.
    groups: list[str] = field(default_factory=list)
    kinds: Counter = field(default_factory=Counter)

    def add(self, kind: str, query: str, passage: str, group: str) -> None:
        self.queries.append(query)
        self.passages.append(passage)
        self.groups.append(group)
        self.kinds[kind] += 1


def heading_query(passage: dict, rng: random.Random) -> str | None:
    """The section's heading (twice as often), the title, or both."""
    heading, title = (passage[key] if is_telling(passage[key], HEADING_WORDS) else None for key in ("head", "title"))
    both = f"{title} {heading}" if heading and title else None
    queries = [query for query in (heading, heading, title, both) if query]
    # The titles of novels' chapters are numbers.
    if not queries or passage["src"].startswith("standardebooks"):
        return None
    return rng.choice(queries)


def sentence_query(passage: dict, rng: random.Random) -> tuple[str, str] | None:
    """A sentence and the rest of its passage."""
    sentences = split_sentences(passage["text"])
    if len(sentences) < SENTENCES_MIN:
        return None
    at = rng.randrange(len(sentences))
    if len(sentences[at].split()) not in SENTENCE_WORDS:
        return None
    return sentences[at], " ".join(sentences[:at] + sentences[at + 1 :])


def make_pairs(passages: list[dict], glossary: list[dict], rng: random.Random) -> Pairs:
    pairs, of_document = Pairs(), defaultdict(list)
    for passage in passages:
        of_document[passage["doc"]].append(passage["text"])
        heading = heading_query(passage, rng)
        if heading:
            pairs.add("heading", heading, passage["text"], passage["doc"])
        sentence = sentence_query(passage, rng)
        if sentence:
            pairs.add("sentence", *sentence, passage["doc"])
    for entry in glossary:
        having = [text for text in of_document[entry["doc"]] if entry["term"].lower() in text.lower()]
        if having:
            pairs.add("glossary", entry["meaning"], rng.choice(having), entry["doc"])
            pairs.add("glossary", entry["term"], rng.choice(having), entry["doc"])
        pairs.add("definition", entry["term"], entry["meaning"], entry["doc"])
    for one, following in pairwise(passages):
        if one["doc"] == following["doc"] and rng.random() < ADJACENT:
            pairs.add("adjacent", one["text"], following["text"], one["doc"])
    return pairs


def teacher_texts(passages: list[dict], glossary: list[dict], rng: random.Random) -> list[str]:
    of_source = defaultdict(list)
    for passage in passages:
        of_source[passage["src"]].append(passage["text"])
    picked = [text for texts in of_source.values() for text in rng.sample(texts, min(len(texts), TEXTS_OF_SOURCE))]
    long = [" ".join(text.split()[:PASSAGE_WORDS]) for text in picked]
    sentences = [s for text in picked for s in split_sentences(text) if len(s.split()) in SENTENCE_WORDS]
    headings = {p[key] for p in passages for key in ("head", "title") if is_telling(p[key], HEADING_WORDS)}
    terms = {entry[key] for entry in glossary for key in ("term", "meaning")}
    short = sorted(headings | terms) + rng.sample(sentences, min(len(sentences), len(picked)))
    rng.shuffle(long)
    rng.shuffle(short)
    return interleave(long, short)


def interleave(long: list[str], short: list[str]) -> list[str]:
    """One long text after every four short ones, so that any beginning of the list is a fair sample."""
    texts = []
    for at in range(0, len(short), SHORT_FOR_EACH_LONG):
        texts += short[at : at + SHORT_FOR_EACH_LONG]
        texts += long[at // SHORT_FOR_EACH_LONG : at // SHORT_FOR_EACH_LONG + 1]
    return texts


def read_teacher_texts(work: Path) -> list[str]:
    return [json.loads(line) for line in (work / "teacher_texts.jsonl").open()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    passages = [passage for passage in read_passages() if passage["split"] == "train"]
    glossary = [entry for entry in read_glossary() if entry["split"] == "train"]

    texts = teacher_texts(passages, glossary, random.Random(SEED))
    (work / "teacher_texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    pairs = make_pairs(passages, glossary, random.Random(SEED))
    reference = tokenizer()
    sparse.save_npz(work / "pairs_queries.npz", weighted_counts(reference, pairs.queries))
    sparse.save_npz(work / "pairs_passages.npz", weighted_counts(reference, pairs.passages))
    numbers = {group: number for number, group in enumerate(dict.fromkeys(pairs.groups))}
    np.save(work / "pairs_groups.npy", np.array([numbers[group] for group in pairs.groups], np.int32))
    print(len(texts), "texts for the teacher;", len(pairs.queries), "pairs:", dict(pairs.kinds))


if __name__ == "__main__":
    main()
