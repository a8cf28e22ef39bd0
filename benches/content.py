"""Sections of a document of 1,000 pages: how fast they are cut and asked about, and what is left after faults and kills.

    cargo build --release && cargo build --release -p gristmill-fake-provider
    python3 -m venv .venv && .venv/bin/pip install pypdf==7.1.0        # for `split` alone, beside qpdf
    .venv/bin/python benches/content.py split
    python3 benches/content.py extract
    python3 benches/content.py faults --runs 200

split: 40 sections of 25 pages, processor seconds of one run of the program, of pypdf and of qpdf, bytes written, and
whether `qpdf --check` and `pdftotext` find the pages sound and unchanged; resident memory for one section and for 250.
extract: 40 sections against the fake provider at 2 s for each answer, with the usual limits (5 sections, 3 uploads, 4
splits), beside the least that any order of these steps needs and beside one section after the other. faults: runs of 8
sections with 503s, 429s that say when to come back, files that never become active, and kills, at a provider with a
limit per minute; every section of a run that was not killed must have a result or an error, and at the end no file may
be left.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
WORDS = "river stone market signal harvest engine letter winter copper garden bridge lantern voyage meadow".split()
PAGES, SECTIONS, LINES = 1000, 40, 55

# Cuts as many programs do: a writer for each section, one page after the other.
PYPDF = """
import sys, pypdf
source, out, per = sys.argv[1], sys.argv[2], int(sys.argv[3])
reader = pypdf.PdfReader(source)
for start in range(0, len(reader.pages), per):
    writer = pypdf.PdfWriter()
    for page in reader.pages[start : start + per]:
        writer.add_page(page)
    writer.write(f"{out}/{start:05}.pdf")
"""


def book(path, pages, per):
    """A document with an outline, its streams compressed, and one image of 0.9 MB, as large as an embedded font, for all."""
    source = random.Random(7)
    stream = lambda entries, data: b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)
    image = source.randbytes(900_000)
    objects = [b"", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    objects.append(stream(b"/Type/XObject/Subtype/Image/Width 1000/Height 900/BitsPerComponent 8/ColorSpace/DeviceGray", image))
    kids = []
    for number in range(1, pages + 1):
        lines = [" ".join(source.choices(WORDS, k=13)) for _ in range(LINES)]
        shown = "".join(f"({line}) Tj 0 -13 Td " for line in [f"page {number} of the book", *lines])
        content = f"BT /F1 10 Tf 40 760 Td {shown}ET q 100 0 0 30 40 20 cm /I Do Q".encode()
        objects.append(stream(b"/Filter/FlateDecode", zlib.compress(content)))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
            b"/Resources<</Font<</F1 3 0 R>>/XObject<</I 4 0 R>>>>>>" % len(objects)
        )
        kids.append(len(objects))
    root = len(objects) + 1
    chapters = kids[::per]
    objects.append(b"<</First %d 0 R/Last %d 0 R>>" % (root + 1, root + len(chapters)))
    for at, page in enumerate(chapters, 1):
        after = b"/Next %d 0 R" % (root + at + 1) if at < len(chapters) else b""
        objects.append(b"<</Title(Chapter %d)/Dest[%d 0 R/Fit]%s>>" % (at, page, after))
    objects[0] = b"<</Type/Catalog/Pages 2 0 R/Outlines %d 0 R>>" % root
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % kid for kid in kids))
    out, table = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        table.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    size, start = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, b"".join(table))
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start)
    path.write_bytes(out)
    return len(out)


class Provider:
    def __init__(self, folder, plan):
        path = folder / "plan.toml"
        path.write_text('dialect = "gemini"\n' + plan)
        command = [TARGET / "fake-provider", "--listen", "127.0.0.1:0", "--plan", path]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["base_url"]

    def files(self):
        with urllib.request.urlopen(self.url + "/_fake/files") as reply:
            return json.load(reply)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def resident(pid):
    """Bytes of a process and its children that no file backs, as the kernel counts them."""
    total = 0
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                total += int(line.split()[1]) * 1024
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += sum(resident(int(child)) for child in (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


def watched(process, peak, every=0.01):
    while process.poll() is None:
        peak[0] = max(peak[0], resident(process.pid))
        time.sleep(every)


def extract(folder, provider, config):
    """Result, seconds and peak of resident bytes of one run."""
    (folder / "gristmill.toml").write_text(config)
    command = [TARGET / "gristmill", "extract", folder / "book.pdf", "--json", "-q", "--prompt", "What is it about?"]
    command += ["--llm", f"gemini:bench@{provider.url}", "--store", f"sqlite:{folder}/kb.db"]
    command += ["--config", folder / "gristmill.toml"]
    started, peak = time.monotonic(), [0]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "GEMINI_API_KEY": "k"}) as run:
        watcher = threading.Thread(target=watched, args=(run, peak))
        watcher.start()
        out, _ = run.communicate()
        watcher.join()
    return json.loads(out), time.monotonic() - started, peak[0]


def part_extract(folder):
    size = book(folder / "book.pdf", PAGES, PAGES // SECTIONS)
    upload, processing, generate = 0.2, 0.15, 2.0
    plan = f"[content]\nupload_secs = {upload}\nprocessing_secs = {processing}\ngenerate_secs = {generate}\n"
    bound = SECTIONS / 5 * (upload + processing + generate)
    for name, config in [("5 sections at once", ""), ("one after the other", "[content]\nsection_tasks = 1\n")]:
        with Provider(folder, plan) as provider:
            result, seconds, peak = extract(folder, provider, config)
            files = provider.files()
        done = sum(section["error"] is None for section in result["sections"])
        print(
            f"{name}: {done} of {len(result['sections'])} sections in {seconds:.1f} s, "
            f"{seconds / bound:.2f} times the {bound:.1f} s that 5 at once need at least; "
            f"{peak / 1e6:.0f} MB resident, {size / 1e6:.1f} MB are the file; files left: {len(files['names'])}"
        )


def timed(command):
    """Processor seconds of a command with all it has started."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime


def held(folder, count):
    """Peak of resident bytes while so many sections of one page are cut."""
    wanted, out, peak = folder / "pages.json", folder / "pages", [0]
    wanted.write_text(json.dumps([{"section_name": "p", "page_range": str(page)} for page in range(1, count + 1)]))
    command = [TARGET / "gristmill", "split", folder / "book.pdf", "--sections", wanted, "--out", out, "-q"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        watched(run, peak, 0.001)
    shutil.rmtree(out)
    return peak[0]


def least(command):
    """Processor seconds, best of 20."""
    return min(timed(command) for _ in range(20))


def sound(source, folder, per):
    """How many parts `qpdf --check` finds clean, and how many have the text of their pages."""
    clean = same = 0
    parts = sorted(folder.iterdir())
    for at, part in enumerate(parts):
        clean += subprocess.run(["qpdf", "--check", part], capture_output=True).returncode == 0
        pages = ["-f", str(at * per + 1), "-l", str((at + 1) * per)]
        whole = subprocess.run(["pdftotext", *pages, source, "-"], capture_output=True).stdout
        same += whole == subprocess.run(["pdftotext", part, "-"], capture_output=True).stdout
    return f"{clean} of {len(parts)} clean, {same} with the source's text"


def part_split(folder):
    source, per = folder / "book.pdf", PAGES // SECTIONS
    book(source, PAGES, per)
    (folder / "cut.py").write_text(PYPDF)
    ways = {
        "gristmill": lambda out: [TARGET / "gristmill", "split", source, "--out", out, "-q"],
        "qpdf": lambda out: ["qpdf", f"--split-pages={per}", "--stream-data=preserve", source, f"{out}/%d.pdf"],
        "pypdf": lambda out: [sys.executable, folder / "cut.py", source, out, str(per)],
    }
    seconds = {}
    for name, command in ways.items():
        times = []
        for _ in range(5):
            out = folder / name
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            times.append(timed(command(out)))
        seconds[name] = min(times)
        size = sum(part.stat().st_size for part in out.iterdir())
        print(f"{name}: {min(times):.3f} s of processor (best of 5, {max(times):.3f} the worst), {size / 1e6:.2f} MB; {sound(source, out, per)}")
    for count in [1, 250]:
        print(f"{count} sections of one page: {held(folder, count) / 1e6:.1f} MB resident in program and child")
    print(f"starting: gristmill --version {least([TARGET / 'gristmill', '--version']):.4f} s, qpdf --version {least(['qpdf', '--version']):.4f} s")
    for other in ["pypdf", "qpdf"]:
        print(f"gristmill needs {seconds[other] / seconds['gristmill']:.1f} times less than {other}")


def part_faults(folder, runs):
    book(folder / "book.pdf", 16, 2)
    (folder / "gristmill.toml").write_text("[content]\nupload_timeout = \"3s\"\n")
    plan = """[content]
processing_secs = 0.1
generate_secs = 0.1
stuck_share = 0.03
[[fault]]
what = { status = { code = 503 } }
when = { probability = 0.05 }
[[limit]]
dimension = "requests"
kind = "bucket"
limit = 1800
secs = 1.0
[[fault]]
what = "reset_before"
when = { probability = 0.01 }
"""
    source = random.Random(11)
    counts = {"killed": 0, "ended": 0, "results": 0, "errors": 0, "neither": 0, "throttled": 0}
    causes = collections.Counter()
    with Provider(folder, plan) as provider:
        command = [TARGET / "gristmill", "extract", folder / "book.pdf", "--json", "-q", "--prompt", "x"]
        command += ["--llm", f"gemini:bench@{provider.url}", "--store", f"sqlite:{folder}/kb.db"]
        command += ["--config", folder / "gristmill.toml"]
        environment = {**os.environ, "GEMINI_API_KEY": "k"}
        for _ in range(runs):
            with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as run:
                try:
                    patience = source.uniform(0.05, 0.8) if source.random() < 0.25 else None
                    out, _ = run.communicate(timeout=patience)
                except subprocess.TimeoutExpired:
                    run.kill()
                    counts["killed"] += 1
                    # What the killed one was told to wait, the next one cannot know.
                    time.sleep(1)
                    continue
            counts["ended"] += 1
            result = json.loads(out)
            counts["throttled"] += result["provider"]["throttled"]
            for section in result["sections"]:
                has = [section["result"] is not None, section["error"] is not None]
                counts[{(True, False): "results", (False, True): "errors"}.get(tuple(has), "neither")] += 1
                if section["error"]:
                    causes[f"{section['error']['class']}: {section['error']['message']}"] += 1
        # Uploads under way at a kill may end after the sweep of the run that came next.
        subprocess.run(command, stdout=subprocess.DEVNULL, env=environment)
        files = provider.files()
    print(f"{runs} runs: {counts}; why sections failed: {dict(causes)}")
    stats = files["stats"]
    print(f"files uploaded {stats['uploaded']}, deleted {stats['deleted']}, left {len(files['names'])}; early {stats['early']}; wrong {stats['wrong']}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("part", choices=["split", "extract", "faults"])
    arguments.add_argument("--runs", type=int, default=200)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        match chosen.part:
            case "split":
                part_split(folder)
            case "extract":
                part_extract(folder)
            case "faults":
                part_faults(folder, chosen.runs)


if __name__ == "__main__":
    main()
