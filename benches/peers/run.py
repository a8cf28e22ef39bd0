"""Compares how fast gristmill and what most users run today ingest the same files.

Measures whole processes, from start to exit: wall time, and processor time of user and system.
"""

import argparse
import json
import lzma
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy

import shared

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# A passage is so short that none makes two chunks at gristmill's default of 240 tokens, and plain prose (no
# Markdown, no digits), so that every parser sees the same text.
WORDS = range(30, 106)
MAX_CHARACTERS = 700
PLAIN = re.compile(r"[A-Z][A-Za-z ,.;:'()-]+")
PASSAGES_PER_FILE = 10


@dataclass(frozen=True)
class Contestant:
    """A program that ingests the corpus."""

    name: str
    script: str = ""
    store: str = ""
    settings: str = ""

    def command(self, args, vectors: Path, out: Path) -> list[str]:
        if not self.script:
            (out / "gristmill.toml").write_text(self.settings)
            return gristmill(args, out, "--config", str(out / "gristmill.toml"))
        return [
            sys.executable, str(HERE / self.script), "--store", self.store,
            "--corpus", str(args.work / "corpus"), "--vectors", str(vectors), "--out", str(out),
        ]  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One measured process, and what of it had passed when its libraries were loaded."""

    chunks: int
    wall: float
    cpu: float
    startup_wall: float = 0.0
    startup_cpu: float = 0.0


CONTESTANTS = (
    Contestant("gristmill"),
    # What the peers do: none of their stores indexes words.
    Contestant("gristmill, full text off", settings="full_text = false\n"),
    Contestant("LlamaIndex, LanceDB", "llamaindex_peer.py", "lancedb"),
    Contestant("LlamaIndex, Chroma", "llamaindex_peer.py", "chroma"),
    Contestant("LangChain, SQLiteVec", "langchain_peer.py", "sqlitevec"),
    Contestant("LangChain, Chroma", "langchain_peer.py", "chroma"),
    Contestant("CocoIndex, SQLite", "cocoindex_peer.py", "sqlite"),
)
PACKAGES = (
    "llama-index-core", "llama-index-vector-stores-chroma", "llama-index-vector-stores-lancedb",
    "langchain-core", "langchain-community", "langchain-text-splitters", "langchain-chroma",
    "cocoindex", "chromadb", "lancedb", "sqlite-vec", "numpy",
)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gristmill", type=Path, default=ROOT / "target/release/gristmill", help="the program")
    parser.add_argument("--work", type=Path, help="folder for corpus and stores [default: a temporary one]")
    parser.add_argument("--files", type=int, default=2000, help="files of the corpus [default: 2000]")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds [default: 3]")
    parser.add_argument("--only", help="measure only contestants whose name contains this, and gristmill")
    return parser.parse_args()


def gristmill(args, out: Path, *more: str) -> list[str]:
    """The command line of gristmill."""
    return [
        str(args.gristmill.resolve()), "--json", "--quiet", "ingest", str(args.work / "corpus"),
        "--store", f"sqlite:{out / 'gristmill.db'}", "--embedder", "builtin", *more,
    ]  # fmt: skip


def passages():
    """Plain passages of the training texts, each once."""
    seen = set()
    with lzma.open(ROOT / "models/builtin/passages.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text = " ".join(json.loads(line)["text"].split())
            fits = len(text.split()) in WORDS and len(text) <= MAX_CHARACTERS and PLAIN.fullmatch(text)
            if fits and text not in seen:
                seen.add(text)
                yield text


def write_corpus(folder: Path, files: int) -> int:
    """Writes Markdown files of several sections, one passage each, and returns their bytes."""
    folder.mkdir()
    source, size = passages(), 0
    for number in range(files):
        first = number * PASSAGES_PER_FILE
        sections = [f"# Passage {first + i}\n\n{text}\n" for i, text in zip(range(PASSAGES_PER_FILE), source)]
        if len(sections) < PASSAGES_PER_FILE:
            sys.exit(f"the passages are enough for {number} files only")
        size += (folder / f"{number:05}.md").write_bytes("\n".join(sections).encode())
    return size


def write_vectors(args, folder: Path) -> None:
    """Writes the table of vectors for the peers: gristmill's own, so that all stores index the same points.

    Also makes sure that the peers' chunks are gristmill's, text by text.
    """
    folder.mkdir()
    run_checked(gristmill(args, folder, "--out", str(folder / "out"), "--with-embeddings"), folder)
    entries = {}
    for path in sorted((folder / "out").glob("*/*.json")):
        entries.update((entry["text"], entry["embedding"]) for entry in json.loads(path.read_bytes())["entries"])
    files = sorted((args.work / "corpus").iterdir())
    texts = [text for file in files for text in shared.split(file.read_text(encoding="utf-8"))]
    unlike = set(texts) ^ entries.keys()
    if unlike:
        sys.exit(f"gristmill and the peers do not have {len(unlike)} chunks in common, such as {min(unlike)!r}")
    numpy.save(folder / shared.VECTORS, numpy.array([entries[text] for text in texts], numpy.float32))
    places = {shared.key(text): place for place, text in enumerate(texts)}
    (folder / shared.TEXTS).write_text(json.dumps(places))


def run_checked(command: list[str], folder: Path) -> tuple[dict, float, float, float]:
    """Runs a process; returns the JSON object it printed last, when it began, its wall and its processor seconds."""
    os.sync()
    with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} failed:\n{(folder / 'stderr').read_text()}")
    report = json.loads((folder / "stdout").read_text().splitlines()[-1])
    return report, start, wall, usage.ru_utime + usage.ru_stime


def measure(contestant: Contestant, args, vectors: Path) -> Sample:
    """Runs a contestant into an empty store."""
    out = args.work / "out"
    out.mkdir()
    report, start, wall, cpu = run_checked(contestant.command(args, vectors, out), out)
    shutil.rmtree(out)
    if not contestant.script:
        return Sample(report["chunks"]["written"], wall, cpu)
    return Sample(report["chunks"], wall, cpu, report["ready_monotonic"] - start, report["ready_cpu"])


def middle(samples: list[Sample]) -> Sample:
    """The medians of the samples, figure by figure."""
    names = Sample.__dataclass_fields__
    return Sample(**{name: statistics.median(getattr(sample, name) for sample in samples) for name in names})


def print_table(results: dict[str, list[Sample]]) -> None:
    """Prints medians, and in brackets how many times as much gristmill does.

    The last column leaves out the seconds in which a peer loads its libraries; the others are of whole processes.
    """
    base = middle(results["gristmill"])
    print("| | chunks | wall s (least-most) | CPU s | of it loading | chunks/s | chunks/CPU s | without loading |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, samples in results.items():
        it, walls = middle(samples), [sample.wall for sample in samples]
        rates = (
            (it.chunks / it.wall, base.chunks / base.wall),
            (it.chunks / it.cpu, base.chunks / base.cpu),
            (it.chunks / (it.cpu - it.startup_cpu), base.chunks / base.cpu),
        )
        shown = " | ".join(f"{rate:,.0f} ({own / rate:.1f}x)" for rate, own in rates)
        print(
            f"| {name} | {it.chunks:.0f} | {it.wall:.2f} ({min(walls):.2f}-{max(walls):.2f}) | {it.cpu:.2f} "
            f"| {it.startup_cpu:.2f} | {shown} |"
        )


def machine() -> str:
    """The processor, as `lscpu` tells it, and the AVX-512 flags that count for gristmill's kernels."""
    told = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    fields = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    flags = [flag for flag in fields.get("Flags", "").split() if flag.startswith("avx512")]
    name = fields.get("Model name", "unknown").strip()
    return f"{name}, {len(os.sched_getaffinity(0))} processors, {' '.join(flags) or 'no avx512'}"


