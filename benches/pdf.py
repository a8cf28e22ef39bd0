"""Text out of a PDF: processor seconds of gristmill's parser, of pdftotext, PyMuPDF and pypdfium2; and of the child.

    pip install pymupdf pypdfium2
    cargo build --release -p gristmill-pdf --examples && cargo build --release -p gristmill-benches
    python3 benches/pdf.py FILE.pdf [--rounds 5]

Rounds are interleaved; each tool is a process of its own, its start included, that writes the text of every page.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PYMUPDF = "import pymupdf, sys\nfor page in pymupdf.open(sys.argv[1]): sys.stdout.write(page.get_text())"
PDFIUM = (
    "import pypdfium2, sys\n"
    "for page in pypdfium2.PdfDocument(sys.argv[1]): sys.stdout.write(page.get_textpage().get_text_range())"
)


def tools(path):
    yield "gristmill", [TARGET / "examples" / "pdftext", path]
    if shutil.which("pdftotext"):
        yield "pdftotext", ["pdftotext", path, "-"]
    else:
        print("pdftotext is not installed: left out", file=sys.stderr)
    yield "PyMuPDF", [sys.executable, "-c", PYMUPDF, path]
    yield "pypdfium2", [sys.executable, "-c", PDFIUM, path]


def seconds(command):
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return spent() - before


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("file")
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    commands = dict(tools(asked.file))
    taken = {name: [] for name in commands}
    for _ in range(asked.rounds):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    own = statistics.median(taken["gristmill"])
    for name, samples in taken.items():
        median = statistics.median(samples)
        print(f"{name}: {median:.2f} s ({median / own:.2f} times gristmill's)")
    subprocess.run([TARGET / "pdf_child", asked.file, str(asked.rounds)], check=True)


if __name__ == "__main__":
    main()
