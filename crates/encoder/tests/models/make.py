"""Tiny random models of every supported family, and the vectors that they must give.

    python make.py        writes the folders beside this file, and expected.json
    pip install numpy tokenizers==0.23.2 sentencepiece==0.2.3

The forward pass here is written from the papers and the names of the tensors, padding and masks included, in f64, and
shares nothing with the Rust code. Sizes are chosen to be awkward: a width of 24 is no multiple of 16 or 32, an inner
width of 42 none of 4, heads of 8.
"""

import gzip
import json
import struct
from math import erf
from pathlib import Path

import numpy as np

import vocabularies

HERE = Path(__file__).parent
WIDTH, INNER, HEADS, LAYERS, POSITIONS = 24, 42, 3, 2, 40
WORDS = "the a cat dog sat on mat of red blue one two three house tree river quick brown fox , . ! ( )".split()
PIECES = ["##s", "##ed", "##ing", "##er", "c", "##a", "##t"]
TEXTS = [
    "cat",
    "the cat sat on the red mat .",
    "One quick brown fox, two dogs!",
    "unknown zebra cat",
    "the river of the house of the tree of the dog of the cat of the fox of the mat of the tree of the river "
    "of the house of the mat of the dog",
]
FAMILIES = {
    # name: model_type, marks, first position, dtype, activation
    "bert": ("bert", ("[CLS]", "[SEP]", "[UNK]", "[PAD]"), 0, "F32", "gelu"),
    "roberta": ("xlm-roberta", ("<s>", "</s>", "<unk>", "<pad>"), 2, "F32", "gelu_new"),
    "distilbert": ("distilbert", ("[CLS]", "[SEP]", "[UNK]", "[PAD]"), 0, "F16", "relu"),
    "mpnet": ("mpnet", ("<s>", "</s>", "[UNK]", "<pad>"), 2, "BF16", "gelu"),
    # Known layers with vocabularies of other kinds, see vocabularies.py.
    "bytes": ("roberta", ("<s>", "</s>", "<unk>", "<pad>"), 2, "F16", "gelu"),
    "unigram": ("xlm-roberta", ("<s>", "</s>", "<unk>", "<pad>"), 2, "F16", "gelu"),
    "camembert": ("camembert", ("<s>", "</s>", "<unk>", "<pad>"), 2, "F16", "gelu"),
    "cased": ("bert", ("[CLS]", "[SEP]", "[UNK]", "[PAD]"), 0, "F16", "gelu"),
}
# What the layers of a family are called.
LAYERS_OF = {"bytes": "roberta", "unigram": "roberta", "camembert": "roberta", "cased": "bert"}
POOLINGS = ["cls", "mean", "max", "mean_sqrt_len_tokens"]
MAX_TOKENS = 30
TEXTS_COMPARED = 3000


def vocabulary(marks: tuple[str, ...]) -> dict[str, int]:
    cls, sep, unknown, pad = marks
    return {piece: index for index, piece in enumerate([cls, pad, sep, unknown, *WORDS, *PIECES])}


def tokenize(text: str, vocab: dict[str, int], marks: tuple[str, ...]) -> list[int]:
    for mark in ",.!()":
        text = text.replace(mark, f" {mark} ")
    ids = []
    for word in text.lower().split():
        at, found = 0, []
        while at < len(word):
            for end in range(len(word), at, -1):
                piece = ("##" if at else "") + word[at:end]
                if piece in vocab:
                    found.append(vocab[piece])
                    at = end
                    break
            else:
                found = [vocab[marks[2]]]
                break
        ids += found
    return [vocab[marks[0]], *ids[: MAX_TOKENS - 2], vocab[marks[1]]]


def names(family: str) -> dict[str, str]:
    if family == "distilbert":
        at = "transformer.layer.{}."
        parts = ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm"]
        parts += ["ffn.lin1", "ffn.lin2", "output_layer_norm"]
    elif family == "mpnet":
        at = "encoder.layer.{}."
        parts = [f"attention.attn.{x}" for x in "qkvo"] + ["attention.LayerNorm"]
        parts += ["intermediate.dense", "output.dense", "output.LayerNorm"]
    else:
        at = "encoder.layer.{}."
        parts = [f"attention.self.{x}" for x in ("query", "key", "value")]
        parts += ["attention.output.dense", "attention.output.LayerNorm"]
        parts += ["intermediate.dense", "output.dense", "output.LayerNorm"]
    keys = ["query", "key", "value", "out", "norm1", "up", "down", "norm2"]
    return {key: at + part for key, part in zip(keys, parts)}


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """As the file will hold them."""
    values = values.astype(np.float32)
    if dtype == "F16":
        return values.astype(np.float16).astype(np.float32)
    if dtype == "BF16":
        return (values.view(np.uint32) & 0xFFFF0000).view(np.float32)
    return values


