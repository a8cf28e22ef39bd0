"""Ingests one table of many tiny rows: first, again after it was touched, and as a dry run.

    cargo build --release
    python3 benches/items.py                                  # 100,000 rows
    python3 benches/items.py --rows 1500000 --gristmill A --gristmill B

With several programs all are run in turns, on a table and a store of their own; the median of the rounds counts.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

HOUR = 3600


def table(path, rows):
    source = random.Random(1)
    words = ["".join(source.choices("etaoinshrdlucm", k=source.randint(3, 8))) for _ in range(5000)]
    with open(path, "w") as out:
        out.write("id,name,city,value\n")
        for number in range(rows):
            name = f"{source.choice(words)} {source.choice(words)}"
            out.write(f"{number},{name},{source.choice(words)},{source.randint(0, 10**6)}\n")


def touch(path, hours):
    """Another modification time, old enough to be trusted: the content decides."""
    when = time.time() - hours * HOUR
    os.utime(path, (when, when))


def run(gristmill, folder, *more):
    """Wall and processor seconds of one run, and its result."""
    before, started = os.times(), time.monotonic()
    done = subprocess.run([gristmill, "ingest", "docs", "--json", "-q", *more],
                          cwd=folder, capture_output=True, text=True, check=True)
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, json.loads(done.stdout)


def steps(gristmill, rows):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gristmill-items-"))
    try:
        (folder / "docs").mkdir()
        path = folder / "docs" / "t.csv"
        table(path, rows)
        touch(path, 1)
        new = run(gristmill, folder, "--dry-run")
        assert new[2]["plan"]["new"] == rows, new[2]
        first = run(gristmill, folder)
        assert first[2]["documents"]["ingested"] == rows, first[2]
        touch(path, 2)
        dry = run(gristmill, folder, "--dry-run")
        touch(path, 3)
        again = run(gristmill, folder)
        assert again[2]["documents"]["unchanged"] == rows, again[2]
        return {"dry run, all new": new, "first": first, "dry run, unchanged": dry, "touched, unchanged": again}
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gristmill", action="append")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    programs = [str(pathlib.Path(p).resolve()) for p in options.gristmill or ["target/release/gristmill"]]
    model = next(line for line in open("/proc/cpuinfo") if line.startswith("model name")).split(":")[1].strip()
    print(f"processor: {model}, {os.cpu_count()} cores; {options.rows} rows, {options.rounds} rounds")
    taken = {}
    for _ in range(options.rounds):
        for program in programs:
            for step, (wall, cpu, result) in steps(program, options.rows).items():
                taken.setdefault((step, program), []).append((wall, cpu, result["peak_rss_bytes"]))
    base = {}
    for (step, program), rounds in taken.items():
        wall, cpu = (statistics.median(r[place] for r in rounds) for place in (0, 1))
        base.setdefault(step, (wall, cpu))
        times = f"{base[step][0] / wall:.1f} and {base[step][1] / cpu:.1f} times as fast" if len(programs) > 1 else ""
        print(f"{step}: {options.rows / wall:.0f} rows/s, {options.rows / cpu:.0f} rows per processor second,"
              f" peak {max(r[2] for r in rounds) >> 20} MiB {times} {program if times else ''}".rstrip())


if __name__ == "__main__":
    main()
