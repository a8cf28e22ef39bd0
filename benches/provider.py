"""Ingests with a provider played by the fake one in a process of its own, and prints rates and ratios.

    cargo build --release
    cargo build --release -p gristmill-fake-provider -p gristmill-benches
    python3 benches/provider.py                       # all parts
    python3 benches/provider.py --chunks 20000 --latency 0.1

Part 1, a provider without latency: chunks per second of the whole, with full text and without, beside the rates at
which the store and the provider work while busy in the same run, and that of the HTTP client alone; and how long the
line in front of the client holds a request at half of its load. Part 2, a provider with latency: one request at a time
with one text each, as a simple loop does it, against the program as it is; the loop is cut off after some seconds and
compared by rate. Part 3, a hidden limit: answered requests against what the limit gives, and the share of refusals; and
what a minute of the program gets of it, beside a minute of the simulated program.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
LETTERS = "etaoinshrdlucmfwypvbgkqjxz"


def corpus(folder, chunks):
    """About `chunks` passages in files of 20."""
    source = random.Random(3)
    vocabulary = ["".join(source.choices(LETTERS, k=source.randint(2, 10))) for _ in range(40_000)]
    for number in range(chunks // 20):
        words = [vocabulary[int(len(vocabulary) ** source.random()) - 1] for _ in range(20 * 60)]
        parts = [" ".join(words[at : at + 60]).capitalize() + "." for at in range(0, len(words), 60)]
        path = folder / f"d{number % 7}" / f"{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(f"# Part {at}\n\n{part}" for at, part in enumerate(parts)))


class Provider:
    def __init__(self, folder, plan):
        path = folder / "plan.toml"
        path.write_text("dims = 256\n" + plan)
        self.process = subprocess.Popen(
            [TARGET / "fake-provider", "--listen", "127.0.0.1:0", "--plan", path],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = json.loads(self.process.stdout.readline())["base_url"]

    def stats(self):
        with urllib.request.urlopen(self.url + "/_fake/stats") as reply:
            return json.load(reply)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def ingest(folder, provider, config, limit=None):
    """The result of a run, or after `limit` seconds what was answered until then."""
    (folder / "gristmill.toml").write_text(config)
    store = folder / f"{time.monotonic_ns()}.db"
    command = [TARGET / "gristmill", "ingest", folder / "docs", "--json", "-q", "--store", f"sqlite:{store}"]
    command += ["--embedder", f"openai:bench@{provider.url}/v1", "--config", folder / "gristmill.toml"]
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OPENAI_API_KEY": "k"}) as run:
        try:
            out, _ = run.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            run.kill()
            return None, provider.stats()["texts"] / (time.monotonic() - started)
    return json.loads(out), None


def stage_rates(result):
    for stage in result["stages"]:
        # A parser's time holds its waiting for room in the next stage: only the store's is pure work.
        if stage["name"] == "store" and stage["busy_seconds"] > 0:
            yield stage["name"], result["chunks"]["written"] / stage["busy_seconds"]


def calls(provider):
    out = subprocess.run([TARGET / "provider_calls", provider.url], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def client():
    with tempfile.TemporaryDirectory() as name, Provider(pathlib.Path(name), "") as provider:
        found = calls(provider)
    print(
        f"line: {found['line_calls_per_second']:,.0f} calls/s of one text; at {found['offered_per_second']:,.0f} calls/s "
        f"a request is held {found['held_p50_ms']:.3f} ms beside the call itself (p50), {found['held_p99_ms']:.3f} ms (p99)"
    )
    return found["client_chunks_per_second"]


def zero_latency(folder, config, text, client_alone):
    with Provider(folder, "") as provider:
        result, _ = ingest(folder, provider, config + "[embed]\nbatch_items = 256\n")
        rate, written = result["chunks_per_second"], result["chunks"]["written"]
        print(f"zero latency, {text}: {written} chunks, {rate:,.0f} chunks/s, {provider.stats()['requests']} requests")
        rates = dict(stage_rates(result)) | {"provider": written / provider.cpu(), "HTTP client": client_alone}
        for name, own in rates.items():
            print(f"  {name} alone, while busy: {own:,.0f} chunks/s")
        print(f"  share of the slowest: {rate / min(rates.values()):.2f}")


def latency(folder, seconds):
    with Provider(folder, f"[service]\nlatency_secs = {seconds}\nlatency_sigma = 0.25\n") as provider:
        one_by_one = "[embed]\nbatch_items = 1\nin_flight = 1\n"
        _, loop = ingest(folder, provider, one_by_one, limit=15)
    with Provider(folder, f"[service]\nlatency_secs = {seconds}\nlatency_sigma = 0.25\n") as provider:
        result, _ = ingest(folder, provider, "")
        rate = result["chunks_per_second"]
        print(f"latency {seconds} s: one by one {loop:.1f} chunks/s, gristmill {rate:,.0f} ({rate / loop:.0f}x)")


def hidden_limit(folder, per_minute):
    plan = f'[service]\nlatency_secs = 0.1\nlatency_sigma = 0.25\n[hints]\nheaders = "missing"\nretry_after = "missing"\nbody = "silent"\n'
    plan += f'[[limit]]\ndimension = "requests"\nkind = "bucket"\nlimit = {per_minute}\nsecs = 10.0\n'
    with Provider(folder, plan) as provider:
        result, _ = ingest(folder, provider, "[embed]\nbatch_items = 4\n")
        stats = provider.stats()
        given = per_minute / 60 * (result["seconds"] + 10)
        refused = stats["requests"] - stats["accepted"]
        print(
            f"hidden limit {per_minute}/min: {stats['accepted']} answered of {given:.0f} possible "
            f"({stats['accepted'] / given:.3f}), {refused} refused ({refused / stats['requests']:.2%})"
        )


SCENARIO = """about = "6000 requests a minute, nothing said about it"
duration_secs = 60
[[limit]]
dimension = "requests"
kind = "bucket"
limit = 6000
secs = 10.0
[service]
latency_secs = 0.2
latency_sigma = 0.25
refusal_secs = [0.05, 0.07]
"""


def agreement(folder, runs=3):
    """Requests answered within a minute, of those that the limit gives: by the program and by the simulated one."""
    path = folder / "agreement.toml"
    path.write_text(SCENARIO)
    command = [TARGET / "gristmill", "simulate", "--scenario", path, "--policy", "adaptive", "--seeds", "20", "--json"]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    simulated = json.loads(out)["means"][0]["utilisation"]
    plan = SCENARIO.split("\n", 2)[2] + '[hints]\nheaders = "missing"\nretry_after = "missing"\nbody = "silent"\n'
    given = 6000 * (10 + 60) / 60
    for _ in range(runs):
        with Provider(folder, plan) as provider:
            ingest(folder, provider, "[embed]\nbatch_items = 4\n", limit=60)
            stats = provider.stats()
        real = stats["accepted"] / given
        print(
            f"agreement: the program {real:.3f}, simulated {simulated:.3f} (ratio {real / simulated:.3f}); "
            f"{stats['requests'] - stats['accepted']} refused"
        )


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--chunks", type=int, default=60_000)
    arguments.add_argument("--latency", type=float, nargs="*", default=[0.1, 0.5])
    arguments.add_argument("--per-minute", type=int, default=6000)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        corpus(folder / "docs", asked.chunks)
        alone = client()
        zero_latency(folder, "", "full text on", alone)
        zero_latency(folder, "full_text = false\n", "full text off", alone)
        for seconds in asked.latency:
            latency(folder, seconds)
        hidden_limit(folder, asked.per_minute)
        agreement(folder)


if __name__ == "__main__":
    main()