def weights(family: str, vocab: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    _, _, first, dtype, _ = FAMILIES[family]
    family = LAYERS_OF.get(family, family)
    shapes = {
        "embeddings.word_embeddings.weight": (vocab, WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS + first, WIDTH),
    }
    if family == "bert":
        shapes["embeddings.token_type_embeddings.weight"] = (2, WIDTH)
    if family == "roberta":
        shapes["embeddings.token_type_embeddings.weight"] = (1, WIDTH)
    if family == "mpnet":
        shapes["encoder.relative_attention_bias.weight"] = (32, HEADS)
    tensors = {name: rng.normal(0, 1, shape) for name, shape in shapes.items()}

    def norm(name: str) -> None:
        # The names of old files, for one family.
        scale, shift = ("gamma", "beta") if family == "bert" else ("weight", "bias")
        tensors[f"{name}.{scale}"] = rng.normal(1, 0.2, WIDTH)
        tensors[f"{name}.{shift}"] = rng.normal(0, 0.2, WIDTH)

    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        for key, name in names(family).items():
            name = name.format(layer)
            if key.startswith("norm"):
                norm(name)
                continue
            outputs = INNER if key == "up" else WIDTH
            inputs = INNER if key == "down" else WIDTH
            tensors[f"{name}.weight"] = rng.normal(0, 0.3, (outputs, inputs))
            tensors[f"{name}.bias"] = rng.normal(0, 0.3, outputs)
    return {name: rounded(values, dtype) for name, values in tensors.items()}


def forward(family: str, tensors: dict[str, np.ndarray], ids: list[int], pad: int) -> np.ndarray:
    """With three padded positions at the end, which a mask hides."""
    _, _, first, _, activation = FAMILIES[family]
    family = LAYERS_OF.get(family, family)
    w = {name: values.astype(np.float64) for name, values in tensors.items()}
    real = len(ids)
    ids = np.array([*ids, pad, pad, pad])

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        scale = w.get(f"{name}.gamma", w.get(f"{name}.weight"))
        return x * scale + w.get(f"{name}.beta", w.get(f"{name}.bias"))

    def activate(x: np.ndarray) -> np.ndarray:
        if activation == "relu":
            return np.maximum(x, 0)
        if activation == "gelu_new":
            return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
        return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))

    positions = np.minimum(np.arange(len(ids)) + first, POSITIONS + first - 1)
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][positions]
    if (types := w.get("embeddings.token_type_embeddings.weight")) is not None:
        x = x + types[0]
    x = norm(x, "embeddings.LayerNorm")
    hidden = np.where(np.arange(len(ids)) < real, 0, -1e30)
    bias = np.zeros((HEADS, len(ids), len(ids)))
    if family == "mpnet":
        table = w["encoder.relative_attention_bias.weight"]
        for query in range(len(ids)):
            for key in range(len(ids)):
                bias[:, query, key] = table[bucket(key - query)]
    part = names(family)
    size = WIDTH // HEADS
    for layer in range(LAYERS):
        at = {key: name.format(layer) for key, name in part.items()}
        query, key, value = (linear(x, at[k]) for k in ("query", "key", "value"))
        mixed = np.zeros_like(x)
        for head in range(HEADS):
            cut = slice(head * size, (head + 1) * size)
            scores = query[:, cut] @ key[:, cut].T / np.sqrt(size) + bias[head] + hidden
            scores = np.exp(scores - scores.max(1, keepdims=True))
            mixed[:, cut] = scores / scores.sum(1, keepdims=True) @ value[:, cut]
        x = norm(x + linear(mixed, at["out"]), at["norm1"])
        x = norm(x + linear(activate(linear(x, at["up"])), at["down"]), at["norm2"])
    return x[:real]


def bucket(relative: int) -> int:
    """T5's buckets, 32 of them, as transformers computes them for MPNet."""
    n, result = -relative, 0
    if n < 0:
        result, n = 16, -n
    if n < 8:
        return result + n
    return result + min(15, 8 + int(np.log(n / 8) / np.log(128 / 8) * 8))


def pool(rows: np.ndarray, mode: str) -> list[float]:
    vector = {
        "cls": rows[0],
        "mean": rows.mean(0),
        "max": rows.max(0),
        "mean_sqrt_len_tokens": rows.sum(0) / np.sqrt(len(rows)),
    }[mode]
    return [round(float(value), 7) for value in vector / np.linalg.norm(vector)]


