"""The encoder: a small int8 transformer run by ONNX Runtime, tokenised by transformers.

Reads the graph and its vocabulary out of the tagger's weights; answers the heads of `heads.py`. Slow (hundreds of items a
second), so `tagger` asks it only where the fast stage doubts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.heads import HEADS, Floats

MOST_PIECES = 48  # pieces of title and summary together: longer ones are cut

Item = tuple[str, str]
Ints = NDArray[np.int64]


def build_tokenizer(pieces: Sequence[str]) -> Any:
    """A WordPiece tokenizer of lower-case English over these pieces, in the order of their numbers."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    numbers = {piece: i for i, piece in enumerate(pieces)}
    inner = Tokenizer(models.WordPiece(vocab=numbers, unk_token="[UNK]", max_input_chars_per_word=40))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece()
    inner.post_processor = processors.BertProcessing(("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"]))
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )


def encode_batch(tokenizer: Any, items: Sequence[Item]) -> tuple[Ints, Ints, Ints]:
    """Piece numbers, mask and segment of each (title, summary), padded to the longest; shape (items, pieces) each."""
    titles = [title.replace("US ", "U.S. ") for title, _ in items]
    told = tokenizer(
        titles, [summary or "" for _, summary in items], truncation="longest_first", max_length=MOST_PIECES,
        padding=True, return_token_type_ids=True, return_tensors="np",
    )  # fmt: skip
    return told["input_ids"], told["attention_mask"], told["token_type_ids"]


class Encoder:
    """The graph, ready to answer on `threads` processors."""

    def __init__(self, graph: bytes, pieces: Sequence[str], threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.tokenizer = build_tokenizer(pieces)

    def score(self, items: Sequence[Item]) -> Floats:
        """Logits of cleaned (title, summary) items, shape (items, heads), float32.

        Items run one by one: activations are quantised by the range of what runs together, so in a batch an answer would
        depend on its neighbours. That costs a tenth of the speed.
        """
        out = np.zeros((len(items), HEADS), dtype=np.float32)
        for i, item in enumerate(items):
            ids, mask, kinds = encode_batch(self.tokenizer, [item])
            out[i] = self.session.run(None, {"ids": ids, "mask": mask, "kinds": kinds})[0][0]
        return out
