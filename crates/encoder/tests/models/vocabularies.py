"""Small tokenizers of the kinds that are no BERT word pieces, trained on the passages of models/builtin.

The files have the shape of those in the wild: byte-level BPE as roberta-base has it, Unigram after a table of
SentencePiece as xlm-roberta-base and camembert-base have it, cased word pieces as bert-base-cased has them.
"""

import gzip
import json
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PASSAGES = Path(__file__).parents[4] / "models" / "builtin" / "eval.json.gz"
KINDS = ["bytes", "unigram", "camembert", "cased"]
TRAINING = 300
# Enough of NFKC and of white space for the tests' texts; a whole table is a quarter of a megabyte.
RULES = {"\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "ﬁ": "fi", "Ａ": "A", "½": "1/2", "e\u0301": "é", "\u200b": ""}


def training() -> list[str]:
    pool = json.loads(gzip.decompress(PASSAGES.read_bytes()))["pool"]
    return [passage["text"] for passage in pool[:TRAINING]]


def with_settings_to_ignore(tokenizer: Tokenizer, pad: str) -> Tokenizer:
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=12, pad_id=tokenizer.token_to_id(pad), pad_token=pad)
    return tokenizer


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(training(), trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return with_settings_to_ignore(tokenizer, "<pad>")


def sentence_pieces(size: int) -> tuple[list[tuple[str, float]], bytes]:
    """Pieces with their scores, and the table of the normaliser."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        hexes = lambda text: " ".join(f"{ord(c):X}" for c in text)
        rules.write_text("".join(f"{hexes(source)}\t{hexes(target)}\n" for source, target in RULES.items()))
        passages = Path(folder, "passages.txt")
        passages.write_text("\n".join(training()))
        sentencepiece.SentencePieceTrainer.train(
            input=str(passages), model_prefix=f"{folder}/m", vocab_size=size, normalization_rule_tsv=str(rules),
            num_threads=1, minloglevel=2, character_coverage=0.999,
        )
        processor = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/m.model")
        # The first three are <unk>, <s> and </s>; families put their own before the pieces.
        pieces = [(processor.id_to_piece(at), processor.get_score(at)) for at in range(3, processor.vocab_size())]
        return pieces, processor_table(Path(f"{folder}/m.model").read_bytes())


def processor_table(model: bytes) -> bytes:
    """`normalizer_spec` (field 3) `.precompiled_charsmap` (field 2) of the protocol buffer."""
    return fields(fields(model)[3])[2]


def fields(message: bytes) -> dict[int, bytes]:
    found, at = {}, 0

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            varint()
        elif key & 7 == 5:
            at += 4
        elif key & 7 == 1:
            at += 8
        else:
            length = varint()
            found[key >> 3] = message[at : at + length]
            at += length
    return found


def template(before: tuple[str, int], after: tuple[str, int]) -> processors.TemplateProcessing:
    return processors.TemplateProcessing(single=f"{before[0]} $A {after[0]}", special_tokens=[before, after])


def unigram() -> Tokenizer:
    pieces, table = sentence_pieces(240)
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = Tokenizer(models.Unigram([*special, *pieces, ("<mask>", 0.0)], 3))
    tokenizer.normalizer = normalizers.Precompiled(table)
    spaces = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), spaces])
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = template(("<s>", 0), ("</s>", 2))
    return with_settings_to_ignore(tokenizer, "<pad>")


def camembert() -> Tokenizer:
    pieces, table = sentence_pieces(200)
    special = [("<s>NOTUSED", 0.0), ("<pad>", 0.0), ("</s>NOTUSED", 0.0), ("<unk>", 0.0), ("<unk>NOTUSED", -100.0)]
    tokenizer = Tokenizer(models.Unigram([*special, ("<s>", 0.0), ("</s>", 0.0), *pieces, ("<mask>", 0.0)], 3))
    squeeze = normalizers.Replace(normalizers_regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(table), normalizers.Strip(), squeeze])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = template(("<s>", 5), ("</s>", 6))
    return with_settings_to_ignore(tokenizer, "<pad>")


def normalizers_regex(pattern: str) -> object:
    from tokenizers import Regex

    return Regex(pattern)


def cased() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=330, special_tokens=special, show_progress=False)
    # Letters are the whole alphabet; composed and decomposed accents are kept apart.
    tokenizer.train_from_iterator([*training(), "É é e\u0301 ß ẞ İ ı Σ ς"] , trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return with_settings_to_ignore(tokenizer, "[PAD]")


def tokenizer(kind: str) -> Tokenizer:
    return {"bytes": byte_pairs, "unigram": unigram, "camembert": camembert, "cased": cased}[kind]()


def plain(tokenizer: Tokenizer) -> Tokenizer:
    """What the ids are compared with: nothing cut, and special tokens are words like others."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    copy.encode_special_tokens = True
    return copy
