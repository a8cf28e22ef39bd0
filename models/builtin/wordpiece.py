"""The reference tokenizer: the package `tokenizers`, set up as all-MiniLM-L6-v2 is, without special tokens."""

from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

DATA = Path(__file__).resolve().parents[2] / "crates" / "encoder" / "data"
VOCABULARY = DATA / "vocab.txt"

UNKNOWN = 100


def pieces() -> list[str]:
    return VOCABULARY.read_text(encoding="utf-8").splitlines()


def tokenizer() -> Tokenizer:
    ids = {piece: index for index, piece in enumerate(pieces())}
    result = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    result.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return result
