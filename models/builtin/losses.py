"""The two losses, their gradients worked out by hand. Vectors in rows, of length 1 over all dimensions."""

import numpy as np

TEMPERATURE = 0.05
NEVER = -1e4


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def softmax(scores: np.ndarray) -> np.ndarray:
    scores = np.exp(scores - scores.max(1, keepdims=True))
    return scores / scores.sum(1, keepdims=True)


class Prefix:
    """The first dimensions of vectors, made unit again, and the way back."""

    def __init__(self, vectors: np.ndarray, dimensions: int) -> None:
        prefix = vectors[:, :dimensions]
        self.norms = np.linalg.norm(prefix, axis=1, keepdims=True) + 1e-6
        self.unit = prefix / self.norms

    def backward(self, gradient: np.ndarray) -> np.ndarray:
        return (gradient - self.unit * (self.unit * gradient).sum(1, keepdims=True)) / self.norms


def contrast(queries: np.ndarray, passages: np.ndarray, masked: np.ndarray, prefixes: list[int]):
    """Symmetric InfoNCE with the other rows of the batch as negatives, but for the `masked` ones.

    Gives the loss and the gradients of both.
    """
    size, loss = len(queries), 0.0
    of_queries, of_passages = np.zeros_like(queries), np.zeros_like(passages)
    diagonal = np.arange(size)
    for dimensions in prefixes:
        one, other = Prefix(queries, dimensions), Prefix(passages, dimensions)
        scores = one.unit @ other.unit.T / TEMPERATURE
        scores[masked] = NEVER
        forth, back = softmax(scores), softmax(scores.T).T
        loss -= np.log(forth[diagonal, diagonal] + 1e-9).mean() / len(prefixes)
        gradient = forth + back
        gradient[diagonal, diagonal] -= 2
        gradient *= 0.5 / (size * TEMPERATURE * len(prefixes))
        of_queries[:, :dimensions] += one.backward(gradient @ other.unit)
        of_passages[:, :dimensions] += other.backward(gradient.T @ one.unit)
    return loss, of_queries, of_passages


def imitate(vectors: np.ndarray, goals: np.ndarray, prefixes: list[int]):
    """1 - cosine to the goal, and the divergence of the rows of similarities. Gives the loss and its gradient."""
    size = len(vectors)
    loss, gradient = 1 - (vectors * goals).sum(1).mean(), -goals / size
    wanted = goals @ goals.T / TEMPERATURE
    np.fill_diagonal(wanted, NEVER)
    wanted = softmax(wanted)
    for dimensions in prefixes:
        prefix = Prefix(vectors, dimensions)
        scores = prefix.unit @ prefix.unit.T / TEMPERATURE
        np.fill_diagonal(scores, NEVER)
        found = softmax(scores)
        loss += (wanted * np.log((wanted + 1e-9) / (found + 1e-9))).sum(1).mean() / len(prefixes)
        difference = (found - wanted) / (size * TEMPERATURE * len(prefixes))
        gradient[:, :dimensions] += prefix.backward((difference + difference.T) @ prefix.unit)
    return loss, gradient
