"""onnxruntime on the same passages: vectors as the reference, and tokens per CPU second at a budget of tokens.

    python reference.py --model DIR [--passages 2000] [--budget 256] [--threads 1] [--rounds 1] [--int8] [--out FILE]

One line of JSON for each round. Needs numpy, onnx, onnxruntime and tokenizers (requirements.txt).
"""

import argparse
import gzip
import json
import resource
import time
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

import graph

PASSAGES = Path(__file__).parents[2] / "models/builtin/eval.json.gz"


def passages(count: int) -> list[str]:
    with gzip.open(PASSAGES, "rt") as file:
        return [passage["text"] for passage in json.load(file)["pool"]][:count]


def sequences(folder: Path, texts: list[str]) -> list[list[int]]:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    limit = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def session(folder: Path, threads: int, precision: str) -> onnxruntime.InferenceSession:
    """The graph is built once and kept beside the other downloads."""
    target = folder / f"{precision}.onnx"
    if not target.exists():
        full = folder / "f32.onnx"
        if not full.exists():
            graph.build(folder, full)
        if precision == "int8":
            graph.quantise(full, target)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    return onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])


def batches(ids: list[list[int]], budget: int) -> list[list[int]]:
    """Of about one length, so that little is padded: the best way to use an engine that pads."""
    result, batch = [], []
    for index in sorted(range(len(ids)), key=lambda index: len(ids[index])):
        if batch and len(ids[index]) * (len(batch) + 1) > budget:
            result.append(batch)
            batch = []
        batch.append(index)
    return [*result, batch]


def embed(engine: onnxruntime.InferenceSession, ids: list[list[int]], parts: list[list[int]]) -> np.ndarray:
    vectors = np.zeros((len(ids), engine.get_outputs()[0].shape[2]), np.float32)
    for batch in parts:
        length = max(len(ids[index]) for index in batch)
        tokens, mask = np.zeros((2, len(batch), length), np.int64)
        for row, index in enumerate(batch):
            tokens[row, : len(ids[index])], mask[row, : len(ids[index])] = ids[index], 1
        positions = np.broadcast_to(np.arange(length), tokens.shape)
        inputs = {"input_ids": tokens, "attention_mask": mask, "position_ids": positions}
        hidden = engine.run(None, inputs)[0]
        total = (hidden * mask[..., None]).sum(1)
        vectors[batch] = total / np.linalg.norm(total, axis=1, keepdims=True)
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=2000)
    parser.add_argument("--budget", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--out", type=Path)
    a = parser.parse_args()
    ids = sequences(a.model, passages(a.passages))
    engine = session(a.model, a.threads, "int8" if a.int8 else "f32")
    parts = batches(ids, a.budget)
    embed(engine, ids, [parts[0], parts[-1]])
    tokens = sum(len(one) for one in ids)
    for _ in range(a.rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        vectors = embed(engine, ids, parts)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        line = {
            "engine": f"onnxruntime {onnxruntime.__version__} {'int8' if a.int8 else 'f32'}",
            "budget": a.budget,
            "threads": a.threads,
            "passages": len(ids),
            "tokens": tokens,
            "tokens_per_cpu_second": round(tokens / cpu),
            "tokens_per_second": round(tokens / wall),
            "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        print(json.dumps(line), flush=True)
    if a.out:
        vectors.astype("<f4").tofile(a.out)


if __name__ == "__main__":
    main()
