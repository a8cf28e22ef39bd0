"""Texts as sparse rows of weighted piece counts: what a table is multiplied with."""

import numpy as np
import scipy.sparse as sparse
from tokenizers import Tokenizer

from wordpiece import UNKNOWN

BATCH = 20_000


def weighted_counts(tokenizer: Tokenizer, texts: list[str]) -> sparse.csr_array:
    """Texts x pieces, 1 + ln(count) each, the unknown piece left out."""
    rows = [encode(tokenizer, texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    counts = sparse.vstack(rows, format="csr")
    counts.data = (1 + np.log(counts.data)).astype(np.float32)
    return counts


def encode(tokenizer: Tokenizer, texts: list[str]) -> sparse.csr_array:
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    ids = [np.array([i for i in encoding.ids if i != UNKNOWN], np.int32) for encoding in encodings]
    ends = np.cumsum([0] + [len(one) for one in ids])
    indices = np.concatenate(ids)
    shape = (len(texts), tokenizer.get_vocab_size())
    counts = sparse.csr_array((np.ones(len(indices), np.float32), indices, ends), shape=shape)
    counts.sum_duplicates()
    return counts
