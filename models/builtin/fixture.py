"""What the tests of the tokenizer compare with: 10,000 texts, and checksums of the ids that the reference gives.

Writes to crates/encoder/tests/data:
  texts.jsonl.gz   one text a line, as a JSON string
  texts.fnv        for each text the FNV-1a sum of its ids
  codepoints.fnv   for each block of 256 code points the sum over a text for each of them
"""

import gzip
import json
import random
from array import array
from pathlib import Path

from passages import read_passages
from wordpiece import DATA, tokenizer

OUT = DATA.parent / "tests" / "data"
HERE = Path(__file__).resolve().parent
TEXTS = 10_000
SEED = 3

# Sources whose licence asks for nothing or for a notice only; the textbooks come in through the evaluation.
FREE = ("CC0", "public domain", "MIT", "Apache", "BSD")

NASTY = [
    "", " ", "\t\r\n", "\0", "\u0085", "a\u0085b", "a\u00a0b", "\u200b", "a\u200db", "\ufeffa", "\ufffd", "\ue000",
    "e\u0301", "\u0301", "\u1e69", "s\u0323\u0307", "s\u0307\u0323", "\u0130\u0131", "\u1e9e\u00df", "\u212a\u212b",
    "[CLS] [SEP] [UNK] ##ing", "a" * 100, "a" * 101, "\u00e9" * 101, "\U0001f389\U0001f469\u200d\U0001f4bb",
    "\U00020000\U0002f800\uf900", "\u4e2d\u6587abc\u4e2d", "\u304c\u304e\u3050", "\ud55c\uad6d\uc5b4",
    "\u1112\u1161\u11ab", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\u0939\u093f\u0928\u094d\u0926\u0940",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u03bc\u00b5\u03c3\u03c2", "\ufb01\uff21\u2460\u00bd\u2155",
    "\u2018it\u2019s\u2019 \u2013 \u2026", "1,234.56\u20ac", "a_b-c/d\\e", "\u202eabc", "\u1680\u2000\u3000",
    "\u037e\u1fef\u2024", "\u302e\u0316\u302f", "\U0001d165\U0001d16e\u0316", "x\u0001\u0316\u302e",
]  # fmt: skip

# Ranges from which the disorderly texts are drawn: a stretch of each at a time.
SCRIPTS = [
    range(0x20, 0x7F),
    [*range(0x20), 0x7F, 0x85, 0xA0, 0xFFFD, 0x200B, 0x200D, 0x2028, 0x3000, 0xFEFF],
    [*range(0x300, 0x370), 0x302E, 0x302F, 0x1D165, 0x1D16E, 0x0F71, 0x0F72, 0x0F74],
    range(0xC0, 0x250),
    range(0x370, 0x590),
    [*range(0x4E00, 0x4E80), *range(0xF900, 0xFA20)],
    [*range(0xAC00, 0xAC80), *range(0x1100, 0x1200)],
    range(0x900, 0xE80),
    range(0x1E00, 0x2070),
    range(0x3040, 0x3100),
    range(0xE000, 0x110000),
]
DISORDERLY = 500


def disorderly(rng: random.Random) -> str:
    stretches = []
    while rng.random() < 0.93:
        script = rng.choice(SCRIPTS)
        stretches.append("".join(chr(rng.choice(script)) for _ in range(rng.randrange(1, 6))))
    return "".join(stretches)


def texts() -> list[str]:
    rng = random.Random(SEED)
    evaluation = json.loads(gzip.decompress((HERE / "eval.json.gz").read_bytes()))
    chosen = NASTY + [disorderly(rng) for _ in range(DISORDERLY)]
    chosen += [passage["text"] for passage in evaluation["pool"]] + [query["q"] for query in evaluation["q"]]
    licences = {source["name"]: source["licence"] for source in json.loads((HERE / "sources.json").read_text())}
    free = [p["text"] for p in read_passages() if p["split"] == "train" and licences[p["src"]].startswith(FREE)]
    return chosen + rng.sample(free, TEXTS - len(chosen))


def fnv(lists: list[list[int]]) -> int:
    """FNV-1a over the ids as little-endian u32, each list closed by u32::MAX."""
    total = 0xCBF29CE484222325
    for ids in lists:
        for byte in array("I", [*ids, 0xFFFFFFFF]).tobytes():
            total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return total


def codepoint_texts(block: int) -> list[str]:
    """A text for each code point of a block of 256: inside a word, alone, and among marks that change order."""
    points = (point for point in range(block * 256, block * 256 + 256) if not 0xD800 <= point < 0xE000)
    return [f"a{c}b {c} E{c}\u0316\u0302{c}\u302e" for c in map(chr, points)]


def main() -> None:
    reference = tokenizer()

    def ids(batch: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in reference.encode_batch(batch, add_special_tokens=False)]

    OUT.mkdir(parents=True, exist_ok=True)
    chosen = texts()
    lines = "".join(json.dumps(text) + "\n" for text in chosen)
    (OUT / "texts.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    (OUT / "texts.fnv").write_bytes(array("Q", (fnv([one]) for one in ids(chosen))).tobytes())
    blocks = (fnv(ids(codepoint_texts(block))) for block in range(0x110000 // 256))
    (OUT / "codepoints.fnv").write_bytes(array("Q", blocks).tobytes())


if __name__ == "__main__":
    main()
