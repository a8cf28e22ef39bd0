"""Cosines and neighbours of vectors beside the reference's: called by run.py with a JSON object of file names."""

import json
import sys

import numpy as np

WIDTH = 384


def read(path: str) -> np.ndarray:
    return np.fromfile(path, "<f4").reshape(-1, WIDTH)


def neighbours(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The ten nearest of each, itself left out."""
    scores = queries @ vectors.T
    np.fill_diagonal(scores, -2)
    return np.argsort(-scores, axis=1, kind="stable")[:, :10]


def main() -> None:
    files = json.loads(sys.argv[1])
    reference = read(files.pop("reference"))
    near = neighbours(reference, reference)
    for precision, path in files.items():
        vectors = read(path)
        cosine = (vectors * reference).sum(1)
        own = neighbours(vectors, vectors)
        overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near, own)])
        line = {
            "precision": precision,
            "passages": len(vectors),
            "cosine_min": float(cosine.min()),
            "cosine_mean": float(cosine.mean()),
            "top10_overlap": round(float(overlap), 4),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main()
