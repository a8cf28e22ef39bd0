"""Trains the table: start from the teacher's vectors of single pieces, then two losses at a time.

    python train.py --work DIR [--dimensions 256] [--steps 1000] [--seed 1]      -> table.npy

Needs what prepare.py and teacher.py wrote to DIR. The loss on pairs is InfoNCE over the batch; the loss on teacher
texts is the distance to the teacher's vector, and the divergence between the teacher's and the table's view of
which texts of the batch are alike. Both are averaged over prefixes of the vector.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from counts import weighted_counts
from losses import contrast, imitate, unit
from prepare import read_teacher_texts
from wordpiece import tokenizer

BATCH = 512
RATE, WARM_UP, RATE_FLOOR = 2e-3, 50, 1e-5
DECAY_MEAN, DECAY_SQUARE = 0.9, 0.99
# Weight of a frequent piece at the start: a / (a + its share of all tokens).
SIF = 1e-3
REPORT_STEPS = 100


class LazyAdam:
    """Adam that touches only the rows with a gradient, and counts their steps one by one."""

    def __init__(self, table: np.ndarray) -> None:
        self.table = table
        self.mean, self.square = np.zeros_like(table), np.zeros_like(table)
        self.steps = np.zeros(len(table), np.int32)

    def step(self, rows: np.ndarray, gradient: np.ndarray, rate: float) -> None:
        self.steps[rows] += 1
        steps = self.steps[rows][:, None]
        self.mean[rows] = DECAY_MEAN * self.mean[rows] + (1 - DECAY_MEAN) * gradient
        self.square[rows] = DECAY_SQUARE * self.square[rows] + (1 - DECAY_SQUARE) * gradient**2
        mean = self.mean[rows] / (1 - DECAY_MEAN**steps)
        square = self.square[rows] / (1 - DECAY_SQUARE**steps)
        self.table[rows] -= rate * mean / (np.sqrt(square) + 1e-8)


@dataclass
class Forward:
    """Unit vectors of a batch, with what is needed to send a gradient back."""

    rows: np.ndarray
    counts: sparse.csr_array
    vectors: np.ndarray
    norms: np.ndarray

    def backward(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the table, ascending, and their gradients."""
        along = (self.vectors * gradient).sum(1, keepdims=True)
        return self.rows, self.counts.T @ ((gradient - self.vectors * along) / self.norms)


def forward(counts: sparse.csr_array, table: np.ndarray) -> Forward:
    rows, columns = np.unique(counts.indices, return_inverse=True)
    compact = sparse.csr_array((counts.data, columns, counts.indptr), shape=(counts.shape[0], len(rows)))
    sums = compact @ table[rows]
    norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    return Forward(rows, compact, sums / norms, norms)


def start(pieces: np.ndarray, projection: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Centred vectors of single pieces, frequent pieces made short, mean length 1."""
    share = (frequencies + 1) / (frequencies + 1).sum()
    table = (pieces - pieces.mean(0)) @ projection * (SIF / (SIF + share))[:, None]
    return (table / np.linalg.norm(table, axis=1).mean()).astype(np.float32)


def principal_axes(vectors: np.ndarray, dimensions: int) -> np.ndarray:
    """Uncentred, because dot products are to be kept; the strongest first, which makes prefixes useful."""
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    return axes[:, ::-1][:, :dimensions]


def merge(gradients: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.unique(np.concatenate([rows for rows, _ in gradients]))
    total = np.zeros((len(rows), gradients[0][1].shape[1]), np.float32)
    for some, gradient in gradients:
        total[np.searchsorted(rows, some)] += gradient
    return rows, total


class Training:
    def __init__(self, work: Path, dimensions: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.prefixes = [dimensions, dimensions // 2, dimensions // 4]
        self.queries = sparse.load_npz(work / "pairs_queries.npz")
        self.passages = sparse.load_npz(work / "pairs_passages.npz")
        self.groups = np.load(work / "pairs_groups.npy")
        vectors = unit(np.load(work / "teacher_vectors.npy").astype(np.float32))
        axes = principal_axes(vectors, dimensions)
        self.goals = unit(vectors @ axes)
        self.texts = weighted_counts(tokenizer(), read_teacher_texts(work)[: len(vectors)])
        frequencies = np.asarray(self.passages.sum(axis=0)).ravel()
        self.table = start(np.load(work / "piece_vectors.npy"), axes, frequencies)

    def pair_gradients(self) -> tuple[float, list]:
        picked = np.sort(self.rng.choice(len(self.groups), BATCH, replace=False))
        queries = forward(self.queries[picked], self.table)
        passages = forward(self.passages[picked], self.table)
        same = self.groups[picked][:, None] == self.groups[picked][None, :]
        np.fill_diagonal(same, False)
        loss, of_queries, of_passages = contrast(queries.vectors, passages.vectors, same, self.prefixes)
        return loss, [queries.backward(of_queries), passages.backward(of_passages)]

    def teacher_gradients(self) -> tuple[float, list]:
        picked = np.sort(self.rng.choice(len(self.goals), BATCH, replace=False))
        texts = forward(self.texts[picked], self.table)
        loss, gradient = imitate(texts.vectors, self.goals[picked], self.prefixes)
        return loss, [texts.backward(gradient)]

    def run(self, steps: int) -> np.ndarray:
        adam, losses, begun = LazyAdam(self.table), np.zeros(2), time.process_time()
        for step in range(steps):
            pair_loss, of_pairs = self.pair_gradients()
            teacher_loss, of_teacher = self.teacher_gradients()
            rate = RATE * min(1, (step + 1) / WARM_UP) * (1 - step / steps) + RATE_FLOOR
            adam.step(*merge(of_pairs + of_teacher), rate)
            losses += pair_loss, teacher_loss
            if (step + 1) % REPORT_STEPS == 0:
                pairs, teacher = losses / REPORT_STEPS
                cpu = time.process_time() - begun
                print(f"{step + 1} steps, pairs {pairs:.3f}, teacher {teacher:.3f}, {cpu:.0f} CPU s", flush=True)
                losses[:] = 0
        return self.table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    training = Training(arguments.work, arguments.dimensions, arguments.seed)
    np.save(arguments.work / "table.npy", training.run(arguments.steps))


if __name__ == "__main__":
    main()