def versions(args) -> str:
    """The versions of all that is compared."""
    own = subprocess.run([args.gristmill, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    python = ".".join(map(str, sys.version_info[:3]))
    return ", ".join([own, f"Python {python}", *(f"{name} {metadata.version(name)}" for name in PACKAGES)])


def compare(args) -> None:
    """Makes the corpus, measures in interleaved rounds, and prints what came out."""
    vectors = args.work / "vectors"
    size = write_corpus(args.work / "corpus", args.files)
    write_vectors(args, vectors)
    only = args.only or ""
    contestants = [c for c in CONTESTANTS if not c.script or only.lower() in c.name.lower()]
    results = {contestant.name: [] for contestant in contestants}
    for number in range(args.rounds):
        for contestant in contestants:
            sample = measure(contestant, args, vectors)
            results[contestant.name].append(sample)
            print(f"round {number + 1}: {contestant.name}: {sample}", file=sys.stderr)
    print(f"{args.files} files, {size / 1e6:.1f} MB; medians of {args.rounds} interleaved rounds")
    print(f"{machine()}; load {os.getloadavg()[0]:.1f} at the end")
    print(versions(args) + "\n")
    print_table(results)


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="peers-", dir=args.work) as work:
        args.work = Path(work)
        compare(args)


if __name__ == "__main__":
    main()
