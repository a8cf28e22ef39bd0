"""What all peers share: chunk boundaries, vectors, arguments, and the report to `run.py`."""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy

DIMENSIONS = 256
TEXTS = "texts.json"
VECTORS = "vectors.npy"


def split(text: str) -> list[str]:
    """The chunks of a file as gristmill cuts them: its sections with their headings, under the file's title."""
    first, *others = (section.strip() for section in text.removeprefix("# ").split("\n\n# "))
    title = first.partition("\n")[0]
    return [first, *(f"{title} > {section}" for section in others)]


def key(text: str) -> str:
    """The name of a text in the table of vectors."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Vectors:
    """Vectors made before the clock runs, by text: an embedding model that costs next to nothing."""

    def __init__(self, folder: Path):
        self.rows = numpy.load(folder / VECTORS)
        self.places = json.loads((folder / TEXTS).read_text())

    def array(self, text: str) -> numpy.ndarray:
        return self.rows[self.places[key(text)]]

    def list(self, text: str) -> list[float]:
        return self.array(text).tolist()


def arguments(stores: tuple[str, ...]) -> argparse.Namespace:
    """The arguments of a peer's process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", choices=stores, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of Markdown files")
    parser.add_argument("--vectors", type=Path, required=True, help="folder of the table of vectors")
    parser.add_argument("--out", type=Path, required=True, help="empty folder for the store")
    return parser.parse_args()


class Report:
    """Made when all libraries are loaded; tells `run.py` when that was and what the store holds in the end."""

    def __init__(self):
        self.ready = {"ready_monotonic": time.monotonic(), "ready_cpu": time.process_time()}

    def done(self, chunks: int) -> None:
        print(json.dumps({**self.ready, "chunks": chunks}))
