"""A trained table to the file of the program: four bits a value, one scale a row, as safetensors.

python pack.py TABLE.npy OUT.safetensors
python pack.py --check FILE.safetensors        unpacks and packs again, which must give the same bytes
"""

import argparse
import json
from pathlib import Path

import numpy as np

# Parts of a row's largest value that may become the largest nibble; clipping outliers often costs less than
# the coarser steps they would force on all others.
CLIPS = (1, 0.85, 0.7, 0.6, 0.5)
METADATA = {
    "format": "static-q4 1",
    "nibble": "low=even dim, value=nibble-8",
    "scale": "per row, f16",
    "pool": "sum over distinct tokens of (1+ln(count))*scale*q, L2-normalise",
    "tokenizer": "BERT uncased WordPiece, vocab.txt, no [CLS]/[SEP], [UNK] skipped",
    "teacher": "all-MiniLM-L6-v2 (Apache-2.0)",
}


def quantise(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values -8..7 and the scales (f16) that lose least of each row."""
    largest = np.abs(table).max(1, keepdims=True)
    best = np.full(len(table), np.inf, np.float32)
    values, scales = np.zeros(table.shape, np.int8), np.zeros((len(table), 1), np.float16)
    for clip in CLIPS:
        scale = (largest * clip / 7 + 1e-6).astype(np.float16)
        rounded = np.clip(np.round(table / scale.astype(np.float32)), -8, 7)
        error = ((rounded * scale.astype(np.float32) - table) ** 2).sum(1)
        better = error < best
        values[better], scales[better], best[better] = rounded[better], scale[better], error[better]
    return values, scales


def pack_nibbles(values: np.ndarray) -> np.ndarray:
    nibbles = (values + 8).astype(np.uint8)
    return nibbles[:, 0::2] | (nibbles[:, 1::2] << 4)


def unpack_nibbles(packed: np.ndarray) -> np.ndarray:
    nibbles = np.stack([packed & 15, packed >> 4], axis=2).astype(np.int8)
    return nibbles.reshape(len(packed), -1) - 8


def pack(values: np.ndarray, scales: np.ndarray, metadata: dict) -> bytes:
    """Scales first: safetensors orders tensors by the width of their type."""
    packed = pack_nibbles(values)
    end = scales.nbytes + packed.nbytes
    header = {
        "__metadata__": metadata,
        "table.scale": {"dtype": "F16", "shape": list(scales.shape), "data_offsets": [0, scales.nbytes]},
        "table.q4": {"dtype": "U8", "shape": list(packed.shape), "data_offsets": [scales.nbytes, end]},
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + scales.tobytes() + packed.tobytes()


def unpack(data: bytes) -> tuple[np.ndarray, np.ndarray, dict]:
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]

    def tensor(name: str, dtype: type) -> np.ndarray:
        start, end = header[name]["data_offsets"]
        return np.frombuffer(body[start:end], dtype).reshape(header[name]["shape"])

    return unpack_nibbles(tensor("table.q4", np.uint8)), tensor("table.scale", np.float16), header["__metadata__"]


def check(path: Path) -> None:
    data = path.read_bytes()
    if pack(*unpack(data)) != data:
        raise SystemExit(f"{path} packed again differs")
    print(path, "packs to the same bytes again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", type=Path)
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.check)
    elif arguments.table and arguments.out:
        arguments.out.write_bytes(pack(*quantise(np.load(arguments.table).astype(np.float32)), METADATA))
        print(arguments.out, arguments.out.stat().st_size, "bytes")
    else:
        parser.error("a table and a file to write, or --check")


if __name__ == "__main__":
    main()