def safetensors(tensors: dict[str, np.ndarray], dtype: str) -> bytes:
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        if dtype == "F16":
            raw = values.astype("<f2").tobytes()
        elif dtype == "BF16":
            raw = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
        else:
            raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def write(folder: Path, name: str, value: object) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def config(family: str, vocab: int, pad: int) -> dict:
    kind, _, first, _, activation = FAMILIES[family]
    positions = POSITIONS + first
    family = LAYERS_OF.get(family, family)
    if family == "distilbert":
        sizes = {"dim": WIDTH, "hidden_dim": INNER, "n_layers": LAYERS, "n_heads": HEADS, "activation": activation}
    else:
        sizes = {"hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS}
        sizes |= {"num_attention_heads": HEADS, "hidden_act": activation}
    if family in ("bert", "roberta"):
        sizes["type_vocab_size"] = 2 if family == "bert" else 1
    common = {"model_type": kind, "vocab_size": vocab, "max_position_embeddings": positions, "pad_token_id": pad}
    return common | sizes | {"layer_norm_eps": 1e-5}


def tokenizer(vocab: dict[str, int], marks: tuple[str, ...]) -> dict:
    cls, sep, unknown, pad = marks
    special = {mark: {"id": mark, "ids": [vocab[mark]], "tokens": [mark]} for mark in (cls, sep)}
    one = [{"SpecialToken": {"id": cls, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template = {"type": "TemplateProcessing", "single": [*one, {"SpecialToken": {"id": sep, "type_id": 0}}]}
    if cls == "[CLS]":
        processor = template | {"special_tokens": special}
    else:
        processor = {"type": "RobertaProcessing", "sep": [sep, vocab[sep]], "cls": [cls, vocab[cls]]}
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
    return {
        "version": "1.0",
        # What files in the wild carry, and what must not be applied.
        "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 12}, "direction": "Right", "pad_id": vocab[pad], "pad_token": pad},
        "normalizer": normalizer | {"strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": processor,
        "model": {
            "type": "WordPiece",
            "unk_token": unknown,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }


def make(family: str, rng: np.random.Generator) -> dict:
    _, marks, _, dtype, _ = FAMILIES[family]
    folder = HERE / family
    if family in vocabularies.KINDS:
        library = vocabularies.tokenizer(family)
        vocab = library.get_vocab()
        (folder).mkdir(exist_ok=True)
        library.save(str(folder / "tokenizer.json"), pretty=False)
        plain = vocabularies.plain(library)

        def ids(text: str) -> list[int]:
            found = plain.encode(text, add_special_tokens=False).ids
            return [vocab[marks[0]], *found[: MAX_TOKENS - 2], vocab[marks[1]]]

    else:
        vocab = vocabulary(marks)
        write(folder, "tokenizer.json", tokenizer(vocab, marks))

        def ids(text: str) -> list[int]:
            return tokenize(text, vocab, marks)

    tensors = weights(family, len(vocab), rng)
    write(folder, "config.json", config(family, len(vocab), vocab[marks[3]]))
    write(folder, "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS, "do_lower_case": False})
    kinds = ["Transformer", "Pooling", "Normalize"]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [{"idx": i, "path": p, "type": f"sentence_transformers.models.{k}"} for i, (p, k) in enumerate(zip(paths, kinds))]
    write(folder, "modules.json", modules)
    pooling = {"word_embedding_dimension": WIDTH, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    write(folder, "1_Pooling/config.json", pooling)
    # The prefixes under which models are found.
    prefix = {"bert": "bert.", "roberta": "roberta."}.get(LAYERS_OF.get(family, family), "")
    named = {prefix + name: values for name, values in tensors.items()}
    if family == "roberta":
        half = len(named) // 2
        shards = [dict(list(named.items())[:half]), dict(list(named.items())[half:])]
        where = {}
        for number, shard in enumerate(shards, 1):
            file = f"model-0000{number}-of-00002.safetensors"
            (folder / file).write_bytes(safetensors(shard, dtype))
            where |= {name: file for name in shard}
        write(folder, "model.safetensors.index.json", {"metadata": {}, "weight_map": where})
    else:
        (folder / "model.safetensors").write_bytes(safetensors(named, dtype))
    rows = [forward(family, tensors, ids(text), vocab[marks[3]]) for text in TEXTS]
    tokens = [len(ids(text)) for text in TEXTS]
    if family in vocabularies.KINDS:
        write_sums(family, plain)
    vectors = {mode: [pool(one, mode) for one in rows] for mode in POOLINGS}
    return {"tokens": tokens, "vectors": vectors}


def write_sums(family: str, plain: object) -> None:
    """For each of the first texts that the tests of the tokenizers share: the sum of its number of tokens and of those
    that fit the model."""
    data = HERE.parent / "data"
    lines = gzip.decompress((data / "texts.jsonl.gz").read_bytes()).decode().splitlines()
    sums = []
    for line in lines[:TEXTS_COMPARED]:
        ids = plain.encode(json.loads(line), add_special_tokens=False).ids
        sums.append(fnv([len(ids), *ids[: MAX_TOKENS - 2]]))
    (data / f"texts-{family}.fnv").write_bytes(b"".join(struct.pack("<Q", one) for one in sums))


def fnv(numbers: list[int]) -> int:
    """FNV-1a over the numbers as little-endian u32."""
    total = 0xCBF29CE484222325
    for byte in b"".join(struct.pack("<I", number) for number in numbers):
        total = ((total ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return total


def main() -> None:
    rng = np.random.default_rng(1)
    expected = {family: make(family, rng) for family in FAMILIES}
    path = HERE / "expected.json"
    path.write_text(json.dumps({"texts": TEXTS, "families": expected}) + "\n")


if __name__ == "__main__":
    main()
