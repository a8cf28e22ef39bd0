"""Into which words the reference cuts a text around every code point where it keeps accents, letters kept or lowered.

    python words.py       writes words-*.fnv beside the other data of the tests
    pip install tokenizers==0.23.2
"""

import struct
from pathlib import Path

from tokenizers import normalizers, pre_tokenizers

DATA = Path(__file__).parents[1] / "data"
BLOCK = 1024


def words(normalizer: normalizers.BertNormalizer, text: str) -> list[str]:
    return [word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalizer.normalize_str(text))]


def main() -> None:
    for letters in ("lower", "kept"):
        normalizer = normalizers.BertNormalizer(lowercase=letters == "lower", strip_accents=False)
        sums = []
        for start in range(0, 0x110000, BLOCK):
            total = 0xCBF29CE484222325
            for point in range(start, start + BLOCK):
                if 0xD800 <= point < 0xE000:
                    continue
                c = chr(point)
                for word in words(normalizer, f"a{c}b {c} E{c}\u0316\u0302{c}\u302e"):
                    for byte in word.encode() + b"\xff":
                        total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
            sums.append(total)
        (DATA / f"words-{letters}.fnv").write_bytes(struct.pack(f"<{len(sums)}Q", *sums))


if __name__ == "__main__":
    main()
