"""Ingests one large text and many small files, and prints time, memory and the second run's rate.

    cargo build --release
    python3 benches/ingest.py                # 1 GB and 50,000 files, limit 512 MiB
    python3 benches/ingest.py --megabytes 64 --files 2000
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

LIMIT = "512MiB"
LIMIT_BYTES = 512 << 20


def words(seed):
    """A vocabulary of made-up words, used as real text uses words: few often, many rarely."""
    source = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    return ["".join(source.choices(letters, k=source.randint(2, 10))) for _ in range(60_000)]


def prose(source, vocabulary, count):
    """`count` words in sentences and paragraphs."""
    parts = []
    for place in range(count):
        rank = int(len(vocabulary) ** source.random()) - 1
        parts.append(vocabulary[rank] + (".\n\n" if place % 120 == 119 else "." if place % 15 == 14 else ""))
    return " ".join(parts)


def large(folder, megabytes):
    source, vocabulary = random.Random(1), words(7)
    pieces = [prose(source, vocabulary, 20_000) for _ in range(40)]
    with open(folder / "large.txt", "w") as out:
        while out.tell() < megabytes << 20:
            out.write(f"Part {out.tell()}.\n\n" + source.choice(pieces) + "\n\n")


def small(folder, files):
    source, vocabulary = random.Random(2), words(7)
    for number in range(files):
        place = folder / f"d{number % 200:03}"
        place.mkdir(exist_ok=True)
        text = f"# File {number}\n\n" + prose(source, vocabulary, 150)
        (place / f"{number}.md").write_text(text)


def run(gristmill, folder):
    """One run: its JSON result and the processor seconds of the process and its children."""
    command = [gristmill, "ingest", "docs", "--json", "-q", "--memory-limit", LIMIT]
    before = os.times()
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    wall = time.monotonic() - started
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(done.stdout), wall, cpu


def report(name, result, wall, cpu, megabytes):
    chunks = result["chunks"]["written"]
    peak = result["peak_rss_bytes"]
    print(f"{name}: {chunks} chunks in {wall:.1f} s: {chunks / wall:.0f} chunks/s, {megabytes / wall:.1f} MB/s,"
          f" {chunks / cpu:.0f} chunks per processor second")
    print(f"  peak {peak >> 20} MiB of {LIMIT} ({peak / LIMIT_BYTES:.2f})")
    for stage in result["stages"]:
        if stage["items"] and stage["busy_seconds"]:
            rate = stage["items"] / stage["busy_seconds"]
            print(f"  {stage['name']}: {stage['items']} items, busy {stage['busy_seconds']:.1f} s, {rate:.0f} a busy second")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gristmill", default="target/release/gristmill")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--files", type=int, default=50_000)
    options = parser.parse_args()
    gristmill = str(pathlib.Path(options.gristmill).resolve())
    model = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    print(f"processor: {model}, {os.cpu_count()} cores")
    for name, fill, amount in [("large", large, options.megabytes), ("small", small, options.files)]:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-bench-"))
        docs = folder / "docs"
        docs.mkdir()
        fill(docs, amount)
        size = sum(path.stat().st_size for path in docs.rglob("*") if path.is_file()) / 1e6
        time.sleep(2.5)  # files younger than two seconds are looked into again
        report(f"{name} ({size:.0f} MB)", *run(gristmill, folder), size)
        result, wall, _ = run(gristmill, folder)
        seen = result["documents"]["seen"]
        print(f"  again, unchanged: {seen} documents in {wall:.2f} s: {seen / wall:.0f} a second,"
              f" {result['chunks']['embedded']} embedded")
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
